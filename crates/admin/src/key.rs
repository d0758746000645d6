//! Signing keys: make, import, list, rotate.

use authly_directory::services::DirectoryServices;
use oauth_core::{
    audit::AuditKind,
    catalog::{KeyState, SigningKeyRecord},
    crypto::{Algorithm, Crypto as _, CryptoError, KeyMaterial},
    ids::KeyId,
    secret::Secret,
    services::{Purpose, Random as _, Sealer as _},
    store::{CatalogRepository as _, Commit},
    time::Timestamp,
};
use serde::Serialize;

use crate::{Admin, AdminError};

/// A key as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyView {
    /// Its `kid`.
    pub kid: String,
    /// Its algorithm.
    pub alg: String,
    /// `next`, `current` or `retired`.
    pub state: &'static str,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it became current, RFC 3339.
    pub activated_at: Option<String>,
    /// When it disappears from the key set, RFC 3339.
    pub remove_at: Option<String>,
}

/// How a rotation goes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Signs with a fresh key that nobody knows yet, as after a leak: resource servers that keep the key set refuse its tokens
    /// until they have fetched it again.
    AtOnce,
    /// Signs with a key that was published before.
    WhenPublished,
}

/// What a rotation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The algorithm had no key: its first one signs.
    First,
    /// No key waited: one is published now, and the next rotation signs with it.
    NotYet,
    /// A key signs that is published since then.
    Published {
        /// Since when.
        since: Timestamp,
    },
    /// A fresh key signs, as was asked for.
    Unpublished,
}

/// The key that the next rotation of these signs with: the newest that waits, so that an imported one goes before one made by us.
pub fn waiting(keys: &[SigningKeyRecord]) -> Option<&SigningKeyRecord> {
    let next = keys.iter().filter(|key| key.state == KeyState::Next);
    next.max_by_key(|key| (key.created_at, key.id.0.as_str()))
}

impl<V: DirectoryServices> Admin<V> {
    /// All published keys, by algorithm and age.
    pub async fn keys(&self) -> Result<Vec<KeyView>, AdminError> {
        let mut keys: Vec<_> = self.services.store().load_without_tenants().await?.keys.iter().map(view).collect();
        keys.sort_by(|a, b| (&a.alg, &a.created_at).cmp(&(&b.alg, &b.created_at)));
        Ok(keys)
    }

    /// Makes a key; `next` is published first and signs after a rotation, `current` signs at once.
    pub async fn create_key(&self, algorithm: Algorithm, state: KeyState) -> Result<KeyView, AdminError> {
        let material = self.services.crypto().generate(algorithm)?;
        self.store_key(material, state).await
    }

    /// Stores a private key from PEM text (RSA_PRIVATE_KEY_PEM); a key that is stored already is left as it is.
    pub async fn import_key(&self, pem: &Secret<String>, state: KeyState) -> Result<KeyView, AdminError> {
        let material = self.services.crypto().import_pem(pem)?;
        let public = public_members(&material)?;
        let keys = self.services.store().load_without_tenants().await?.keys;
        let same = keys.iter().find(|key| {
            serde_json::from_str::<serde_json::Map<_, _>>(&key.public_jwk)
                .is_ok_and(|stored| public.iter().all(|(name, value)| stored.get(name) == Some(value)))
        });
        match same {
            Some(key) => Ok(view(key)),
            None => self.store_key(material, state).await,
        }
    }

    /// Makes a key of `algorithm` that everybody can know already sign from now on, retires the current one, and publishes another
    /// behind it. Where none waits yet, one is published now and nothing else changes; [`Rotation::AtOnce`] does not wait.
    pub async fn rotate_key(&self, algorithm: Algorithm, rotation: Rotation) -> Result<Rotated, AdminError> {
        let keys = self.keys_of(algorithm).await?;
        let rotated = match (rotation, waiting(&keys)) {
            (Rotation::WhenPublished, Some(next)) => {
                self.promote(next).await?;
                Rotated::Published { since: next.created_at }
            }
            (Rotation::WhenPublished, None) if keys.iter().any(|key| key.state == KeyState::Current) => {
                self.create_key(algorithm, KeyState::Next).await?;
                return Ok(Rotated::NotYet);
            }
            // An algorithm that nothing was signed with yet has nobody who could know another key.
            (rotation, _) => {
                self.create_key(algorithm, KeyState::Current).await?;
                if rotation == Rotation::AtOnce { Rotated::Unpublished } else { Rotated::First }
            }
        };
        self.publish_next(algorithm).await?;
        Ok(rotated)
    }

