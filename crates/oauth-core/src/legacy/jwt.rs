//! The JWTs of the legacy contract (C-14): HMAC with one of two secrets that are never interchangeable, no `kid`, the algorithm
//! from the settings and never from the token.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::LegacyTokenType;
use crate::{
    crypto::{Crypto, CryptoError, HmacAlgorithm},
    ids::{LegacyTokenId, UserId},
    jws::{
        TokenFault,
        compact::{self, Compact},
        date::NumericDate,
    },
    secret::Secret,
    settings::LegacySettings,
    subject::Subject,
    time::Timestamp,
};

/// The claims that resource servers of the old program read, S002's among them.
#[derive(Serialize)]
pub struct NewLegacyClaims<'a> {
    /// The account.
    pub sub: UserId,
    /// The account again, under the name that S002 reads.
    pub user_id: UserId,
    /// Its e-mail address.
    pub email: &'a str,
    /// Its roles.
    pub roles: &'a [String],
    /// `access` or `refresh`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The key of the row in `tokens`.
    pub jti: &'a LegacyTokenId,
    /// When it was issued.
    pub iat: NumericDate,
    /// When it ends.
    pub exp: NumericDate,
}

impl<'a> NewLegacyClaims<'a> {
    /// The claims of a token for `subject`.
    pub fn new(
        kind: LegacyTokenType,
        (subject, email): (&'a Subject, &'a str),
        jti: &'a LegacyTokenId,
        (issued_at, expires_at): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            sub: subject.id,
            user_id: subject.id,
            email,
            roles: &subject.roles,
            kind: kind.as_str(),
            jti,
            iat: NumericDate::new(issued_at),
            exp: NumericDate::new(expires_at),
        }
    }
}

/// Signs a legacy token.
pub fn sign(
    claims: &NewLegacyClaims<'_>,
    kind: LegacyTokenType,
    settings: &LegacySettings,
    crypto: &impl Crypto,
) -> Result<String, CryptoError> {
    #[derive(Serialize)]
    struct Header {
        alg: &'static str,
        typ: &'static str,
    }
    let header = Header { alg: settings.algorithm.name(), typ: "JWT" };
    let mut token = compact::signing_input(&header, claims)?;
    let mac = crypto.hmac(settings.algorithm, secret(settings, kind).expose().as_bytes(), token.as_bytes());
    compact::append_signature(&mut token, &mac);
    Ok(token)
}

/// A legacy token whose signature and form are in order; the table decides whether it still counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyToken {
    /// The key of its row.
    pub id: LegacyTokenId,
    /// Access or refresh, by claim and by secret.
    pub kind: LegacyTokenType,
    /// Its account, where `sub` or `user_id` is an account's id.
    pub user: Option<UserId>,
    /// When it was issued, if it says so.
    pub issued_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl LegacyToken {
    /// Verifies a token of the kind `kind`, in constant time.
    pub fn verify(
        text: &str,
        kind: LegacyTokenType,
        settings: &LegacySettings,
        crypto: &impl Crypto,
    ) -> Result<Self, TokenFault> {
        #[derive(Deserialize)]
        struct Claims {
            sub: Option<serde_json::Value>,
            user_id: Option<serde_json::Value>,
            #[serde(rename = "type")]
            kind: Option<String>,
            jti: Option<String>,
            iat: Option<NumericDate>,
            exp: Option<NumericDate>,
        }
        let compact = Compact::parse(text)?;
        // The algorithm is the installation's; the header may only agree. The old program names no key.
        if compact.algorithm() != settings.algorithm.name() || compact.key_id().is_some() {
            return Err(TokenFault::Algorithm);
        }
        if !compact.is_of_no_kind() && !compact.is_kind(&["JWT"]) {
            return Err(TokenFault::Kind);
        }
        let (input, signature) = compact.signed();
        let mac = crypto.hmac(settings.algorithm, secret(settings, kind).expose().as_bytes(), input.as_bytes());
        if !bool::from(mac.ct_eq(signature)) {
            return Err(TokenFault::Signature);
        }
        let claims: Claims = compact.claims()?;
        if claims.kind.as_deref() != Some(kind.as_str()) {
            return Err(TokenFault::Kind);
        }
        let jti = claims.jti.ok_or(TokenFault::Claim("jti"))?;
        let account = |value: Option<serde_json::Value>| value.as_ref()?.as_str().and_then(UserId::parse);
        Ok(Self {
            id: LegacyTokenId::parse(&jti).map_err(|_| TokenFault::Claim("jti"))?,
            kind,
            user: account(claims.sub).or_else(|| account(claims.user_id)),
            issued_at: claims.iat.map(NumericDate::timestamp),
            expires_at: claims.exp.ok_or(TokenFault::Claim("exp"))?.timestamp(),
        })
    }
}

