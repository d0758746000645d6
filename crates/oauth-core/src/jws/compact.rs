//! The compact serialization (RFC 7515 3.1, 7.1) and the rules for its header (RFC 8725 3).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::IgnoredAny};

use super::TokenFault;
use crate::crypto::{Algorithm, CryptoError, Signer, VerifierSet};

/// The longest token that is read; the limit stands before any decoding (SECURITY.md row 21).
pub const MAX_BYTES: usize = 8 * 1024;

/// Signs `claims` into a token of kind `typ`.
pub fn sign(signer: &dyn Signer, typ: &str, claims: &impl Serialize) -> Result<String, CryptoError> {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'a str,
        typ: &'a str,
        kid: &'a str,
    }
    let header = Header { alg: signer.algorithm().name(), typ, kid: &signer.key_id().0 };
    let mut token = signing_input(&header, claims)?;
    let signature = signer.sign(token.as_bytes())?;
    append_signature(&mut token, &signature);
    Ok(token)
}

/// Adds the third part.
pub(crate) fn append_signature(token: &mut String, signature: &[u8]) {
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, token);
}

/// The two first parts of a token, joined by a dot: what is signed (RFC 7515 5.1).
pub(crate) fn signing_input(header: &impl Serialize, claims: &impl Serialize) -> Result<String, CryptoError> {
    let json = |result: Result<Vec<u8>, serde_json::Error>| result.map_err(|error| CryptoError(error.to_string()));
    let mut text = String::with_capacity(1024);
    URL_SAFE_NO_PAD.encode_string(json(serde_json::to_vec(header))?, &mut text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(json(serde_json::to_vec(claims))?, &mut text);
    Ok(text)
}

/// A token that has been taken apart and whose header is acceptable; nothing in it is proven yet.
#[derive(Debug)]
pub struct Compact<'a> {
    header: Header,
    payload: Vec<u8>,
    input: &'a str,
    signature: Vec<u8>,
}

/// The header members that are looked at. `jku`, `jwk`, `x5u` and `x5c` are not: a token never says by which key it is to be
/// trusted (RFC 8725 3.10).
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    #[serde(default, deserialize_with = "present")]
    b64: bool,
}

impl<'a> Compact<'a> {
    /// Takes a token apart; a member that appears twice is refused (RFC 7515 4).
    pub fn parse(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > MAX_BYTES {
            return Err(TokenFault::TooLong);
        }
        let (input, signature) = text.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = input.split_once('.').ok_or(TokenFault::Malformed)?;
        if payload.contains('.') {
            return Err(TokenFault::Malformed);
        }
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| TokenFault::Malformed)?;
        // RFC 7515 4.1.11: extensions that are not understood make the token invalid; we understand none, `b64` included.
        if header.crit || header.b64 {
            return Err(TokenFault::Critical);
        }
        Ok(Self { header, payload: decode(payload)?, input, signature: decode(signature)? })
    }

    /// The algorithm that the header names, for choosing a rule; never for choosing how a key is used.
    pub fn algorithm(&self) -> &str {
        &self.header.alg
    }

    /// The `kid` of the header.
    pub fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Whether the header has a `typ` of these kinds, compared as media types are (RFC 7515 4.1.9).
    pub fn is_kind(&self, kinds: &[&str]) -> bool {
        self.header.typ.as_deref().is_some_and(|typ| {
            let short = typ
                .get(..12)
                .filter(|prefix| prefix.eq_ignore_ascii_case("application/"))
                .map_or(typ, |_| typ.get(12..).unwrap_or_default());
            kinds.iter().any(|kind| kind.eq_ignore_ascii_case(short))
        })
    }

    /// Whether the header has no `typ`.
    pub fn is_of_no_kind(&self) -> bool {
        self.header.typ.is_none()
    }

    /// Checks the signature against the keys of the expected party: the algorithm has to be on the list and the key's own
    /// (RFC 8725 3.1).
    pub fn verify(&self, keys: &VerifierSet) -> Result<(), TokenFault> {
        let algorithm = Algorithm::parse(&self.header.alg).ok_or(TokenFault::Algorithm)?;
        keys.candidates(algorithm, self.key_id())
            .any(|key| key.verify(self.input.as_bytes(), &self.signature).is_ok())
            .then_some(())
            .ok_or(TokenFault::Signature)
    }

    /// What was signed, and the signature, for the legacy contract's HMAC.
    pub(crate) fn signed(&self) -> (&str, &[u8]) {
        (self.input, &self.signature)
    }

    /// The claims; call [`verify`](Self::verify) first, unless they only serve to find the key.
    pub fn claims<C: DeserializeOwned>(&self) -> Result<C, TokenFault> {
        serde_json::from_slice(&self.payload).map_err(|_| TokenFault::Malformed)
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Malformed)?;
    if bytes.is_empty() { Err(TokenFault::Malformed) } else { Ok(bytes) }
}

