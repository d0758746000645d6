//! The token endpoint (RFC 6749 3.2): load, decide, sign, commit, respond.
//!
//! Tokens are signed before the commit, so that nothing can fail after it; what a lost race has signed is thrown away.

use std::sync::Arc;

use super::{Engine, issue::AccessFor};
use crate::{
    audit::{AuditEvent, AuditKind},
    catalog::Catalog,
    client::{Client, GrantType, authenticate::AuthenticatedClient},
    error::{ClientError, GrantError, TokenError},
    grant::{
        client_credentials::{self, ClientCredentialsRequest},
        code::{self, CodeDecision, CodeRequest},
        refresh::{self, RefreshDecision, RefreshPolicy},
        request::{AuthorizationCodeRequest, PresentedRefreshToken, RefreshTokenRequest, TokenRequest},
        response::TokenResponse,
        rights,
    },
    ids::{AuditId, GrantId},
    scope::ScopeSet,
    services::{Purpose, Sealer as _, Services},
    store::{
        CodeSnapshot, Commit, GrantRepository as _, GrantSnapshot, NewRefreshToken, Redemption, RefreshSnapshot,
        Revocation, RevocationReason, Rotation, StoreError, StoreErrorKind,
    },
    time::Timestamp,
    token::OpaqueToken,
};

/// How often a request is decided: a second time after a lost race, when the snapshot shows the winner.
const ATTEMPTS: usize = 2;

impl<V: Services> Engine<V> {
    /// Answers a token request of an authenticated client.
    pub async fn token(&self, client: AuthenticatedClient, request: TokenRequest) -> Result<TokenResponse, TokenError> {
        match request {
            TokenRequest::AuthorizationCode(request) => self.redeem(&client, &request).await,
            TokenRequest::ClientCredentials(request) => self.client_credentials(&client, &request).await,
            TokenRequest::RefreshToken(request) => self.refresh(&client, &request).await,
        }
    }

    async fn redeem(
        &self,
        authenticated: &AuthenticatedClient,
        request: &AuthorizationCodeRequest,
    ) -> Result<TokenResponse, TokenError> {
        let client = authenticated.client();
        if !client.may(GrantType::AuthorizationCode) {
            return Err(TokenError::GrantNotAllowed);
        }
        let presented = CodeRequest {
            client: client.key,
            redirect_uri: request.redirect_uri.as_deref(),
            verifier: &request.verifier,
        };
        for _ in 0..ATTEMPTS {
            let code = self.services.store().code(request.code.hash()).await?.ok_or(GrantError::UnknownCode)?;
            let (catalog, now) = (self.catalog(), self.now());
            match code::decide(&presented, &code, now)? {
                CodeDecision::Replayed { revoke } => {
                    self.revoke_replayed(revoke, AuditKind::CodeReplayed, &code.grant, now).await?;
                    return Err(GrantError::CodeReplayed.into());
                }
                CodeDecision::Redeem => {
                    let (write, response) = self.redemption(authenticated, request, &code, &catalog, now)?;
                    if self.services.store().redeem_code(write).await? == Commit::Applied {
                        return Ok(response);
                    }
                }
            }
        }
        Err(self.lost_twice(authenticated).await)
    }

    /// What is written and what is answered for a code.
    fn redemption(
        &self,
        authenticated: &AuthenticatedClient,
        request: &AuthorizationCodeRequest,
        code: &CodeSnapshot,
        catalog: &Arc<Catalog>,
        now: Timestamp,
    ) -> Result<(Redemption, TokenResponse), TokenError> {
        let client = authenticated.client();
        let grant = &code.grant.grant;
        let scope = rights::effective(&grant.scope, client, &code.grant.subject, catalog);
        let what = AccessFor { client, grant: Some(&code.grant), scope: &scope, resources: &request.resources };
        let mut response = self.response(&what, catalog, now)?;
        if scope.contains(ScopeSet::OPENID) {
            response.id_token = Some(self.id_token(client, code, &response.access_token, catalog, now)?);
        }
        let refresh = rights::refreshable(client, &grant.scope).then(|| {
            let token = OpaqueToken::generate(self.services.random());
            let expires_at = RefreshPolicy::of(&self.settings).expiry(grant.created_at, now);
            response.refresh_token = Some(token.expose().to_owned());
            NewRefreshToken { hash: token.hash(), expires_at }
        });
        let write = Redemption {
            code: code.hash,
            grant: grant.id,
            at: now,
            refresh,
            assertion: authenticated.assertion().cloned(),
        };
        Ok((write, response))
    }

    async fn refresh(
        &self,
        authenticated: &AuthenticatedClient,
        request: &RefreshTokenRequest,
    ) -> Result<TokenResponse, TokenError> {
        // C-03: a legacy token never meets a client, and so never gives anything but a legacy pair.
        let PresentedRefreshToken::OAuth(token) = &request.token else {
            return Err(GrantError::ContractMismatch.into());
        };
        let client = authenticated.client();
        if !client.may(GrantType::RefreshToken) {
            return Err(TokenError::GrantNotAllowed);
        }
        let policy = RefreshPolicy::of(&self.settings);
        for _ in 0..ATTEMPTS {
            let snapshot = self.services.store().refresh(token.hash()).await?.ok_or(GrantError::UnknownRefreshToken)?;
            let now = self.now();
            let decision = refresh::decide(client.key, &snapshot, &policy, now)?;
            if let RefreshDecision::Replayed { revoke } = decision {
                self.revoke_replayed(revoke, AuditKind::RefreshReplayed, &snapshot.grant, now).await?;
                return Err(GrantError::RefreshReplayed.into());
            }
            let mut response = self.refreshed(client, request, &snapshot, now)?;
            if decision == RefreshDecision::Retry {
                self.spend(authenticated).await?;
                response.refresh_token = Some(self.kept_successor(token, &snapshot)?);
                return Ok(response);
            }
            let (write, next) = self.rotation(authenticated, token, &snapshot, &policy, now);
            response.refresh_token = Some(next.expose().to_owned());
            if self.services.store().rotate_refresh(write).await? == Commit::Applied {
                return Ok(response);
            }
        }
        Err(self.lost_twice(authenticated).await)
    }

