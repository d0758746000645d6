//! The public documents, ready to be served from memory: metadata and key set.

use std::sync::{Arc, Mutex, PoisonError};

use super::Engine;
use crate::{endpoint::Endpoint, metadata, services::Services};

/// The metadata document of one catalog revision.
#[derive(Default)]
pub(super) struct MetadataCache(Mutex<Option<(i64, Arc<str>)>>);

impl<V: Services> Engine<V> {
    /// The metadata document (RFC 8414 3.2, OpenID Connect Discovery 4.2), made once for each catalog.
    pub fn metadata(&self) -> Arc<str> {
        let catalog = self.catalog();
        let mut made = self.memory.metadata.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some((revision, document)) if *revision == catalog.revision => document.clone(),
            _ => {
                let mut members = metadata::document(&self.settings.issuer, &catalog);
                // What is advertised is what is wired.
                if !self.settings.first_party_challenge
                    && let Some(name) = Endpoint::AuthorizeChallenge.metadata()
                {
                    members.remove(name);
                }
                let document: Arc<str> = serde_json::Value::Object(members).to_string().into();
                *made = Some((catalog.revision, document.clone()));
                document
            }
        }
    }

    /// The public keys (RFC 7517 5).
    pub fn jwks(&self) -> Arc<str> {
        self.catalog().jwks.clone()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[test]
    fn the_document_is_made_once_and_anew_after_a_change() {
        let mut world = World::new();
        let first = world.engine.metadata();
        assert!(std::sync::Arc::ptr_eq(&first, &world.engine.metadata()));
        world.administer(|records| records.scopes.retain(|scope| scope.name.as_str() != "write"));
        assert!(first.contains("\"write\"") && !world.engine.metadata().contains("\"write\""));
    }
}
