//! Clients (RFC 6749 2, RFC 7591 2): what is registered, and which redirect may be trusted.

pub mod authenticate;
pub mod presented;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    crypto::Algorithm,
    ids::{ClientId, ClientKey, TenantId},
    redirect::{ApplicationType, LoopbackPorts, RedirectUri, TrustedRedirect},
    scope::ScopeSet,
    secret::Secret,
    time::Timestamp,
    token::TokenHash,
};

/// Whether a client can keep a secret (RFC 6749 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientType {
    /// Can keep a secret.
    Confidential,
    /// Runs where its users can read it.
    Public,
}

impl ClientType {
    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Public => "public",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Confidential, Self::Public].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How a client proves who it is (RFC 7591 2, OpenID Connect Core 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// HTTP Basic with form-encoded id and secret.
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the body.
    ClientSecretPost,
    /// Not at all: a public client.
    None,
    /// A signed assertion (RFC 7523).
    PrivateKeyJwt,
}

impl AuthMethod {
    /// All methods, as advertised.
    pub const ALL: [Self; 4] = [Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt, Self::None];

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Reads the registered name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// A grant that a client may use at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 4.1.
    AuthorizationCode,
    /// RFC 6749 4.4.
    ClientCredentials,
    /// RFC 6749 6.
    RefreshToken,
}

impl GrantType {
    /// All grants, as advertised.
    pub const ALL: [Self; 3] = [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials];

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// Reads the registered name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// Whether an authorization request must carry a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PkcePolicy {
    /// A confidential client that may leave it out; if it sends one it is enforced.
    Exempt,
    /// Always, as OAuth 2.1 demands.
    Required,
}

/// Whether users are asked before a client gets their data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentPolicy {
    /// Asked once per set of scopes.
    Asked,
    /// Not asked: a first-party client.
    Skipped,
}

/// Whether a first-party client may use the authorization challenge endpoint (draft-ietf-oauth-first-party-apps).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChallengePolicy {
    /// Its users sign in on our page.
    #[default]
    Closed,
    /// It may show its own form, where the installation has the endpoint switched on.
    Open,
}

/// Which tokens a client may introspect (RFC 7662 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntrospectionPolicy {
    /// Any token of this installation: a trusted gateway.
    All,
    /// Its own, and those whose `aud` names it.
    Own,
}

/// What the `aud` of this client's assertions has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer as a plain string.
    Issuer,
    /// The URL of the token endpoint, for older clients; the issuer is accepted too.
    TokenEndpoint,
}

/// Whether a client may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    /// In use.
    Active,
    /// Switched off; as good as unknown.
    Inactive,
}

/// Where a client publishes its keys: an https URL, fetched with fences.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JwksUri(String);

impl JwksUri {
    /// Reads an https URL without user name and fragment.
    pub fn parse(text: &str) -> Option<Self> {
        let url = url::Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        (url.scheme() == "https" && url.host().is_some() && plain && text.len() <= 2000).then(|| Self(text.to_owned()))
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One live secret of a client; two may overlap for rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// SHA-256 of the secret: right for 256 random bits.
    pub hash: TokenHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its row.
    pub key: ClientKey,
    /// Its public identifier.
    pub id: ClientId,
    /// Its name, shown to users.
    pub name: String,
    /// The tenant that it belongs to, whose accounts alone it serves; one of no tenant serves all. It never changes.
    pub tenant: Option<TenantId>,
    /// Confidential or public.
    pub kind: ClientType,
    /// Web or native.
    pub application: ApplicationType,
    /// How it proves who it is.
    pub auth_method: AuthMethod,
    /// Its live secrets.
    pub secrets: Vec<ClientSecret>,
    /// A bcrypt hash that came from an older program; upgraded at first use.
    pub imported_secret: Option<Secret<String>>,
    /// Its public keys as a JWK Set document.
    pub jwks: Option<String>,
    /// Where it publishes its keys.
    pub jwks_uri: Option<JwksUri>,
    /// Where users may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where users may be sent after sign-out.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// What it may do at the token endpoint.
    pub grant_types: Vec<GrantType>,
    /// What it may ask for.
    pub scopes: ScopeSet,
    /// What `resource` it may name (RFC 8707); the first is its default audience.
    pub audiences: Vec<String>,
    /// Whether a challenge is required.
    pub pkce: PkcePolicy,
    /// Whether users are asked.
    pub consent: ConsentPolicy,
    /// Whether it may show its own sign-in form.
    pub challenge: ChallengePolicy,
    /// Which tokens it may introspect.
    pub introspection: IntrospectionPolicy,
    /// What its assertions name as audience.
    pub assertion_audience: AssertionAudience,
    /// `id_token_signed_response_alg`.
    pub id_token_alg: Algorithm,
    /// Its home page.
    pub client_uri: Option<String>,
    /// Its logo, kept and served by this installation.
    pub logo_uri: Option<String>,
    /// Its privacy policy.
    pub policy_uri: Option<String>,
    /// Its terms of service.
    pub tos_uri: Option<String>,
    /// In use or not.
    pub state: ClientState,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Why a request's redirect URI cannot be trusted; the answer is a page, never a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RedirectRefused {
    /// None was sent and the client has not exactly one (OAuth 2.1 4.1.1).
    #[error("the request names no redirect URI and the client has not exactly one")]
    Missing,
    /// It is not one of the client's.
    #[error("the redirect URI is not registered for the client")]
    Unregistered,
}

impl Client {
    /// The redirect URI to use for a request that presented `presented`.
    pub fn redirect(&self, presented: Option<&str>) -> Result<TrustedRedirect, RedirectRefused> {
        let Some(presented) = presented else {
            return match self.redirect_uris.as_slice() {
                [only] => Ok(TrustedRedirect::new(only.as_str().to_owned())),
                _ => Err(RedirectRefused::Missing),
            };
        };
        Self::registered(&self.redirect_uris, presented, self.loopback_ports()).ok_or(RedirectRefused::Unregistered)
    }

    /// The post-logout redirect, if `presented` is registered (OpenID Connect RP-Initiated Logout 3).
    pub fn post_logout_redirect(&self, presented: &str) -> Option<TrustedRedirect> {
        Self::registered(&self.post_logout_redirect_uris, presented, self.loopback_ports())
    }

    /// Whether it may use `grant`.
    pub fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether it may be used at all.
    pub fn is_active(&self) -> bool {
        self.state == ClientState::Active
    }

    fn loopback_ports(&self) -> LoopbackPorts {
        match (self.kind, self.application) {
            (ClientType::Public, ApplicationType::Native) => LoopbackPorts::Free,
            _ => LoopbackPorts::Exact,
        }
    }

    fn registered(uris: &[RedirectUri], presented: &str, ports: LoopbackPorts) -> Option<TrustedRedirect> {
        uris.iter().any(|uri| uri.accepts(presented, ports)).then(|| TrustedRedirect::new(presented.to_owned()))
    }
}
