### The start page and the demo application. The readers are developers; names of the protocol stay in English.

# Title of the start page.
home = Start
# Heading of the start page in development mode.
home-running = Authly is running
# Heading of the start page otherwise. { $product } is the name of the installation.
home-title = { $product } sign-in
# Below the heading.
home-text = One account for your applications, with OAuth 2.1 and OpenID Connect.
# Below the heading while OAuth is switched off (OAUTH_ENABLED).
home-oauth-off = OAuth and OpenID Connect are switched off here. Applications that sign in as before keep working.
# Button.
home-account = Manage your account
# Step 1 of development mode.
home-step-demo = Try it
# Below it.
home-step-demo-text = The demo application signs in with authorization code and PKCE, and shows every message and token. The administrator's password was printed when the server first started.
# Button.
home-step-demo-button = Open the demo
# Step 2.
home-step-client = Register your application
# Below it.
home-step-client-text = In a second terminal, next to the running server. The change is seen within a second.
# Step 3.
home-step-connect = Connect it
# Below it.
home-step-connect-text = Any OpenID Connect library needs only the issuer. It finds everything else by itself.
# Step 4.
home-step-users = Add people
# Below it.
home-step-users-text = Create accounts for others, and look at the state of everything.
# Heading of the list of addresses.
home-endpoints = Addresses
# Small print of development mode.
home-development = Development mode: only this computer can reach this server. Set ENVIRONMENT to leave it.
# Small print. { $store } is where the data is kept.
home-store = Data: { $store }.
# Small print. { $version } is a version number.
home-version = Version { $version }.
# Title of the demo application's first page.
demo-title = Demo application
# Below it.
demo-lead = A small application that does not know any password. It sends you to sign in and receives tokens.
# Button.
demo-start = Sign in
# Shown when the last sign-in was refused. An error code follows.
demo-refused = The sign-in came back with an error:
# Heading.
demo-will-happen = What will happen
# Step.
demo-will-1 = The application makes a random code verifier and sends your browser away with its hash.
# Step.
demo-will-2 = You sign in and decide what the application may do.
# Step.
demo-will-3 = Your browser comes back with a code that works once.
# Step.
demo-will-4 = The application exchanges the code and the verifier for tokens, and shows them to you.
# Heading.
demo-client = How it is registered
# Title of the demo application's result page.
demo-result-title = Signed in
# Heading. { $account } is a name or e-mail address.
demo-signed-in = Signed in as { $account }
# Below it.
demo-result-lead = Now use the tokens, or read below how they came here.
# Button and heading: ask the UserInfo endpoint.
demo-userinfo = User info
# Explanation.
demo-userinfo-text = The access token opens the UserInfo endpoint, which answers with the claims that the scopes allow.
# Button and heading: ask the introspection endpoint.
demo-introspect = Introspect
# Explanation.
demo-introspect-text = A resource server asks whether a token is active. The answer comes from the store, so a revocation is seen at once.
# Button and heading: use the refresh token.
demo-refresh = Refresh
# Explanation.
demo-refresh-text = The refresh token was exchanged for new tokens. It works once; its successor stands below.
# Button and heading: revoke the tokens.
demo-revoke = Revoke
# Explanation.
demo-revoke-text = The refresh token and everything that hangs on it is revoked. Introspect again to see it.
# Label of a request.
demo-sent = Sent
# Label of an answer. { $status } is the status number of HTTP.
demo-answered = Answered with { $status }
# An answer without a body.
demo-empty-body = The answer has no body.
# Heading.
demo-tokens = The tokens
# Heading of a token.
demo-id-token = ID token
# What it is for.
demo-id-token-purpose = For the application: tells who signed in, when and how. It never opens anything.
# Heading of a token.
demo-access-token = Access token
# What it is for.
demo-access-token-purpose = For resource servers: opens them for a short time, within the scope.
# Heading of a token.
demo-refresh-token = Refresh token
# What it is for.
demo-refresh-token-purpose = For the token endpoint only: brings new tokens, once. It is random, so there is nothing to decode.
# Caption of the table of a token's claims.
demo-claims = Claims
# Caption of the table of a token's header.
demo-header = Header
# Opens the token as it is sent.
demo-raw = Header, and how it is sent
# Heading.
demo-exchange = How they came here
# Step.
demo-step-request = 1. The browser is sent away
# Explanation.
demo-step-request-text = The authorization request carries no secret: only the hash of the code verifier.
# Step.
demo-step-response = 2. It comes back with a code
# Explanation.
demo-step-response-text = The application checks that state is its own and that iss is the issuer it asked.
# Step.
demo-step-token = 3. The code is exchanged
# Explanation.
demo-step-token-text = Directly, without the browser. The code verifier proves that the same application asks.
# Step.
demo-step-answer = 4. The tokens arrive
# Explanation.
demo-step-answer-text = The application verifies the ID token: signature, iss, aud, exp and nonce.
# Meaning of a claim.
claim-iss = Issuer: who made the token
# Meaning of a claim.
claim-sub = Subject: the account, by an id that never changes
# Meaning of a claim.
claim-aud = Audience: who may accept it
# Meaning of a claim.
claim-exp = Expires: not valid from then on
# Meaning of a claim.
claim-iat = Issued at
# Meaning of a claim.
claim-nbf = Not valid before
# Meaning of a claim.
claim-jti = The token's own id
# Meaning of a claim.
claim-nonce = Ties the token to this request
# Meaning of a claim.
claim-auth-time = When the password was entered
# Meaning of a claim.
claim-at-hash = Ties the token to the access token
# Meaning of a claim.
claim-c-hash = Ties the token to the code
# Meaning of a claim.
claim-azp = The client it was issued to
# Meaning of a claim.
claim-acr = How strongly the person was authenticated
# Meaning of a claim.
claim-amr = By which methods the person was authenticated
# Meaning of a claim.
claim-sid = The session
# Meaning of a claim.
claim-gid = The grant it hangs on: revoking that ends it
# Meaning of a claim.
claim-client-id = The client that may use it
# Meaning of a claim.
claim-scope = What it allows
# Meaning of a claim.
claim-name = Full name
# Meaning of a claim.
claim-given-name = Given name
# Meaning of a claim.
claim-family-name = Family name
# Meaning of a claim.
claim-preferred-username = Username
# Meaning of a claim.
claim-email = Email address
# Meaning of a claim.
claim-email-verified = Whether the address was confirmed
# Meaning of a claim.
claim-phone-number = Phone number
# Meaning of a claim.
claim-groups = Groups of the account
# Meaning of a claim.
claim-roles = Roles of the account
# Meaning of a claim.
claim-tenant = Organization of the account
# Meaning of a claim.
claim-updated-at = When the profile last changed
# Meaning of a claim.
claim-picture = Address of a picture
# Meaning of a claim.
claim-locale = Language and region
# Meaning of a claim.
claim-zoneinfo = Time zone
# Meaning of a header member.
claim-alg = Algorithm of the signature
# Meaning of a header member.
claim-kid = Which key signed it
# Meaning of a header member.
claim-typ = Kind of token
