# The auditor's room: finding someone, unmasking, taking away, activity, alerts.
room-aidant = Aidant (pseudonym)
room-user = User (pseudonym)
room-domain = Formality
room-service = Service
log-person-unknown = No line of your perimeter bears this pseudonym. It is written a-5F2C, or in full.
log-person-several = Several people share this short form. Open the one you want from one of their lines.
room-find-link = Find a person by name or address
room-export-link = Take these lines away
room-find-title = Find a person
room-find-lead = The log only knows pseudonyms. Write what the document says: if this person has lines in your perimeter you are led to their pseudonym. This search is written to the log, and the person will be able to see it.
room-find-several = This identity is known under several pseudonyms.
room-find-user = A user, by exact identity
room-find-given = All given names
room-find-given-hint = In the order of the document, with accents.
room-find-family = Name at birth
room-find-born = Date of birth
room-find-born-hint = As 1948-03-04. Write 00 for what is not known: 1962-00-00.
room-find-aidant = An aidant, by address
room-find-email = Professional e-mail address
room-find-do = Find
room-find-given-required = Enter all given names.
room-find-family-required = Enter the name at birth.
room-find-birth-required = Enter the date of birth.
room-find-email-required = Enter the professional address.
room-find-birthdate = Write the date as 1948-03-04.
room-find-nobody = Nobody of this name has a line in your perimeter. The match must be exact.
room-unmask = Show the names
room-unmask-title = Show the names
room-unmask-lead = The names behind { $what } will be visible to you alone for fifteen minutes. Your reason is written to the log with your name.
room-unmask-reason = Reason
room-unmask-reason-hint = Why your review needs these names, in ten characters or more. Write no name.
room-unmask-reason-required = Write a reason, of ten to five hundred characters.
room-unmask-do = Show
log-words-reason = Reason
log-words-note = Note
log-words-service = Service
log-words-declared-service = Service meant, as declared
log-words-label = Done at the service
log-words-reference = The service's reference
room-unmasked-title = Names shown
room-unmasked-until = To you, on this page, until { $hour }. These are the names written at the time of the acts.
room-unmasked-none = No name is written, or it was erased.
room-unmasked-user = User
room-line-proven = Verified
room-line-waiting = Awaiting signature
log-fact-aidant = Aidant searched
log-fact-user = User searched
log-fact-service = Service
log-fact-by = Searched by
log-fact-found = Found
room-export-title = Take away
room-export-all = All lines of your perimeter, up to now.
room-export-some = The lines of your search, up to now.
room-export-warning = What you take away leaves the system.
room-export-warning-text = It can no longer erase it nor know who reads it. People stay under their pseudonyms, but what was done is there. Keep the file as a confidential record, and destroy it after your review. Taking it away is written to the log.
room-export-format = In which form?
room-export-csv = A table (CSV)
room-export-csv-hint = For a spreadsheet. One line for each act, without a mark of its end: if your browser says that the download was interrupted, begin again.
room-export-jsonl = JSON Lines
room-export-jsonl-hint = For a tool. Each line keeps the exact bytes that were signed; the last one says how many there are.
room-export-bundle = The verifiable bundle
room-export-bundle-hint = For “entremise log verify”, without network and without us. It follows the dates and the structure; the other criteria change nothing in it.
room-export-criteria = What is taken away
room-export-change = Change the search
room-export-do = Download
room-export-format-required = Choose a form.
room-export-no-head = No signed checkpoint covers these dates.
log-fact-format = Form
room-activity-aidant = Aidant { $name }
room-activity-summary = { $signed ->
    [0] No mandate signed
    [one] One mandate signed
    *[other] { $signed } mandates signed
  }, { $opened ->
    [0] no service opened
    [one] one service opened
    *[other] { $opened } services opened
  } for { $users ->
    [0] nobody
    [one] one person
    *[other] { $users } people
  }.
