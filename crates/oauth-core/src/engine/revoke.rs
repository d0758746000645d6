//! Revocation (RFC 7009).

use super::Engine;
use crate::{
    audit::{AuditEvent, AuditKind},
    client::authenticate::AuthenticatedClient,
    error::{GrantError, TokenError},
    ids::AuditId,
    legacy,
    services::Services,
    store::{GrantRepository as _, Revocation, RevocationReason, RevokedAccessToken},
    token::OpaqueToken,
};

impl<V: Services> Engine<V> {
    /// Revokes a token of the caller. An unknown, expired or already revoked token is a success (RFC 7009 2.2); a failing store
    /// never is (SECURITY.md row 26).
    ///
    /// The kind follows from the token itself, so `token_type_hint` is not needed (RFC 7009 2.1: "the server may ignore it").
    pub async fn revoke(&self, caller: AuthenticatedClient, token: &str) -> Result<(), TokenError> {
        self.spend(&caller).await?;
        if legacy::is_jwt(token) {
            self.revoke_access(&caller, token).await
        } else {
            self.revoke_refresh(&caller, token).await
        }
    }

    /// One access token ends before its time; the grant goes on.
    async fn revoke_access(&self, caller: &AuthenticatedClient, token: &str) -> Result<(), TokenError> {
        let now = self.now();
        let Ok(token) = self.verified(token) else { return Ok(()) };
        // RFC 7009 2.1: a token of somebody else is refused, "and the client is informed of the error".
        if token.client != caller.client().id {
            return Err(GrantError::WrongClient.into());
        }
        if token.is_current(now) {
            let write = RevokedAccessToken { jti: token.jti, at: now, expires_at: token.expires_at };
            self.services.store().revoke_access_token(write).await?;
        }
        Ok(())
    }

    /// A refresh token takes its grant with it, access tokens included (RFC 7009 2.1: "SHOULD also invalidate all access
    /// tokens based on the same authorization grant").
    async fn revoke_refresh(&self, caller: &AuthenticatedClient, token: &str) -> Result<(), TokenError> {
        let Some(token) = OpaqueToken::presented(token) else { return Ok(()) };
        let Some(snapshot) = self.services.store().refresh(token.hash()).await? else { return Ok(()) };
        let grant = &snapshot.grant.grant;
        if grant.client != caller.client().key {
            return Err(GrantError::WrongClient.into());
        }
        let now = self.now();
        let audit = AuditEvent {
            id: AuditId::generate(now, self.services.random()),
            at: now,
            kind: AuditKind::GrantRevoked,
            user: Some(grant.user),
            client: Some(grant.client),
            address: None,
            detail: serde_json::json!({ "grant": grant.id, "by": "client" }),
        };
        let write = Revocation { grant: grant.id, at: now, reason: RevocationReason::Client, audit: Some(audit) };
        self.services.store().revoke_grant(write).await?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "revoke_tests.rs"]
mod tests;
