//! What a test decides about its server.

use authly_cutover::memory::MemoryTarget;
use authly_directory::settings::{DirectorySettings, RegistrationPolicy, UpstreamSignIn};
use authly_http_api::logo::Logo;
use authly_upstream::party::Upstream;
use oauth_core::{limit::Rate, settings::Settings};

/// A change of the engine's settings.
pub type EngineChange = Box<dyn FnOnce(&mut Settings)>;
/// A change of the directory's settings.
pub type DirectoryChange = Box<dyn FnOnce(&mut DirectorySettings)>;

/// What a test decides about its server; the default is a plain installation with open registration and no token buckets.
#[derive(Default)]
pub struct Options {
    /// Changes the engine's settings.
    pub engine: Option<EngineChange>,
    /// Changes the directory's settings.
    pub directory: Option<DirectoryChange>,
    /// Proxies whose forwarded headers count.
    pub trusted_proxies: Vec<String>,
    /// Failed authentications of one client from one address.
    pub client_failures: Option<Rate>,
    /// Origins of CORS_ORIGINS.
    pub cors_origins: Vec<String>,
    /// Networks that reach /admin; loopback if empty.
    pub admin_networks: Vec<String>,
    /// An https issuer, though the test's listener speaks http: for cookies and headers.
    pub https_issuer: bool,
    /// Development mode, with its demo.
    pub development: bool,
    /// The paths of earlier programs do not answer.
    pub no_legacy_routes: bool,
    /// The largest request body; 64 KiB if not given.
    pub body_limit: Option<usize>,
    /// Registration is closed.
    pub closed_registration: bool,
    /// Upstream providers that people may sign in with.
    pub upstreams: Vec<Upstream>,
    /// Logos of clients.
    pub logos: Vec<Logo>,
    /// The migration whose pages the server has.
    pub migration: Option<MemoryTarget>,
}

impl Options {
    /// The directory's settings.
    pub(crate) fn directory_settings(&mut self) -> DirectorySettings {
        let mut settings = DirectorySettings {
            limits: None,
            registration: if self.closed_registration { RegistrationPolicy::Closed } else { RegistrationPolicy::Open },
            upstream: if self.upstreams.is_empty() { UpstreamSignIn::Off } else { UpstreamSignIn::On },
            ..DirectorySettings::default()
        };
        if let Some(change) = self.directory.take() {
            change(&mut settings);
        }
        settings
    }
}
