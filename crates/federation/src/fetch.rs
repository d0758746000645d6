//! Clients' key sets: the cache around the fenced client, one flight for each address.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use oauth_core::{
    client::JwksUri,
    services::{Clock, FetchError, JwksFetch},
};

use crate::{
    cache::{Entry, Step},
    fence::{FencedClient, Reach},
};

/// Fetches clients' key sets.
pub struct FencedFetch<C> {
    shared: Arc<Shared<C>>,
}

impl<C: Clock + 'static> FencedFetch<C> {
    /// Fetches from the public internet over https only.
    pub fn new(clock: C) -> Self {
        Self::within(Reach::Internet, clock)
    }

    /// Fetches from loopback addresses only, and over http where the address says https: for tests with a local server.
    #[cfg(any(test, feature = "testing"))]
    pub fn on_loopback_for_tests(clock: C) -> Self {
        Self::within(Reach::Loopback, clock)
    }

    fn within(reach: Reach, clock: C) -> Self {
        Self { shared: Arc::new(Shared { client: FencedClient::new(reach), clock, entries: Mutex::default() }) }
    }
}

impl<C: Clock + 'static> JwksFetch for FencedFetch<C> {
    async fn jwks(&self, uri: &JwksUri, refresh: bool) -> Result<Arc<str>, FetchError> {
        let shared = self.shared.clone();
        let uri = uri.clone();
        // The fetch goes on when its caller goes away: otherwise a caller that hangs up early would leave behind nothing
        // but the minute in which nobody else may ask.
        let task = tokio::spawn(async move { shared.jwks(&uri, refresh).await });
        task.await.unwrap_or_else(|_| Err(FetchError::Unusable("the fetch was cancelled".to_owned())))
    }
}

struct Shared<C> {
    client: FencedClient,
    clock: C,
    entries: Mutex<HashMap<JwksUri, Arc<tokio::sync::Mutex<Entry>>>>,
}

impl<C: Clock> Shared<C> {
    /// Beyond so many addresses, idle ones are forgotten.
    const MANY: usize = 1_000;

    async fn jwks(&self, uri: &JwksUri, refresh: bool) -> Result<Arc<str>, FetchError> {
        let asked_at = self.clock.now();
        let entry = self.entry(uri);
        let mut entry = entry.lock().await;
        let now = self.clock.now();
        match entry.step(refresh, asked_at, now) {
            Step::Serve(text) => Ok(text),
            Step::HeldBack => Err(FetchError::HeldBack),
            Step::Fetch => {
                entry.begin(now);
                let document = self.client.get(uri.as_str()).await?;
                is_key_set(&document.text)?;
                let text: Arc<str> = document.text.into();
                entry.keep(text.clone(), document.max_age, self.clock.now());
                Ok(text)
            }
        }
    }

    fn entry(&self, uri: &JwksUri) -> Arc<tokio::sync::Mutex<Entry>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= Self::MANY && !entries.contains_key(uri) {
            let now = self.clock.now();
            // Whoever cannot be locked is being fetched.
            entries.retain(|_, entry| entry.try_lock().map_or(true, |entry| !entry.is_idle(now)));
        }
        entries.entry(uri.clone()).or_default().clone()
    }
}

/// RFC 7517 5: an object whose member `keys` is an array; everything else is as bad as no answer.
fn is_key_set(text: &str) -> Result<(), FetchError> {
    let document: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let keys = document.as_ref().and_then(|document| document.get("keys")).and_then(serde_json::Value::as_array);
    keys.map(|_| ()).ok_or_else(|| FetchError::Unusable("the answer is not a key set".to_owned()))
}

#[cfg(test)]
mod tests;
