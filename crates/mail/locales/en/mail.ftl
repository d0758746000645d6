### Mails. { $product } is the name of the installation, { $account } an e-mail address. No message may promise more than its mail does.

# Subject of the mail with a link to set a password.
set-password-subject = Set your password for { $product }
# What that mail says, before the button.
set-password-text = Somebody asked for a link to set the password of the account { $account } at { $product }. Use it to choose a new password:
# Its button.
set-password-button = Set password
# What to do if it was somebody else.
set-password-stranger = If this was not you, you need not do anything: your password stays as it is.
# Subject of the mail with a link to verify the address of a new account.
verify-subject = Confirm your email address for { $product }
# What that mail says, before the button.
verify-text = An account at { $product } was created with the address { $account }. Confirm that the address is yours:
# Its button.
verify-button = Confirm address
# What to do if it was somebody else.
verify-stranger = If this was not you, you need not do anything: the address stays unconfirmed. If you want the account, set a password of your own on the page that the link leads to.
# Subject of the mail to somebody who has an account, with whose address somebody registered.
known-subject = You already have an account at { $product }
# What that mail says, before the button.
known-text = Somebody tried to create an account at { $product } with the address { $account }. You already have one, so nothing was created and nothing was changed. If it was you, sign in:
# Its button.
known-button = Sign in
# What to do if it was somebody else.
known-stranger = If this was not you, you need not do anything.
# Subject of the mail that tells of a changed password.
changed-subject = Your password for { $product } was changed
# What that mail says, before the button.
changed-text = The password of the account { $account } at { $product } was changed. Whoever was signed in is signed out, and applications and API keys of the old password have lost their access. Sign in with the new password:
# Its button.
changed-button = Sign in
# What to do if it was somebody else.
changed-stranger = If this was not you, ask for a link to set another password on the sign-in page at once, and tell the administrator.
# Subject of the test mail of an administrator.
test-subject = Test mail from { $product }
# What that mail says, before the button.
test-text = This mail was sent to test the mail settings of { $product }. They work.
# Its button.
test-button = Open { $product }
# What to do if it was somebody else.
test-stranger = You need not do anything.
# First line of an invitation. { $name } is what the reader is called.
hello = Hello { $name },
# Subject of the mail that invites to sign in the new way.
invitation-subject = A safer way to sign in to { $product }
# What that mail says, before its steps.
invitation-text = { $product } has a new, safer way to sign in, and your account { $account } is ready for it. Your password still works. It takes three steps:
# First step, for people whose password stays.
invitation-step-open = 1. Follow the button below.
# The same where there is no button, but the address of the page in a line of its own.
invitation-step-link = 1. Open the link below.
# Second step, for people whose password stays.
invitation-step-sign-in = 2. Sign in with the password that you have.
# Second step, for people whose password could not be carried over.
invitation-step-set = 2. Choose a new password: your old one could not be carried over.
# Third step.
invitation-step-done = 3. That is all. Next time, { $product } sends you to the same page.
# Its button.
invitation-button = Sign in the new way
# What to do if the reader has no such account.
invitation-stranger = If you have no account at { $product }, you need not do anything.
# Subject of the mail that reminds of an invitation.
reminder-subject = Reminder: a safer way to sign in to { $product }
# What that mail says, before its steps.
reminder-text = You have not yet tried the new way to sign in to { $product } with your account { $account }. Your password still works. It takes three steps:
# Its button.
reminder-button = Sign in the new way
# What to do if the reader has no such account.
reminder-stranger = If you have no account at { $product }, you need not do anything.
# Subject of the mail that tells that signing in changes.
announcement-subject = { $product }: the way to sign in is updated
# What that mail says, before the button.
announcement-text = The sign-in of { $product } has been updated. Your account { $account } and your password still work. When you sign in for the first time, you may be asked to confirm your email address. If you cannot sign in, ask for a link to set a new password on the sign-in page.
# Its button.
announcement-button = Sign in
# What to do if the reader has no such account.
announcement-stranger = If you have no account at { $product }, you need not do anything.
# In invitations of people whose old password could not be carried over, instead of the sentence that it still works.
invitation-no-password = { $product } has a new, safer way to sign in, and your account { $account } is ready for it. It takes three steps:
# Below the button. { $until } is a date.
ends = Signing in the old way ends on { $until }.
# Below the button. { $url } is the address of a guide.
guide = Guide: { $url }
# Below the button, for people who built something on the interface. { $url } is the address of a guide.
integration-guide = If you have built something that signs in by itself, update it: { $url }
# Below the button. { $support } is an email address or a web address.
support = Questions? Write to { $support }.
# Below the button. { $until } is a date with a time.
link-until = The link works once, until { $until }.
# Stands before the bare link, for readers in which the button does nothing.
link-plain = If the button does not work, copy this link into the browser:
# Instead of what caused the mail, for letters that an administrator sends to many.
cause-administrator = The administrators of { $product } sent this mail.
# Heads the lines that say who caused the mail.
cause = What caused this mail:
# { $at } is a date with a time.
cause-at = Time: { $at }
# { $address } is a network address.
cause-address = Address: { $address }
# { $browser } is a name such as "Firefox on Linux".
cause-browser = Browser: { $browser }
