//! The use cases behind `authly-admin` and the admin API: clients, scopes, users, keys, switches and the first start.
//!
//! Inputs are closed types that parse into the domain's; every change writes its audit event in the same step. Nothing here
//! prints, reads a command line or knows SQL.

pub mod api_key;
pub mod audit;
pub mod backup;
pub mod calibrate;
pub mod claims;
pub mod client;
pub mod config_audit;
pub mod csv;
pub mod doctor;
pub mod error;
pub mod group;
pub mod installation;
pub mod invite;
pub mod key;
pub mod mail;
pub mod migrate;
pub mod scope;
pub mod seed;
pub mod status;
pub mod switch;
pub mod tenant;
pub mod trial;
pub mod uniqueness;
pub mod upstream_link;
pub mod usage;
pub mod user;

use std::sync::Arc;

use authly_directory::{password::PasswordPolicy, services::DirectoryServices};
use oauth_core::{services::Clock as _, time::Timestamp};

pub use error::AdminError;

/// Administration over one set of services; cheap to clone.
pub struct Admin<V: DirectoryServices> {
    services: Arc<V>,
    settings: AdminSettings,
}

/// What an installation decides about administration.
#[derive(Clone, Copy, Debug)]
pub struct AdminSettings {
    /// What new passwords must be like.
    pub password_policy: PasswordPolicy,
    /// How long a retired key stays published: the longest lifetime of a token it signed.
    pub key_retirement: std::time::Duration,
    /// Whether new confidential clients need PKCE (PKCE_REQUIRED); public ones always do.
    pub pkce_default: oauth_core::client::PkcePolicy,
    /// The algorithm of ID tokens for clients that name none (AUTHLY_ID_TOKEN_ALGORITHM).
    pub id_token_alg: oauth_core::crypto::Algorithm,
}

impl<V: DirectoryServices> Admin<V> {
    /// Administration over `services`.
    pub fn new(services: Arc<V>, settings: AdminSettings) -> Self {
        Self { services, settings }
    }

    /// The services.
    pub fn services(&self) -> &V {
        &self.services
    }

    fn now(&self) -> Timestamp {
        self.services.clock().now()
    }
}

impl<V: DirectoryServices> Clone for Admin<V> {
    fn clone(&self) -> Self {
        Self { services: self.services.clone(), settings: self.settings }
    }
}
