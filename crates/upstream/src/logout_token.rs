//! A provider's word that somebody has signed out there (OpenID Connect Back-Channel Logout 2.4 and 2.6).

use std::time::Duration;

use oauth_core::{
    crypto::VerifierSet,
    jws::{TokenFault, audience::Audience, compact::Compact, date::NumericDate},
    time::Timestamp,
    token::TokenHash,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    id_token::{LEEWAY, algorithm, audience},
    identity::UpstreamSubject,
    provider::Provider,
};

/// The event that it has to tell of.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How old it may be: so an old one that was caught on its way ends no new session.
const OLDEST: Duration = Duration::from_secs(120);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: Option<String>,
    sid: Option<String>,
    aud: Audience,
    iat: NumericDate,
    exp: Option<NumericDate>,
    jti: Option<String>,
    events: Map<String, Value>,
    nonce: Option<Value>,
}

/// Whose sessions end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOutThere {
    /// Which token says so: the hash of what is signed in it.
    pub id: TokenHash,
    /// The person, if named.
    pub subject: Option<UpstreamSubject>,
    /// The session there, if named: then only those that came from it.
    pub session: Option<String>,
    /// When it was said.
    pub at: Timestamp,
}

impl SignedOutThere {
    /// When nobody can say it again with the same token.
    pub fn counts_until(&self) -> Timestamp {
        self.at.plus(OLDEST)
    }
}

/// Who claims to send this; proves nothing, and serves to find the provider.
pub fn claimed_issuer(text: &str) -> Result<String, TokenFault> {
    #[derive(Deserialize)]
    struct Claims {
        iss: String,
    }
    Ok(Compact::parse(text)?.claims::<Claims>()?.iss)
}

/// Validates a logout token.
pub fn verify(
    text: &str,
    provider: &Provider,
    keys: &VerifierSet,
    now: Timestamp,
) -> Result<SignedOutThere, TokenFault> {
    let compact = Compact::parse(text)?;
    // 2.4 recommends `logout+jwt`; older providers write `JWT` or nothing, and the event tells it from an ID token.
    if !compact.is_of_no_kind() && !compact.is_kind(&["logout+jwt", "JWT"]) {
        return Err(TokenFault::Kind);
    }
    algorithm(&compact, provider)?;
    compact.verify(keys)?;
    let claims: Claims = compact.claims()?;
    if claims.iss != provider.issuer.as_str() {
        return Err(TokenFault::Issuer);
    }
    audience(&claims.aud, Some(&provider.client_id), &provider.client_id)?;
    let issued_at = claims.iat.timestamp();
    if issued_at > now.plus(LEEWAY) {
        return Err(TokenFault::NotYet);
    }
    if now.since(issued_at) > OLDEST || claims.exp.is_some_and(|exp| now >= exp.timestamp().plus(LEEWAY)) {
        return Err(TokenFault::Expired);
    }
    if claims.jti.is_none_or(|jti| jti.is_empty()) {
        return Err(TokenFault::Claim("jti"));
    }
    if !claims.events.get(EVENT).is_some_and(Value::is_object) {
        return Err(TokenFault::Claim("events"));
    }
    // 2.4: "A Logout Token MUST NOT contain a nonce", so that no ID token passes for one.
    if claims.nonce.is_some() {
        return Err(TokenFault::Claim("nonce"));
    }
    let subject = claims.sub.map(|sub| UpstreamSubject::parse(&sub).ok_or(TokenFault::Claim("sub"))).transpose()?;
    let session = claims.sid.filter(|sid| (1..=255).contains(&sid.len()) && !sid.contains('\0'));
    if subject.is_none() && session.is_none() {
        return Err(TokenFault::Claim("sub"));
    }
    // What was signed, `jti` among it: a signature may be written in more than one way, and a `jti` may be given twice by mistake.
    let signed = text.rsplit_once('.').map_or(text, |(signed, _)| signed);
    Ok(SignedOutThere { id: TokenHash::of(signed.as_bytes()), subject, session, at: issued_at })
}

#[cfg(test)]
mod tests {
    use oauth_core::{crypto::Algorithm, jws::compact};
    use serde_json::json;

    use super::*;
    use crate::{
        id_token::tests::{ToyKey, keys},
        party::tests::provider,
    };

    const NOW: i64 = 1_700_000_000;

    fn check(typ: &str, change: impl FnOnce(&mut Value)) -> Result<SignedOutThere, TokenFault> {
        let mut claims = json!({
            "iss": "https://idp.example", "aud": "authly-client", "iat": NOW, "exp": NOW + 120, "jti": "j", "sub": "alice",
            "sid": "s1", "events": { EVENT: {} },
        });
        change(&mut claims);
        let text = compact::sign(&ToyKey::new("k1", Algorithm::RS256), typ, &claims).unwrap();
        verify(&text, &provider(), &keys(), Timestamp::from_seconds(NOW))
    }

    #[test]
    fn a_proper_token_names_whose_sessions_end() {
        for typ in ["logout+jwt", "JWT"] {
            let said = check(typ, |_| ()).unwrap();
            assert_eq!((said.subject.unwrap().as_str(), said.session.as_deref()), ("alice", Some("s1")));
        }
        assert!(check("JWT", |it| it["sid"] = Value::Null).is_ok());
        assert!(check("JWT", |it| it["sub"] = Value::Null).is_ok());
    }

    /// OpenID Connect Back-Channel Logout 2.6.
    #[test]
    fn what_is_no_logout_token_ends_nothing() {
        let cases: [(&str, Value, TokenFault); 10] = [
            ("iss", json!("https://evil.example"), TokenFault::Issuer),
            ("aud", json!("other"), TokenFault::Audience),
            ("iat", json!(NOW - 121), TokenFault::Expired),
            ("iat", json!(NOW + 61), TokenFault::NotYet),
            ("exp", json!(NOW - 60), TokenFault::Expired),
            ("jti", Value::Null, TokenFault::Claim("jti")),
            ("events", json!({}), TokenFault::Claim("events")),
            ("events", json!({ EVENT: true }), TokenFault::Claim("events")),
            ("nonce", json!("n"), TokenFault::Claim("nonce")),
            ("sub", json!("null"), TokenFault::Claim("sub")),
        ];
        for (name, value, fault) in cases {
            assert_eq!(check("logout+jwt", |it| it[name] = value).unwrap_err(), fault, "{name}");
        }
        let nobody = check("logout+jwt", |it| {
            it["sub"] = Value::Null;
            it["sid"] = Value::Null;
        });
        assert_eq!(nobody.unwrap_err(), TokenFault::Claim("sub"));
        assert_eq!(check("at+jwt", |_| ()).unwrap_err(), TokenFault::Kind);
    }
}
