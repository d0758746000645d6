//! A catalog that is replaced by hand.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{catalog::Catalog, services::CatalogSource};

/// The current catalog, replaced as a whole by whoever holds it; clones share it.
#[derive(Clone, Debug)]
pub struct MemoryCatalog {
    current: Arc<RwLock<Arc<Catalog>>>,
}

impl MemoryCatalog {
    /// Begins with `catalog`.
    pub fn new(catalog: Catalog) -> Self {
        Self { current: Arc::new(RwLock::new(Arc::new(catalog))) }
    }

    /// Puts `catalog` in the place of the current one; requests under way keep the one they began with.
    pub fn replace(&self, catalog: Catalog) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
    }
}

impl CatalogSource for MemoryCatalog {
    fn current(&self) -> Arc<Catalog> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
