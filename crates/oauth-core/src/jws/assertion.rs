//! Client assertions: `private_key_jwt` (RFC 7523 2.2 and 3, OpenID Connect Core 9).

use std::time::Duration;

use serde::Deserialize;

use super::{TokenFault, audience::Audience, compact::Compact, date::NumericDate};
use crate::{
    client::{AssertionAudience, Client},
    crypto::VerifierSet,
    endpoint::Endpoint,
    ids::ClientId,
    settings::Settings,
    store::SpentAssertion,
    time::Timestamp,
    token::TokenHash,
};

/// The `client_assertion_type` of RFC 7523 2.2.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The farthest `exp` that is accepted; a `jti` has to be remembered until then.
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
    jti: Option<String>,
}

/// Whom an assertion claims to come from; proves nothing, and serves to find the client's keys.
pub fn claimed_client(text: &str) -> Result<ClientId, TokenFault> {
    let claims: Claims = Compact::parse(text)?.claims()?;
    claims.sub.and_then(|sub| ClientId::parse(&sub).ok()).ok_or(TokenFault::Claim("sub"))
}

/// The `kid` that an assertion names, for deciding whether the client's keys have to be fetched anew.
pub fn key_id(text: &str) -> Option<String> {
    Compact::parse(text).ok()?.key_id().map(str::to_owned)
}

/// Verifies an assertion of `client` and returns the `jti` to be spent with it.
pub fn verify(
    text: &str,
    client: &Client,
    keys: &VerifierSet,
    settings: &Settings,
    now: Timestamp,
) -> Result<SpentAssertion, TokenFault> {
    let compact = Compact::parse(text)?;
    // RFC 8725 3.11: none of our own kinds of tokens; the kinds in use for assertions are these.
    if !compact.is_of_no_kind() && !compact.is_kind(&["JWT", "client-authentication+jwt"]) {
        return Err(TokenFault::Kind);
    }
    compact.verify(keys)?;
    let claims: Claims = compact.claims()?;
    // RFC 7523 3, points 1 and 2 B: issuer and subject are the client.
    for (name, value) in [("iss", &claims.iss), ("sub", &claims.sub)] {
        if value.as_deref() != Some(client.id.as_str()) {
            return Err(TokenFault::Claim(name));
        }
    }
    // RFC 7523 3, point 3: the audience is this server, and nobody else beside it.
    let audience = claims.aud.ok_or(TokenFault::Claim("aud"))?;
    if !is_ours(&audience, client.assertion_audience, settings) {
        return Err(TokenFault::Audience);
    }
    // RFC 7523 3, point 4: exp is required and limits the time; how far ahead is ours to say.
    let expires_at = claims.exp.ok_or(TokenFault::Claim("exp"))?.timestamp();
    if now >= expires_at.plus(settings.leeway) {
        return Err(TokenFault::Expired);
    }
    if expires_at > now.plus(LONGEST).plus(settings.leeway) {
        return Err(TokenFault::Lifetime);
    }
    // RFC 7523 3, points 5 and 6.
    let latest = now.plus(settings.leeway);
    if [claims.nbf, claims.iat].into_iter().flatten().any(|date| date.timestamp() > latest) {
        return Err(TokenFault::NotYet);
    }
    // RFC 7523 3, point 7: a jti, so that it works once.
    let jti = claims.jti.filter(|jti| !jti.is_empty()).ok_or(TokenFault::Claim("jti"))?;
    Ok(SpentAssertion {
        client: client.key,
        jti: TokenHash::of(jti.as_bytes()),
        expires_at: expires_at.plus(settings.leeway),
    })
}

