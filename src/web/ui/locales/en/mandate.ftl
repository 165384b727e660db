# Pages of: mandate
desk-row-person = Person
desk-row-domains = Formalities
desk-row-until = Until
desk-row-structure = Acting structure
desk-until = Until { $end }
desk-term-1 = One day
desk-term-31 = One month
desk-term-182 = Six months
desk-term-365 = One year
desk-term-until = Another date
desk-name-female = Ms { $name }
desk-name-male = Mr { $name }
desk-name-other = { $name }
desk-nobody-yet = Person not identified yet
desk-list-newest = Back to the newest
desk-waiting = The person is reading the text of the mandate. This page moves on by itself once they answer.
desk-agreed = { $name } has agreed
desk-agreed-how-female = at { $hour }, on this screen, after identifying herself with { $provider }.
desk-agreed-how-male = at { $hour }, on this screen, after identifying himself with { $provider }.
desk-agreed-how-other = at { $hour }, on this screen, after identifying with { $provider }.

desk-problem-down = { $provider } is not answering at the moment. Nothing is lost: try again in a minute.
desk-problem-stopped = The person stopped the identification. Nothing was passed on. They may start again whenever they like.
desk-problem-incomplete = { $provider } did not give a complete identity. The mandate cannot be made this way; the person can ask { $provider } about it.
desk-problem-level = { $provider } did not identify the person with enough assurance. They can choose another account and start again.
desk-problem-loop = A service was opened for this person, or on this computer, less than half an hour ago. To be safe, they cannot agree now: sign out of that service, or wait thirty minutes.
desk-problem-under-age = This person is under 18. They cannot give a mandate on their own.
desk-problem-configuration = The link with { $provider } is not set up properly. Nothing is lost. Tell whoever runs the service.
desk-problem-lapsed = Thirty minutes have gone by. Start the mandate again from the beginning.
desk-problem-unverified = The answer from { $provider } could not be checked. To be safe, it was set aside. Start again; if it happens again, tell whoever runs the service.

desk-code-required = Copy the code shown on your card.
desk-code-wrong = This is not the right code. Copy the one your card shows now.
desk-code-used = This code has been used already. Wait for the next one: { $seconds ->
    [one] one second
   *[other] { $seconds } seconds
  }.
desk-code-locked = Too many attempts. Your card is locked for { $seconds ->
    [one] one more second
   *[other] { $seconds } more seconds
  }. The mandate is waiting for you.
desk-sign-changed = What this mandate replaces is no longer what the person read. Prepare a new mandate and ask them to agree again.

desk-evidence-agreed = The person's agreement
desk-evidence-screen = On the screen of the desk, after identification
desk-evidence-level = Identification level { $level }
desk-evidence-signed = Signature
desk-evidence-text = Fingerprint of the text (SHA-256)
desk-evidence-entry = Line of the log
desk-evidence-promise = Promise signed by the log
desk-attestation-qr = Promise signed by the log

error-desk-denied-title = You cannot do this
error-desk-denied-happened = Your place in the structure, its agreement, your card or the formalities allowed do not permit it today.
error-desk-denied-safe = Nothing was changed.
error-desk-denied-do = Speak to the referent of your structure.
error-desk-lapsed-title = This mandate was not completed in time
error-desk-lapsed-happened = Thirty minutes went by without a next step.
error-desk-lapsed-safe = Nothing was signed.
error-desk-lapsed-do = Prepare a new mandate.
error-desk-over-title = This step is no longer possible
error-desk-over-happened = The mandate has moved on: it was signed, refused or ended.
error-desk-over-safe = What was done remains recorded.
error-desk-over-do = Open the mandate from the list to see where it stands.
error-consent-nobody-title = Nobody is identified here
error-consent-nobody-happened = No request for agreement is waiting in this browser, or it has expired.
error-consent-nobody-safe = No agreement was given.
error-consent-nobody-do = At the desk, start the identification again from the mandate.
error-identification-foreign-title = This identification cannot be accepted
error-identification-foreign-happened = The answer received was not asked for by this browser, was used already or came too late.
error-identification-foreign-safe = It was set aside. No agreement was given.
error-identification-foreign-do = At the desk, go back to the mandate and start the identification again.
