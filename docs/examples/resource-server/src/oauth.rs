//! Access tokens of OAuth 2.1: JWTs by RFC 9068, signed with a key that the issuer publishes.

use oauth_core::{
    jws::{TokenFault, access::AccessToken, compact::Compact},
    time::Timestamp,
};

use crate::tokens::{CurrentUser, Rights, Tokens};

pub(crate) async fn check(token: &str, tokens: &Tokens, now: Timestamp) -> Result<CurrentUser, TokenFault> {
    let key_id = Compact::parse(token)?.key_id().ok_or(TokenFault::Malformed)?.to_owned();
    let keys = tokens.keys.holding(&key_id).await;
    // Kind (`typ` is at+jwt, so that no ID token passes), signature by one of the keys, and issuer.
    let token = AccessToken::verify(token, &keys, &tokens.issuer)?;
    if !token.is_current(now) {
        return Err(TokenFault::Expired);
    }
    // RFC 9068 4: a token for another service is refused here, or that service could use it against us.
    if !token.audience.contains(&tokens.audience) {
        return Err(TokenFault::Audience);
    }
    let scopes = token.scope.to_string().split(' ').map(str::to_owned).collect();
    Ok(CurrentUser { id: token.subject, email: None, rights: Rights::Scopes(scopes) })
}