/// Whether a member is there at all, whatever its value.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::{FakeKey, keys_of};

    fn token(header: &str) -> String {
        format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode("x"))
    }

    #[test]
    fn what_is_signed_is_read_back() {
        let key = FakeKey::new("k1", Algorithm::ES256);
        let text = sign(&key, "at+jwt", &json!({ "sub": "alice" })).unwrap();
        let compact = Compact::parse(&text).unwrap();
        compact.verify(&keys_of(&[&key])).unwrap();
        assert!(compact.is_kind(&["at+jwt"]));
        assert_eq!(compact.claims::<serde_json::Value>().unwrap(), json!({ "sub": "alice" }));
    }

    /// RFC 8725 3.1 and 3.2; SECURITY.md row 19.
    #[test]
    fn none_hmac_and_unknown_algorithms_are_refused() {
        let keys = keys_of(&[&FakeKey::new("k1", Algorithm::RS256)]);
        for alg in ["none", "None", "", "HS256", "RS512", "ES256K", "es256"] {
            let text = token(&json!({ "alg": alg, "kid": "k1" }).to_string());
            assert_eq!(Compact::parse(&text).unwrap().verify(&keys), Err(TokenFault::Algorithm), "{alg}");
        }
    }

    /// RFC 8725 3.1: a key is bound to one algorithm.
    #[test]
    fn a_key_is_not_used_with_another_algorithm() {
        let key = FakeKey::new("k1", Algorithm::ES256);
        let text = sign(&key, "JWT", &json!({})).unwrap();
        let other = FakeKey { algorithm: Algorithm::RS256, ..key.clone() };
        assert_eq!(Compact::parse(&text).unwrap().verify(&keys_of(&[&other])), Err(TokenFault::Signature));
    }

    /// RFC 7515 4.1.11.
    #[test]
    fn critical_extensions_are_refused_whatever_they_are() {
        for header in [
            r#"{"alg":"ES256","crit":["exp"]}"#,
            r#"{"alg":"ES256","crit":[]}"#,
            r#"{"alg":"ES256","crit":null}"#,
            r#"{"alg":"ES256","b64":true}"#,
            r#"{"alg":"ES256","b64":false}"#,
        ] {
            assert_eq!(Compact::parse(&token(header)).unwrap_err(), TokenFault::Critical, "{header}");
        }
    }

    /// RFC 7515 4: header parameter names must be unique.
    #[test]
    fn a_doubled_header_member_is_refused() {
        assert_eq!(Compact::parse(&token(r#"{"alg":"ES256","alg":"none"}"#)).unwrap_err(), TokenFault::Malformed);
    }

    #[test]
    fn keys_and_addresses_in_the_header_are_not_looked_at() {
        let key = FakeKey::new("k1", Algorithm::ES256);
        let header = json!({ "alg": "ES256", "kid": "k1", "jku": "https://evil.example", "jwk": { "kty": "EC" } });
        let mut text = signing_input(&header, &json!({})).unwrap();
        let signature = key.sign(text.as_bytes()).unwrap();
        text = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
        assert_eq!(Compact::parse(&text).unwrap().verify(&keys_of(&[&key])), Ok(()));
        assert_eq!(
            Compact::parse(&text).unwrap().verify(&keys_of(&[&FakeKey::new("k2", Algorithm::ES256)])),
            Err(TokenFault::Signature)
        );
    }

    #[test]
    fn other_shapes_are_malformed() {
        for text in ["", ".", "..", "a.b", "a.b.c.d", "e30.e30.", "e30..e30", "e30=.e30.e30", "e30.e30.e30.e30.e30"] {
            assert_eq!(Compact::parse(text).unwrap_err(), TokenFault::Malformed, "{text}");
        }
        assert_eq!(Compact::parse(&"a".repeat(MAX_BYTES + 1)).unwrap_err(), TokenFault::TooLong);
    }

    /// RFC 7515 4.1.9.
    #[test]
    fn kinds_are_compared_as_media_types() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
            assert!(
                Compact::parse(&token(&json!({ "alg": "x", "typ": typ }).to_string())).unwrap().is_kind(&["at+jwt"])
            );
        }
        for typ in ["jwt", "at+jwt2", "text/at+jwt", ""] {
            assert!(
                !Compact::parse(&token(&json!({ "alg": "x", "typ": typ }).to_string())).unwrap().is_kind(&["at+jwt"])
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,200}") {
            let _ = Compact::parse(&text);
        }

        #[test]
        fn any_header_is_read_or_refused_without_panic(header in "\\PC{0,80}") {
            let _ = Compact::parse(&token(&header)).map(|compact| compact.is_kind(&["jwt"]));
        }
    }
}
