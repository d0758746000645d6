//! What an installation decides about its HTTP side.

use std::{net::IpAddr, time::Duration};

use authly_pages::Theme;
use oauth_core::limit::Rate;

use crate::{edge::network::Network, logo::Logos};

/// The HTTP side's settings.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Hosts that requests may name (ALLOWED_HOSTS, and the issuer's own), lower case, with the port where it is not the default.
    pub allowed_hosts: Vec<String>,
    /// Origins that may read the machine endpoints, beside those of the clients (CORS_ORIGINS).
    pub cors_origins: Vec<String>,
    /// Proxies whose X-Forwarded-* headers count.
    pub trusted_proxies: Vec<Network>,
    /// Networks that reach /admin and /metrics.
    pub admin_networks: Vec<Network>,
    /// Failed authentications of one client from one address; `None` switches the limit off.
    pub client_failures: Option<Rate>,
    /// Whether the paths of earlier programs answer (AUTHLY_LEGACY_ROUTES_ENABLED).
    pub legacy_routes: bool,
    /// The largest request body, in bytes (AUTHLY_BODY_LIMIT_BYTES).
    pub body_limit: usize,
    /// Whether /metrics answers.
    pub metrics: bool,
    /// Whether /health answers.
    pub health: bool,
    /// Whether accounts may be created (C-41).
    pub registration: bool,
    /// Whether the password of a new account needs so many characters.
    pub password_min: usize,
    /// Development mode: the demo, and pages under 127.0.0.1 redirected to the issuer's name.
    pub development: Option<Development>,
    /// The name of the installation.
    pub product: String,
    /// Its accent colour.
    pub theme: Option<Theme>,
    /// The logos of clients.
    pub logos: Logos,
    /// Whom security.txt names.
    pub security_contact: Option<String>,
    /// How long metadata may be cached (S003-47: an hour).
    pub discovery_max_age: Duration,
    /// How long keys may be cached (CACHE_TTL): a new key is published this long before it signs.
    pub jwks_max_age: Duration,
    /// The version of the program.
    pub version: &'static str,
    /// What the source of client addresses is when there is none: tests.
    pub fallback_address: IpAddr,
}

/// What development mode adds.
#[derive(Clone, Debug)]
pub struct Development {
    /// Where the store is, to be shown.
    pub store: String,
    /// The demo relying party's client.
    pub demo_client: String,
    /// Its secret, made anew at each start.
    pub demo_secret: oauth_core::secret::Secret<String>,
}
