//! The port of upstream sign-ins: those under way, links, and sessions that came from a provider.

use std::future::Future;

use authly_upstream::identity::Identity;
use oauth_core::{
    audit::AuditEvent,
    ids::{SessionId, UserId},
    session::NewSession,
    store::{Commit, StoreError},
    time::Timestamp,
    token::TokenHash,
};

use crate::{identifier::Identifier, tenant::TenantGroup};

/// A sign-in that sets out. What has expired is removed with the same write.
#[derive(Clone, Debug)]
pub struct NewUpstreamSignIn {
    /// The hash of `state`.
    pub state: TokenHash,
    /// The hash of the browser's mark.
    pub browser: TokenHash,
    /// The short name of the provider.
    pub provider: String,
    /// What belongs to it, sealed under `state`.
    pub sealed: Vec<u8>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// A sign-in that was taken, and is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenUpstreamSignIn {
    /// The short name of the provider.
    pub provider: String,
    /// What belongs to it.
    pub sealed: Vec<u8>,
}

/// What names a person at a provider for good.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamKey {
    /// The issuer.
    pub issuer: String,
    /// The subject.
    pub subject: String,
}

impl UpstreamKey {
    /// The key of a person.
    pub fn of(identity: &Identity) -> Self {
        Self { issuer: identity.issuer.as_str().to_owned(), subject: identity.subject.as_str().to_owned() }
    }
}

/// An account that an address means, with the id at a provider that an import brought along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPerson {
    /// The account.
    pub user: UserId,
    /// The id as it stands in the account, whatever it is.
    pub external_subject: Option<String>,
}

/// Whom a person may be; deleted accounts are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpstreamMatches {
    /// The account that is linked.
    pub linked: Option<UserId>,
    /// The accounts to which an import brought this id along, by id; at most three.
    pub imported: Vec<UserId>,
    /// The accounts with that e-mail address by folded form, by id; at most three.
    pub by_email: Vec<KnownPerson>,
    /// Those of the above that are linked to somebody else at this issuer.
    pub taken: Vec<UserId>,
}

/// A sign-in to be written: applies only while the account may be used, and the link is its own or, if it is new, still free on both
/// sides.
#[derive(Clone, Debug)]
pub struct UpstreamEntry {
    /// The person.
    pub key: UpstreamKey,
    /// The account.
    pub user: UserId,
    /// Whether this links them. Then an account with a password becomes `dual` and one without becomes `oauth`, and its completion is noted.
    pub new_link: bool,
    /// The session at the provider.
    pub sid: Option<String>,
    /// The session here.
    pub session: NewSession,
    /// The provider's ID token, sealed under the session's cookie.
    pub id_token: Option<Vec<u8>>,
    /// When.
    pub at: Timestamp,
    /// What the log says.
    pub audit: AuditEvent,
}

/// A provider says that somebody has signed out there.
#[derive(Clone, Debug)]
pub struct UpstreamLogout {
    /// The issuer.
    pub issuer: String,
    /// The person, if named.
    pub subject: Option<String>,
    /// The session there, if named: then only sessions that came from it end.
    pub sid: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What the log says, if any session ended.
    pub audit: AuditEvent,
}

/// A link as administration sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamLink {
    /// The person.
    pub key: UpstreamKey,
    /// When it was made.
    pub linked_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Timestamp,
}

/// An account that is linked, as administration lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedAccount {
    /// The account.
    pub user: UserId,
    /// Its e-mail address.
    pub email: String,
    /// Its link.
    pub link: UpstreamLink,
}

/// Where a session came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamOrigin {
    /// The issuer.
    pub issuer: String,
    /// Its ID token, sealed under the session's cookie.
    pub id_token: Option<Vec<u8>>,
}

/// What becomes of the sessions that came by a link that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkedSessions {
    /// They end, with their grants.
    End,
    /// They go on as long as any.
    Keep,
}

/// Upstream sign-ins.
pub trait UpstreamRepository: Send + Sync {
    /// Keeps a sign-in under way.
    fn keep_upstream_sign_in(&self, write: NewUpstreamSignIn) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Takes a sign-in under way: once, by its browser, in time. Whoever comes from another browser takes nothing away.
    fn take_upstream_sign_in(
        &self,
        state: TokenHash,
        browser: TokenHash,
        at: Timestamp,
    ) -> impl Future<Output = Result<Option<TakenUpstreamSignIn>, StoreError>> + Send;
    /// Whom a person may be.
    fn upstream_matches(
        &self,
        key: &UpstreamKey,
        email: Option<&Identifier>,
    ) -> impl Future<Output = Result<UpstreamMatches, StoreError>> + Send;
    /// The mappings to tenants of those groups of a provider, by id or by name.
    fn mapped_groups(
        &self,
        provider: &str,
        groups: &[String],
    ) -> impl Future<Output = Result<Vec<TenantGroup>, StoreError>> + Send;
    /// Writes a sign-in: link, account, session and log, or nothing.
    fn enter_upstream(&self, write: UpstreamEntry) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// Ends sessions, with their grants; returns how many.
    fn end_upstream_sessions(&self, logout: UpstreamLogout) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Of these accounts, those that are `oauth` and have a link.
    fn only_upstream(&self, users: Vec<UserId>) -> impl Future<Output = Result<Vec<UserId>, StoreError>> + Send;
    /// The links of an account, by issuer.
    fn upstream_links(&self, user: UserId) -> impl Future<Output = Result<Vec<UpstreamLink>, StoreError>> + Send;
    /// Links an account with a person without a sign-in; `Lost` if either is linked otherwise, or the account is not there. The same link a second
    /// time changes nothing.
    fn link_upstream(
        &self,
        user: UserId,
        key: &UpstreamKey,
        at: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
    /// The accounts that are linked at an issuer or anywhere, by id and issuer: the links of at most so many accounts behind one.
    fn linked_accounts(
        &self,
        issuer: Option<&str>,
        after: Option<UserId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<LinkedAccount>, StoreError>> + Send;
    /// Where a session came from, if a provider.
    fn upstream_origin(
        &self,
        session: SessionId,
    ) -> impl Future<Output = Result<Option<UpstreamOrigin>, StoreError>> + Send;
    /// Removes the link of an account at an issuer, with or without the sessions that came from there; `Lost` if there is none.
    fn unlink_upstream(
        &self,
        user: UserId,
        issuer: &str,
        sessions: LinkedSessions,
        at: Timestamp,
        audit: AuditEvent,
    ) -> impl Future<Output = Result<Commit, StoreError>> + Send;
}
