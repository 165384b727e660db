# The desk: from the choice of domains to the signature, then the life of the mandate.
search = Search
card-code = Code shown on your card
card-code-hint = Six digits. Each code works once; if it is refused, wait for the next one.
card-trouble = The code does not work
card-trouble-text = Wait for the next code and type it at once. If three codes in a row are refused, the card's clock may have drifted: the referent of your structure can put it right.

desk-step-domains = Formalities
desk-step-identity = Identity
desk-step-consent = Agreement
desk-step-signature = Signature
desk-abandon = Abandon this mandate

desk-domains-title = For which formalities?
desk-domains-lead = Tick only what the person needs. They can change their mind at any time.
desk-domains-more = { $count ->
    [one] See one more
   *[other] See { $count } more
  }
desk-domains-required = Tick at least one.
desk-term = For how long?
desk-term-required = Choose how long.
desk-end-date = End date
desk-end-date-hint = Only if you choose another date. One year at most.
desk-end-date-unreadable = Give a complete end date.
desk-end-date-past = The end date must come after today.
desk-end-date-too-far = A mandate lasts one year at most.

desk-identity-title = The person identifies themselves
desk-identity-lead = Hand over the keyboard: they identify themselves with { $provider }, on this screen.
desk-identity-1 = Turn the screen towards the person and let them use the keyboard.
desk-identity-2 = They sign in with { $provider }. Do not type their password for them.
desk-identity-3 = They read the text of the mandate, then say yes or no. After that it is your turn again.
desk-identity-do = Open { $provider }
desk-identity-problem = The identification was not completed.

desk-consent-title = Do you agree?
desk-consent-lead = { $structure } asks for your agreement to act in your name. Read this text, or ask for it to be read to you.
desk-consent-you-are = You are
desk-consent-translation = This is a translation.
desk-consent-translation-text = Only the French text, shown beside it, has legal force.
desk-consent-declaration = I declare that I am an adult and not under guardianship
desk-consent-declaration-hint = Otherwise, this is done with the person who represents you.
desk-consent-declaration-required = Tick this declaration to agree.
desk-consent-answer-required = Choose “I agree” or “I refuse”.
desk-consent-agree = I agree
desk-consent-refuse = I refuse
desk-consent-free = You are free to refuse. If you agree, you can end the mandate whenever you like, without giving a reason.

desk-answered-yes-title = Thank you, your agreement is recorded
desk-answered-yes = { $structure } has yet to sign. Nothing can be done in your name before that.
desk-answered-no-title = You have refused
desk-answered-no = Nothing will be done in your name. { $structure } has been told.
desk-answered-hand = You can give the screen back.
desk-answered-hand-text = You are no longer signed in on this computer.
desk-answered-next = Continue at the desk

desk-sign-title = Sign with your card
desk-sign-replaces = This mandate replaces:
desk-sign-do = Sign the mandate

desk-signed-title = The mandate is signed
desk-signed-strong = Mandate { $reference }.
desk-signed-text = It begins now. The person and your structure have been told.
desk-signed-print = Print the attestation
desk-signed-see = See the mandate
desk-signed-then = What now?
desk-signed-then-text = Open the public service you need and choose to sign in with Entremise: you will find the person and their mandate there. Give them the printed attestation.

desk-refused-title = The person refused
desk-refused-text = There is no mandate. Nothing can be done in their name. You can prepare another one if they wish.
desk-lapsed-title = This mandate was not finished in time
desk-lapsed-text = Thirty minutes went by without a next step. Nothing was signed. Start again from the beginning.

desk-attestation-title = Mandate attestation
desk-attestation-evidence = Evidence
desk-attestation-foot = This document shows the text and the evidence exactly as they were at the signature.

desk-list-title = Mandates
desk-list-search = Name of the person, or reference
desk-list-all = All mandates of the organisation
desk-list-empty = No mandate yet
desk-list-empty-text = Mandates signed by your structure appear here.
desk-list-none-found = No mandate found
desk-list-none-found-text = Try the birth name without first names, or the reference of the mandate.
desk-col-person = Person
desk-col-domains = Formalities
desk-col-state = State
desk-col-end = End

desk-mandate-title = Mandate given by { $name }
desk-mandate-continue = Continue
desk-mandate-grants = What it covers
desk-mandate-attestation = Attestation
desk-mandate-end = End this mandate
desk-mandate-older = What happened before
desk-mandate-story = What has happened
desk-grant-end = Withdraw

desk-end-title = End this mandate?
desk-end-grant-title = Withdraw this formality?
desk-end-sentence = From now on, nothing more can be done in the name of { $name } under this mandate. This is final.
desk-end-grant-sentence = From now on, “{ $domain }” can no longer be handled in the name of { $name }. This is final.
desk-end-by = Who asks for it?
desk-end-by-hint = No reason is required.
desk-end-by-required = Say who asks for it.
desk-end-by-user = The person themselves
desk-end-by-user-hint = They withdraw what they entrusted.
desk-end-by-structure = Our structure
desk-end-by-structure-hint = We give up acting for them. They are told.
desk-end-do = End it now

state-draft = In preparation
state-awaiting-consent = Awaiting agreement
state-refused = Refused
state-awaiting-signature = To be signed
state-lapsed = Abandoned
state-active = In force
state-suspended = Suspended
state-expired = Expired
state-replaced = Replaced
state-revoked = Revoked
state-renounced = Given up by the structure
state-closed = Closed

structure-title = Which structure are you acting for?
structure-lead = Your mandates and actions in this session will be made for this structure.
structure-which = Structure
structure-required = Choose a structure.

users-title = Users
users-search = Name of the person
users-search-hint = Birth name or first name, with or without accents.
users-empty = No user yet
users-empty-text = People appear here after their first mandate.
users-none-found = Nobody by that name
users-none-found-text = Try the birth name, or the beginning of the name.
users-first = Start of the list
users-col-born = Born
users-col-mandates = Mandates
