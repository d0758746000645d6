//! What may be said of a client on the command line.

use std::path::PathBuf;

use clap::Args;
use oauth_core::{
    client::{AuthMethod, ClientType, GrantType},
    crypto::Algorithm,
};

use super::{Choice, keys::KeyAlgorithm};

#[derive(Debug, Args)]
pub(crate) struct CreateClient {
    /// Its identifier; random if not given
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Its name, which users see
    #[arg(long)]
    pub(crate) name: String,
    /// The short name of the tenant whose accounts alone it serves; it cannot be changed later
    #[arg(long, value_name = "SLUG")]
    pub(crate) tenant: Option<String>,
    /// Whether it can keep a secret; follows from --auth-method if not given
    #[arg(long = "type", value_name = "TYPE", value_parser = kind())]
    pub(crate) kind: Option<ClientType>,
    /// Where users may be sent back to (repeat for more)
    #[arg(long, value_name = "URI")]
    pub(crate) redirect_uri: Vec<String>,
    /// Where users may be sent after sign-out (repeat for more)
    #[arg(long, value_name = "URI")]
    pub(crate) post_logout_redirect_uri: Vec<String>,
    /// What it may ask for (repeat for more); the default scopes if not given
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,
    /// What it may do at the token endpoint (repeat for more)
    #[arg(long, value_name = "GRANT", value_parser = grant())]
    pub(crate) grant_type: Vec<GrantType>,
    /// How it proves who it is
    #[arg(long, value_name = "METHOD", value_parser = method())]
    pub(crate) auth_method: Option<AuthMethod>,
    /// A file with its public keys (JWK Set), for private_key_jwt
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    pub(crate) jwks: Option<PathBuf>,
    /// Where it publishes its public keys, for private_key_jwt
    #[arg(long, value_name = "URL")]
    pub(crate) jwks_uri: Option<String>,
    /// An API that its tokens may be for (repeat for more); the first is the default
    #[arg(long, value_name = "URI")]
    pub(crate) audience: Vec<String>,
    /// It is our own: users are not asked for consent
    #[arg(long)]
    pub(crate) first_party: bool,
    /// It may show its own sign-in form, where AUTHLY_FIRST_PARTY_CHALLENGE_ENABLED is on
    #[arg(long, requires = "first_party")]
    pub(crate) first_party_challenge: bool,
    /// It may leave PKCE out (confidential clients only)
    #[arg(long)]
    pub(crate) no_pkce: bool,
    /// It may introspect the tokens of others
    #[arg(long)]
    pub(crate) introspect_all: bool,
    /// Its assertions may name the token endpoint as audience
    #[arg(long)]
    pub(crate) assertion_at_token_endpoint: bool,
    /// The algorithm of its ID tokens
    #[arg(long, value_name = "ALG", value_enum)]
    pub(crate) id_token_alg: Option<KeyAlgorithm>,
    /// Its home page, whose host the consent page may name
    #[arg(long, value_name = "URL")]
    pub(crate) client_uri: Option<String>,
    /// Its privacy policy, linked on the consent page
    #[arg(long, value_name = "URL")]
    pub(crate) policy_uri: Option<String>,
    /// Its terms of service, linked on the consent page
    #[arg(long, value_name = "URL")]
    pub(crate) tos_uri: Option<String>,
    /// Read an existing secret from standard input and keep it
    #[arg(long)]
    pub(crate) secret_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateClient {
    /// Its client_id
    pub(crate) client: String,
    /// Its name, which users see
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Where users may be sent back to (repeat for more)
    #[arg(long, value_name = "URI")]
    pub(crate) redirect_uri: Option<Vec<String>>,
    /// Where users may be sent after sign-out (repeat for more)
    #[arg(long, value_name = "URI")]
    pub(crate) post_logout_redirect_uri: Option<Vec<String>>,
    /// What it may ask for (repeat for more)
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<Vec<String>>,
    /// What it may do at the token endpoint (repeat for more)
    #[arg(long, value_name = "GRANT", value_parser = grant())]
    pub(crate) grant_type: Option<Vec<GrantType>>,
    /// An API that its tokens may be for (repeat for more)
    #[arg(long, value_name = "URI")]
    pub(crate) audience: Option<Vec<String>>,
    /// A file with its public keys (JWK Set)
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    pub(crate) jwks: Option<PathBuf>,
    /// Where it publishes its public keys
    #[arg(long, value_name = "URL")]
    pub(crate) jwks_uri: Option<String>,
    /// Whether it is our own, so that users are not asked for consent
    #[arg(long, value_enum, value_name = "ON|OFF")]
    pub(crate) first_party: Option<Choice>,
    /// Whether it may show its own sign-in form
    #[arg(long, value_enum, value_name = "ON|OFF")]
    pub(crate) first_party_challenge: Option<Choice>,
    /// Whether it must use PKCE
    #[arg(long, value_enum, value_name = "ON|OFF")]
    pub(crate) pkce: Option<Choice>,
    /// The algorithm of its ID tokens
    #[arg(long, value_name = "ALG", value_enum)]
    pub(crate) id_token_alg: Option<KeyAlgorithm>,
    /// Its home page; nothing ("") removes it
    #[arg(long, value_name = "URL")]
    pub(crate) client_uri: Option<String>,
    /// Its privacy policy; nothing ("") removes it
    #[arg(long, value_name = "URL")]
    pub(crate) policy_uri: Option<String>,
    /// Its terms of service; nothing ("") removes it
    #[arg(long, value_name = "URL")]
    pub(crate) tos_uri: Option<String>,
}

impl From<KeyAlgorithm> for Algorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::Es256 => Self::ES256,
            KeyAlgorithm::Eddsa => Self::EdDSA,
            KeyAlgorithm::Rs256 => Self::RS256,
        }
    }
}

fn kind() -> impl clap::builder::TypedValueParser<Value = ClientType> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    PossibleValuesParser::new(["confidential", "public"])
        .try_map(|word| ClientType::parse(&word).ok_or("not a client type"))
}

fn grant() -> impl clap::builder::TypedValueParser<Value = GrantType> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    PossibleValuesParser::new(GrantType::ALL.map(GrantType::as_str))
        .try_map(|word| GrantType::parse(&word).ok_or("not a grant type"))
}

fn method() -> impl clap::builder::TypedValueParser<Value = AuthMethod> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    PossibleValuesParser::new(AuthMethod::ALL.map(AuthMethod::as_str))
        .try_map(|word| AuthMethod::parse(&word).ok_or("not an authentication method"))
}
