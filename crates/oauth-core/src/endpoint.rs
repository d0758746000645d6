//! The one table of endpoints: routes, metadata and the endpoint reference are made from it.

/// Whose cross-origin requests an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    /// Everybody's: public documents.
    Anyone,
    /// Those of the clients' redirect origins and of CORS_ORIGINS, without credentials.
    Clients,
    /// Nobody's.
    Nobody,
}

/// When an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Always.
    Always,
    /// While the legacy contract is on; errors are its own.
    Legacy,
    /// While OAUTH_ENABLED is on (C-42); 404 otherwise.
    OAuth,
}

macro_rules! endpoints {
    ($(#[doc = $doc:literal] $name:ident = $path:literal [$($method:literal),+] $metadata:expr, $cors:ident, $availability:ident;)+) => {
        /// An endpoint of the server.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Endpoint {
            $(#[doc = $doc] $name,)+
        }

        impl Endpoint {
            /// All endpoints, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The path below the issuer.
            pub const fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)+ }
            }

            /// The methods that it answers (HEAD goes with GET, OPTIONS with CORS).
            pub const fn methods(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($method),+],)+ }
            }

            /// The member of the metadata documents that names it.
            pub const fn metadata(self) -> Option<&'static str> {
                match self { $(Self::$name => $metadata,)+ }
            }

            /// Whose cross-origin requests it answers.
            pub const fn cors(self) -> Cors {
                match self { $(Self::$name => Cors::$cors,)+ }
            }

            /// When it answers.
            pub const fn availability(self) -> Availability {
                match self { $(Self::$name => Availability::$availability,)+ }
            }

            /// Its name in spans, metrics and the reference.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What it is, for the reference.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)+ }
            }
        }
    };
}

impl Endpoint {
    /// Whether it answers at this path; a part in braces stands for any one segment.
    pub fn is_at(self, path: &str) -> bool {
        let own = self.path();
        if !own.contains('{') {
            return own == path;
        }
        let fits = |(own, asked): (&str, &str)| own == asked || (own.starts_with('{') && !asked.is_empty());
        own.split('/').count() == path.split('/').count() && own.split('/').zip(path.split('/')).all(fits)
    }
}

