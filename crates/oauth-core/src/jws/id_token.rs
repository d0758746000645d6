//! ID tokens (OpenID Connect Core 2), and the hints that clients make of them (3.1.2.1, RP-Initiated Logout 2).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

use super::{TokenFault, audience::Audience, compact, compact::Compact, date::NumericDate};
use crate::{
    crypto::{Algorithm, CryptoError, Signer, VerifierSet},
    ids::{ClientId, SessionId, UserId},
    settings::Issuer,
};

/// The `typ` of ID tokens: the plain one, so that no client stumbles over it.
const KIND: &str = "JWT";

/// The `acr` of a sign-in with a password: level 1 of ISO/IEC 29115, as OpenID Connect Core 2 lets one write it.
pub const ACR_PASSWORD: &str = "1";

/// The claims of OpenID Connect Core 2, in the order in which they are written.
#[derive(Clone, Debug, Serialize)]
pub struct IdClaims<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// The account.
    pub sub: UserId,
    /// The client.
    pub aud: &'a ClientId,
    /// The client again, as the party that it was issued to.
    pub azp: &'a ClientId,
    /// When it was issued.
    pub iat: NumericDate,
    /// When it ends.
    pub exp: NumericDate,
    /// When the user signed in; nothing where another provider did not say so, and no client asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<NumericDate>,
    /// The request's `nonce`, unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    /// How sure the sign-in was.
    pub acr: &'a str,
    /// How the user signed in (RFC 8176); empty when another provider says that they did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<&'static str>,
    /// Binds the access token of the same answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// The browser session (OpenID Connect Front- and Back-Channel Logout).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
}

impl IdClaims<'_> {
    /// Signs the claims.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, CryptoError> {
        compact::sign(signer, KIND, self)
    }
}

/// The `at_hash` of an access token (OpenID Connect Core 3.1.3.6): the left half of its hash, by the hash of the ID token's
/// algorithm; Ed25519 hashes with SHA-512 (RFC 8032 5.1).
pub fn access_token_hash(algorithm: Algorithm, access_token: &str) -> String {
    match algorithm {
        Algorithm::ES256 | Algorithm::RS256 => {
            URL_SAFE_NO_PAD.encode(Sha256::digest(access_token).get(..16).unwrap_or_default())
        }
        Algorithm::EdDSA => URL_SAFE_NO_PAD.encode(Sha512::digest(access_token).get(..32).unwrap_or_default()),
    }
}

/// What an `id_token_hint` proves: that we once told this client about this user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenHint {
    /// The user.
    pub user: UserId,
    /// The client that it was issued to.
    pub client: ClientId,
    /// The session of that time.
    pub session: Option<SessionId>,
}

impl IdTokenHint {
    /// Reads a hint: our own signature and issuer, however old (OpenID Connect RP-Initiated Logout 2: the OP "SHOULD accept
    /// ID Tokens when the RP identified by the ID Token's aud claim and/or sid claim has a current session" even if expired).
    pub fn verify(text: &str, keys: &VerifierSet, issuer: &Issuer) -> Result<Self, TokenFault> {
        #[derive(Deserialize)]
        struct Claims {
            iss: String,
            sub: String,
            aud: Audience,
            sid: Option<String>,
        }
        let compact = Compact::parse(text)?;
        if !compact.is_kind(&[KIND]) {
            return Err(TokenFault::Kind);
        }
        compact.verify(keys)?;
        let claims: Claims = compact.claims()?;
        if claims.iss != issuer.as_str() {
            return Err(TokenFault::Issuer);
        }
        let [client] = claims.aud.names() else { return Err(TokenFault::Audience) };
        Ok(Self {
            user: UserId::parse(&claims.sub).ok_or(TokenFault::Claim("sub"))?,
            client: ClientId::parse(client).map_err(|_| TokenFault::Audience)?,
            session: claims.sid.as_deref().and_then(SessionId::parse),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        testing::{FakeKey, issuer, keys_of},
        time::Timestamp,
    };

    const USER: &str = "018f4c1e-0000-7000-8000-000000000001";

    /// The example of OpenID Connect Core A.3 ("at_hash": "77QmUPtjPfzWtF2AnpK9RQ").
    #[test]
    fn the_at_hash_of_the_specifications_example_fits() {
        assert_eq!(
            access_token_hash(Algorithm::RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
    }

    /// OpenID Connect Core 2: the required claims, and the nonce unchanged.
    #[test]
    fn the_claims_are_those_of_openid_connect() {
        let at = NumericDate::new(Timestamp::from_seconds(1_700_000_000));
        let client = ClientId::parse("app").unwrap();
        let claims = IdClaims {
            iss: "https://auth.example.com",
            sub: UserId::parse(USER).unwrap(),
            aud: &client,
            azp: &client,
            iat: at,
            exp: at,
            auth_time: Some(at),
            nonce: Some("n-0S6_WzA2Mj"),
            acr: ACR_PASSWORD,
            amr: vec!["pwd"],
            at_hash: None,
            sid: None,
        };
        assert_eq!(
            serde_json::to_value(&claims).unwrap(),
            json!({
                "iss": "https://auth.example.com", "sub": USER, "aud": "app", "azp": "app", "iat": 1_700_000_000,
                "exp": 1_700_000_000, "auth_time": 1_700_000_000, "nonce": "n-0S6_WzA2Mj", "acr": "1", "amr": ["pwd"]
            })
        );
    }

    fn hint(key: &FakeKey, typ: &str, claims: &Value) -> Result<IdTokenHint, TokenFault> {
        let ours = FakeKey::new("k1", Algorithm::RS256);
        IdTokenHint::verify(&compact::sign(key, typ, claims).unwrap(), &keys_of(&[&ours]), &issuer())
    }

    #[test]
    fn an_expired_id_token_is_still_a_hint() {
        let key = FakeKey::new("k1", Algorithm::RS256);
        let claims = json!({ "iss": "https://auth.example.com", "sub": USER, "aud": "app", "exp": 1 });
        assert_eq!(hint(&key, "JWT", &claims).unwrap().client.as_str(), "app");
        assert_eq!(hint(&key, "at+jwt", &claims).unwrap_err(), TokenFault::Kind, "an access token is no hint");
    }

    /// SECURITY.md row 47.
    #[test]
    fn a_hint_that_somebody_else_signed_is_refused() {
        let claims = json!({ "iss": "https://auth.example.com", "sub": USER, "aud": "app" });
        let foreign = FakeKey { secret: b"other".to_vec(), ..FakeKey::new("k1", Algorithm::RS256) };
        assert_eq!(hint(&foreign, "JWT", &claims).unwrap_err(), TokenFault::Signature);
    }
}
