### The page on which people manage their account.

# Heading.
account = Your account
# Section: who you are.
account-profile = Profile
# Label of the owner's name.
account-name = Name
# Section: change the password.
account-password = Password
# Label of a password field.
account-current-password = Current password
# Label of a password field.
account-new-password = New password
# Button.
account-change-password = Change password
# Shown after it worked.
account-password-changed = Your password is changed. Other sessions have been signed out.
# Shown when the current password was not right.
account-password-wrong = The current password is not right. Try again.
# Shown when the new password was used before.
account-password-used = You have used this password before. Choose another one.
# Section: browsers in which the account is signed in.
account-sessions = Where you are signed in
# Below that heading.
account-sessions-text = If you do not recognize one of these, end it and change your password.
# Mark on the session that shows this page.
account-this-session = This browser
# Button: end another session.
account-end-session = End session
# Shown after it worked.
account-session-ended = That session is signed out.
# Section: applications that may act for the account.
account-applications = Connected applications
# Below that heading.
account-applications-text = These applications can act for you without asking again.
# Instead of an empty list.
account-no-applications = No application is connected yet. When you allow one to access your account, it appears here.
# Stands before a date.
account-since = Connected since
# Button: take the permission back.
account-disconnect = Disconnect
# Shown after it worked.
account-application-disconnected = The application can no longer access your account.
