//! Signing in with an upstream provider: which account somebody is whom a provider has proven, and what that writes.
//!
//! What the provider says is judged in the crate `upstream`; here it is believed. A person is the issuer and the subject; everything else,
//! the address first, only helps to find the account once.

mod admission;
mod decide;
mod origin;
mod provision;
mod store;

use std::time::Duration;

use authly_upstream::{
    identity::Identity,
    provider::{NewPeople, PeopleRule},
};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    browser::BrowserId,
    engine::session::SessionStart,
    ids::{TenantId, UserId},
    secret::Secret,
    store::{Commit, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use thiserror::Error;

pub use self::{
    admission::Admission,
    decide::{Decision, Found, LinkedBy, Refusal, decide},
    origin::Origin,
    store::{
        KnownPerson, LinkedAccount, LinkedSessions, NewUpstreamSignIn, TakenUpstreamSignIn, UpstreamEntry, UpstreamKey,
        UpstreamLink, UpstreamLogout, UpstreamMatches, UpstreamOrigin, UpstreamRepository,
    },
};
use crate::{
    account::Account,
    device::KnownDevice,
    directory::{Directory, Limited},
    identifier::Identifier,
    services::DirectoryServices,
    signin::{PageSignIn, PageVisit},
    store::AccountRepository as _,
};

/// How far the provider's clock and ours may differ where it is told when somebody proved who they are.
const CLOCKS: Duration = Duration::from_secs(60);

/// Somebody comes back from a provider.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// Who, as the provider has proven.
    pub identity: &'a Identity,
    /// The token that proves it, to be kept for signing out there.
    pub id_token: Option<&'a Secret<String>>,
    /// When they proved it there, if that is told.
    pub authenticated_at: Option<Timestamp>,
    /// What is decided about the provider's people.
    pub rule: &'a PeopleRule,
    /// The tenant whose accounts alone the client serves for which they sign in.
    pub tenant: Option<TenantId>,
    /// What the browser brings.
    pub visit: PageVisit<'a>,
    /// Its mark, if it has one.
    pub known_device: Option<KnownDevice>,
    /// Where it is.
    pub address: Option<String>,
}

/// What [`decide`] is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who, as the provider has proven.
    pub identity: &'a Identity,
    /// What is decided about the provider's people.
    pub rule: &'a PeopleRule,
    /// The tenant whose accounts alone the client serves.
    pub tenant: Option<TenantId>,
}

impl Arrival<'_> {
    fn question(&self) -> Question<'_> {
        Question { identity: self.identity, rule: self.rule, tenant: self.tenant }
    }
}

/// Why nobody signed in.
#[derive(Debug, Error)]
pub enum UpstreamRefused {
    /// Two writes in a row were lost to others: 503.
    #[error("the sign-in lost two races in a row")]
    Contended,
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many attempts from one address: 429.
    #[error("too many attempts")]
    TooMany(Duration),
}

impl From<Limited> for UpstreamRefused {
    fn from(limited: Limited) -> Self {
        Self::TooMany(limited.0)
    }
}

/// What the store knows a browser by.
pub fn browser_hash(browser: BrowserId) -> TokenHash {
    TokenHash::of(browser.to_text().as_bytes())
}

impl<V: DirectoryServices> Directory<V> {
    /// Whether one more may set out from this address now: each leaves a row.
    pub async fn admit_departure(&self, address: Option<&str>) -> Result<(), UpstreamRefused> {
        let now = self.engine.now();
        Ok(self.charge_address("sign-in:address", address, |limits| limits.address, now).await?)
    }

    /// Keeps a sign-in under way.
    pub async fn keep_departure(&self, write: NewUpstreamSignIn) -> Result<(), StoreError> {
        self.services().accounts().keep_upstream_sign_in(write).await
    }

    /// Takes a sign-in under way, once, for the browser that it was begun in.
    pub async fn take_departure(
        &self,
        state: TokenHash,
        browser: BrowserId,
    ) -> Result<Option<TakenUpstreamSignIn>, StoreError> {
        let now = self.engine.now();
        self.services().accounts().take_upstream_sign_in(state, browser_hash(browser), now).await
    }

    /// Signs somebody in whom a provider has proven: finds or makes the account by the rules, links it, and begins a session.
    pub async fn sign_in_upstream(&self, arrival: &Arrival<'_>) -> Result<PageSignIn, UpstreamRefused> {
        let now = self.engine.now();
        for _ in 0..2 {
            let admission = self.admission(arrival.identity, arrival.rule).await?;
            let found = self.found(arrival.identity).await?;
            let broken = found.broken_links();
            let decision = decide(arrival.question(), &admission, &found);
            let (account, by) = match decision {
                Ok(Decision::SignIn { account, by }) => (*account, by),
                Ok(Decision::Create { tenant }) => match self.provision(arrival, tenant, now).await? {
                    Some(account) => (account, Some(LinkedBy::Creation)),
                    // Somebody took the address meanwhile: look again.
                    None => continue,
                },
                Err(refusal) => {
                    self.report(arrival, &refusal, &broken, now).await?;
                    return Err(refusal.into());
                }
            };
            let account = self.follow_groups(account, &admission, now).await?;
            if let Some(signed_in) = self.enter(arrival, account, by, &broken, now).await? {
                return Ok(signed_in);
            }
        }
        Err(UpstreamRefused::Contended)
    }

