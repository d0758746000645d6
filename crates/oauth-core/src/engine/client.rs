//! Client authentication: the steps of [`authenticate`] with their IO.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Engine;
use crate::{
    client::{
        Client, ClientSecret,
        authenticate::{AssertionStep, AuthenticatedClient, Authentication, SlowHashStep, authenticate},
        presented::PresentedClient,
    },
    crypto::{Crypto as _, VerifierSet},
    error::ClientError,
    services::{JwksFetch as _, Services, SlowHashes as _},
    store::{CatalogRepository as _, StoreErrorKind},
    token::TokenHash,
};

impl<V: Services> Engine<V> {
    /// Proves who a client is (RFC 6749 2.3), from memory alone unless its secret or keys were imported or published elsewhere.
    pub async fn authenticate(&self, presented: PresentedClient) -> Result<AuthenticatedClient, ClientError> {
        self.finish_authentication(self.begin_authentication(presented)?).await
    }

    /// Judges credentials as far as memory reaches. What is left to do stands in the step, so that whoever limits guesses can charge for a
    /// slow hash before it is computed (OAuth 2.1 2.4.1).
    pub fn begin_authentication(&self, presented: PresentedClient) -> Result<Authentication, ClientError> {
        let catalog = self.catalog();
        authenticate(catalog.client(presented.id()), presented, self.now())
    }

    /// Does what is left to do.
    pub async fn finish_authentication(&self, step: Authentication) -> Result<AuthenticatedClient, ClientError> {
        match step {
            Authentication::Done(client) => Ok(client),
            Authentication::Keys(step) => self.by_assertion(step).await,
            Authentication::SlowHash(step) => self.by_slow_hash(step).await,
        }
    }

    async fn by_slow_hash(&self, step: SlowHashStep) -> Result<AuthenticatedClient, ClientError> {
        let mut fitting = None;
        for secret in &step.presented {
            if self.services.slow_hashes().verify_secret(secret.clone(), step.hash.clone()).await? {
                fitting = Some(secret.clone());
                break;
            }
        }
        let (client, hash) = step.finish(fitting.as_ref())?;
        let fast = ClientSecret { hash, created_at: self.now(), expires_at: None };
        match self.services.store().upgrade_client_secret(client.client().key, fast).await {
            // Somebody else upgraded it in the same moment.
            Err(error) if matches!(error.kind, StoreErrorKind::Conflict(_)) => Ok(client),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(client),
        }
    }

    async fn by_assertion(&self, step: AssertionStep) -> Result<AuthenticatedClient, ClientError> {
        let keys = self.client_keys(&step.client, step.key_id().as_deref()).await?;
        step.finish(&keys, &self.settings, self.now())
    }

    /// The client's keys. A `kid` that a published set lacks asks once for a newer set (OpenID Connect Core 10.1.1).
    async fn client_keys(&self, client: &Arc<Client>, wanted: Option<&str>) -> Result<VerifierSet, ClientError> {
        if let Some(document) = &client.jwks {
            return Ok(self.parsed_keys(document));
        }
        let Some(uri) = &client.jwks_uri else { return Ok(VerifierSet::default()) };
        let keys = self.parsed_keys(&self.services.jwks_fetch().jwks(uri, false).await?);
        match wanted {
            Some(wanted) if !keys.holds(wanted) => {
                Ok(self.parsed_keys(&self.services.jwks_fetch().jwks(uri, true).await?))
            }
            _ => Ok(keys),
        }
    }

    /// The usable keys of a key set document (RFC 7517 5); others are passed over, as that section says.
    fn parsed_keys(&self, document: &str) -> VerifierSet {
        let hash = TokenHash::of(document.as_bytes());
        if let Some(keys) = self.memory.key_sets.get(&hash) {
            return keys;
        }
        let members: Map<String, Value> = serde_json::from_str(document).unwrap_or_default();
        let listed = members.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let usable = listed
            .iter()
            .take(100)
            .filter_map(Value::as_object)
            // RFC 7517 4.2: a key for encryption signs nothing.
            .filter(|jwk| jwk.get("use").is_none_or(|purpose| purpose == "sig"))
            .filter_map(|jwk| self.services.crypto().verifier(jwk));
        let keys = VerifierSet::new(usable.collect());
        self.memory.key_sets.put(hash, keys.clone(), |_| true);
        keys
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
