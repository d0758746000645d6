//! The issuer's public keys: found by its metadata (RFC 8414), kept, and fetched again when they get old or a new one is used.

use std::sync::Arc;
use std::time::{Duration, Instant};

use authly_jose::JoseCrypto;
use oauth_core::{
    crypto::{Crypto as _, VerifierSet},
    settings::Issuer,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::Mutex;

/// The issuer publishes a key well before it signs with it, so this may be long.
const FRESH: Duration = Duration::from_secs(600);
/// Between two fetches, whatever tokens are presented: nobody can make us flood the issuer.
const PAUSE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5);

/// The keys of one issuer.
pub struct Keys {
    issuer: Issuer,
    http: reqwest::Client,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: Arc<VerifierSet>,
    fetched_at: Option<Instant>,
    tried_at: Option<Instant>,
}

/// The keys cannot be had.
#[derive(Debug, Error)]
pub enum Unavailable {
    /// No or no usable answer.
    #[error("the issuer gives no usable answer")]
    Answer(#[from] reqwest::Error),
    /// The metadata is somebody else's (RFC 8414 3.3).
    #[error("the metadata names another issuer")]
    Issuer,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Map<String, Value>>,
}

impl Keys {
    /// The keys of `issuer`; they are fetched when the first token comes.
    pub fn of(issuer: Issuer) -> Result<Self, Unavailable> {
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { issuer, http, kept: Mutex::default() })
    }

    /// Keys among which the one of that name should be. While the issuer does not answer, those of before still serve.
    pub async fn holding(&self, key_id: &str) -> Arc<VerifierSet> {
        let mut kept = self.kept.lock().await;
        let fresh = kept.fetched_at.is_some_and(|at| at.elapsed() < FRESH);
        let held_back = kept.tried_at.is_some_and(|at| at.elapsed() < PAUSE);
        if (fresh && kept.keys.holds(key_id)) || held_back {
            return kept.keys.clone();
        }
        kept.tried_at = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => (kept.keys, kept.fetched_at) = (Arc::new(keys), Some(Instant::now())),
            Err(error) => eprintln!("the keys of {} could not be fetched: {error}", self.issuer.as_str()),
        }
        kept.keys.clone()
    }

    async fn fetch(&self) -> Result<VerifierSet, Unavailable> {
        let metadata: Metadata = self.get(&self.issuer.url("/.well-known/oauth-authorization-server")).await?;
        if metadata.issuer != self.issuer.as_str() {
            return Err(Unavailable::Issuer);
        }
        let set: KeySet = self.get(&metadata.jwks_uri).await?;
        // Keys that we cannot use are passed over (RFC 7517 5): tomorrow's algorithms must not break today's server.
        Ok(VerifierSet::new(set.keys.iter().filter_map(|key| JoseCrypto.verifier(key)).collect()))
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, reqwest::Error> {
        self.http.get(url).send().await?.error_for_status()?.json().await
    }
}
