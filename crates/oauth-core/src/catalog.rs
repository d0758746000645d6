//! The small, rarely changing things, held in memory: clients, scopes, keys, tenants and switches.
//!
//! A store tells its [revision](crate::store::CatalogRepository::revision); when that changes the records are loaded again
//! and built into one immutable [`Catalog`].

use std::{collections::HashMap, sync::Arc};

use crate::{
    client::{Client, ClientState},
    crypto::{Algorithm, Crypto, CryptoError, Signer, VerifierSet},
    ids::{ClientId, ClientKey, KeyId, ScopeKey, TenantId},
    policy::Policies,
    scope::{Scope, ScopeSet},
    secret::Secret,
    services::{Purpose, Sealer},
    time::Timestamp,
};

/// A scope that clients may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRecord {
    /// Its row.
    pub key: ScopeKey,
    /// Its name.
    pub name: Scope,
    /// What users read at consent.
    pub description: String,
    /// Whether a client that asks for nothing gets it.
    pub is_default: bool,
    /// Whether it may be asked for.
    pub is_active: bool,
}

/// The life of a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Signs.
    Current,
    /// Published, does not sign yet: resource servers learn it first.
    Next,
    /// Published until the last token signed by it has expired.
    Retired,
}

impl KeyState {
    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Next => "next",
            Self::Retired => "retired",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Current, Self::Next, Self::Retired].into_iter().find(|state| state.as_str() == text)
    }
}

/// A signing key at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// Its `kid`.
    pub id: KeyId,
    /// Its `alg`; open-ended text in the store, unknown ones are left to newer programs.
    pub algorithm: String,
    /// The public JWK (JSON text, with `kid`, `use` and `alg`).
    pub public_jwk: String,
    /// The private JWK, sealed with [`Purpose::SigningKey`] and the `kid` as context.
    pub sealed_private_jwk: Vec<u8>,
    /// Its state.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it became current.
    pub activated_at: Option<Timestamp>,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
    /// When it may disappear from the key set.
    pub remove_at: Option<Timestamp>,
}

/// A tenant and its policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRecord {
    /// Its id.
    pub id: TenantId,
    /// Its short name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is in operation.
    pub active: bool,
    /// Whether its users may use the password grant and the JSON doors.
    pub legacy_login: bool,
}

/// The stored switches; an environment value wins over them where one is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    /// C-42: whether the OAuth endpoints answer.
    pub oauth_enabled: bool,
    /// C-02: whether the password grant and the JSON doors answer.
    pub legacy_login_enabled: bool,
    /// The instant before which legacy tokens count; `None` while all do.
    pub legacy_tokens_until: Option<Timestamp>,
    /// Whether the migration has come to its end (C-31): the doors of the legacy contract are gone, whatever the switches say.
    pub finalized: bool,
}

impl Switches {
    /// The switches in force where the environment has a word of its own.
    #[must_use]
    pub fn under(self, overrides: SwitchOverrides) -> Self {
        Self {
            oauth_enabled: overrides.oauth_enabled.unwrap_or(self.oauth_enabled),
            legacy_login_enabled: overrides.legacy_login_enabled.unwrap_or(self.legacy_login_enabled),
            ..self
        }
    }

    /// Whether anybody at all gets legacy tokens at `now`.
    pub fn legacy_doors_are_open(&self, now: Timestamp) -> bool {
        self.legacy_login_enabled && !self.finalized && self.legacy_tokens_until.is_none_or(|until| now < until)
    }
}

/// A row of the catalog that cannot be read, as an older program or a hand may have written it. It is left out, so that it closes
/// nothing but itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unreadable {
    /// The table.
    pub table: &'static str,
    /// What people call the row: a client identifier, the name of a scope.
    pub name: String,
    /// The column whose value cannot be read.
    pub column: &'static str,
}

/// What a store keeps of the catalog.
#[derive(Clone, Debug, Default)]
pub struct CatalogRecords {
    /// The revision that was read.
    pub revision: i64,
    /// All clients, inactive ones included.
    pub clients: Vec<Client>,
    /// All scopes.
    pub scopes: Vec<ScopeRecord>,
    /// All keys that are still published.
    pub keys: Vec<SigningKeyRecord>,
    /// All tenants.
    pub tenants: Vec<TenantRecord>,
    /// Named settings: JSON text by name.
    pub settings: HashMap<String, String>,
    /// Clients and scopes that were left out.
    pub unreadable: Vec<Unreadable>,
}

impl CatalogRecords {
    /// Name of the setting behind [`Switches::oauth_enabled`]; JSON boolean.
    pub const OAUTH_ENABLED: &'static str = "oauth_enabled";
    /// Name of the setting behind [`Switches::legacy_login_enabled`]; JSON boolean.
    pub const LEGACY_LOGIN_ENABLED: &'static str = "legacy_login_enabled";
    /// Name of the setting behind [`Switches::legacy_tokens_until`]; JSON number of microseconds.
    pub const LEGACY_TOKENS_UNTIL: &'static str = "legacy_tokens_until";

    /// Name of the setting behind [`Switches::finalized`]: a JSON object from the end of the migration on; absent or null before.
    pub const FINALIZATION: &'static str = "finalization";

    /// The switches as stored; a fresh store has both on.
    pub fn switches(&self) -> Switches {
        let flag = |name: &str| self.settings.get(name).is_none_or(|value| value.trim() != "false");
        Switches {
            oauth_enabled: flag(Self::OAUTH_ENABLED),
            legacy_login_enabled: flag(Self::LEGACY_LOGIN_ENABLED),
            legacy_tokens_until: self
                .settings
                .get(Self::LEGACY_TOKENS_UNTIL)
                .and_then(|value| value.trim().parse().ok())
                .map(Timestamp::from_micros),
            finalized: self.settings.get(Self::FINALIZATION).is_some_and(|value| value.trim() != "null"),
        }
    }
}

