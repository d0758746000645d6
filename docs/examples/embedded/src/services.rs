//! The ports of the engine, filled in: what it stores in, signs with, and reads the time from.

use authly_jose::JoseCrypto;
use authly_seal::{SystemClock, SystemRandom, XChaChaSealer};
use oauth_core::{
    memory::{MemoryCatalog, MemoryStore},
    services::{NoJwksFetch, NoSlowHashes, Parts},
};

/// Everything that the engine asks for. The clients here have no imported secrets and publish no keys.
pub type Notes =
    Parts<MemoryStore, SystemClock, SystemRandom, XChaChaSealer, JoseCrypto, NoSlowHashes, NoJwksFetch, MemoryCatalog>;
