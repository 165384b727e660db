# The log: what an auditor reads.
log-title = Log
log-lead = Every act is a line that nobody can change unseen. Your search is one too.
log-from = From
log-until = To (included)
log-date-wrong = Write the date like 2026-11-22.
log-dates-order = The end comes before the beginning.
log-structure = Structure
log-kind = Kind of act
log-outcome = Outcome
log-any = Any
log-outcome-done = Done
log-outcome-refused = Refused
log-mandate = Reference of the mandate
log-mandate-unknown = No mandate within your perimeter has this reference.
log-search-do = Search
log-clear = Clear the criteria
log-results = Lines of the log, newest first
log-when = When
log-what = What
log-who = Who
log-where = Place
log-empty-title = No line
log-empty-text = No act within your perimeter meets these criteria. Widen the dates or remove a criterion.
log-next = Older lines
log-first = Newest lines
log-pending = waiting
log-refused-tag = Refused
log-refused-because = Refused: { $reason }
log-actor = { $role } { $name }
log-user = person { $name }
log-card = card { $name }
log-yes = yes
log-no = no
log-story-title = Story of mandate { $reference }
log-story-until = { $structure } · until { $day }
log-story-path = Breadcrumb
log-story-lines = What happened
log-story-empty = No line after this one.
log-story-next = Rest of the story
log-proof-title = Proof
log-proof-complete = Proof verified
log-proof-waiting = Not all proven yet
log-proof-broken = Fault found
log-proof-count =
  { $total ->
       [one] { $proven } line of { $total } is in the signed log, in its place, unchanged.
    *[other] { $proven } lines of { $total } are in the signed log, in their place, unchanged.
  }
log-proof-wait =
  { $count ->
       [one] One recent line waits
    *[other] { $count } recent lines wait
  } for the next signature of the log, within seconds.
log-proof-faulty =
  { $count ->
       [one] One line does not match
    *[other] { $count } lines do not match
  } what was signed. Keep this page and tell the operator.
log-proof-missing =
  { $count ->
       [one] One line is missing
    *[other] { $count } lines are missing
  } from the mandate's sequence.
log-proof-erased =
  { $count ->
       [one] One part was erased
    *[other] { $count } parts were erased
  }; the proof of the rest stands.
log-proof-forged = The latest checkpoint does not bear this log's signature.
log-proof-size = Log: { $count } lines
log-proof-head = Checkpoint of { $when }
log-proof-none = The log has no signed checkpoint yet.
log-proof-unwitnessed = Not witnessed: nobody independent has signed this checkpoint yet. Keep a copy to compare with later.
log-proof-fetch = Signed checkpoint
log-masked-title = Names masked
log-masked-text = People and cards are shown by pseudonyms. Your reading is written into the story of the mandate.
log-line-more = Exact line
log-line-leaf = Bytes recorded
log-line-receipt = Download the receipt of this line
log-line-hash = Hash
log-line-place = Place in the log
log-line-unplaced = not placed yet
log-fault-unreadable = This line can no longer be read.
log-fault-altered = The content of this line was changed after it was recorded.
log-fault-foreign = This line comes from another log.
log-fault-columns = What is stored beside this line says something else than it.
log-fault-not-in-tree = The signed log has another line in this place.
log-fault-sequence = A number of the mandate's sequence is missing or repeated before this line.
log-fault-part = A part of this line was replaced.
log-state-draft = In preparation
log-state-awaiting-consent = Awaiting consent
log-state-refused = Refused
log-state-awaiting-signature = Awaiting signature
log-state-active = In force
log-state-suspended = Suspended
log-state-ended = Ended
log-state-lapsed = Lapsed

