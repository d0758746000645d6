//! Access tokens of before: HS256 with a secret that this server shares with the issuer.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use oauth_core::{
    jws::{TokenFault, compact::Compact, date::NumericDate},
    secret::Secret,
    time::Timestamp,
};
use serde::Deserialize;
use sha2::Sha256;

use crate::tokens::{CurrentUser, Rights};

#[derive(Deserialize)]
struct Claims {
    sub: String,
    email: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    exp: NumericDate,
}

pub(crate) fn check(token: &str, secret: &Secret<String>, now: Timestamp) -> Result<CurrentUser, TokenFault> {
    let compact = Compact::parse(token)?;
    // The algorithm is ours to choose, not the token's (RFC 8725 3.1).
    if compact.algorithm() != "HS256" {
        return Err(TokenFault::Algorithm);
    }
    let (input, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenFault::Malformed)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).map_err(|_| TokenFault::Signature)?;
    mac.update(input.as_bytes());
    // Compared in constant time.
    mac.verify_slice(&signature).map_err(|_| TokenFault::Signature)?;
    let claims: Claims = compact.claims()?;
    // A refresh token is for the issuer only.
    if claims.kind != "access" {
        return Err(TokenFault::Kind);
    }
    if now >= claims.exp.timestamp() {
        return Err(TokenFault::Expired);
    }
    Ok(CurrentUser { id: claims.sub, email: claims.email, rights: Rights::Account })
}
