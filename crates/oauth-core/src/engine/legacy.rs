//! The legacy contract's tokens: issue, refresh, revoke, and who the bearer is (C-02, C-03, C-07, C-14).

use serde_json::{Map, Value, json};

use super::{Engine, bearer::BearerIdentity};
use crate::{
    error::{BearerError, GrantError, TokenError},
    grant::response::{BEARER, LegacyTokens},
    ids::LegacyTokenId,
    jws::TokenFault,
    legacy::{
        LegacyAccount, LegacyRotation, LegacyTokenSnapshot, LegacyTokenType, NewLegacyPair, active,
        api_key::{self, ApiKeySnapshot},
        jwt::{self, LegacyToken, NewLegacyClaims},
    },
    scope::ScopeSet,
    secret::Secret,
    services::Services,
    settings::LegacySettings,
    store::{Commit, LegacyTokenRepository as _, StoreError},
    subject::Subject,
    time::Timestamp,
    token::OpaqueToken,
};

/// Who the bearer of a token is at `GET /api/v1/users/me`.
#[derive(Clone, Debug)]
pub enum Me {
    /// The bearer of a legacy token, with all columns of the answer.
    Legacy(Box<LegacyAccount>),
    /// The bearer of an OAuth token; the directory knows the rest of the columns.
    OAuth(Box<BearerIdentity>),
}

impl Me {
    /// The account.
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Legacy(account) => Some(&account.subject),
            Self::OAuth(bearer) => bearer.subject.as_ref(),
        }
    }
}

impl<V: Services> Engine<V> {
    /// A pair for somebody who has just signed in: the rows to commit together with the sign-in, and the tokens to answer with.
    ///
    /// Refused where the installation, the account's tenant or the calendar allow no legacy tokens any more.
    pub fn legacy_pair(
        &self,
        subject: &Subject,
        email: &str,
        now: Timestamp,
    ) -> Result<(NewLegacyPair, LegacyTokens), TokenError> {
        let settings = self.settings.legacy.as_ref().ok_or(TokenError::UnsupportedGrantType)?;
        let catalog = self.catalog();
        if !catalog.switches.legacy_doors_are_open(now) {
            return Err(TokenError::UnsupportedGrantType);
        }
        // Since the sign-in was looked at: whoever asks reads what they read a moment later.
        if !active::are_issued(subject, &catalog, now) {
            return Err(GrantError::LegacyMoved.into());
        }
        self.signed_pair(subject, email, settings, now)
    }

    /// Exchanges a legacy refresh token for the next pair (C-03), and tells whose it is. An account that was moved on gets the
    /// answer of a token that is none.
    pub async fn refresh_legacy(&self, token: &Secret<String>) -> Result<(LegacyTokens, Subject), TokenError> {
        let refused = TokenError::Grant(GrantError::LegacyInvalid);
        let Some(settings) = self.settings.legacy.as_ref() else { return Err(refused) };
        let kind = LegacyTokenType::Refresh;
        let token = match jwt::is_jwt(token.expose()) {
            true => LegacyToken::verify(token.expose(), kind, settings, self.services.crypto()).map_err(|_| refused)?,
            false => self.opaque_legacy(token.expose()).await?,
        };
        let refused = TokenError::Grant(GrantError::LegacyInvalid);
        for _ in 0..2 {
            let Some(row) = self.services.store().legacy_token(&token.id).await? else { return Err(refused) };
            let (catalog, now) = (self.catalog(), self.now());
            let account = &row.account;
            if let Err(fault) = active::decide(&token, &row, &catalog.switches, now) {
                // A spent token of a family that comes again was copied: all of the family end (RFC 9700 4.14.2).
                if fault == TokenFault::Revoked && row.invalidated {
                    self.services.store().end_legacy_family(&token.id).await?;
                }
                return Err(refused);
            }
            if !account.legacy_login || !active::are_issued(&account.subject, &catalog, now) {
                return Err(GrantError::LegacyMoved.into());
            }
            let (pair, tokens) = self.signed_pair(&account.subject, &account.email, settings, now)?;
            let write = LegacyRotation { spent: token.id.clone(), pair };
            if self.services.store().rotate_legacy(write).await? == Commit::Applied {
                return Ok((tokens, row.account.subject));
            }
        }
        Err(TokenError::Contended)
    }

    /// A refresh token of the older program that is no JWT: it was imported, so that its hash is known, and the row says all.
    async fn opaque_legacy(&self, token: &str) -> Result<LegacyToken, TokenError> {
        let unknown = || TokenError::Grant(GrantError::ContractMismatch);
        let presented = OpaqueToken::presented(token).ok_or_else(unknown)?;
        let id = LegacyTokenId::of_opaque(presented.hash());
        let row = self.services.store().legacy_token(&id).await?.ok_or_else(unknown)?;
        Ok(LegacyToken {
            id,
            kind: LegacyTokenType::Refresh,
            user: Some(row.account.subject.id),
            // Nobody makes such a token any more, whatever secrets they hold: it is older than any cut-off.
            issued_at: Some(Timestamp::from_micros(0)),
            expires_at: row.expires_at,
        })
    }

