//! Codes, refresh tokens and grants in memory.

use super::{
    MemoryStore, conflict,
    tables::{CodeRow, GrantRow, RefreshRow, Tables},
};
use crate::{
    audit::AuditEvent,
    ids::{AccessTokenId, ClientKey, GrantId, UserId},
    store::{
        AuthorizeSnapshot, CodeSnapshot, Commit, Grant, GrantRepository, GrantSnapshot, NewAuthorization,
        NewRefreshToken, Redemption, RefreshSnapshot, Revocation, RevocationReason, RevokedAccessToken, Rotation,
        SpentAssertion, StoreError, Successor,
    },
    time::Timestamp,
    token::TokenHash,
};

impl GrantRepository for MemoryStore {
    async fn code(&self, code: TokenHash) -> Result<Option<CodeSnapshot>, StoreError> {
        let tables = self.lock();
        Ok(tables.codes.get(&code).and_then(|row| {
            Some(CodeSnapshot {
                hash: code,
                redirect_uri: row.redirect_uri.clone(),
                proof: row.proof,
                nonce: row.nonce.clone(),
                expires_at: row.expires_at,
                used_at: row.used_at,
                grant: tables.grant_snapshot(row.grant, false)?,
            })
        }))
    }

    async fn redeem_code(&self, write: Redemption) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        let usable = tables.codes.get(&write.code).is_some_and(|row| row.used_at.is_none() && row.grant == write.grant);
        if !usable || !tables.grant_is_alive(write.grant) || tables.is_spent(write.assertion.as_ref()) {
            return Ok(Commit::Lost);
        }
        write.refresh.as_ref().map_or(Ok(()), |token| tables.check_refresh(token))?;
        if let Some(row) = tables.codes.get_mut(&write.code) {
            row.used_at = Some(write.at);
        }
        write.refresh.into_iter().for_each(|token| tables.insert_refresh(&token, write.grant, write.at));
        tables.spend(write.assertion);
        Ok(Commit::Applied)
    }

    async fn refresh(&self, token: TokenHash) -> Result<Option<RefreshSnapshot>, StoreError> {
        let tables = self.lock();
        Ok(tables.refresh_tokens.get(&token).and_then(|row| {
            Some(RefreshSnapshot {
                hash: token,
                expires_at: row.expires_at,
                created_at: row.created_at,
                used_at: row.used_at,
                successor: row.successor.map(|next| Successor {
                    sealed: row.sealed_successor.clone(),
                    used_at: tables.refresh_tokens.get(&next).and_then(|next| next.used_at),
                }),
                grant: tables.grant_snapshot(row.grant, false)?,
            })
        }))
    }

    async fn rotate_refresh(&self, write: Rotation) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        let spent = tables.refresh_tokens.get(&write.spent);
        let usable = spent.is_some_and(|row| row.used_at.is_none() && row.grant == write.grant);
        if !usable || !tables.grant_is_alive(write.grant) || tables.is_spent(write.assertion.as_ref()) {
            return Ok(Commit::Lost);
        }
        tables.check_refresh(&write.next)?;
        if let Some(row) = tables.refresh_tokens.get_mut(&write.spent) {
            row.used_at = Some(write.at);
            row.successor = Some(write.next.hash);
            row.sealed_successor = write.sealed_next;
        }
        tables.insert_refresh(&write.next, write.grant, write.at);
        tables.spend(write.assertion);
        Ok(Commit::Applied)
    }

    async fn revoke_grant(&self, write: Revocation) -> Result<(), StoreError> {
        let mut tables = self.lock();
        if tables.revoke_grants(write.at, write.reason, |grant| grant.id == write.grant) > 0 {
            tables.audit.extend(write.audit);
        }
        Ok(())
    }

    async fn grant(&self, grant: GrantId, jti: AccessTokenId) -> Result<Option<GrantSnapshot>, StoreError> {
        let tables = self.lock();
        Ok(tables.grant_snapshot(grant, tables.revoked_tokens.contains_key(&jti)))
    }

    async fn revoke_access_token(&self, write: RevokedAccessToken) -> Result<(), StoreError> {
        self.lock().revoked_tokens.entry(write.jti).or_insert(write.expires_at);
        Ok(())
    }

    async fn access_token_revoked(&self, jti: AccessTokenId) -> Result<bool, StoreError> {
        Ok(self.lock().revoked_tokens.contains_key(&jti))
    }

    async fn spend_assertion(&self, write: SpentAssertion) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        if tables.is_spent(Some(&write)) {
            return Ok(Commit::Lost);
        }
        tables.spend(Some(write));
        Ok(Commit::Applied)
    }

    async fn authorize_snapshot(
        &self,
        session: Option<TokenHash>,
        client: ClientKey,
    ) -> Result<AuthorizeSnapshot, StoreError> {
        let tables = self.lock();
        let session = session.and_then(|token| tables.session_by_token(token));
        let consent = session.as_ref().and_then(|session| tables.consents.get(&(session.subject.id, client)));
        Ok(AuthorizeSnapshot { consent: consent.cloned().unwrap_or_default(), session, first: false })
    }

    async fn issue_code(&self, write: NewAuthorization) -> Result<Commit, StoreError> {
        let mut tables = self.lock();
        let grant = write.grant;
        let over = |session| tables.sessions.get(&session).is_none_or(|row| row.ended_at.is_some());
        if grant.session.is_some_and(over) || !tables.accounts.contains_key(&grant.user) {
            return Ok(Commit::Lost);
        }
        if tables.grants.contains_key(&grant.id) {
            return Err(conflict("grants.id"));
        }
        if tables.codes.contains_key(&write.code) {
            return Err(conflict("authorization_codes.code"));
        }
        let code = CodeRow {
            grant: grant.id,
            redirect_uri: write.redirect_uri,
            proof: write.proof,
            nonce: write.nonce,
            expires_at: write.expires_at,
            used_at: None,
        };
        tables.codes.insert(write.code, code);
        if let Some(scopes) = write.consent {
            tables.consents.insert((grant.user, grant.client), scopes);
        }
        tables.grants.insert(grant.id, GrantRow { grant, reason: None });
        tables.audit.extend(write.audit);
        Ok(Commit::Applied)
    }

    async fn grants_of(&self, user: UserId) -> Result<Vec<Grant>, StoreError> {
        let tables = self.lock();
        let rows = tables.grants.values().map(|row| &row.grant);
        let mut grants: Vec<_> =
            rows.filter(|grant| grant.user == user && grant.revoked_at.is_none()).cloned().collect();
        grants.sort_by_key(|grant| std::cmp::Reverse((grant.created_at, grant.id)));
        Ok(grants)
    }

    async fn withdraw_consent(
        &self,
        user: UserId,
        client: ClientKey,
        at: Timestamp,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        let mut tables = self.lock();
        let forgotten = tables.consents.remove(&(user, client)).is_some();
        let theirs = |grant: &Grant| grant.user == user && grant.client == client;
        if tables.revoke_grants(at, RevocationReason::User, theirs) > 0 || forgotten {
            tables.audit.extend(audit);
        }
        Ok(())
    }
}

impl Tables {
    fn is_spent(&self, assertion: Option<&SpentAssertion>) -> bool {
        assertion.is_some_and(|spent| self.assertions.contains_key(&(spent.client, spent.jti)))
    }

    fn spend(&mut self, assertion: Option<SpentAssertion>) {
        self.assertions.extend(assertion.map(|spent| ((spent.client, spent.jti), spent.expires_at)));
    }

    fn check_refresh(&self, token: &NewRefreshToken) -> Result<(), StoreError> {
        if self.refresh_tokens.contains_key(&token.hash) {
            return Err(conflict("refresh_tokens.hash"));
        }
        Ok(())
    }

    fn insert_refresh(&mut self, token: &NewRefreshToken, grant: GrantId, at: Timestamp) {
        let row = RefreshRow {
            grant,
            created_at: at,
            expires_at: token.expires_at,
            used_at: None,
            successor: None,
            sealed_successor: None,
        };
        self.refresh_tokens.insert(token.hash, row);
    }
}