    /// The answer to a refresh but for the refresh token. There is no new ID token: OpenID Connect Core 12.2 allows that, and a
    /// signature for everybody would be paid for the few who read it.
    fn refreshed(
        &self,
        client: &Arc<Client>,
        request: &RefreshTokenRequest,
        snapshot: &RefreshSnapshot,
        now: Timestamp,
    ) -> Result<TokenResponse, TokenError> {
        let asked = rights::narrowed(&snapshot.grant.grant.scope, request.scope.as_ref())?;
        let catalog = self.catalog();
        let scope = rights::effective(&asked, client, &snapshot.grant.subject, &catalog);
        let what = AccessFor { client, grant: Some(&snapshot.grant), scope: &scope, resources: &request.resources };
        self.response(&what, &catalog, now)
    }

    fn rotation(
        &self,
        authenticated: &AuthenticatedClient,
        spent: &OpaqueToken,
        snapshot: &RefreshSnapshot,
        policy: &RefreshPolicy,
        now: Timestamp,
    ) -> (Rotation, OpaqueToken) {
        let next = OpaqueToken::generate(self.services.random());
        let sealed_next = (!policy.retry_window.is_zero()).then(|| {
            let (key, clear) = (spent.expose().as_bytes(), next.expose().as_bytes());
            self.services.sealer().seal_for(key, Purpose::Successor, clear)
        });
        let grant = &snapshot.grant.grant;
        let write = Rotation {
            spent: snapshot.hash,
            grant: grant.id,
            at: now,
            next: NewRefreshToken { hash: next.hash(), expires_at: policy.expiry(grant.created_at, now) },
            sealed_next,
            assertion: authenticated.assertion().cloned(),
        };
        (write, next)
    }

    /// The successor that was kept for the bearer of its predecessor.
    fn kept_successor(&self, spent: &OpaqueToken, snapshot: &RefreshSnapshot) -> Result<String, StoreError> {
        let corrupt = || {
            StoreError::new(StoreErrorKind::Corrupt {
                table: "refresh_tokens",
                column: "sealed successor",
                key: format!("{:?}", snapshot.hash),
            })
        };
        let sealed = snapshot.successor.as_ref().and_then(|next| next.sealed.as_ref()).ok_or_else(corrupt)?;
        let opened = self.services.sealer().open_for(spent.expose().as_bytes(), Purpose::Successor, sealed);
        let clear = opened.map_err(|_| corrupt())?;
        std::str::from_utf8(clear.expose()).map(str::to_owned).map_err(|_| corrupt())
    }

    async fn client_credentials(
        &self,
        authenticated: &AuthenticatedClient,
        request: &ClientCredentialsRequest,
    ) -> Result<TokenResponse, TokenError> {
        let (catalog, now) = (self.catalog(), self.now());
        let client = authenticated.client();
        let scope = client_credentials::decide(request, client, &catalog)?;
        let what = AccessFor { client, grant: None, scope: &scope, resources: &request.resources };
        let response = self.response(&what, &catalog, now)?;
        self.spend(authenticated).await?;
        Ok(response)
    }

    /// Spends an assertion where no other write does; a second use of it is refused (RFC 7523 3, point 7).
    pub(super) async fn spend(&self, authenticated: &AuthenticatedClient) -> Result<(), ClientError> {
        match authenticated.assertion() {
            None => Ok(()),
            Some(assertion) => match self.services.store().spend_assertion(assertion.clone()).await? {
                Commit::Applied => Ok(()),
                Commit::Lost => Err(ClientError::AssertionReplayed),
            },
        }
    }

    /// Why two writes in a row were lost although the snapshots allowed them: a spent assertion, or nothing but bad luck.
    async fn lost_twice(&self, authenticated: &AuthenticatedClient) -> TokenError {
        self.spend(authenticated).await.map_or_else(TokenError::from, |()| TokenError::Contended)
    }

    /// RFC 6749 4.1.2, RFC 9700 4.14.2: what was used twice may have been stolen, and everything that came of it ends.
    async fn revoke_replayed(
        &self,
        grant: GrantId,
        kind: AuditKind,
        snapshot: &GrantSnapshot,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let audit = AuditEvent {
            id: AuditId::generate(now, self.services.random()),
            at: now,
            kind,
            user: Some(snapshot.grant.user),
            client: Some(snapshot.grant.client),
            address: None,
            detail: serde_json::json!({ "grant": grant }),
        };
        let write = Revocation { grant, at: now, reason: RevocationReason::Replay, audit: Some(audit) };
        self.services.store().revoke_grant(write).await
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod refresh_tests;

#[cfg(test)]
#[path = "race_tests.rs"]
mod race_tests;
