//! The validation of a provider's ID token (OpenID Connect Core 3.1.3.7, RFC 8725).

use std::time::Duration;

use oauth_core::{
    crypto::{Algorithm, VerifierSet},
    jws::{TokenFault, audience::Audience, compact::Compact, date::NumericDate, id_token::access_token_hash},
    secret::Secret,
    time::Timestamp,
};
use serde::Deserialize;

use crate::{
    identity::{PersonClaims, UpstreamSubject},
    provider::Provider,
};

/// How far clocks may differ.
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);
/// How old a token may be that has just been handed out.
const OLDEST: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: NumericDate,
    iat: NumericDate,
    nbf: Option<NumericDate>,
    nonce: Option<String>,
    at_hash: Option<String>,
    auth_time: Option<NumericDate>,
    sid: Option<String>,
    #[serde(flatten)]
    person: PersonClaims,
}

/// What an ID token proves.
#[derive(Debug)]
pub struct Proven {
    /// Who.
    pub subject: UpstreamSubject,
    /// The session there.
    pub session: Option<String>,
    /// When they proved there who they are, if that is told.
    pub authenticated_at: Option<Timestamp>,
    pub(crate) person: PersonClaims,
}

/// What a token has to fit.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The nonce of this sign-in.
    pub nonce: &'a str,
    /// The access token that came with it.
    pub access_token: &'a Secret<String>,
}

/// Which key is wanted, and whether the token is one at all whose algorithm is believed: before any key is fetched for it.
pub fn key_id(text: &str, provider: &Provider) -> Result<Option<String>, TokenFault> {
    let compact = Compact::parse(text)?;
    algorithm(&compact, provider)?;
    Ok(compact.key_id().map(str::to_owned))
}

/// RFC 8725 3.1: on our list, whatever the token says. `none` and HMAC never are.
pub(crate) fn algorithm(compact: &Compact<'_>, provider: &Provider) -> Result<Algorithm, TokenFault> {
    let algorithm = Algorithm::parse(compact.algorithm()).filter(|algorithm| provider.algorithms.contains(algorithm));
    algorithm.ok_or(TokenFault::Algorithm)
}

/// Validates an ID token.
pub fn verify(
    text: &str,
    provider: &Provider,
    keys: &VerifierSet,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<Proven, TokenFault> {
    let compact = Compact::parse(text)?;
    // RFC 8725 3.11: not a logout token, not an access token.
    if !compact.is_of_no_kind() && !compact.is_kind(&["JWT"]) {
        return Err(TokenFault::Kind);
    }
    let algorithm = algorithm(&compact, provider)?;
    compact.verify(keys)?;
    let claims: Claims = compact.claims()?;
    if claims.iss != provider.issuer.as_str() {
        return Err(TokenFault::Issuer);
    }
    audience(&claims.aud, claims.azp.as_deref(), &provider.client_id)?;
    if now >= claims.exp.timestamp().plus(LEEWAY) {
        return Err(TokenFault::Expired);
    }
    let latest = now.plus(LEEWAY);
    if claims.iat.timestamp() > latest || claims.nbf.is_some_and(|date| date.timestamp() > latest) {
        return Err(TokenFault::NotYet);
    }
    if now.since(claims.iat.timestamp()) > OLDEST {
        return Err(TokenFault::Expired);
    }
    // 3.1.3.7 point 11: a token of another sign-in, wherever it was stolen, says another nonce.
    let nonce = Secret::new(claims.nonce.unwrap_or_default());
    if !nonce.matches(expected.nonce.as_bytes()) {
        return Err(TokenFault::Claim("nonce"));
    }
    if let Some(hash) = claims.at_hash
        && hash != access_token_hash(algorithm, expected.access_token.expose())
    {
        return Err(TokenFault::Claim("at_hash"));
    }
    let subject = UpstreamSubject::parse(&claims.sub).ok_or(TokenFault::Claim("sub"))?;
    let session = claims.sid.filter(|sid| (1..=255).contains(&sid.len()) && !sid.contains('\0'));
    let authenticated_at = claims.auth_time.map(NumericDate::timestamp);
    Ok(Proven { subject, session, authenticated_at, person: claims.person })
}

/// 3.1.3.7 points 3 to 5: meant for us; where others are named too, it was issued to us.
pub(crate) fn audience(audience: &Audience, party: Option<&str>, client_id: &str) -> Result<(), TokenFault> {
    let ours = audience.contains(client_id)
        && party.is_none_or(|party| party == client_id)
        && (audience.names().len() == 1 || party.is_some());
    ours.then_some(()).ok_or(TokenFault::Audience)
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
pub(crate) mod tests;
