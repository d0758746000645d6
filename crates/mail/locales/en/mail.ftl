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
verify-stranger = If this was not you, you need not do anything: the address stays unconfirmed.
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
changed-text = The password of the account { $account } at { $product } was changed. Sign in with the new password:
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
# Below the button. { $until } is a date with a time.
link-until = The link works once, until { $until }.
# Stands before the bare link, for readers in which the button does nothing.
link-plain = If the button does not work, copy this link into the browser:
# Heads the lines that say who caused the mail.
cause = What caused this mail:
# { $at } is a date with a time.
cause-at = Time: { $at }
# { $address } is a network address.
cause-address = Address: { $address }
# { $browser } is a name such as "Firefox on Linux".
cause-browser = Browser: { $browser }
