//! The little world that the entries judge by: one installation with two clients and a lax crypto.

use std::sync::Arc;

use oauth_core::catalog::{Catalog, CatalogRecords, SwitchOverrides};
use oauth_core::client::{
    AssertionAudience, AuthMethod, Client, ClientState, ClientType, ConsentPolicy, GrantType, IntrospectionPolicy,
    PkcePolicy,
};
use oauth_core::crypto::{
    Algorithm, Crypto, CryptoError, HmacAlgorithm, KeyMaterial, SignatureInvalid, Signer, Verifier, VerifierSet,
};
use oauth_core::ids::{ClientId, ClientKey, KeyId};
use oauth_core::redirect::{ApplicationType, RedirectUri};
use oauth_core::scope::ScopeSet;
use oauth_core::secret::Secret;
use oauth_core::services::{Purpose, SealBroken, Sealer};
use oauth_core::settings::{Issuer, Settings};
use oauth_core::time::Timestamp;

/// What the clients may ask for.
pub const SCOPES: &str = "openid profile email offline_access read";
/// Where the web client's users are sent.
pub const WEB_REDIRECTS: [&str; 2] = ["https://app.example/callback", "https://app.example/callback?from=authly"];
/// Where the native client's users are sent.
pub const NATIVE_REDIRECTS: [&str; 3] =
    ["http://127.0.0.1/callback", "http://[::1]/callback", "com.example.app:/callback"];
/// The time of the little world.
pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// The installation's settings.
pub fn settings() -> Settings {
    Settings::new(Issuer::parse("https://id.example").expect("it is an issuer"))
}

/// Its clients.
pub fn catalog() -> Catalog {
    let records = CatalogRecords { clients: vec![web(), native()], ..CatalogRecords::default() };
    Catalog::build(records, SwitchOverrides::default(), &NoCrypto, &NoSeal).expect("there are no keys to be wrong")
}

/// A confidential web client that signs its requests.
pub fn web() -> Client {
    let uris =
        WEB_REDIRECTS.iter().map(|uri| RedirectUri::parse(uri, ApplicationType::Web).expect("it may be registered"));
    client(1, "web-client", ClientType::Confidential, ApplicationType::Web, uris.collect())
}

fn native() -> Client {
    let uris = NATIVE_REDIRECTS
        .iter()
        .map(|uri| RedirectUri::parse(uri, ApplicationType::Native).expect("it may be registered"));
    client(2, "native-client", ClientType::Public, ApplicationType::Native, uris.collect())
}

fn client(
    number: u128,
    id: &str,
    kind: ClientType,
    application: ApplicationType,
    redirect_uris: Vec<RedirectUri>,
) -> Client {
    Client {
        key: ClientKey::from_uuid(uuid::Uuid::from_u128(number)),
        id: ClientId::parse(id).expect("it is an id"),
        name: id.to_owned(),
        kind,
        application,
        auth_method: if kind == ClientType::Public { AuthMethod::None } else { AuthMethod::PrivateKeyJwt },
        secrets: Vec::new(),
        imported_secret: None,
        jwks: None,
        jwks_uri: None,
        redirect_uris,
        post_logout_redirect_uris: Vec::new(),
        grant_types: GrantType::ALL.to_vec(),
        scopes: ScopeSet::parse(SCOPES).expect("they are scopes"),
        audiences: vec!["https://api.example".to_owned()],
        pkce: PkcePolicy::Required,
        consent: ConsentPolicy::Asked,
        introspection: IntrospectionPolicy::Own,
        assertion_audience: AssertionAudience::Issuer,
        tenant: None,
        challenge: oauth_core::client::ChallengePolicy::Closed,
        id_token_alg: Algorithm::RS256,
        client_uri: None,
        logo_uri: None,
        policy_uri: None,
        tos_uri: None,
        state: ClientState::Active,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// Keys that accept every signature: the fuzzer cannot sign, and what follows the signature must be reached.
pub fn credulous() -> VerifierSet {
    VerifierSet::new(vec![Arc::new(Credulous)])
}

struct Credulous;

impl Verifier for Credulous {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }

    fn key_id(&self) -> Option<&KeyId> {
        None
    }

    fn verify(&self, _input: &[u8], _signature: &[u8]) -> Result<(), SignatureInvalid> {
        Ok(())
    }
}

struct NoCrypto;

impl Crypto for NoCrypto {
    fn generate(&self, _: Algorithm) -> Result<KeyMaterial, CryptoError> {
        unreachable!("nothing here makes keys")
    }

    fn import_pem(&self, _: &Secret<String>) -> Result<KeyMaterial, CryptoError> {
        unreachable!("nothing here imports keys")
    }

    fn signer(&self, _: Algorithm, _: &KeyId, _: &Secret<Vec<u8>>) -> Result<Arc<dyn Signer>, CryptoError> {
        unreachable!("nothing here signs")
    }

    fn verifier(&self, _: &serde_json::Map<String, serde_json::Value>) -> Option<Arc<dyn Verifier>> {
        None
    }

    fn hmac(&self, _: HmacAlgorithm, _: &[u8], _: &[u8]) -> Vec<u8> {
        unreachable!("nothing here uses an HMAC")
    }
}

struct NoSeal;

impl Sealer for NoSeal {
    fn seal(&self, _: Purpose, _: &[u8], _: &[u8]) -> Vec<u8> {
        unreachable!("nothing here is sealed")
    }

    fn open(&self, _: Purpose, _: &[u8], _: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        Err(SealBroken)
    }

    fn seal_for(&self, _: &[u8], _: Purpose, _: &[u8]) -> Vec<u8> {
        unreachable!("nothing here is sealed")
    }

    fn open_for(&self, _: &[u8], _: Purpose, _: &[u8]) -> Result<Secret<Vec<u8>>, SealBroken> {
        Err(SealBroken)
    }
}