    /// Ends the sessions that came from a sign-in at a provider (S001-65); returns how many.
    pub async fn signed_out_upstream(
        &self,
        issuer: &str,
        said: &authly_upstream::logout_token::SignedOutThere,
        address: Option<String>,
    ) -> Result<u64, StoreError> {
        let now = self.engine.now();
        let mut audit = self.engine.audit(AuditKind::SignedOut, address, now);
        audit.detail = serde_json::json!({ "by": "upstream", "issuer": issuer });
        let logout = UpstreamLogout {
            issuer: issuer.to_owned(),
            subject: said.subject.as_ref().map(|subject| subject.as_str().to_owned()),
            sid: said.session.clone(),
            at: now,
            audit,
        };
        self.services().accounts().end_upstream_sessions(logout).await
    }

    /// The accounts that the person may be.
    async fn found(&self, identity: &Identity) -> Result<Found, StoreError> {
        let email = identity.email.as_ref().and_then(|email| Identifier::parse(&email.address).ok());
        let accounts = self.services().accounts();
        let matches = accounts.upstream_matches(&UpstreamKey::of(identity), email.as_ref()).await?;
        let mut found = Found { taken: matches.taken, ..Found::default() };
        if let Some(user) = matches.linked {
            found.linked = self.account_of(user).await?;
        }
        for user in matches.imported {
            found.imported.extend(self.account_of(user).await?);
        }
        for KnownPerson { user, external_subject } in matches.by_email {
            found.by_email.extend(self.account_of(user).await?.map(|account| (account, external_subject)));
        }
        Ok(found)
    }

    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        Ok(self.services().accounts().account(user).await?.map(|(account, _)| account))
    }

    /// Writes the sign-in; `None` if the account changed meanwhile.
    async fn enter(
        &self,
        arrival: &Arrival<'_>,
        account: Account,
        by: Option<LinkedBy>,
        broken: &[UserId],
        now: Timestamp,
    ) -> Result<Option<PageSignIn>, UpstreamRefused> {
        let replaces = self.replaced(&arrival.visit).await?.map(|old| old.id);
        // A session at the provider is no proof of now: what asks for a fresh one is asked of by when it was given there. Clocks differ,
        // and dates are of whole seconds. Where the provider does not say, it may have been at any time.
        let is_of_now = arrival.authenticated_at.is_some_and(|there| now.since(there) <= CLOCKS);
        let (mut session, cookie) = self.engine.new_session(SessionStart {
            user: account.subject.id,
            methods: Vec::new(),
            authenticated_at: if is_of_now { Some(now) } else { arrival.authenticated_at },
            remember: arrival.visit.remember,
            user_agent: arrival.visit.user_agent.clone(),
            address: arrival.address.clone(),
            replaces,
        });
        if let Some(longest) = arrival.rule.session {
            session.expires_at = session.expires_at.min(now.plus(longest));
            session.idle_expires_at = session.idle_expires_at.min(session.expires_at);
        }
        if let Some(longest) = arrival.rule.grants {
            session.bound(now.plus(longest));
        }
        let mut audit = self.audit_of(AuditKind::SignedIn, arrival, now);
        audit.user = Some(account.subject.id);
        if let Some(by) = by {
            audit.kind = AuditKind::UpstreamLinked;
            extend(&mut audit, "by", by.as_str().into());
        }
        if !broken.is_empty() {
            let broken = broken.iter().map(|user| user.to_string().into()).collect();
            extend(&mut audit, "invalid_links", serde_json::Value::Array(broken));
        }
        let write = UpstreamEntry {
            key: UpstreamKey::of(arrival.identity),
            user: account.subject.id,
            new_link: by.is_some(),
            sid: arrival.identity.session.clone(),
            id_token: arrival.id_token.map(|token| self.keep_id_token(&cookie, token)),
            session: session.clone(),
            at: now,
            audit,
        };
        match self.services().accounts().enter_upstream(write).await? {
            Commit::Applied => Ok(Some(self.signed_in(account, (session, cookie), arrival.known_device, None))),
            Commit::Lost => Ok(None),
        }
    }

    /// One event for everybody who was turned away, so that an administrator can see why.
    async fn report(
        &self,
        arrival: &Arrival<'_>,
        refusal: &Refusal,
        broken: &[UserId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut audit = self.audit_of(AuditKind::UpstreamRefused, arrival, now);
        audit.user = refusal.account();
        extend(&mut audit, "reason", refusal.code().into());
        if !broken.is_empty() {
            let broken = broken.iter().map(|user| user.to_string().into()).collect();
            extend(&mut audit, "invalid_links", serde_json::Value::Array(broken));
        }
        self.services().accounts().record(audit).await
    }

    fn audit_of(&self, kind: AuditKind, arrival: &Arrival<'_>, now: Timestamp) -> AuditEvent {
        let mut audit = self.engine.audit(kind, arrival.address.clone(), now);
        let identity = arrival.identity;
        audit.detail = serde_json::json!({
            "door": "upstream", "provider": identity.provider.as_str(), "subject": identity.subject.as_str(),
        });
        audit
    }

    /// Of these accounts, those that have left their password behind: they sign in at their provider alone (C-30: "never a silent downgrade").
    pub(crate) async fn only_upstream(&self, users: Vec<UserId>) -> Result<Vec<UserId>, StoreError> {
        if self.settings.upstream == crate::settings::UpstreamSignIn::Off || users.is_empty() {
            return Ok(Vec::new());
        }
        self.services().accounts().only_upstream(users).await
    }
}

fn extend(audit: &mut AuditEvent, name: &str, value: serde_json::Value) {
    if let Some(detail) = audit.detail.as_object_mut() {
        detail.insert(name.to_owned(), value);
    }
}

/// Whether somebody without an account may get one.
const fn creates(rule: &PeopleRule) -> bool {
    matches!(rule.new_people, NewPeople::Create)
}

#[cfg(test)]
#[path = "../upstream_tests.rs"]
mod tests;