    /// Publishes a key that signs later, unless one waits already. Of several nodes that do so at once one keeps its own.
    pub(crate) async fn publish_next(&self, algorithm: Algorithm) -> Result<bool, AdminError> {
        if waiting(&self.keys_of(algorithm).await?).is_some() {
            return Ok(false);
        }
        let made = self.create_key(algorithm, KeyState::Next).await?;
        let keys = self.keys_of(algorithm).await?;
        let next = || keys.iter().filter(|key| key.state == KeyState::Next);
        let Some(kept) = next().min_by_key(|key| (key.created_at, key.id.0.as_str())) else { return Ok(true) };
        for key in next().filter(|key| key.id != kept.id) {
            self.withdraw(key).await?;
        }
        Ok(kept.id.0 == made.kid)
    }

    async fn promote(&self, next: &SigningKeyRecord) -> Result<(), AdminError> {
        let now = self.now();
        let audit = self.key_event(&next.id, KeyState::Current);
        let until = now.plus(self.settings.key_retirement);
        match self.services.store().set_key_state(&next.id, KeyState::Current, now, until, audit).await? {
            Commit::Applied => Ok(()),
            Commit::Lost => Err(AdminError::not_found("key", &next.id.0)),
        }
    }

    /// Takes a key away that never signed.
    async fn withdraw(&self, key: &SigningKeyRecord) -> Result<(), AdminError> {
        let (now, store) = (self.now(), self.services.store());
        let audit = || self.key_event(&key.id, KeyState::Retired);
        let _done_by_us_or_another_node = store.set_key_state(&key.id, KeyState::Retired, now, now, audit()).await?;
        let _done_by_us_or_another_node = store.delete_key(&key.id, audit()).await?;
        Ok(())
    }

    async fn keys_of(&self, algorithm: Algorithm) -> Result<Vec<SigningKeyRecord>, AdminError> {
        let mut keys = self.services.store().load_without_tenants().await?.keys;
        keys.retain(|key| key.algorithm == algorithm.name());
        Ok(keys)
    }

    async fn store_key(&self, material: KeyMaterial, state: KeyState) -> Result<KeyView, AdminError> {
        let now = self.now();
        let id = self.new_key_id();
        let mut public = public_members(&material)?;
        public.insert("kid".into(), id.0.clone().into());
        public.insert("use".into(), "sig".into());
        public.insert("alg".into(), material.algorithm.name().into());
        let sealed = self.services.sealer().seal(Purpose::SigningKey, id.0.as_bytes(), material.private_jwk.expose());
        let key = SigningKeyRecord {
            algorithm: material.algorithm.name().to_owned(),
            public_jwk: serde_json::Value::Object(public).to_string(),
            sealed_private_jwk: sealed,
            state,
            created_at: now,
            activated_at: (state == KeyState::Current).then_some(now),
            retired_at: None,
            remove_at: None,
            id,
        };
        let audit = self.key_event(&key.id, state);
        self.services.store().insert_key(&key, now.plus(self.settings.key_retirement), audit).await?;
        Ok(view(&key))
    }

    fn new_key_id(&self) -> KeyId {
        let mut bytes = [0u8; 8];
        self.services.random().fill(&mut bytes);
        KeyId(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn key_event(&self, key: &KeyId, state: KeyState) -> oauth_core::audit::AuditEvent {
        self.event(AuditKind::KeyChanged, None, None, serde_json::json!({ "kid": key.0, "state": state.as_str() }))
    }
}

fn public_members(material: &KeyMaterial) -> Result<serde_json::Map<String, serde_json::Value>, AdminError> {
    serde_json::from_str(&material.public_jwk)
        .map_err(|error| AdminError::Crypto(CryptoError(format!("a public key that is no JSON: {error}"))))
}

fn view(key: &SigningKeyRecord) -> KeyView {
    KeyView {
        kid: key.id.0.clone(),
        alg: key.algorithm.clone(),
        state: key.state.as_str(),
        created_at: key.created_at.to_rfc3339(),
        activated_at: key.activated_at.map(|at| at.to_rfc3339()),
        remove_at: key.remove_at.map(|at| at.to_rfc3339()),
    }
}
