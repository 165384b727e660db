# What every page uses.
skip-to-content = Skip to content
nav-label = Sections
nav-home = Home
nav-mandates = Mandates
nav-users = Users
nav-cards = Cards
nav-people = People
nav-structures = Structures
nav-log = Log
role-auditor = Auditor
role-auditor-all = Auditor, every structure
role-auditor-listed = Auditor, { $count ->
    [0] no structure
    [one] one structure
    *[other] { $count } structures
  }
role-operator = Operator
account = My account
switch-structure = Change structure
sign-out = Sign out
acting-label = Use in progress
acting-in-name-of = You are acting in the name { OF($name) }
acting-end = Finish
foot-purpose = Entremise, a mandate service: every action is bounded, signed and written to the log.
cancel = Cancel
back = Back
continue = Continue
change = Change
close = Close
yes = Yes
no = No
print = Print
check-now = Check now
steps-label = Steps
pages-label = Pages of the list
pages-previous = Previous page
pages-next = Next page
pages-where = Page { $page } of { $last }
password-show = Show
password-hide = Hide
today = Today
yesterday = Yesterday
list-and = and
born-on = { $gender ->
    [female] born on { $date }
    [male] born on { $date }
   *[other] born on { $date }
  }
born-in = { $gender ->
    [female] born in { $date }
    [male] born in { $date }
   *[other] born in { $date }
  }
duration-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
  }
duration-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
  }
duration-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
  }
duration-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
  }

# Errors
error-title = An error
error-prefix = Error:
error-summary-title = There is a problem
field-required = Fill in this field.
error-safe = What is safe
error-do = What you can do
error-operation = Number to give to support
error-home = Back to the home page
error-bad-request-title = This request cannot be read
error-bad-request-happened = The form or address we received does not have the expected shape.
error-bad-request-safe = Nothing has been saved or changed.
error-bad-request-do = Go back to the previous page, reload it and start again.
error-forbidden-title = You cannot open this page
error-forbidden-happened = Your account, in this structure, does not allow it.
error-forbidden-safe = Nothing has been changed.
error-forbidden-do = If you should have access, speak to the referent of your structure.
error-not-found-title = This page does not exist
error-not-found-happened = The address is wrong, or what it showed is no longer there.
error-not-found-safe = Your mandates and your work are not affected.
error-not-found-do = Check the address, or start again from the home page.
error-wrong-method-title = This address is not used that way
error-wrong-method-happened = The address exists, but not for this kind of request.
error-wrong-method-safe = Nothing was recorded or changed.
error-wrong-method-do = Start again from the home page. If you are building a service, the “Allow” header of this answer says what is permitted.
error-too-many-title = Too many requests in a short time
error-too-many-happened = We received too many requests in a row, and did not process this one.
error-too-many-safe = Nothing is lost, and nothing is blocked for good.
error-too-many-do = Wait a minute, then try again.
error-unavailable-title = A service we depend on is not answering
error-unavailable-happened = The outside service did not answer in time, or its answer made no sense.
error-unavailable-safe = Everything already saved has been kept.
error-unavailable-do = Try again in a few minutes. If it goes on, tell support.
error-internal-title = Something went wrong
error-internal-happened = An error on our side interrupted this page.
error-internal-safe = A step is saved completely or not at all: nothing is half done.
error-internal-do = Try again. If the error comes back, give the number below to support.
