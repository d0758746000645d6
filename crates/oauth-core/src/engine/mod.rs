//! The engine: load, decide, commit, respond, over the ports.
//!
//! Each public method is one use case in a file of its own; the rules that it asks are pure functions elsewhere in this crate.

pub mod authorize;
pub mod bearer;
mod cache;
pub mod challenge;
mod client;
pub mod documents;
mod form;
pub mod introspect;
mod issue;
pub mod legacy;
pub mod logout;
mod revoke;
pub mod session;
mod step;
mod token;
mod userinfo;

use std::sync::Arc;

use crate::{
    catalog::Catalog,
    crypto::VerifierSet,
    jws::access::AccessToken,
    services::{CatalogSource as _, Clock as _, Services},
    settings::Settings,
    time::Timestamp,
};

/// The protocol over one set of services; cheap to clone.
pub struct Engine<V: Services> {
    services: Arc<V>,
    settings: Arc<Settings>,
    memory: Arc<Memory>,
}

/// What the engine remembers between requests; everything in it can be computed again.
struct Memory {
    /// Verified tokens of our own.
    tokens: cache::Cache<Arc<AccessToken>>,
    /// Parsed key sets of clients.
    key_sets: cache::Cache<VerifierSet>,
    /// The metadata document of the current catalog.
    metadata: documents::MetadataCache,
}

impl<V: Services> Engine<V> {
    /// An engine over `services`.
    pub fn new(services: Arc<V>, settings: Arc<Settings>) -> Self {
        let memory = Memory {
            tokens: cache::Cache::new(16_384),
            key_sets: cache::Cache::new(256),
            metadata: documents::MetadataCache::default(),
        };
        Self { services, settings, memory: Arc::new(memory) }
    }

    /// The services.
    pub fn services(&self) -> &Arc<V> {
        &self.services
    }

    /// The settings.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// The catalog as of now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.services.catalog().current()
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.services.clock().now()
    }
}

impl<V: Services> Clone for Engine<V> {
    fn clone(&self) -> Self {
        Self { services: self.services.clone(), settings: self.settings.clone(), memory: self.memory.clone() }
    }
}
