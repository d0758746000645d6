### Pages around mails and their links: a forgotten password, a new one, an address that is verified.

# Heading of the page that asks for a link to set a password.
forgot-title = Forgot your password?
# Below that heading.
forgot-lead = Enter your email or username. If there is an account, its owner gets an email with a link to set a new password.
# Its button.
forgot-send = Send link
# Shown above a form when there were too many requests. { $count } is a number of seconds.
forgot-too-many = { $count ->
    [one] Too many requests. Wait { $count } second, then try again.
   *[other] Too many requests. Wait { $count } seconds, then try again.
}
# Heading after a mail was asked for, whether one was sent or not.
check-mail-title = Check your mail
# Below that heading, after asking for a link to set a password. Must not say whether there is an account.
check-mail-password = If there is an account with this name, an email with a link is on its way to its address. Look into the spam folder too.
# Below that heading, after creating an account. Must not say whether the address was known.
check-mail-registered = An email is on its way to the address that you gave. Open the link in it to confirm the address. You can already sign in.
# Below that heading, after asking for the link that verifies the address of an account again. { $address } is the address.
check-mail-verify = An email with a link is on its way to { $address }. Open the link to confirm the address.
# Link from these pages to the sign-in page.
back-to-sign-in = Go to sign in
# Link from such a page back to the account page.
back-to-account = Back to your account
# Heading of the page that sets a password by a link.
set-password-title = Set a password
# Below that heading. { $account } is an email address.
set-password-lead = for { $account }
# Label of the field for the new password.
set-password-new = New password
# Below that field, before its button.
set-password-consequence = You will be signed out everywhere, and applications and API keys of the old password lose their access.
# Its button.
set-password-save = Set password
# Heading after the password was set.
set-password-done-title = Your password is set
# Below that heading.
set-password-done = Sign in with the new password. All other sessions have ended.
# Heading of the page that an invitation leads to.
invitation-title = Welcome to the new sign-in
# Below that heading. { $account } is an email address.
invitation-lead = for { $account }
# What stays as it was, before the button.
invitation-same-password = Your account and your password stay as they are. Sign in here from now on.
# The button, which leads to the sign-in page.
invitation-continue = Continue to sign in
# Below the button, for people who should not have got the mail.
invitation-stranger = If this is not your address, close this page. Nothing has changed.
# On the page that sets a password, when an invitation leads there.
invitation-new-password = Your account has moved here. Its old password could not be carried over, so choose a new one.
# The same page for an account whose address nobody has confirmed, before the field for its password. { $address } is an email address.
invitation-unverified = Your account has moved here. Nobody has confirmed yet that { $address } is yours, so enter the password of the account once.
# Heading of the page that verifies an address by a link.
verify-title = Confirm your email address
# Below that heading. { $address } is an email address.
verify-lead = Confirm that { $address } is yours.
# Below the field for the password: confirming takes the account's password too, so that nobody confirms an account that somebody else made.
verify-password-hint = The one you chose for this account.
# Shown above the form after another password was typed.
verify-wrong-password = This is not the password of the account. Try again, or set a new one below.
# Its button.
verify-confirm = Confirm address
# Below that form, before the link that follows.
verify-no-password = You do not know it, or somebody else created the account? Make it yours:
# The link there, which leads to the page that sets a password.
verify-new-password = Set a new password
# On the page that sets a password, when that link leads there.
verify-new-password-lead = Your address is confirmed with it, and the password that the account has now stops working.
# Below the field for the new password there, before its button.
verify-new-password-consequence = Whoever is signed in to this account is signed out everywhere, and applications and API keys lose their access to it.
# Heading after the address was verified.
verify-done-title = Your address is confirmed
# Below that heading. { $address } is an email address.
verify-done = Thank you. { $address } is confirmed.
# Heading when a link was used before, has expired, or is none of ours.
link-over-title = This link does not work any more
# Below that heading, for a link to set a password.
link-over-password = Links work once and for a short time. Ask for a new one.
# Below that heading, for a link to verify an address.
link-over-verify = Links work once and for a limited time. If your address is not confirmed yet, sign in and have a new link sent from your account page.
# Below that heading, for an invitation.
link-over-invitation = You have followed this invitation already, or it is too old. You do not need it: sign in as always.
# Link from there to the sign-in page.
link-over-sign-in = Sign in
# Link to the page that asks for another link to set a password.
link-over-again = Ask for a new link
# On the account page, while the address is not verified. { $address } is the address.
verify-missing = Your address { $address } is not confirmed.
# Button beside that sentence.
verify-send = Send the link again
# Added to the sentence after a failed sign-in, where mail can be sent. Must not say anything about the account.
sign-in-failed-mail = If the password has to be set anew, an email with a link is on its way to the account's address.