fn is_ours(audience: &Audience, policy: AssertionAudience, settings: &Settings) -> bool {
    let issuer = settings.issuer.as_str();
    match (policy, audience) {
        (AssertionAudience::Issuer, Audience::One(name)) => name == issuer,
        (AssertionAudience::Issuer, Audience::Many(_)) => false,
        (AssertionAudience::TokenEndpoint, audience) => match audience.names() {
            [only] => only == issuer || *only == settings.issuer.url(Endpoint::Token.path()),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        crypto::Algorithm,
        jws::compact,
        testing::{FakeKey, client, issuer, keys_of},
    };

    const NOW: i64 = 1_700_000_000;

    fn claims() -> Value {
        json!({ "iss": "app", "sub": "app", "aud": "https://auth.example.com", "exp": NOW + 60, "iat": NOW, "jti": "a1" })
    }

    fn check(change: impl FnOnce(&mut Value)) -> Result<SpentAssertion, TokenFault> {
        check_with(AssertionAudience::Issuer, "JWT", change)
    }

    fn check_with(
        audience: AssertionAudience,
        typ: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<SpentAssertion, TokenFault> {
        let key = FakeKey::new("c1", Algorithm::ES256);
        let mut claims = claims();
        change(&mut claims);
        let text = compact::sign(&key, typ, &claims).unwrap();
        let mut client = client("app");
        client.assertion_audience = audience;
        verify(&text, &client, &keys_of(&[&key]), &Settings::new(issuer()), Timestamp::from_seconds(NOW))
    }

    #[test]
    fn a_proper_assertion_is_remembered_until_it_cannot_be_used_any_more() {
        let spent = check(|_| {}).unwrap();
        assert_eq!(spent.expires_at, Timestamp::from_seconds(NOW + 120));
        assert_eq!(spent.jti, TokenHash::of(b"a1"));
    }

    /// RFC 7523 3, points 1, 2, 4 and 7.
    #[test]
    fn required_claims_may_not_be_missing() {
        for name in ["iss", "sub", "aud", "exp", "jti"] {
            let result = check(|claims| {
                claims.as_object_mut().unwrap().remove(name);
            });
            assert_eq!(result.unwrap_err(), TokenFault::Claim(name), "{name}");
        }
        assert!(check(|claims| claims["iss"] = json!("other")).is_err());
        assert!(check(|claims| claims["sub"] = json!("other")).is_err());
        assert!(check(|claims| claims["jti"] = json!("")).is_err());
        assert!(check(|claims| claims["exp"] = json!("soon")).is_err());
    }

    /// RFC 7523 3, point 3.
    #[test]
    fn the_audience_is_the_issuer_as_a_plain_string() {
        for aud in [
            json!("https://auth.example.com/"),
            json!("https://auth.example.com/auth/token"),
            json!(["https://auth.example.com"]),
            json!(["https://auth.example.com", "https://other.example.com"]),
            json!([]),
        ] {
            assert_eq!(check(|claims| claims["aud"] = aud.clone()).unwrap_err(), TokenFault::Audience, "{aud}");
        }
    }

    #[test]
    fn older_clients_may_name_the_token_endpoint() {
        for (aud, good) in [
            (json!("https://auth.example.com/auth/token"), true),
            (json!(["https://auth.example.com/auth/token"]), true),
            (json!("https://auth.example.com"), true),
            (json!(["https://auth.example.com/auth/token", "https://other.example.com"]), false),
            (json!("https://other.example.com/auth/token"), false),
        ] {
            let result = check_with(AssertionAudience::TokenEndpoint, "JWT", |claims| claims["aud"] = aud.clone());
            assert_eq!(result.is_ok(), good, "{aud}");
        }
    }

    /// RFC 7523 3, points 4 to 6, with a leeway of 60 seconds; the boundaries of the FAPI 2 conformance modules.
    #[test]
    fn times_are_judged_with_the_leeway() {
        for (claim, at, result) in [
            ("exp", -59, Ok(())),
            ("exp", -60, Err(TokenFault::Expired)),
            ("exp", -300, Err(TokenFault::Expired)),
            ("exp", 660, Ok(())),
            ("exp", 661, Err(TokenFault::Lifetime)),
            ("nbf", 8, Ok(())),
            ("nbf", 60, Ok(())),
            ("nbf", 61, Err(TokenFault::NotYet)),
            ("iat", 61, Err(TokenFault::NotYet)),
            ("iat", -3600, Ok(())),
        ] {
            let got = check(|claims| claims[claim] = json!(NOW + at)).map(|_| ());
            assert_eq!(got, result, "{claim} {at}");
        }
    }

    /// SECURITY.md row 23.
    #[test]
    fn another_kind_of_token_is_no_assertion() {
        assert_eq!(check_with(AssertionAudience::Issuer, "at+jwt", |_| {}).unwrap_err(), TokenFault::Kind);
        assert!(check_with(AssertionAudience::Issuer, "client-authentication+jwt", |_| {}).is_ok());
    }
}
