//! UserInfo (OpenID Connect Core 5.3).

use serde_json::{Map, Value};

use super::Engine;
use crate::{
    claims::userinfo_claims, error::BearerError, jws::TokenFault, legacy, scope::ScopeSet, services::Services,
};

impl<V: Services> Engine<V> {
    /// The claims about the bearer that its scope allows; `sub` is always among them (OpenID Connect Core 5.3.2).
    ///
    /// A legacy token is answered in its own terms, while the installation issues such tokens.
    pub async fn userinfo(&self, token: &str) -> Result<Map<String, Value>, BearerError> {
        if legacy::jwt::is_hmac(token) {
            return self.legacy_userinfo(token).await;
        }
        let bearer = self.bearer_here(token).await?;
        if !bearer.scope.contains(ScopeSet::OPENID) {
            return Err(BearerError::Scope(ScopeSet::OPENID));
        }
        let subject = bearer.subject.as_ref().ok_or(BearerError::Invalid(TokenFault::Claim("sub")))?;
        Ok(userinfo_claims(subject, &bearer.scope))
    }
}
