### The page that asks whether an application may act for the account.

# Heading. { $client } is the name of the application.
consent-title = { $client } wants to access your account
# Below the heading. { $host } is the host name that belongs to the application.
consent-host = from { $host }
# Who is signed in. { $account } is a name or e-mail address.
consent-account = Signed in as { $account }
# Link beside it: sign in with another account.
not-you = Not you?
# Stands above the list of permissions.
consent-scopes = It will be able to:
# Opens the rest of a long list. { $count } is how many more there are.
consent-more = { $count ->
    [one] Show { $count } more
   *[other] Show { $count } more
}
# Buttons: refuse and agree. Assistive programs look for these plain words.
deny = Deny
# See above.
allow = Allow
# Where the browser goes next. { $host } is a host name.
consent-redirect = You will be sent to { $host }.
# Link to the application's privacy policy.
consent-policy = Privacy policy
# Link to the application's terms.
consent-terms = Terms of service
# A mark on permissions that deserve a second look.
scope-sensitive = Sensitive
# A mark on permissions that were allowed before.
scope-granted = Already allowed
# What the scope "openid" allows. Continues "It will be able to:".
scope-openid = Confirm who you are
# What the scope "profile" allows.
scope-profile = See your name, username and picture
# What the scope "email" allows.
scope-email = See your email address
# What the scope "address" allows.
scope-address = See your postal address
# What the scope "phone" allows.
scope-phone = See your phone number
# What the scope "groups" allows.
scope-groups = See your groups, roles and organization
# What the scope "offline_access" allows.
scope-offline-access = Keep this access while you are away
# Heading of a page that is seen for a moment. { $client } is the name of the application.
form-post-title = Returning to { $client }
# On that page, for browsers without script.
form-post-text = If nothing happens, continue with the button.