# Kinds of acts
log-kind-sign-in-password-accepted = Password accepted
log-kind-sign-in-completed = Sign-in
log-kind-sign-in-refused = Sign-in refused
log-kind-sign-out = Sign-out
log-kind-session-revoked = Session ended by its owner
log-kind-session-expired = Session expired
log-kind-lock-started = Locked after too many failures
log-kind-access-denied = Access denied
log-kind-person-created = Account created
log-kind-person-changed = Account changed
log-kind-person-suspended = Account suspended
log-kind-person-restored = Account restored
log-kind-person-erased = Data of an account erased
log-kind-role-given = Role given
log-kind-role-withdrawn = Role withdrawn
log-kind-link-sent = Invitation link given
log-kind-link-used = Invitation link used
log-kind-link-refused = Invitation link refused
log-kind-password-changed = Password changed
log-kind-charter-accepted = Charter accepted
log-kind-structure-created = Organisation created
log-kind-structure-habilitated = Organisation authorised
log-kind-structure-suspended = Organisation suspended
log-kind-structure-restored = Organisation restored
log-kind-structure-closed = Organisation closed
log-kind-structure-domains-changed = Areas open to the structure changed
log-kind-structure-switched = Organisation switched
log-kind-card-imported = Card imported
log-kind-card-enrolled = App registered as a card
log-kind-card-assigned = Card handed over
log-kind-card-activated = Card validated
log-kind-card-resynchronised = Card clock set right
log-kind-card-code-refused = Card code refused
log-kind-card-ended = Card withdrawn
log-kind-mandate-proposed = Mandate proposed
log-kind-mandate-identification-started = Identification of the person started
log-kind-mandate-identified = Person identified
log-kind-mandate-identification-refused = Identification refused
log-kind-mandate-consent-given = Consent given by the person
log-kind-mandate-consent-refused = Consent refused by the person
log-kind-mandate-signed = Mandate signed with the card
log-kind-mandate-sign-refused = Signature refused
log-kind-mandate-abandoned = Preparation abandoned
log-kind-mandate-lapsed = Preparation lapsed
log-kind-mandate-expired = Mandate reached its end
log-kind-mandate-replaced = Mandate replaced
log-kind-mandate-revoked = Mandate revoked
log-kind-mandate-renounced = Given up by the structure
log-kind-mandate-suspended = Mandate suspended
log-kind-mandate-resumed = Suspension lifted
log-kind-mandate-closed = Mandate closed
log-kind-mandate-printed = Mandate printed
log-kind-mandate-read = Mandate read
log-kind-grant-revoked = Permission revoked
log-kind-grant-replaced = Permission replaced
log-kind-authorization-refused = Request of a service refused
log-kind-use-opened = Service opened
log-kind-use-refused = Opening refused
log-kind-use-ended = Use ended
log-kind-code-redeemed = Service signed in in the person's name
log-kind-code-refused = Code of the service refused
log-kind-code-reused = Code of the service presented twice
log-kind-userinfo-given = Identity given to the service
log-kind-userinfo-refused = Identity not given
log-kind-token-revoked = Access of the service withdrawn
log-kind-action-reported = Formality reported by the service
log-kind-check-given = Check asked by the service
log-kind-checks-counted = Checks counted
log-kind-client-created = Service registered
log-kind-client-changed = Service changed
log-kind-client-ended = Service withdrawn
log-kind-client-refused = Service not recognised
log-kind-key-created = Signing key created
log-kind-key-retired = Signing key retired
log-kind-data-erased = Data erased
log-kind-hold-placed = Legal hold placed
log-kind-hold-lifted = Legal hold lifted
log-kind-notice-sent = Notice sent
log-kind-file-read = File read
log-kind-log-opened = Log opened
log-kind-log-searched = Search in the log
log-kind-log-story-read = Story of a mandate read by an auditor
log-kind-log-unmasked = Identity unmasked
log-kind-log-exported = Log exported
log-kind-log-verified = Log verified
log-kind-log-head-trusted = Checkpoint trusted
log-kind-log-recovered = Log recovered after an incident
log-kind-refusals-counted = Refusals counted
log-kind-activity-counted = Activity counted

# Roles
log-role-aidant = Aidant
log-role-referent = Lead aidant
log-role-operator = Operator
log-role-auditor = Auditor
log-role-user = The person
log-role-service = Service
log-role-system = The service itself
log-role-nobody = Unknown