/// What the environment decides over the stored switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchOverrides {
    /// `OAUTH_ENABLED`, where it is set.
    pub oauth_enabled: Option<bool>,
    /// The legacy login switch, where it is set.
    pub legacy_login_enabled: Option<bool>,
}

/// The catalog in memory: immutable, shared, replaced as a whole.
pub struct Catalog {
    /// The revision it was built from.
    pub revision: i64,
    /// The switches in force.
    pub switches: Switches,
    /// Key set document (RFC 7517 5), ready to be served.
    pub jwks: Arc<str>,
    /// Which ways to sign in are open to whom.
    pub policies: Policies,
    /// Keys for verifying our own tokens.
    pub verifiers: VerifierSet,
    clients: HashMap<ClientId, Arc<Client>>,
    clients_by_key: HashMap<ClientKey, Arc<Client>>,
    scopes: Vec<ScopeRecord>,
    tenants: HashMap<TenantId, TenantRecord>,
    signers: HashMap<Algorithm, Arc<dyn Signer>>,
}

impl Catalog {
    /// Builds the catalog: keys are opened and parsed here, once.
    pub fn build(
        records: CatalogRecords,
        overrides: SwitchOverrides,
        crypto: &impl Crypto,
        sealer: &impl Sealer,
    ) -> Result<Self, CryptoError> {
        let switches = records.switches().under(overrides);
        let mut signers = HashMap::new();
        let mut verifiers = Vec::new();
        let mut published = Vec::new();
        for key in &records.keys {
            let Some(algorithm) = Algorithm::parse(&key.algorithm) else { continue };
            let public: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&key.public_jwk)
                .map_err(|error| CryptoError(format!("signing key {}: {error}", key.id.0)))?;
            verifiers.extend(crypto.verifier(&public));
            if key.state == KeyState::Current {
                let private = open_key(key, sealer)?;
                signers.insert(algorithm, crypto.signer(algorithm, &key.id, &private)?);
            }
            published.push(serde_json::Value::Object(public));
        }
        let tenants: HashMap<_, _> = records.tenants.into_iter().map(|tenant| (tenant.id, tenant)).collect();
        let clients = records.clients.into_iter().map(|client| in_operation(client, &tenants));
        let clients_by_key: HashMap<_, _> = clients.map(|client| (client.key, Arc::new(client))).collect();
        Ok(Self {
            revision: records.revision,
            policies: Policies::read(&records.settings),
            switches,
            jwks: serde_json::json!({ "keys": published }).to_string().into(),
            verifiers: VerifierSet::new(verifiers),
            clients: clients_by_key.values().map(|client| (client.id.clone(), client.clone())).collect(),
            clients_by_key,
            scopes: records.scopes,
            tenants,
            signers,
        })
    }

    /// The client with that identifier, active or not.
    pub fn client(&self, id: &ClientId) -> Option<&Arc<Client>> {
        self.clients.get(id)
    }

    /// The client of that row.
    pub fn client_by_key(&self, key: ClientKey) -> Option<&Arc<Client>> {
        self.clients_by_key.get(&key)
    }

    /// All clients, in no order.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients_by_key.values()
    }

    /// The scope of that name, if it is active.
    pub fn scope(&self, name: &str) -> Option<&ScopeRecord> {
        self.scopes.iter().find(|scope| scope.is_active && scope.name.as_str() == name)
    }

    /// All active scopes.
    pub fn active_scopes(&self) -> impl Iterator<Item = &ScopeRecord> {
        self.scopes.iter().filter(|scope| scope.is_active)
    }

    /// The default scopes.
    pub fn default_scopes(&self) -> ScopeSet {
        self.active_scopes().filter(|scope| scope.is_default).map(|scope| scope.name.clone()).collect()
    }

    /// The tenant with that id.
    pub fn tenant(&self, id: TenantId) -> Option<&TenantRecord> {
        self.tenants.get(&id)
    }

    /// The tenant with that short name.
    pub fn tenant_named(&self, slug: &str) -> Option<&TenantRecord> {
        self.tenants.values().find(|tenant| tenant.slug == slug)
    }

    /// The current key for `algorithm`.
    pub fn signer(&self, algorithm: Algorithm) -> Option<&Arc<dyn Signer>> {
        self.signers.get(&algorithm)
    }

    /// The algorithms that have a current key.
    pub fn signing_algorithms(&self) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.into_iter().filter(|algorithm| self.signers.contains_key(algorithm))
    }
}

/// A client of a tenant that is not in operation is as good as switched off.
fn in_operation(client: Client, tenants: &HashMap<TenantId, TenantRecord>) -> Client {
    let closed = client.tenant.is_some_and(|id| tenants.get(&id).is_none_or(|tenant| !tenant.active));
    if closed { Client { state: ClientState::Inactive, ..client } } else { client }
}

/// Opens the private half of a key at rest.
pub fn open_key(key: &SigningKeyRecord, sealer: &impl Sealer) -> Result<Secret<Vec<u8>>, CryptoError> {
    sealer.open(Purpose::SigningKey, key.id.0.as_bytes(), &key.sealed_private_jwk).map_err(|_| {
        CryptoError(format!(
            "signing key {} does not open: it was stored under another SECRET_ENCRYPTION_KEY",
            key.id.0
        ))
    })
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog")
            .field("revision", &self.revision)
            .field("clients", &self.clients.len())
            .finish_non_exhaustive()
    }
}
