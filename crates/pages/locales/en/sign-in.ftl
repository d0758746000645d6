### Signing in, choosing an account, creating one, signing out.

# Put before the title of a page that shows an error, so that screen readers say it first. Ends with a colon.
title-error = Error:
# Heading and button of the sign-in page. As a button it says what happens.
sign-in = Sign in
# Heading of the sign-in page on the way to an application. { $client } is the name of the application.
sign-in-to = Sign in to { $client }
# Shown above the password field when someone who is signed in has to prove it again.
sign-in-again = Enter your password again to continue.
# Shown after a failed sign-in, whatever the cause was (wrong password, unknown or locked account). Must not say which.
sign-in-failed = That did not work. Check the email or username and the password, then try again.
# Shown when there were too many attempts. { $count } is a number of seconds.
sign-in-too-many = { $count ->
    [one] Too many attempts. Wait { $count } second, then try again.
   *[other] Too many attempts. Wait { $count } seconds, then try again.
}
# Shown above a form that was open too long to be accepted. Nothing was lost but the secrets.
form-expired = This page was open for too long. Please try again.
# Label of the field for the account's name.
identifier = Email or username
# Label of the password field.
password = Password
# Link beside the password label.
forgot-password = Forgot password?
# Label of a check box: the session lasts longer.
remember = Keep me signed in
# Quiet button that returns to the application without signing in.
cancel = Cancel
# Button that goes on to the next page.
continue = Continue
# Stands before the link "Create account" on the sign-in page.
register-offer = New here?
# Heading, link and button: make a new account.
register = Create account
# Below the heading "Create account" on the way to an application. { $client } is its name.
register-lead = to continue to { $client }
# Stands before the link "Sign in" on the registration page.
register-have-account = Already have an account?
# Label of the field for the e-mail address.
email = Email
# Label of the field for the user name.
username = Username
# Below the user name field.
username-hint = Letters, digits, dots, dashes and underscores.
# Below a field for a new password. { $count } is the smallest number of characters.
password-hint = { $count ->
    [one] At least { $count } character. A few unrelated words make a good one.
   *[other] At least { $count } characters. A few unrelated words make a good one.
}
# Opens the list of fields that have an error.
form-has-errors = Please check these fields:
# Beside the e-mail field.
register-error-email = Enter an email address, such as name@example.com.
# The address or the user name is taken; must not say which.
register-error-exists = There is already an account with this email or username. Sign in, or choose another one.
# Beside the password field: it is a well-known password or contains the address or name.
register-error-password-common = This password is too easy to guess. Choose another one.
# Beside the password field.
register-error-password-long = This password is too long. Choose a shorter one.
# Beside the password field. { $count } is the smallest number of characters.
register-error-password-short = { $count ->
    [one] This password is too short. Use at least { $count } character.
   *[other] This password is too short. Use at least { $count } characters.
}
# Beside the password field: the policy asks for kinds of characters.
register-error-password-simple = Use upper and lower case letters, a digit and a special character.
# Beside the user name field.
register-error-username = Use 3 to 50 letters, digits, dots, dashes or underscores.
# Heading of the page that lists the accounts this browser knows.
chooser-title = Choose an account
# Below that heading. { $client } is the name of the application.
chooser-lead = to continue to { $client }
# Shown above a list of accounts after a sign-in whose name and password fit several of them, mostly in different organizations.
chooser-same-password = More than one account has this name and password.
# Beside an account whose session is over; its password will be asked.
chooser-signed-out = Signed out
# Button or link: sign in with an account that is not listed.
use-another-account = Use another account
# Heading of the page that asks before signing out.
sign-out-question = Do you want to sign out?
# On that page, when an application asked for it. { $client } is its name.
sign-out-asked-by = { $client } asks to sign you out.
# On that page. { $account } is a name or e-mail address.
sign-out-account = You are signed in as { $account }.
# Button: end the session.
sign-out = Sign out
# Button: keep the session.
stay = Stay signed in
# Heading after signing out.
signed-out = You are signed out
# Below that heading.
signed-out-text = You can close this page. On a shared computer, close the browser too.
# Below that heading, for somebody who came from another provider; $provider is what people call it.
signed-out-elsewhere = You may still be signed in at { $provider }. On a shared computer, sign out there too and close the browser.
# Button: sign out at that provider too.
sign-out-of = Sign out of { $provider }
# Link on the page after signing out.
sign-in-once-more = Sign in again
# Button below the sign-in form: leads to another sign-in service. { $provider } is what people call it.
upstream-continue = Continue with { $provider }
# Below that button while the service does not answer. Must not say anything about any account.
upstream-down = { $provider } does not answer at the moment. If you have a password here, you can sign in with it. Otherwise try again in a few minutes.
# Above the form after somebody tried to get to the other service. Must not say anything about any account.
upstream-away = The other sign-in service does not answer at the moment. If you have a password here, you can sign in with it. Otherwise try again in a few minutes.
# Above the form after somebody came back from the other service without having signed in there.
upstream-cancelled = You did not finish signing in there. You can try again.
# Above the form after the other service gave an answer that cannot be used.
upstream-failed = Signing in there did not work. Please try again.
# Above the form after the other service did not say when they proved who they are, where the application insists on a fresh proof.
upstream-not-fresh = This application wants you to prove anew who you are, and the other sign-in service does not say when you did. If you have a password here, you can sign in with it. Otherwise tell your administrator.
