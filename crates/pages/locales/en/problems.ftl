### Pages that say that something did not work.

# Heading: the account may not do this.
problem-forbidden = You cannot do this
# Below it.
problem-forbidden-text = Your account is not allowed to open this page or this application.
# Heading: a form was open too long, or was sent from somewhere else.
problem-form-expired = This page has expired
# Below it.
problem-form-expired-text = It was open for too long, it was opened in another browser, or cookies are switched off. Nothing has been changed.
# Heading: something broke on our side.
problem-internal = Something went wrong
# Below it.
problem-internal-text = This is our mistake, not yours. Try again in a moment.
# Heading: the application sent something that is not well formed.
problem-invalid-request = The application made a mistake
# Below it.
problem-invalid-request-text = Its request cannot be understood, so we stopped here to keep your account safe.
# Heading: the place to return to is not registered.
problem-redirect-mismatch = We do not know where to send you
# Below it.
problem-redirect-mismatch-text = The application asked to send you to an address that is not registered for it, so we stopped here to keep your account safe.
# Heading: the sign-in under way is over.
problem-request-expired = This sign-in has expired
# Below it.
problem-request-expired-text = It is too old, already finished, was begun in another browser, or cookies are switched off. Go back to the application and start again.
# Heading: the application sent too much.
problem-request-too-large = The request is too long
# Below it.
problem-request-too-large-text = The application sent more than can be kept while you sign in.
# Heading: the application is not registered or is switched off.
problem-unknown-client = This application is not known here
# Below it.
problem-unknown-client-text = It is not registered, or it has been switched off.
# Heading: the address was called in a way it does not support.
problem-unsupported-method = This address cannot be used like that
# Below it.
problem-unsupported-method-text = It does not take this kind of request.
# Whose turn it is.
turn-you = You can start again.
# Whose turn it is.
turn-application = The makers of the application have to fix this. Tell them what you see here.
# Whose turn it is.
turn-administrator = If it stays like this, tell your administrator and quote the number below.
# Button: start again.
way-again = Try again
# Button: go to the start page.
way-home = Go to the start page
# Label of a fixed error code for developers.
error-code = Error
# Label of the number to quote when asking for help.
request-id = Request
# Heading: the server has too much to do.
busy = We are busy right now
# Below it. { $count } is a number of seconds.
busy-text = { $count ->
    [one] Many people are signing in at this moment. Try again in { $count } second.
   *[other] Many people are signing in at this moment. Try again in { $count } seconds.
}
# Heading: the address does not exist.
not-found = Page not found
# Below it.
not-found-text = There is nothing at this address. Check it for typing mistakes.
# Heading: another sign-in service says who they are, but there is no account here that they can use. Must not say why.
problem-upstream-no-account = We found no account for you
# Below it.
problem-upstream-no-account-text = You are signed in at the other service, but no account here can be used with it. If you have a password here, sign in with it.
# Heading: another sign-in service says who they are, but they are in no organization that uses this.
problem-upstream-no-tenant = You are not in any organization here
# Below it.
problem-upstream-no-tenant-text = You are signed in at the other service, but none of your groups there belongs to an organization that uses this. Your administrator can add you to one.