/// Whether a text has the form of a JWT: three parts. Opaque tokens never have it.
pub fn is_jwt(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Whether a token says that it was made by HMAC, which only chooses the rule that it is then held to.
pub fn is_hmac(text: &str) -> bool {
    Compact::parse(text).is_ok_and(|compact| HmacAlgorithm::parse(compact.algorithm()).is_some())
}

const fn secret(settings: &LegacySettings, kind: LegacyTokenType) -> &Secret<String> {
    match kind {
        LegacyTokenType::Access => &settings.access_secret,
        LegacyTokenType::Refresh => &settings.refresh_secret,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{ALICE, FakeCrypto, FakeKey, NOW, at, subject};

    fn settings() -> LegacySettings {
        LegacySettings {
            algorithm: HmacAlgorithm::HS256,
            access_secret: Secret::new("access secret".into()),
            refresh_secret: Secret::new("refresh secret".into()),
            access_ttl: Duration::from_secs(1_800),
            refresh_ttl: Duration::from_secs(604_800),
        }
    }

    fn issued(kind: LegacyTokenType) -> String {
        let jti = LegacyTokenId::parse("j1").unwrap();
        let subject = subject();
        let claims = NewLegacyClaims::new(kind, (&subject, "alice@example.com"), &jti, (at(0), at(60)));
        sign(&claims, kind, &settings(), &FakeCrypto).unwrap()
    }

    fn verify(text: &str, kind: LegacyTokenType) -> Result<LegacyToken, TokenFault> {
        LegacyToken::verify(text, kind, &settings(), &FakeCrypto)
    }

    /// A token as an old program would have made it.
    fn old(header: &Value, claims: &Value, key: &str) -> String {
        let mut text = compact::signing_input(header, claims).unwrap();
        let mac = FakeCrypto.hmac(HmacAlgorithm::HS256, key.as_bytes(), text.as_bytes());
        compact::append_signature(&mut text, &mac);
        text
    }

    #[test]
    fn claims_are_those_that_existing_resource_servers_read() {
        let text = issued(LegacyTokenType::Access);
        let claims: Value = Compact::parse(&text).unwrap().claims().unwrap();
        let expected = json!({
            "sub": ALICE, "user_id": ALICE, "email": "alice@example.com", "roles": ["member"], "type": "access",
            "jti": "j1", "iat": NOW, "exp": NOW + 60
        });
        assert_eq!(claims, expected);
        assert_eq!(verify(&text, LegacyTokenType::Access).unwrap().user, Some(subject().id));
    }

    /// C-14: a key is bound to one use.
    #[test]
    fn access_and_refresh_secrets_are_not_interchangeable() {
        assert_eq!(verify(&issued(LegacyTokenType::Access), LegacyTokenType::Refresh), Err(TokenFault::Signature));
        assert_eq!(verify(&issued(LegacyTokenType::Refresh), LegacyTokenType::Access), Err(TokenFault::Signature));
        let claims = json!({ "sub": ALICE, "type": "refresh", "jti": "j", "exp": NOW });
        let crossed = old(&json!({ "alg": "HS256" }), &claims, "access secret");
        assert_eq!(verify(&crossed, LegacyTokenType::Access), Err(TokenFault::Kind));
    }

    /// C-14, RFC 8725 3.1; SECURITY.md row 19.
    #[test]
    fn the_algorithm_is_never_taken_from_the_token() {
        let claims = json!({ "sub": ALICE, "type": "access", "jti": "j", "exp": NOW });
        for header in [
            json!({ "alg": "none" }),
            json!({ "alg": "HS512" }),
            json!({ "alg": "RS256" }),
            json!({ "alg": "hs256" }),
            json!({ "alg": "HS256", "kid": "es" }),
        ] {
            assert_eq!(
                verify(&old(&header, &claims, "access secret"), LegacyTokenType::Access),
                Err(TokenFault::Algorithm),
                "{header}"
            );
        }
        let fake = FakeKey::new("es", crate::crypto::Algorithm::ES256);
        let ours = compact::sign(&fake, "at+jwt", &claims).unwrap();
        assert!(verify(&ours, LegacyTokenType::Access).is_err());
    }

    #[test]
    fn tokens_of_the_old_program_verify_without_optional_claims_and_with_other_subjects() {
        for (sub, user) in [(json!(ALICE), true), (json!("alice@example.com"), false), (json!(42), false)] {
            let claims = json!({ "sub": sub, "type": "access", "jti": "j", "exp": NOW as f64 + 0.5 });
            let token = verify(
                &old(&json!({ "alg": "HS256", "typ": "JWT" }), &claims, "access secret"),
                LegacyTokenType::Access,
            );
            assert_eq!(token.unwrap().user.is_some(), user);
        }
        for missing in ["jti", "exp", "type"] {
            let mut claims = json!({ "sub": ALICE, "type": "access", "jti": "j", "exp": NOW });
            claims.as_object_mut().unwrap().remove(missing);
            assert!(
                verify(&old(&json!({ "alg": "HS256" }), &claims, "access secret"), LegacyTokenType::Access).is_err()
            );
        }
    }
}