endpoints! {
    #[doc = "Authorization endpoint (RFC 6749 3.1)."]
    Authorize = "/authorize" ["GET", "POST"] Some("authorization_endpoint"), Nobody, OAuth;
    #[doc = "Token endpoint (RFC 6749 3.2); also the JSON door of the legacy contract."]
    Token = "/auth/token" ["POST"] Some("token_endpoint"), Clients, Always;
    #[doc = "Revocation (RFC 7009); JSON bodies for legacy tokens."]
    Revoke = "/auth/revoke" ["POST"] Some("revocation_endpoint"), Clients, Always;
    #[doc = "Introspection (RFC 7662)."]
    Introspect = "/auth/introspect" ["POST"] Some("introspection_endpoint"), Nobody, OAuth;
    #[doc = "UserInfo (OpenID Connect Core 5.3)."]
    UserInfo = "/auth/userinfo" ["GET", "POST"] Some("userinfo_endpoint"), Clients, OAuth;
    #[doc = "RP-initiated logout (OpenID Connect RP-Initiated Logout 2)."]
    Logout = "/auth/logout" ["GET", "POST"] Some("end_session_endpoint"), Nobody, OAuth;
    #[doc = "The public signing keys (RFC 7517 5)."]
    Jwks = "/.well-known/jwks.json" ["GET"] Some("jwks_uri"), Anyone, OAuth;
    #[doc = "Authorization server metadata (RFC 8414)."]
    Metadata = "/.well-known/oauth-authorization-server" ["GET"] None, Anyone, OAuth;
    #[doc = "Provider metadata (OpenID Connect Discovery 4)."]
    OpenIdConfiguration = "/.well-known/openid-configuration" ["GET"] None, Anyone, OAuth;
    #[doc = "The same metadata under the older path."]
    LegacyMetadata = "/auth/.well-known/oauth-authorization-server" ["GET"] None, Anyone, OAuth;
    #[doc = "Authorization challenge endpoint for first-party applications (draft-ietf-oauth-first-party-apps); off by default."]
    AuthorizeChallenge = "/authorize-challenge" ["POST"] Some("authorization_challenge_endpoint"), Nobody, OAuth;
    #[doc = "The authorization endpoint under the older path."]
    LegacyAuthorize = "/auth/authorize" ["GET", "POST"] None, Nobody, OAuth;
    #[doc = "Makes a verifier and its challenge, for compatibility and tests only."]
    Challenge = "/auth/challenge" ["POST"] None, Nobody, OAuth;
    #[doc = "Refreshes a pair (legacy contract)."]
    Refresh = "/auth/refresh" ["POST"] None, Clients, Legacy;
    #[doc = "Registers an account (legacy contract)."]
    Register = "/auth/register" ["POST"] None, Clients, Legacy;
    #[doc = "Who the bearer is, in the older shape."]
    Me = "/api/v1/users/me" ["GET"] None, Clients, Legacy;
    #[doc = "Signs in with e-mail and password."]
    ApiLogin = "/api/auth/login" ["POST"] None, Clients, Legacy;
    #[doc = "Registers an account."]
    ApiRegister = "/api/auth/register" ["POST"] None, Clients, Legacy;
    #[doc = "Signs in with e-mail and password."]
    ApiV1Login = "/api/v1/auth/login" ["POST"] None, Clients, Legacy;
    #[doc = "Registers an account."]
    ApiV1Register = "/api/v1/auth/register" ["POST"] None, Clients, Legacy;
    #[doc = "Asks for a link to set a password, or sets one by it (legacy contract)."]
    ApiV1ResetPassword = "/api/v1/auth/reset-password" ["POST"] None, Clients, Legacy;
    #[doc = "Changes the bearer's password (legacy contract)."]
    ApiV1ChangePassword = "/api/v1/auth/change-password" ["POST"] None, Clients, Legacy;
    #[doc = "Asks for a link to set a password, or sets one by it (legacy contract)."]
    ApiResetPassword = "/api/auth/reset-password" ["POST"] None, Clients, Legacy;
    #[doc = "Verifies an address by a link (legacy contract)."]
    ApiVerifyEmail = "/api/auth/verify-email" ["POST"] None, Clients, Legacy;
    #[doc = "Registers a client; bearer token of scope admin."]
    AdminClients = "/admin/oauth/clients" ["POST"] None, Nobody, OAuth;
    #[doc = "How far a migration is; a page for administrators."]
    AdminMigration = "/admin/migration" ["GET"] None, Nobody, OAuth;
    #[doc = "Rows of a migration that wait for a decision; a page for administrators."]
    AdminMigrationRows = "/admin/migration/rows" ["GET"] None, Nobody, OAuth;
    #[doc = "The search in a migration's ledger; a page for administrators."]
    AdminMigrationLedger = "/admin/migration/ledger" ["GET"] None, Nobody, OAuth;
    #[doc = "Figures of a migration as CSV, for administrators."]
    AdminMigrationExport = "/admin/migration/export.csv" ["GET"] None, Nobody, OAuth;
    #[doc = "Takes back what a migration did; a page for administrators of the installation."]
    AdminMigrationRollback = "/admin/migration/rollback" ["GET", "POST"] None, Nobody, OAuth;
    #[doc = "Whether the server works."]
    Health = "/health" ["GET"] None, Nobody, Always;
    #[doc = "Whether the process answers."]
    HealthLive = "/health/live" ["GET"] None, Nobody, Always;
    #[doc = "Whether the server can serve requests now."]
    HealthReady = "/health/ready" ["GET"] None, Nobody, Always;
    #[doc = "Metrics for Prometheus; from the admin networks."]
    Metrics = "/metrics" ["GET"] None, Nobody, Always;
    #[doc = "What runs here and what to do next."]
    Home = "/" ["GET"] None, Nobody, Always;
    #[doc = "The sign-in page."]
    SignIn = "/sign-in" ["GET", "POST"] None, Nobody, OAuth;
    #[doc = "Sends the browser to an upstream provider, from the sign-in page; where one is configured."]
    UpstreamSignIn = "/sign-in/upstream" ["GET"] None, Nobody, OAuth;
    #[doc = "Where an upstream provider sends the browser back to (RFC 6749 4.1.2); the path names the provider."]
    UpstreamCallback = "/sign-in/upstream/{provider}/callback" ["GET"] None, Nobody, OAuth;
    #[doc = "Where an upstream provider says that somebody has signed out there (OpenID Connect Back-Channel Logout 2.5)."]
    UpstreamLogout = "/sign-in/upstream/logout" ["POST"] None, Nobody, OAuth;
    #[doc = "The consent page."]
    Consent = "/consent" ["GET", "POST"] None, Nobody, OAuth;
    #[doc = "The account chooser."]
    ChooseAccount = "/choose-account" ["POST"] None, Nobody, OAuth;
    #[doc = "The registration page."]
    SignUp = "/register" ["GET", "POST"] None, Nobody, OAuth;
    #[doc = "Asks for a link to set a password, where mail can be sent."]
    ForgotPassword = "/forgot-password" ["GET", "POST"] None, Nobody, Always;
    #[doc = "Sets a password by a link."]
    ResetPassword = "/reset-password" ["GET", "POST"] None, Nobody, Always;
    #[doc = "Follows an invitation by its link."]
    Invitation = "/invitation" ["GET", "POST"] None, Nobody, OAuth;
    #[doc = "Verifies an address by a link."]
    VerifyEmail = "/verify-email" ["GET", "POST"] None, Nobody, Always;
    #[doc = "The account page."]
    Account = "/account" ["GET"] None, Nobody, OAuth;
    #[doc = "Changes the password, from the account page."]
    AccountPassword = "/account/password" ["POST"] None, Nobody, OAuth;
    #[doc = "Sends the link that verifies the address again, from the account page."]
    AccountVerification = "/account/verification" ["POST"] None, Nobody, OAuth;
    #[doc = "Ends another session, from the account page."]
    AccountSessions = "/account/sessions" ["POST"] None, Nobody, OAuth;
    #[doc = "Disconnects an application, from the account page."]
    AccountApplications = "/account/applications" ["POST"] None, Nobody, OAuth;
    #[doc = "The signed-out page."]
    SignedOut = "/signed-out" ["GET"] None, Nobody, OAuth;
    #[doc = "Where people change their password (the well-known address of password managers)."]
    ChangePassword = "/.well-known/change-password" ["GET"] None, Nobody, OAuth;
    #[doc = "Whom to tell of a vulnerability (RFC 9116)."]
    SecurityTxt = "/.well-known/security.txt" ["GET"] None, Anyone, Always;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_in_braces_is_one_segment() {
        let at = |path| Endpoint::UpstreamCallback.is_at(path);
        assert!(at("/sign-in/upstream/corp/callback"));
        for other in ["/sign-in/upstream//callback", "/sign-in/upstream/a/b/callback", "/sign-in/upstream/corp", ""] {
            assert!(!at(other), "{other}");
        }
        assert!(Endpoint::SignIn.is_at("/sign-in") && !Endpoint::SignIn.is_at("/sign-in/"));
    }

    #[test]
    fn paths_are_unique_and_absolute() {
        for (position, endpoint) in Endpoint::ALL.iter().enumerate() {
            assert!(endpoint.path().starts_with('/'));
            assert!(Endpoint::ALL[position + 1..].iter().all(|other| other.path() != endpoint.path()), "{endpoint:?}");
        }
    }
}
