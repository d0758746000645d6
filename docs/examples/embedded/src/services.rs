//! The ports of the engine, filled in: what it stores in, signs with, and reads the time from.

use std::sync::Arc;

use authly_jose::JoseCrypto;
use authly_seal::{SystemClock, SystemRandom, XChaChaSealer};
use oauth_core::{
    client::JwksUri,
    memory::{MemoryCatalog, MemoryStore},
    secret::Secret,
    services::{Busy, FetchError, JwksFetch, Services, SlowHashes},
};

/// Everything that the engine asks for.
pub struct Notes {
    pub(crate) store: MemoryStore,
    pub(crate) sealer: XChaChaSealer,
    pub(crate) catalog: MemoryCatalog,
}

impl Services for Notes {
    type Store = MemoryStore;
    type Clock = SystemClock;
    type Random = SystemRandom;
    type Sealer = XChaChaSealer;
    type Crypto = JoseCrypto;
    type SlowHashes = Never;
    type JwksFetch = Never;
    type Catalog = MemoryCatalog;

    fn store(&self) -> &MemoryStore {
        &self.store
    }
    fn clock(&self) -> &SystemClock {
        &SystemClock
    }
    fn random(&self) -> &SystemRandom {
        &SystemRandom
    }
    fn sealer(&self) -> &XChaChaSealer {
        &self.sealer
    }
    fn crypto(&self) -> &JoseCrypto {
        &JoseCrypto
    }
    fn slow_hashes(&self) -> &Never {
        &Never
    }
    fn jwks_fetch(&self) -> &Never {
        &Never
    }
    fn catalog(&self) -> &MemoryCatalog {
        &self.catalog
    }
}

/// For what this application does not have: clients with imported secrets, and clients that publish keys.
pub struct Never;

impl SlowHashes for Never {
    async fn verify_secret(&self, _: Secret<String>, _: Secret<String>) -> Result<bool, Busy> {
        Ok(false)
    }
}

impl JwksFetch for Never {
    async fn jwks(&self, _: &JwksUri, _: bool) -> Result<Arc<str>, FetchError> {
        Err(FetchError::Forbidden("no key sets are fetched here".to_owned()))
    }
}
