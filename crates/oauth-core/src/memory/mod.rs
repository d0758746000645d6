//! A store in memory, for embedders, examples and tests.
//!
//! It keeps the same promises as a database: each method is one atomic step, guarded writes report
//! [`Commit`](crate::store::Commit), and a write that fails leaves no trace. Nothing outlives the process.
//!
//! Accounts belong to whoever embeds it: [`MemoryStore::put_subject`] tells the store about them.
//!
//! ```
//! use oauth_core::{memory::MemoryStore, store::CatalogRepository as _};
//!
//! let store = MemoryStore::new();
//! # let waker = std::task::Waker::noop();
//! # let mut context = std::task::Context::from_waker(waker);
//! let mut revision = std::pin::pin!(store.revision());
//! # assert!(matches!(revision.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(0))));
//! ```

mod api_key;
mod catalog;
mod grants;
mod legacy;
mod maintenance;
mod pause;
mod sessions;
mod source;
mod tables;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    audit::AuditEvent,
    catalog::TenantRecord,
    client::ClientState,
    ids::UserId,
    legacy::{LegacyAccount, NewLegacyPair},
    session::NewSession,
    store::{RevocationReason, StoreError, StoreErrorKind},
    subject::Subject,
    time::Timestamp,
};

pub use self::source::MemoryCatalog;
use self::tables::Tables;

/// A store in memory; clones share their contents.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells the store about an account, or that it changed.
    pub fn put_subject(&self, subject: Subject) {
        let (email, username) = (subject.profile.email.clone(), subject.profile.preferred_username.clone());
        self.put_account(LegacyAccount {
            is_verified: subject.profile.email_verified,
            email: email.unwrap_or_default(),
            username: username.unwrap_or_default(),
            is_locked: false,
            legacy_login: true,
            updated_at: Timestamp::from_micros(0),
            subject,
        });
    }

    /// Tells the store about an account with the columns that the legacy answers carry.
    pub fn put_account(&self, account: LegacyAccount) {
        self.lock().accounts.insert(account.subject.id, account);
    }

    /// The account with that id, its tenant as the catalog has it now.
    pub fn account(&self, user: UserId) -> Option<LegacyAccount> {
        self.lock().account(user)
    }

    /// Begins a session: what a sign-in page does once it knows who somebody is.
    pub fn begin_session(&self, session: NewSession) -> Result<(), StoreError> {
        self.begin(Some(session), None, None)
    }

    /// Records a legacy pair.
    pub fn record_legacy(&self, pair: NewLegacyPair) -> Result<(), StoreError> {
        self.begin(None, Some(pair), None)
    }

    /// Invalidates every legacy token of an account.
    pub fn end_legacy_tokens(&self, user: UserId) {
        self.lock().legacy_tokens.values_mut().filter(|row| row.user == user).for_each(|row| row.invalidated = true);
    }

    /// Forgets what an account consented to, as after its deletion or when it has become somebody else's.
    pub fn forget_consents(&self, user: UserId) {
        self.lock().consents.retain(|(theirs, _), _| *theirs != user);
    }

    /// Ends all sessions of an account and revokes all its grants.
    pub fn end_everything(&self, user: UserId, at: Timestamp, reason: RevocationReason) {
        let mut tables = self.lock();
        let theirs = tables.sessions.values_mut().filter(|row| row.begun.user == user && row.ended_at.is_none());
        theirs.for_each(|row| row.ended_at = Some(at));
        tables.revoke_grants(at, reason, |grant| grant.user == user);
    }

    /// Begins a session, records a legacy pair and writes an audit event in one step.
    pub fn begin(
        &self,
        session: Option<NewSession>,
        legacy: Option<NewLegacyPair>,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        let mut tables = self.lock();
        session.as_ref().map_or(Ok(()), |session| tables.check_session(session))?;
        legacy.as_ref().map_or(Ok(()), |pair| tables.check_pair(pair))?;
        session.into_iter().for_each(|session| tables.insert_session(session));
        legacy.into_iter().for_each(|pair| tables.insert_pair(&pair));
        tables.audit.extend(audit);
        Ok(())
    }

    /// Creates or changes a tenant.
    pub fn put_tenant(&self, tenant: TenantRecord, audit: AuditEvent) -> Result<(), StoreError> {
        let mut tables = self.lock();
        if tables.tenants.values().any(|other| other.slug == tenant.slug && other.id != tenant.id) {
            return Err(conflict("tenants.slug"));
        }
        tables.tenants.insert(tenant.id, tenant);
        tables.changed(audit);
        Ok(())
    }

    /// Removes a tenant that nothing of the directory hangs on (`used` is false) and that has no client, or else closes it and
    /// switches its clients off; returns whether it stays.
    pub fn close_tenant(&self, tenant: TenantRecord, used: bool, audit: AuditEvent) -> bool {
        let mut tables = self.lock();
        let mut stays = used;
        for client in tables.clients.values_mut().filter(|client| client.tenant == Some(tenant.id)) {
            client.state = ClientState::Inactive;
            stays = true;
        }
        if stays {
            tables.tenants.insert(tenant.id, TenantRecord { active: false, ..tenant });
        } else {
            tables.tenants.remove(&tenant.id);
        }
        tables.changed(audit);
        stays
    }

    /// Writes an audit event by itself.
    pub fn record(&self, event: AuditEvent) {
        self.lock().audit.push(event);
    }

    /// All audit events, newest first.
    pub fn audit_log(&self) -> Vec<AuditEvent> {
        let mut events = self.lock().audit.clone();
        events.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
        events
    }

    /// A panic while the lock was held cannot have left a half-done write worth refusing: every method checks first.
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn conflict(constraint: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Conflict(constraint))
}
