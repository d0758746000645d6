//! What every handler shares: the engine, the directory, administration and the HTTP side's own settings.

use std::{net::IpAddr, sync::Arc};

use authly_admin_cases::{Admin, migrate::Desk};
use authly_directory::{
    directory::Directory,
    services::DirectoryServices,
    usage::{UseBook, UseRepository as _},
};
use authly_upstream::party::Upstream;
use oauth_core::{engine::Engine, limit::LocalLimiter, services::Random as _, store::StoreError};

use crate::{
    edge::{RequestIds, cors::ClientOrigins},
    gauges::Gathered,
    metrics::Metrics,
    public::discovery::Documents,
    settings::HttpSettings,
};

/// The application over one set of services.
pub struct App<V: DirectoryServices> {
    /// The protocol.
    pub engine: Engine<V>,
    /// Accounts.
    pub directory: Directory<V>,
    /// Administration.
    pub admin: Admin<V>,
    /// The HTTP side's settings.
    pub http: HttpSettings,
    /// Counters.
    pub metrics: Metrics,
    /// Uses that are to be written to the store.
    pub uses: UseBook,
    /// Gauges of the store and the pools, rendered when /metrics is asked.
    pub gauges: Box<dyn Fn() -> String + Send + Sync>,
    /// A migration's use cases; without them there are no pages of it.
    pub desk: Option<Arc<dyn Desk>>,
    /// Asks for the catalog to be read again now, after a change through the admin API.
    pub catalog_changed: Box<dyn Fn() + Send + Sync>,
    /// The upstream providers that people may sign in with.
    pub upstreams: Vec<Upstream>,
    pub(crate) gathered: Gathered,
    pub(crate) documents: Documents,
    pub(crate) request_ids: RequestIds,
    pub(crate) client_origins: ClientOrigins,
    pub(crate) client_failures: LocalLimiter,
}

impl<V: DirectoryServices> App<V> {
    /// The application.
    pub fn new(engine: Engine<V>, directory: Directory<V>, admin: Admin<V>, http: HttpSettings) -> Self {
        let mut process = [0u8; 4];
        engine.services().random().fill(&mut process);
        Self {
            engine,
            directory,
            admin,
            http,
            metrics: Metrics::new(),
            uses: UseBook::default(),
            gauges: Box::new(String::new),
            desk: None,
            catalog_changed: Box::new(|| ()),
            upstreams: Vec::new(),
            gathered: Gathered::default(),
            documents: Documents::default(),
            request_ids: RequestIds::new(u32::from_be_bytes(process)),
            client_origins: ClientOrigins::default(),
            client_failures: LocalLimiter::new(),
        }
    }

    /// Writes what has been used since the last time; what cannot be written waits for the next.
    pub async fn write_uses(&self) -> Result<(), StoreError> {
        let uses = self.uses.take();
        if uses.is_empty() {
            return Ok(());
        }
        let written = self.engine.services().accounts().add_uses(uses.clone()).await;
        if written.is_err() {
            self.uses.give_back(uses);
        }
        written
    }

    /// Whether `address` lies in an administration network.
    pub fn is_admin_network(&self, address: IpAddr) -> bool {
        self.http.admin_networks.iter().any(|network| network.holds(address))
    }

    /// Host and port of the issuer.
    pub fn issuer_host(&self) -> &str {
        let issuer = self.engine.settings().issuer.as_str();
        issuer.split_once("://").map_or(issuer, |(_, host)| host)
    }

    /// Whether pages of `origin` may read the endpoints for clients.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.http.cors_origins.iter().any(|allowed| allowed == origin)
            || self.client_origins.holds(&self.engine.catalog(), origin)
    }
}
