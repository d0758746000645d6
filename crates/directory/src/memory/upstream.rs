//! Upstream sign-ins in memory.

use std::collections::{BTreeMap, HashMap};

use oauth_core::{
    audit::AuditEvent,
    ids::{SessionId, UserId},
    store::{Commit, RevocationReason, SessionRepository as _, StoreError},
    time::Timestamp,
    token::TokenHash,
};

use super::MemoryDirectory;
use crate::{
    identifier::{Identifier, fold},
    store::AccountRepository as _,
    tenant::{TenantGroup, TenantRepository as _},
    upstream::{
        KnownPerson, LinkedAccount, LinkedSessions, NewUpstreamSignIn, TakenUpstreamSignIn, UpstreamEntry, UpstreamKey,
        UpstreamLink, UpstreamLogout, UpstreamMatches, UpstreamOrigin, UpstreamRepository,
    },
};

/// Everything about providers.
#[derive(Debug, Default)]
pub(super) struct Upstreams {
    under_way: HashMap<TokenHash, NewUpstreamSignIn>,
    links: BTreeMap<UpstreamKey, (UserId, Timestamp, Timestamp)>,
    sessions: HashMap<SessionId, FromThere>,
}

/// A session that came from a provider.
#[derive(Debug)]
struct FromThere {
    key: UpstreamKey,
    sid: Option<String>,
    id_token: Option<Vec<u8>>,
}

impl Upstreams {
    /// Forgets a deleted account.
    pub(super) fn forget(&mut self, user: UserId) {
        self.links.retain(|_, (owner, ..)| *owner != user);
    }

    fn linked_at(&self, issuer: &str, user: UserId) -> Option<&UpstreamKey> {
        self.links.iter().find(|(key, (owner, ..))| key.issuer == issuer && *owner == user).map(|(key, _)| key)
    }

    fn sessions_of(&self, issuer: &str, fits: impl Fn(&UpstreamKey, Option<&str>) -> bool) -> Vec<SessionId> {
        let fitting =
            self.sessions.iter().filter(|(_, it)| it.key.issuer == issuer && fits(&it.key, it.sid.as_deref()));
        fitting.map(|(id, _)| *id).collect()
    }
}

/// At most so many accounts are told.
const MOST: usize = 3;

impl UpstreamRepository for MemoryDirectory {
    async fn keep_upstream_sign_in(&self, write: NewUpstreamSignIn) -> Result<(), StoreError> {
        self.reachable()?;
        let under_way = &mut self.lock().upstreams.under_way;
        under_way.retain(|_, one| one.expires_at > write.created_at);
        under_way.insert(write.state, write);
        Ok(())
    }

    async fn take_upstream_sign_in(
        &self,
        state: TokenHash,
        browser: TokenHash,
        at: Timestamp,
    ) -> Result<Option<TakenUpstreamSignIn>, StoreError> {
        self.reachable()?;
        let under_way = &mut self.lock().upstreams.under_way;
        if !under_way.get(&state).is_some_and(|one| one.browser == browser && at < one.expires_at) {
            return Ok(None);
        }
        let taken = under_way.remove(&state);
        Ok(taken.map(|one| TakenUpstreamSignIn { provider: one.provider, sealed: one.sealed }))
    }

    async fn upstream_matches(
        &self,
        key: &UpstreamKey,
        email: Option<&Identifier>,
    ) -> Result<UpstreamMatches, StoreError> {
        self.reachable()?;
        let people = self.lock();
        let living = |user: &UserId| people.lives(*user);
        let linked = people.upstreams.links.get(key).map(|(user, ..)| *user).filter(living);
        let by_email: Vec<KnownPerson> = people
            .accounts
            .iter()
            .filter(|(user, person)| {
                living(user) && email.is_some_and(|email| fold(&person.account.email) == email.folded())
            })
            .map(|(user, _)| KnownPerson { user: *user, external_subject: None })
            .take(MOST)
            .collect();
        let other = |user: &UserId| people.upstreams.linked_at(&key.issuer, *user).is_some_and(|own| own != key);
        let taken = by_email.iter().map(|known| known.user).filter(other).collect();
        Ok(UpstreamMatches { linked, imported: Vec::new(), by_email, taken })
    }

    async fn mapped_groups(&self, provider: &str, groups: &[String]) -> Result<Vec<TenantGroup>, StoreError> {
        let mut all = self.tenant_groups(None).await?;
        all.retain(|one| one.provider == provider && (groups.contains(&one.group) || groups.contains(&one.name)));
        Ok(all)
    }

