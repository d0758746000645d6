//! The maps behind the store, and how snapshots are put together from them.

use std::collections::{BTreeMap, HashMap};

use crate::{
    audit::AuditEvent,
    catalog::{ScopeRecord, SigningKeyRecord, TenantRecord},
    client::Client,
    ids::{AccessTokenId, ApiKeyId, ClientKey, GrantId, KeyId, LegacyTokenId, ScopeKey, SessionId, TenantId, UserId},
    legacy::{LegacyAccount, LegacyTokenType, api_key::ApiKey},
    pkce::CodeProof,
    redirect::RedirectUri,
    scope::ScopeSet,
    session::{NewSession, Session},
    store::{Grant, GrantSnapshot, RevocationReason, SessionEnd},
    subject::{Subject, TenantRef},
    time::Timestamp,
    token::TokenHash,
};

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) accounts: HashMap<UserId, LegacyAccount>,
    pub(super) grants: BTreeMap<GrantId, GrantRow>,
    pub(super) codes: HashMap<TokenHash, CodeRow>,
    pub(super) refresh_tokens: HashMap<TokenHash, RefreshRow>,
    pub(super) revoked_tokens: HashMap<AccessTokenId, Timestamp>,
    pub(super) assertions: HashMap<(ClientKey, TokenHash), Timestamp>,
    pub(super) consents: HashMap<(UserId, ClientKey), ScopeSet>,
    pub(super) sessions: BTreeMap<SessionId, SessionRow>,
    pub(super) legacy_tokens: HashMap<LegacyTokenId, LegacyRow>,
    pub(super) legacy_families: HashMap<LegacyTokenId, String>,
    pub(super) api_keys: BTreeMap<ApiKeyId, ApiKey>,
    pub(super) clients: BTreeMap<ClientKey, Client>,
    pub(super) scopes: BTreeMap<ScopeKey, ScopeRecord>,
    pub(super) keys: BTreeMap<KeyId, SigningKeyRecord>,
    pub(super) tenants: BTreeMap<TenantId, TenantRecord>,
    pub(super) paused_clients: BTreeMap<ClientKey, Timestamp>,
    pub(super) settings: HashMap<String, String>,
    pub(super) revision: i64,
    pub(super) audit: Vec<AuditEvent>,
}

#[derive(Debug)]
pub(super) struct GrantRow {
    pub(super) grant: Grant,
    pub(super) reason: Option<RevocationReason>,
}

#[derive(Debug)]
pub(super) struct CodeRow {
    pub(super) grant: GrantId,
    pub(super) redirect_uri: RedirectUri,
    pub(super) proof: CodeProof,
    pub(super) nonce: Option<String>,
    pub(super) expires_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct RefreshRow {
    pub(super) grant: GrantId,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
    pub(super) successor: Option<TokenHash>,
    pub(super) sealed_successor: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct SessionRow {
    pub(super) begun: NewSession,
    pub(super) last_seen_at: Timestamp,
    pub(super) idle_expires_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct LegacyRow {
    pub(super) user: UserId,
    pub(super) kind: LegacyTokenType,
    pub(super) expires_at: Timestamp,
    pub(super) invalidated: bool,
}

impl Tables {
    pub(super) fn account(&self, user: UserId) -> Option<LegacyAccount> {
        let mut account = self.accounts.get(&user)?.clone();
        let known = account.subject.tenant.as_ref().and_then(|tenant| self.tenants.get(&tenant.id));
        if let Some(tenant) = known {
            account.subject.tenant =
                Some(TenantRef { id: tenant.id, slug: tenant.slug.clone(), active: tenant.active });
        }
        Some(account)
    }

    pub(super) fn subject(&self, user: UserId) -> Option<Subject> {
        self.account(user).map(|account| account.subject)
    }

    pub(super) fn grant_snapshot(&self, id: GrantId, token_revoked: bool) -> Option<GrantSnapshot> {
        let grant = self.grants.get(&id)?.grant.clone();
        let session = grant.session.and_then(|session| self.sessions.get(&session)).map(|row| SessionEnd {
            ended_at: row.ended_at,
            idle_expires_at: row.idle_expires_at,
            expires_at: row.begun.expires_at,
            grants_end_at: row.begun.grants_end_at,
        });
        Some(GrantSnapshot { subject: self.subject(grant.user)?, grant, session, token_revoked })
    }

    pub(super) fn session_by_token(&self, token: TokenHash) -> Option<Session> {
        self.sessions.values().find(|row| row.begun.token == token).and_then(|row| self.session(row))
    }

    pub(super) fn session(&self, row: &SessionRow) -> Option<Session> {
        Some(Session {
            id: row.begun.id,
            authenticated_at: row.begun.authenticated_at,
            methods: row.begun.methods.clone(),
            created_at: row.begun.begun_at,
            last_seen_at: row.last_seen_at,
            idle_expires_at: row.idle_expires_at,
            expires_at: row.begun.expires_at,
            remembered: row.begun.remembered,
            ended_at: row.ended_at,
            user_agent: row.begun.user_agent.clone(),
            address: row.begun.address.clone(),
            grants_end_at: row.begun.grants_end_at,
            subject: self.subject(row.begun.user)?,
        })
    }

    /// Whether the grant is there and not revoked.
    pub(super) fn grant_is_alive(&self, id: GrantId) -> bool {
        self.grants.get(&id).is_some_and(|row| row.grant.revoked_at.is_none())
    }

    /// Revokes the living grants that `which` picks; returns how many.
    pub(super) fn revoke_grants(
        &mut self,
        at: Timestamp,
        reason: RevocationReason,
        which: impl Fn(&Grant) -> bool,
    ) -> usize {
        let living = self.grants.values_mut().filter(|row| row.grant.revoked_at.is_none() && which(&row.grant));
        living
            .map(|row| {
                row.grant.revoked_at = Some(at);
                row.reason = Some(reason);
            })
            .count()
    }

    /// Notes a change of the catalog.
    pub(super) fn changed(&mut self, audit: impl Into<Option<AuditEvent>>) {
        self.revision += 1;
        self.audit.extend(audit.into());
    }
}
