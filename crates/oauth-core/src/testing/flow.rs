//! Steps of a flow, so that a test tells its own story in a few lines.

use serde_json::Value;

use super::{World, at, now_or_never, subject};
use crate::{
    client::{authenticate::AuthenticatedClient, presented::PresentedClient},
    error::{ClientError, TokenError},
    grant::{request::TokenRequest, response::TokenResponse},
    ids::{ClientId, GrantId, SessionId},
    jws::compact::Compact,
    memory::MemoryStore,
    params::Params,
    pkce::{CodeProof, CodeVerifier},
    redirect::RedirectUri,
    secret::Secret,
    session::{AuthenticationMethod, NewSession},
    store::{CatalogRepository, Commit, Grant, GrantRepository, NewAuthorization, Store},
    token::{OpaqueToken, TokenHash},
};

/// The verifier of every code in the tests: the example of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// What a code was issued for.
pub(crate) struct CodeFor<'a> {
    pub(crate) client: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) resources: &'a [&'a str],
}

impl<S: Store + CatalogRepository> World<S> {
    /// Alice signs in; the session lives for eight hours.
    pub(crate) fn sign_in(&self) -> SessionId {
        let session = SessionId::generate(at(0), &self.engine.services().random);
        self.memory
            .begin_session(NewSession {
                id: session,
                token: TokenHash::of(session.to_string().as_bytes()),
                user: subject().id,
                begun_at: at(-10),
                authenticated_at: Some(at(-10)),
                methods: vec![AuthenticationMethod::Pwd],
                idle_expires_at: at(8 * 3_600),
                expires_at: at(24 * 3_600),
                remembered: false,
                user_agent: None,
                address: None,
                grants_end_at: None,
                replaces: None,
            })
            .unwrap();
        session
    }

    /// Alice allows `app` this scope; the code, not yet redeemed.
    pub(crate) fn code(&self, scope: &str) -> String {
        self.code_for(&CodeFor { client: "app", scope, resources: &[] })
    }

    pub(crate) fn code_for(&self, what: &CodeFor<'_>) -> String {
        let random = &self.engine.services().random;
        let code = OpaqueToken::generate(random);
        let client = self.engine.catalog().client(&ClientId::parse(what.client).unwrap()).unwrap().key;
        let write = NewAuthorization {
            grant: Grant {
                id: GrantId::generate(at(0), random),
                user: subject().id,
                client,
                tenant: None,
                session: Some(self.sign_in()),
                scope: super::scopes(what.scope),
                resources: what.resources.iter().map(|&name| name.to_owned()).collect(),
                authenticated_at: Some(at(-10)),
                methods: vec![AuthenticationMethod::Pwd],
                created_at: at(0),
                revoked_at: None,
            },
            code: code.hash(),
            redirect_uri: RedirectUri::stored("https://app.example.com/callback".into()),
            proof: CodeProof::Challenge(CodeVerifier::parse(VERIFIER).unwrap().challenge()),
            nonce: Some("n1".into()),
            expires_at: at(600),
            consent: None,
            first: false,
            audit: None,
        };
        assert_eq!(now_or_never(self.memory.issue_code(write)).unwrap(), Commit::Applied);
        code.expose().to_owned()
    }

    /// The client presents what it has.
    pub(crate) fn authenticate(&self, presented: PresentedClient) -> Result<AuthenticatedClient, ClientError> {
        now_or_never(self.engine.authenticate(presented))
    }

    /// The client with its secret `<id>-secret`.
    pub(crate) fn as_client(&self, id: &str) -> AuthenticatedClient {
        let secret = Secret::new(format!("{id}-secret"));
        self.authenticate(PresentedClient::Post { id: ClientId::parse(id).unwrap(), secret }).unwrap()
    }

    /// A token request of `client` with these parameters.
    pub(crate) fn token(&self, client: &str, body: &str) -> Result<TokenResponse, TokenError> {
        self.token_as(self.as_client(client), body)
    }

    pub(crate) fn token_as(&self, client: AuthenticatedClient, body: &str) -> Result<TokenResponse, TokenError> {
        let request = TokenRequest::parse(&Params::parse(body.as_bytes()).unwrap())?;
        now_or_never(self.engine.token(client, request))
    }

    /// Redeems a code as `app`.
    pub(crate) fn redeem(&self, code: &str) -> Result<TokenResponse, TokenError> {
        self.token("app", &format!("grant_type=authorization_code&code={code}&code_verifier={VERIFIER}"))
    }

    /// Uses a refresh token as `app`.
    pub(crate) fn refresh(&self, token: &str) -> Result<TokenResponse, TokenError> {
        self.token("app", &format!("grant_type=refresh_token&refresh_token={token}"))
    }

    /// The tokens of a whole flow.
    pub(crate) fn tokens(&self, scope: &str) -> TokenResponse {
        self.redeem(&self.code(scope)).unwrap()
    }
}

/// The claims of a token, unproven.
pub(crate) fn claims_of(token: &str) -> Value {
    Compact::parse(token).unwrap().claims().unwrap()
}

/// Kinds of the audit events so far, newest first.
pub(crate) fn audited(memory: &MemoryStore) -> Vec<&'static str> {
    memory.audit_log().iter().map(|event| event.kind.as_str()).collect()
}