    async fn enter_upstream(&self, write: UpstreamEntry) -> Result<Commit, StoreError> {
        self.reachable()?;
        let mut people = self.lock();
        let open = people.accounts.get(&write.user).is_some_and(|person| {
            let account = self.current(person);
            account.subject.may_hold_tokens() && !account.is_locked
        });
        let owner = people.upstreams.links.get(&write.key).map(|(user, ..)| *user).filter(|user| people.lives(*user));
        let free = owner.is_none() && people.upstreams.linked_at(&write.key.issuer, write.user).is_none();
        if !open || if write.new_link { !free } else { owner != Some(write.user) } {
            return Ok(Commit::Lost);
        }
        let id = write.session.id;
        self.store.begin(Some(write.session), None, Some(write.audit))?;
        if let Some(person) = people.accounts.get_mut(&write.user) {
            person.account.last_login_at = Some(write.at);
        }
        let linked = people.upstreams.links.entry(write.key.clone()).or_insert((write.user, write.at, write.at));
        *linked = (write.user, linked.1, write.at);
        let from_there = FromThere { key: write.key, sid: write.sid, id_token: write.id_token };
        people.upstreams.sessions.insert(id, from_there);
        Ok(Commit::Applied)
    }

    async fn end_upstream_sessions(&self, logout: UpstreamLogout) -> Result<u64, StoreError> {
        self.reachable()?;
        let ending = self.lock().upstreams.sessions_of(&logout.issuer, |key, sid| {
            logout.subject.as_deref().is_none_or(|subject| subject == key.subject)
                && logout.sid.as_deref().is_none_or(|wanted| sid == Some(wanted))
        });
        let mut ended = 0;
        for session in ending {
            self.lock().upstreams.sessions.remove(&session);
            let audit = (ended == 0).then(|| logout.audit.clone());
            self.store.end_session(session, logout.at, RevocationReason::SignedOut, audit).await?;
            ended += 1;
        }
        Ok(ended)
    }

    async fn only_upstream(&self, users: Vec<UserId>) -> Result<Vec<UserId>, StoreError> {
        self.reachable()?;
        let people = self.lock();
        let linked = |user: &UserId| people.upstreams.links.values().any(|(owner, ..)| owner == user);
        let without = |user: &UserId| people.accounts.get(user).is_some_and(|person| person.hash.is_none());
        Ok(users.into_iter().filter(|user| linked(user) && without(user)).collect())
    }

    async fn upstream_links(&self, user: UserId) -> Result<Vec<UpstreamLink>, StoreError> {
        let people = self.lock();
        let own = people.upstreams.links.iter().filter(|(_, (owner, ..))| *owner == user);
        Ok(own
            .map(|(key, (_, linked_at, last_used_at))| UpstreamLink {
                key: key.clone(),
                linked_at: *linked_at,
                last_used_at: *last_used_at,
            })
            .collect())
    }

    async fn link_upstream(
        &self,
        user: UserId,
        key: &UpstreamKey,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        {
            let mut people = self.lock();
            let owner = people.upstreams.links.get(key).map(|(owner, ..)| *owner);
            if owner == Some(user) {
                return Ok(Commit::Applied);
            }
            let free = owner.is_none() && people.upstreams.linked_at(&key.issuer, user).is_none();
            if !free || !people.lives(user) {
                return Ok(Commit::Lost);
            }
            people.upstreams.links.insert(key.clone(), (user, at, at));
        }
        self.record(audit).await?;
        Ok(Commit::Applied)
    }

    async fn linked_accounts(
        &self,
        issuer: Option<&str>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<LinkedAccount>, StoreError> {
        self.reachable()?;
        let people = self.lock();
        let wanted = people.upstreams.links.iter().filter(|(key, (user, ..))| {
            issuer.is_none_or(|issuer| issuer == key.issuer) && after.is_none_or(|after| *user > after)
        });
        let mut all: Vec<_> = wanted
            .map(|(key, (user, linked_at, last_used_at))| LinkedAccount {
                user: *user,
                email: people.accounts.get(user).map(|person| person.account.email.clone()).unwrap_or_default(),
                link: UpstreamLink { key: key.clone(), linked_at: *linked_at, last_used_at: *last_used_at },
            })
            .collect();
        all.sort_by(|one, other| (one.user, &one.link.key.issuer).cmp(&(other.user, &other.link.key.issuer)));
        let mut users: Vec<UserId> = all.iter().map(|linked| linked.user).collect();
        users.dedup();
        users.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        all.retain(|linked| users.contains(&linked.user));
        Ok(all)
    }

    async fn upstream_origin(&self, session: SessionId) -> Result<Option<UpstreamOrigin>, StoreError> {
        self.reachable()?;
        let people = self.lock();
        let found = people.upstreams.sessions.get(&session);
        Ok(found.map(|it| UpstreamOrigin { issuer: it.key.issuer.clone(), id_token: it.id_token.clone() }))
    }

    async fn unlink_upstream(
        &self,
        user: UserId,
        issuer: &str,
        sessions: LinkedSessions,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let ending = {
            let mut people = self.lock();
            let Some(key) = people.upstreams.linked_at(issuer, user).cloned() else { return Ok(Commit::Lost) };
            people.upstreams.links.remove(&key);
            match sessions {
                LinkedSessions::End => people.upstreams.sessions_of(issuer, |own, _| *own == key),
                LinkedSessions::Keep => Vec::new(),
            }
        };
        for session in ending {
            self.lock().upstreams.sessions.remove(&session);
            self.store.end_session(session, at, RevocationReason::Administrator, None).await?;
        }
        self.record(audit).await?;
        Ok(Commit::Applied)
    }
}