# Facts
log-fact-domain = Area
log-fact-domains = Areas
log-fact-access = Access
log-fact-valid-from = From
log-fact-valid-to = Until
log-fact-effective-at = In effect on
log-fact-step = Step of the card
log-fact-present = Person present
log-fact-presence = Presence
log-fact-person = Person concerned
log-fact-purpose = Purpose
log-fact-via = Through
log-fact-how = How
log-fact-cause = Cause
log-fact-count = Number
log-fact-account = Account aimed at
log-fact-roles = Roles
log-fact-scopes = Data asked for
log-fact-version = Version
log-fact-tokens = Tokens
log-fact-token-ends-at = End of the token
log-fact-single-use = Once only
log-fact-kid = Key
log-fact-alg = Algorithm
log-fact-auth-time = Identification
log-fact-drift = Drift of the card
log-fact-of = Kind
log-fact-minute = Minute
log-fact-refusals = Refusals
log-fact-source = Source
log-fact-sources = Other sources
log-fact-from = From
log-fact-until = Until (excluded)
log-fact-structure = Organisation
log-fact-mandate = Mandate
log-fact-refused = Refusals only
log-fact-before = Before line
log-fact-acr = Level
log-fact-text = Version of the text
log-fact-text-hash = Hash of the text
log-fact-read-in = Read in
log-fact-means = Means
log-fact-reason = Reason
log-fact-asked-by = Asked by
log-fact-declared-able = Declared of age and unprotected
log-fact-read = Text read
log-fact-term = Term (days)
log-fact-what = What

# Reasons of refusals
log-reason-done = Done
log-reason-password = wrong password
log-reason-code-wrong = wrong code
log-reason-code-used = code already used
log-reason-code-reuse = code presented twice
log-reason-locked = locked
log-reason-link-over = link over or already used
log-reason-not-in-force = mandate no longer in force
log-reason-unknown-token = unknown token
log-reason-not-within-perimeter = outside the perimeter
log-reason-expired = too late
log-reason-not-a-member = not a member of the structure
log-reason-foreign-answer = answer from another browser
log-reason-loop = identification went through this very service
log-reason-under-age = person under age
log-reason-unknown-mandate = unknown mandate
log-reason-out-of-order = step already past
log-reason-lapsed = preparation lapsed
log-reason-replaces-something-else = replaces something other than what was read
log-reason-ended = mandate ended
log-reason-not-theirs = suspension by somebody else
log-reason-member-suspended = member suspended
log-reason-not-an-aidant = not an aidant of the structure
log-reason-structure-not-yet = authorisation not begun
log-reason-structure-over = authorisation over
log-reason-structure-suspended = structure suspended
log-reason-structure-closed = structure closed
log-reason-charter = charter not accepted
log-reason-card = card not active
log-reason-other-structure = mandate of another structure
log-reason-domain-not-covered = area not open to the structure
log-reason-not-of-this-structure = card of another structure
log-reason-card-state = state of the card
log-reason-several-ties = person active in several structures
log-reason-codes = codes that do not follow each other
log-reason-no-client = no service in the request
log-reason-unknown-client = unknown service
log-reason-no-redirect-uri = no return address
log-reason-unknown-redirect-uri = return address not registered
log-reason-provider-slow = identity provider too slow
log-reason-provider-down = identity provider out of reach
log-reason-provider-failing = identity provider failing
log-reason-provider-misconfigured = identity provider misconfigured
log-reason-provider-error = error of the identity provider
log-reason-answer-too-large = answer too long
log-reason-answer-nonsense = answer not understood
log-reason-refused-by-person = refused by the person
log-reason-code-refused = code refused by the provider
log-reason-wrong-issuer = answer of another provider
log-reason-wrong-audience = answer meant for another
log-reason-wrong-nonce = answer to another request
log-reason-wrong-time = answer out of time
log-reason-bad-signature = wrong signature
log-reason-wrong-algorithm = signature of another kind
log-reason-level-not-accepted = level of identification not accepted
log-reason-wrong-subject = identities that do not agree
log-reason-missing-claim = identity incomplete
log-reason-bad-claim = identity malformed

# Alarms
alarm-log = The log is no longer signed. Acts go on and wait; nothing is lost. Run "entremise doctor" and follow the operations guide.
alarm-stopped = New mandates and new uses are stopped until the log is signed again. Ending a mandate remains possible.
error-log-stopped-title = No new mandate and no new use for the moment
error-log-stopped-happened = The action log has not been signed for several minutes. Until it is, nothing new is granted.
error-log-stopped-safe = Signed mandates remain valid. Withdrawing a mandate or ending a use remains possible.
error-log-stopped-do = Try again in a few minutes. Those who run the service have been told.
alarm-since = Since { $when }