room-activity-do = Show these days
room-activity-lines = See these lines in the log
room-activity-full = Whole pseudonym:
room-activity-days = Lines by day
room-activity-chart = Acts by day: { $done } done and { $refused } refused in all. The numbers are in the table that follows.
room-activity-table = The numbers, day by day
room-activity-day = Day
room-activity-done = Done
room-activity-refused = Refused
room-activity-signed = Mandates signed
room-activity-opened = Services opened
room-activity-number = Number
room-activity-too-long = Ninety-two days at most: the days after are not counted.
room-activity-without = Readings of the log and daily counts are left out.
room-activity-cut = There is more: the tables of first uses and of refusals only count the latest { $count }. Choose fewer days.
room-activity-domains = Services opened, by formality
room-activity-domains-head = Formality
room-activity-domains-none = No service was opened in these days.
room-activity-first = Time between signature and first use
room-activity-first-head = First use
room-activity-first-none = No mandate was signed in these days.
room-activity-refusals = Refusals
room-activity-refusals-head = Act and reason
room-activity-refusals-none = No refusal in these days.
room-first-minutes = Within ten minutes
room-first-hour = Within an hour
room-first-day = Within a day
room-first-week = Within a week
room-first-later = Later
room-first-not-yet = Not used yet
log-fact-entries = Lines
log-fact-day = Day
log-fact-uses = Services opened
log-fact-signed = Mandates signed
nav-alerts = Alerts
room-alerts-title = Alerts
room-alerts-lead = Rules read the lines of these days and show what deserves a look. An alert accuses nobody.
room-alerts-do = Show these days
room-alerts-none-title = Nothing to report
room-alerts-none = No rule found anything in these days within your perimeter.
room-alerts-more = { $count ->
    [one] One more alert is not shown
    *[other] { $count } more alerts are not shown
  }: choose fewer days.
room-proof-take = Download the proof of this story
room-proof-hint = Each line with its place in the signed log. The file is verified without us, by “entremise log verify”. Taking it is one more line.
nav-alerts-waiting = { $count ->
    [one] one alert to look at
    *[other] { $count } alerts to look at
  }
nav-alerts-many = more than { $count } alerts to look at
room-alerts-too-long = Thirty-one days at most.
room-alerts-see = See the lines
room-alerts-review = Mark as reviewed
room-alerts-reviewed = Reviewed by { $name }, { $when }: { $note }
room-alerts-seen = (Number then: { $count }.)
room-alerts-grown = More has happened since.
room-when-there = { $when } ({ $zone })
room-zone = Days and hours: { $zone }.
room-review-overtaken = Somebody else has marked this alert meanwhile. Read their note, then mark it again if yours adds something.
room-alerts-rule = The rules and their thresholds
room-review-title = Mark an alert as reviewed
room-review-lead = Your name, the hour and your note will stay beside the alert, and in the log.
room-review-note = What you saw
room-review-note-hint = Ten to five hundred characters. Write no name.
room-review-note-required = Write what you saw, in ten to five hundred characters.
room-review-do = Mark as reviewed
room-rule-burst = Burst
room-rule-burst-text = { $least } services or more opened by one aidant within { $minutes } minutes. Listening to a person takes time: such a pace may be a machine's, or work done without the people.
room-rule-out-of-hours = Out of hours
room-rule-out-of-hours-text = { $least } acts or more of an aidant on one day before { $begins }:00, after { $ends }:00 or on a Sunday, in the structure's own time.
room-rule-many-users = Many people
room-rule-many-users-text = Services opened in one day for { $least } people or more, and at least { $times } times the median of the other aidants of the structure.
room-rule-failed-codes = Codes refused
room-rule-failed-codes-text = { $least } wrong card codes or more in one day, in the session of one person at work: somebody may be trying another person's card.
room-rule-unused = Mandates never used
room-rule-unused-text = { $least } mandates or more signed by one aidant in one month, and no service opened within { $days } days. A mandate without use may have been signed without need.
room-rule-used-and-revoked = Used at once, then revoked
room-rule-used-and-revoked-text = A mandate used within an hour of its signature and ended, replaced or suspended within the day, whole or in what was used of it: the person may not have wanted what was done.
room-rule-same-name = Same name
room-rule-same-name-text = Aidant and user bear the same family name. The names were compared without being shown.
room-rule-mix-up = Two people at once
room-rule-mix-up-text = A service opened for one person while another person's was still open, by the same aidant, in whatever structure. A use that nobody ended counts for { $hours } hours. One may have received what was the other's.
log-kind-log-alert-reviewed = Alert reviewed
log-fact-finding = Alert
room-witnessed = { $seen } of { $total } witnesses signed this checkpoint.
room-erased = Erased { $when }: { $reason }
log-reason-request = asked by the person
log-reason-order = ordered by a court or an authority
log-reason-retention = end of the retention period
