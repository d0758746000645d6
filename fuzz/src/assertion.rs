//! Client assertions (RFC 7523 3): what passes names client, audience and a time in bounds, by a second reading of its claims.

use std::sync::OnceLock;

use oauth_core::client::Client;
use oauth_core::crypto::VerifierSet;
use oauth_core::jws::assertion;
use oauth_core::settings::Settings;
use serde_json::Value;

use crate::world::{NOW, credulous, settings, web};

static WORLD: OnceLock<(Client, VerifierSet, Settings)> = OnceLock::new();

/// Either a whole token, or a header and claims in clear, one a line, which are then encoded.
pub fn client_assertion(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.split_once('\n') {
        Some((header, claims)) => check(&format!("{}.{}.c2ln", encode(header), encode(claims)), Some(claims)),
        None => check(text, None),
    }
}

fn check(token: &str, claims: Option<&str>) {
    let (client, keys, settings) = WORLD.get_or_init(|| (web(), credulous(), settings()));
    let _claimed = (assertion::claimed_client(token), assertion::key_id(token));
    let Ok(spent) = assertion::verify(token, client, keys, settings, NOW) else { return };
    assert_eq!(spent.client, client.key);
    let latest = NOW.seconds() + 600 + 2 * settings.leeway.as_secs() as i64;
    assert!(
        spent.expires_at.seconds() >= NOW.seconds() && spent.expires_at.seconds() <= latest,
        "{:?}",
        spent.expires_at
    );
    let Some(claims) = claims else { return };
    let claims: Value = serde_json::from_str(claims).expect("accepted claims are JSON");
    for name in ["iss", "sub"] {
        assert_eq!(claims.get(name).and_then(Value::as_str), Some("web-client"), "{name}");
    }
    assert_eq!(claims.get("aud").and_then(Value::as_str), Some("https://id.example"));
    assert!(claims.get("exp").is_some_and(Value::is_number));
    assert!(claims.get("jti").and_then(Value::as_str).is_some_and(|jti| !jti.is_empty()));
}

/// Base64url without padding, by hand: the fuzzer should not depend on the encoder that it tests.
fn encode(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            encoded.push(char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    encoded
}
