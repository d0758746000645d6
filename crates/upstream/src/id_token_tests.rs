//! What is believed of an ID token, and what is not.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    crypto::{Algorithm, CryptoError, SignatureInvalid, Signer, Verifier, VerifierSet},
    ids::KeyId,
    jws::{TokenFault, compact, id_token::access_token_hash},
    secret::Secret,
    time::Timestamp,
};
use serde_json::{Value, json};

use super::*;
use crate::party::tests::provider;

const NOW: i64 = 1_700_000_000;

/// A key whose signature is a hash that anybody could make: enough to tell keys apart.
pub(crate) struct ToyKey(pub(crate) KeyId, pub(crate) Algorithm);

impl ToyKey {
    pub(crate) fn new(id: &str, algorithm: Algorithm) -> Self {
        Self(KeyId(id.to_owned()), algorithm)
    }

    fn mark(&self, input: &[u8]) -> Vec<u8> {
        let text = [self.0.0.as_bytes(), self.1.name().as_bytes(), input].concat();
        oauth_core::token::TokenHash::of(&text).bytes().to_vec()
    }
}

impl Signer for ToyKey {
    fn algorithm(&self) -> Algorithm {
        self.1
    }
    fn key_id(&self) -> &KeyId {
        &self.0
    }
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(self.mark(input))
    }
}

impl Verifier for ToyKey {
    fn algorithm(&self) -> Algorithm {
        self.1
    }
    fn key_id(&self) -> Option<&KeyId> {
        Some(&self.0)
    }
    fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid> {
        if self.mark(input) == signature { Ok(()) } else { Err(SignatureInvalid) }
    }
}

pub(crate) fn keys() -> VerifierSet {
    VerifierSet::new(vec![Arc::new(ToyKey::new("k1", Algorithm::RS256))])
}

fn claims() -> Value {
    json!({
        "iss": "https://idp.example", "sub": "alice", "aud": "authly-client", "iat": NOW, "exp": NOW + 300, "nonce": "n1",
        "sid": "s1", "email": "alice@example.com", "email_verified": true, "groups": ["staff"],
    })
}

fn check_as(typ: &str, change: impl FnOnce(&mut Value)) -> Result<Proven, TokenFault> {
    let mut claims = claims();
    change(&mut claims);
    let text = compact::sign(&ToyKey::new("k1", Algorithm::RS256), typ, &claims).unwrap();
    verify_text(&text)
}

fn verify_text(text: &str) -> Result<Proven, TokenFault> {
    let access_token = Secret::new("at".to_owned());
    let expected = Expected { nonce: "n1", access_token: &access_token };
    verify(text, &provider(), &keys(), expected, Timestamp::from_seconds(NOW))
}

fn check(change: impl FnOnce(&mut Value)) -> Result<Proven, TokenFault> {
    check_as("JWT", change)
}

#[test]
fn a_proper_token_says_who_signed_in() {
    let proven = check(|_| ()).unwrap();
    assert_eq!((proven.subject.as_str(), proven.session.as_deref()), ("alice", Some("s1")));
    let identity = proven.person.into_identity(&provider(), proven.subject, proven.session);
    assert_eq!((identity.email.unwrap().verified, identity.groups), (true, vec!["staff".to_owned()]));
}

/// OpenID Connect Core 3.1.3.7, points 2 to 5.
#[test]
fn issuer_and_audience_are_ours() {
    assert_eq!(check(|it| it["iss"] = json!("https://idp.example/")).unwrap_err(), TokenFault::Issuer);
    for (aud, azp, good) in [
        (json!("authly-client"), None, true),
        (json!(["authly-client"]), None, true),
        (json!("authly-client"), Some("authly-client"), true),
        (json!(["authly-client", "other"]), Some("authly-client"), true),
        (json!(["authly-client", "other"]), None, false),
        (json!("authly-client"), Some("other"), false),
        (json!("other"), None, false),
        (json!("other"), Some("authly-client"), false),
        (json!([]), None, false),
    ] {
        let result = check(|it| {
            it["aud"] = aud.clone();
            it["azp"] = json!(azp);
        });
        assert_eq!(
            result.map(|_| ()).map_err(|fault| fault == TokenFault::Audience),
            if good { Ok(()) } else { Err(true) },
            "{aud} {azp:?}"
        );
    }
}

/// Points 6 to 8, RFC 8725 3.1 and 3.2; SECURITY.md row 19.
#[test]
fn the_algorithm_is_on_our_list_and_the_keys_own() {
    for alg in ["none", "None", "HS256", "RS512", "ES256"] {
        let header = URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "kid": "k1" }).to_string());
        let text = format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims().to_string()), URL_SAFE_NO_PAD.encode("x"));
        assert_eq!(verify_text(&text).unwrap_err(), TokenFault::Algorithm, "{alg}");
        assert_eq!(key_id(&text, &provider()).unwrap_err(), TokenFault::Algorithm, "{alg}: no key is fetched for it");
    }
    let foreign = compact::sign(&ToyKey::new("k2", Algorithm::RS256), "JWT", &claims()).unwrap();
    assert_eq!(verify_text(&foreign).unwrap_err(), TokenFault::Signature);
}

/// Points 9 and 10.
#[test]
fn a_token_is_fresh() {
    for (claim, at, result) in [
        ("exp", -59, Ok(())),
        ("exp", -60, Err(TokenFault::Expired)),
        ("iat", 60, Ok(())),
        ("iat", 61, Err(TokenFault::NotYet)),
        ("iat", -600, Ok(())),
        ("iat", -601, Err(TokenFault::Expired)),
        ("nbf", 61, Err(TokenFault::NotYet)),
    ] {
        assert_eq!(check(|it| it[claim] = json!(NOW + at)).map(|_| ()), result, "{claim} {at}");
    }
}

/// Point 11.
#[test]
fn the_nonce_is_the_one_of_this_sign_in() {
    for nonce in [json!("n2"), json!(""), Value::Null, json!("n1 ")] {
        assert_eq!(check(|it| it["nonce"] = nonce.clone()).unwrap_err(), TokenFault::Claim("nonce"), "{nonce}");
    }
}

/// OpenID Connect Core 3.1.3.8.
#[test]
fn an_access_token_of_another_answer_is_noticed() {
    let right = access_token_hash(Algorithm::RS256, "at");
    assert!(check(|it| it["at_hash"] = json!(right)).is_ok());
    let wrong = access_token_hash(Algorithm::RS256, "other");
    assert_eq!(check(|it| it["at_hash"] = json!(wrong)).unwrap_err(), TokenFault::Claim("at_hash"));
}

/// SECURITY.md row 23.
#[test]
fn another_kind_of_token_is_no_id_token() {
    for typ in ["logout+jwt", "at+jwt"] {
        assert_eq!(check_as(typ, |_| ()).unwrap_err(), TokenFault::Kind, "{typ}");
    }
}

#[test]
fn a_subject_that_stands_for_nobody_is_refused() {
    for sub in ["", "null", "a b"] {
        assert_eq!(check(|it| it["sub"] = json!(sub)).unwrap_err(), TokenFault::Claim("sub"), "{sub}");
    }
    assert_eq!(check(|it| it["sub"] = Value::Null).unwrap_err(), TokenFault::Malformed);
}
