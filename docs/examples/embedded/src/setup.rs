//! What there is at the start: a signing key, the scopes, one client, and Ada.

use std::fmt;

use authly_jose::JoseCrypto;
use authly_seal::{EncryptionKey, SystemClock, SystemRandom, XChaChaSealer};
use oauth_core::{
    catalog::{Catalog, CatalogRecords, KeyState, ScopeRecord, SigningKeyRecord, SwitchOverrides},
    client::{
        AssertionAudience, AuthMethod, Client, ClientState, ClientType, ConsentPolicy, GrantType, IntrospectionPolicy,
        PkcePolicy,
    },
    crypto::{Algorithm, Crypto as _},
    ids::{ClientId, ClientKey, KeyId, ScopeKey, UserId},
    memory::{MemoryCatalog, MemoryStore},
    redirect::{ApplicationType, RedirectUri},
    scope::{Scope, ScopeSet},
    services::{Clock as _, NoJwksFetch, NoSlowHashes, Purpose, Sealer as _},
    settings::Settings,
    time::Timestamp,
};
use serde_json::{Map, Value};

use crate::{Notes, People};

/// The client: an application on people's devices.
pub const CLIENT: &str = "notes-app";
/// Where it gets its codes.
pub const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// The application cannot start.
#[derive(Debug)]
pub struct SetupFailed(String);

impl fmt::Display for SetupFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SetupFailed {}

fn failed(error: impl fmt::Display) -> SetupFailed {
    SetupFailed(error.to_string())
}

/// The services and the users.
pub(crate) fn prepare(settings: &Settings) -> Result<(Notes, People), SetupFailed> {
    let now = SystemClock.now();
    let mut people = People::new().map_err(failed)?;
    let ada = UserId::generate(now, &SystemRandom);
    people.add(ada, "ada@example.com", "Ada Lovelace", "correct horse battery", now).map_err(failed)?;
    let store = MemoryStore::new();
    people.subjects().for_each(|subject| store.put_subject(subject));

    let sealer = XChaChaSealer::new(&EncryptionKey::generate(&SystemRandom), None, SystemRandom);
    let records = CatalogRecords {
        revision: 1,
        clients: vec![client(now)?],
        scopes: [("openid", "See who you are"), ("notes", "Read your notes")]
            .into_iter()
            .map(|(name, description)| scope(name, description, now))
            .collect::<Result<_, _>>()?,
        keys: vec![signing_key(settings.access_token_alg, &sealer, now)?],
        ..CatalogRecords::default()
    };
    let catalog = Catalog::build(records, SwitchOverrides::default(), &JoseCrypto, &sealer).map_err(failed)?;
    let services = Notes {
        store,
        sealer,
        catalog: MemoryCatalog::new(catalog),
        clock: SystemClock,
        random: SystemRandom,
        crypto: JoseCrypto,
        slow_hashes: NoSlowHashes,
        jwks_fetch: NoJwksFetch,
    };
    Ok((services, people))
}

fn scope(name: &str, description: &str, now: Timestamp) -> Result<ScopeRecord, SetupFailed> {
    Ok(ScopeRecord {
        key: ScopeKey::generate(now, &SystemRandom),
        name: Scope::parse(name).map_err(failed)?,
        description: description.to_owned(),
        is_default: name == "notes",
        is_active: true,
    })
}

fn client(now: Timestamp) -> Result<Client, SetupFailed> {
    Ok(Client {
        key: ClientKey::generate(now, &SystemRandom),
        id: ClientId::parse(CLIENT).map_err(failed)?,
        name: "Notes for phones".to_owned(),
        kind: ClientType::Public,
        application: ApplicationType::Native,
        auth_method: AuthMethod::None,
        secrets: Vec::new(),
        imported_secret: None,
        jwks: None,
        jwks_uri: None,
        redirect_uris: vec![RedirectUri::parse(REDIRECT_URI, ApplicationType::Native).map_err(failed)?],
        post_logout_redirect_uris: Vec::new(),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: ScopeSet::parse("openid notes").map_err(failed)?,
        audiences: Vec::new(),
        pkce: PkcePolicy::Required,
        consent: ConsentPolicy::Asked,
        introspection: IntrospectionPolicy::Own,
        assertion_audience: AssertionAudience::Issuer,
        tenant: None,
        challenge: oauth_core::client::ChallengePolicy::Closed,
        id_token_alg: Algorithm::ES256,
        client_uri: None,
        logo_uri: None,
        policy_uri: None,
        tos_uri: None,
        state: ClientState::Active,
        created_at: now,
        updated_at: now,
    })
}

/// A fresh key; one that is kept is sealed in the same way.
fn signing_key(algorithm: Algorithm, sealer: &XChaChaSealer, now: Timestamp) -> Result<SigningKeyRecord, SetupFailed> {
    let id = KeyId(ClientKey::generate(now, &SystemRandom).to_string());
    let material = JoseCrypto.generate(algorithm).map_err(failed)?;
    let mut public: Map<String, Value> = serde_json::from_str(&material.public_jwk).map_err(failed)?;
    for (name, value) in [("kid", id.0.as_str()), ("use", "sig"), ("alg", algorithm.name())] {
        public.insert(name.to_owned(), value.into());
    }
    Ok(SigningKeyRecord {
        algorithm: algorithm.name().to_owned(),
        public_jwk: Value::Object(public).to_string(),
        sealed_private_jwk: sealer.seal(Purpose::SigningKey, id.0.as_bytes(), material.private_jwk.expose()),
        state: KeyState::Current,
        created_at: now,
        activated_at: Some(now),
        retired_at: None,
        remove_at: None,
        id,
    })
}
