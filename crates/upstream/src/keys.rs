//! A provider's key set (RFC 7517 5).

use oauth_core::{
    crypto::{Crypto as _, VerifierSet},
    services::Services,
};
use serde_json::{Map, Value};

/// The usable keys of a key set (RFC 7517 5); others are passed over.
pub(crate) fn key_set<V: Services>(services: &V, text: &str) -> VerifierSet {
    let members: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let listed = members.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let usable = listed
        .iter()
        .take(100)
        .filter_map(Value::as_object)
        .filter(|jwk| jwk.get("use").is_none_or(|purpose| purpose == "sig"))
        .filter_map(|jwk| services.crypto().verifier(jwk));
    VerifierSet::new(usable.collect())
}
