//! The catalog in memory, loaded again when the store's revision changes.

use std::sync::Arc;

use arc_swap::ArcSwap;
use oauth_core::{
    catalog::{Catalog, CatalogRecords, SwitchOverrides, Unreadable},
    crypto::{Crypto, CryptoError},
    services::{CatalogSource, Sealer},
    store::{CatalogRepository, StoreError},
};
use thiserror::Error;
use tokio::sync::Mutex;

/// The current catalog; it is replaced as a whole, and requests under way keep the one they began with.
pub struct CatalogHolder {
    current: ArcSwap<Catalog>,
    overrides: ArcSwap<SwitchOverrides>,
    /// What was left out of the catalog, and told.
    left_out: ArcSwap<Vec<Unreadable>>,
    /// One load at a time, so that an older one never replaces a newer one.
    loading: Mutex<()>,
}

/// The catalog could not be loaded; the one before stays in force.
#[derive(Debug, Error)]
pub enum CatalogFailure {
    /// A key could not be opened or read.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The store failed.
    #[error("the catalog cannot be loaded")]
    Store(#[from] StoreError),
}

/// What a look at the store found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// Something had changed, and is in force now.
    Changed,
    /// All is as it was.
    Unchanged,
}

impl CatalogHolder {
    /// Loads the first catalog.
    pub async fn load(
        store: &impl CatalogRepository,
        overrides: SwitchOverrides,
        crypto: &impl Crypto,
        sealer: &impl Sealer,
    ) -> Result<Self, CatalogFailure> {
        Self::of(store.load_catalog().await?, overrides, crypto, sealer)
    }

    /// An empty catalog, for those who ask the store themselves.
    pub fn empty(crypto: &impl Crypto, sealer: &impl Sealer) -> Result<Self, CatalogFailure> {
        Self::of(CatalogRecords::default(), SwitchOverrides::default(), crypto, sealer)
    }

    fn of(
        records: CatalogRecords,
        overrides: SwitchOverrides,
        crypto: &impl Crypto,
        sealer: &impl Sealer,
    ) -> Result<Self, CatalogFailure> {
        tell(&records.unreadable, &[]);
        Ok(Self {
            left_out: ArcSwap::from_pointee(records.unreadable.clone()),
            current: ArcSwap::from_pointee(Catalog::build(records, overrides, crypto, sealer)?),
            overrides: ArcSwap::from_pointee(overrides),
            loading: Mutex::new(()),
        })
    }

    /// Asks the store's revision and loads the catalog if it is another one.
    pub async fn refresh(
        &self,
        store: &impl CatalogRepository,
        crypto: &impl Crypto,
        sealer: &impl Sealer,
    ) -> Result<Refreshed, CatalogFailure> {
        let _alone = self.loading.lock().await;
        if store.revision().await? == self.current.load().revision {
            return Ok(Refreshed::Unchanged);
        }
        self.replace(store, crypto, sealer).await
    }

    /// Sets what the environment decides over the stored switches, and loads the catalog with it.
    pub async fn set_overrides(
        &self,
        overrides: SwitchOverrides,
        store: &impl CatalogRepository,
        crypto: &impl Crypto,
        sealer: &impl Sealer,
    ) -> Result<Refreshed, CatalogFailure> {
        let _alone = self.loading.lock().await;
        self.overrides.store(Arc::new(overrides));
        self.replace(store, crypto, sealer).await
    }

    async fn replace(
        &self,
        store: &impl CatalogRepository,
        crypto: &impl Crypto,
        sealer: &impl Sealer,
    ) -> Result<Refreshed, CatalogFailure> {
        let records = store.load_catalog().await?;
        tell(&records.unreadable, &self.left_out.load());
        self.left_out.store(Arc::new(records.unreadable.clone()));
        let catalog = Catalog::build(records, **self.overrides.load(), crypto, sealer)?;
        self.current.store(Arc::new(catalog));
        Ok(Refreshed::Changed)
    }
}

/// Tells once of what is left out: each row closes only itself, but somebody should know.
fn tell(left_out: &[Unreadable], told: &[Unreadable]) {
    for Unreadable { table, name, column } in left_out.iter().filter(|row| !told.contains(row)) {
        let message = "a row cannot be read and is left out, as if it were not there";
        match *table {
            "clients" => tracing::error!(client_id = name, column, "{message}"),
            table => tracing::error!(table, name, column, "{message}"),
        }
    }
}

impl CatalogSource for CatalogHolder {
    fn current(&self) -> Arc<Catalog> {
        self.current.load_full()
    }
}
