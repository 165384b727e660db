# The auditor's room.
story-search-title = Log
story-search-lead = Your perimeter: { $perimeter }. Every search is itself written to the log.
story-perimeter-all = every structure
story-filter-mandate = Reference of the mandate
story-filter-mandate-hint = For example M-7Q4K-92HD.
story-filter-kind = What happened
story-filter-outcome = Outcome
story-filter-structure = Structure
story-filter-from = From
story-filter-until = Until
story-filter-any = Any
story-filter-clear = Clear the filters
story-outcome-done = Done
story-outcome-refused = Refused
story-nothing = No line matches
story-nothing-text = Widen the dates, or remove a filter.
story-unknown-mandate = This mandate is not within your perimeter
story-unknown-mandate-text = Check the reference. The search has been written to the log.
story-col-when = When
story-col-what = What
story-col-outcome = Outcome
story-col-actor = Who
story-col-structure = Structure
story-col-mandate = Mandate
story-older = Older lines
story-next = The rest of the story
story-title = Story of mandate { $reference }
story-until = until { $end }
story-proof = State of the proofs
story-proof-good = Proof verified
story-proof-waiting = Partly verified
story-proof-none = No checkpoint yet
story-proof-bad = Anomaly
story-proof-sentence-good = { $lines ->
    [one] The line is in the signed log, in its place, unchanged.
   *[other] { $proven } lines out of { $lines } are in the signed log, in their place, unchanged.
  }
story-proof-sentence-waiting = { $proven } lines out of { $lines } are in the signed log, in their place, unchanged. The others await the next checkpoint.
story-proof-sentence-none = No checkpoint has been signed for these lines yet.
story-proof-sentence-bad = The proofs do not agree. Do not rely on this page; tell the operator of the service and the witnesses.
story-fact-size = Log: { $count } lines
story-fact-checkpoint = Checkpoint of { $when }
story-fact-witnesses = { $count ->
    [0] No witness
    [one] 1 witness
   *[other] { $count } witnesses
  }
story-fact-waiting = { $count ->
    [one] 1 line awaits the next checkpoint
   *[other] { $count } lines await the next checkpoint
  }
story-fact-erased = { $count ->
    [one] 1 part erased when due, as planned
   *[other] { $count } parts erased when due, as planned
  }
story-fact-missing = { $count ->
    [one] 1 line is missing
   *[other] { $count } lines are missing
  }
story-fact-faulty = { $count ->
    [one] 1 line is not as it should be
   *[other] { $count } lines are not as they should be
  }
story-fact-forged = The checkpoint does not bear the signature of the log
story-line-faulty = Line not as it should be
story-download = Download the proofs
story-masked = Names masked
story-masked-text = The log shows pseudonyms only. Unmasking an identity takes a reason and is written to the log.

# In what quality somebody acts
role-aidant = Aidant
role-referent = Referent
role-user = User
role-service = Service
role-system = The service itself
role-nobody = Someone not signed in

# What can happen
kind-sign-in-password-accepted = Password accepted
kind-sign-in-completed = Signed in
kind-sign-in-refused = Sign-in refused
kind-sign-out = Signed out
kind-session-revoked = Session closed remotely
kind-session-expired = Session expired
kind-lock-started = Temporary lock
kind-access-denied = Access denied
kind-person-created = Account created
kind-person-changed = Account changed
kind-person-suspended = Account suspended
kind-person-restored = Account restored
kind-person-erased = A person's data erased
kind-role-given = Role given
kind-role-withdrawn = Role withdrawn
kind-link-sent = Access link created
kind-link-used = Access link used
kind-link-refused = Access link refused
kind-password-changed = Password changed
kind-charter-accepted = Charter accepted
kind-structure-created = Structure created
kind-structure-habilitated = Structure habilitated
kind-structure-suspended = Structure suspended
kind-structure-restored = Structure restored
kind-structure-closed = Structure closed
kind-structure-domains-changed = Formalities of the structure changed
kind-structure-switched = Structure changed
kind-card-imported = Card registered
kind-card-enrolled = App added as a card
kind-card-assigned = Card assigned
kind-card-activated = Card activated
kind-card-resynchronised = Card resynchronised
kind-card-code-refused = Card code refused
kind-card-ended = Card withdrawn
kind-mandate-proposed = Mandate proposed
kind-mandate-identification-started = Identification started
kind-mandate-identified = Person identified
kind-mandate-identification-refused = Identification refused
kind-mandate-consent-given = Agreement given by the person
kind-mandate-consent-refused = Agreement refused by the person
kind-mandate-signed = Mandate signed with a card
kind-mandate-sign-refused = Signature refused
kind-mandate-abandoned = Mandate abandoned before signature
kind-mandate-lapsed = Mandate left unfinished
kind-mandate-expired = Mandate expired
kind-mandate-replaced = Mandate replaced
kind-mandate-revoked = Mandate revoked
kind-mandate-renounced = Mandate renounced by the structure
kind-mandate-suspended = Mandate suspended
kind-mandate-resumed = Suspension lifted
kind-mandate-closed = Mandate closed
kind-mandate-printed = Attestation printed
kind-mandate-read = Mandate looked at
kind-grant-revoked = Formality withdrawn
kind-grant-replaced = Formality replaced by a newer mandate
kind-authorization-refused = Request of a service refused
kind-use-opened = Service opened
kind-use-refused = Opening of a service refused
kind-use-ended = Use ended
kind-code-redeemed = Access handed to the service
kind-code-refused = Access of the service refused
kind-code-reused = Code used again: access cut off
kind-userinfo-given = Identity given to the service
kind-userinfo-refused = Identity refused to the service
kind-token-revoked = Access of a service cut off
kind-action-reported = Action reported by the service
kind-check-given = Check answered
kind-checks-counted = Checks counted
kind-client-created = Service registered
kind-client-changed = Service changed
kind-client-ended = Service withdrawn
kind-client-refused = Service refused
kind-key-created = Key created
kind-key-retired = Key retired
kind-data-erased = Data erased when due
kind-hold-placed = Hold placed
kind-hold-lifted = Hold lifted
kind-notice-sent = Notice sent
kind-file-read = File looked at
kind-log-opened = Log opened
kind-log-searched = Log searched
kind-log-story-read = Story of a mandate read
kind-log-unmasked = Identity unmasked
kind-log-exported = Log exported
kind-log-verified = Log verified
kind-log-head-trusted = Checkpoint accepted
kind-log-recovered = Log recovered
kind-refusals-counted = Refusals counted
kind-activity-counted = Activity counted