    /// The one rule for "does this API key of the older program count"; each use is counted.
    pub(super) async fn active_api_key(&self, key: &str) -> Result<ApiKeySnapshot, BearerError> {
        let unknown = BearerError::Invalid(TokenFault::Grant);
        let Some(presented) = OpaqueToken::presented(key) else { return Err(unknown) };
        let Some(found) = self.services.store().api_key(presented.hash()).await? else { return Err(unknown) };
        let now = self.now();
        api_key::decide(&found, presented.hash(), &self.catalog(), now).map_err(BearerError::Invalid)?;
        self.services.store().note_api_key(found.key.id, now).await?;
        Ok(found)
    }

    /// Invalidates a legacy token of either kind; an unknown one is a success, as the contract has it.
    pub async fn revoke_legacy(&self, token: &Secret<String>) -> Result<(), TokenError> {
        let Some(settings) = self.settings.legacy.as_ref() else { return Ok(()) };
        if !jwt::is_jwt(token.expose()) {
            let Some(presented) = OpaqueToken::presented(token.expose()) else { return Ok(()) };
            let id = LegacyTokenId::of_opaque(presented.hash());
            return Ok(self.services.store().invalidate_legacy(&id).await?);
        }
        for kind in [LegacyTokenType::Refresh, LegacyTokenType::Access] {
            if let Ok(token) = LegacyToken::verify(token.expose(), kind, settings, self.services.crypto()) {
                self.services.store().invalidate_legacy(&token.id).await?;
            }
        }
        Ok(())
    }

    /// Who the bearer is, with a token of either contract; an OAuth token needs the scope `profile` (C-07).
    pub async fn me(&self, token: &str) -> Result<Me, BearerError> {
        if jwt::is_hmac(token) {
            let (_, row) = self.active_legacy(token).await?;
            return Ok(Me::Legacy(Box::new(row.account)));
        }
        if !jwt::is_jwt(token) {
            return Ok(Me::Legacy(Box::new(self.active_api_key(token).await?.account)));
        }
        let bearer = self.bearer(token, ScopeSet::PROFILE).await?;
        if bearer.subject.is_none() {
            return Err(BearerError::Invalid(TokenFault::Claim("sub")));
        }
        Ok(Me::OAuth(Box::new(bearer)))
    }

    /// The one rule for "is this legacy access token active".
    pub(super) async fn active_legacy(&self, token: &str) -> Result<(LegacyToken, LegacyTokenSnapshot), BearerError> {
        let settings = self.settings.legacy.as_ref().ok_or(BearerError::Invalid(TokenFault::Algorithm))?;
        let token = LegacyToken::verify(token, LegacyTokenType::Access, settings, self.services.crypto())
            .map_err(BearerError::Invalid)?;
        let row = self.legacy_row(&token.id).await?.ok_or(BearerError::Invalid(TokenFault::Grant))?;
        active::decide(&token, &row, &self.catalog().switches, self.now()).map_err(BearerError::Invalid)?;
        Ok((token, row))
    }

    async fn legacy_row(&self, id: &LegacyTokenId) -> Result<Option<LegacyTokenSnapshot>, StoreError> {
        self.services.store().legacy_token(id).await
    }

    /// Userinfo for a legacy token, while such tokens are issued: its own terms beside `sub`.
    pub(super) async fn legacy_userinfo(&self, token: &str) -> Result<Map<String, Value>, BearerError> {
        let (_, row) = self.active_legacy(token).await?;
        let account = &row.account;
        let (catalog, now) = (self.catalog(), self.now());
        if !account.legacy_login || !active::are_issued(&account.subject, &catalog, now) {
            return Err(BearerError::Invalid(TokenFault::Kind));
        }
        let claims = json!({
            "sub": account.subject.id,
            "email": account.email,
            "email_verified": account.is_verified,
            "username": account.username,
            "is_verified": account.is_verified,
            "is_admin": account.subject.is_admin,
            "roles": account.subject.roles,
        });
        Ok(claims.as_object().cloned().unwrap_or_default())
    }

    fn signed_pair(
        &self,
        subject: &Subject,
        email: &str,
        settings: &LegacySettings,
        now: Timestamp,
    ) -> Result<(NewLegacyPair, LegacyTokens), TokenError> {
        // The claims hold whole seconds; the rows say the same.
        let issued_at = Timestamp::from_seconds(now.seconds());
        let pair = NewLegacyPair {
            user: subject.id,
            access: LegacyTokenId::generate(now, self.services.random()),
            access_expires_at: issued_at.plus(settings.access_ttl),
            refresh: LegacyTokenId::generate(now, self.services.random()),
            refresh_expires_at: issued_at.plus(settings.refresh_ttl),
            created_at: now,
        };
        let sign = |kind, jti: &LegacyTokenId, expires_at| {
            let claims = NewLegacyClaims::new(kind, (subject, email), jti, (issued_at, expires_at));
            jwt::sign(&claims, kind, settings, self.services.crypto())
        };
        let tokens = LegacyTokens {
            access_token: sign(LegacyTokenType::Access, &pair.access, pair.access_expires_at)?,
            refresh_token: sign(LegacyTokenType::Refresh, &pair.refresh, pair.refresh_expires_at)?,
            token_type: BEARER,
            expires_in: settings.access_ttl.as_secs(),
        };
        Ok((pair, tokens))
    }
}

#[cfg(test)]
#[path = "legacy_tests.rs"]
mod tests;
