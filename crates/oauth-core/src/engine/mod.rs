//! The engine: load, decide, commit, respond, over the ports.
//!
//! Each public method is one use case in a file of its own; the rules that it asks are pure functions elsewhere in this crate.

pub mod authorize;
mod form;
pub mod logout;
pub mod session;

use std::sync::Arc;

use crate::{
    catalog::Catalog,
    services::{CatalogSource as _, Clock as _, Services},
    settings::Settings,
    time::Timestamp,
};

/// The protocol over one set of services; cheap to clone.
pub struct Engine<V: Services> {
    services: Arc<V>,
    settings: Arc<Settings>,
}

impl<V: Services> Engine<V> {
    /// An engine over `services`.
    pub fn new(services: Arc<V>, settings: Arc<Settings>) -> Self {
        Self { services, settings }
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
        Self { services: self.services.clone(), settings: self.settings.clone() }
    }
}
