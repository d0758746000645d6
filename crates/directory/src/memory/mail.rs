//! Links and the outbox in memory.

use oauth_core::{
    audit::AuditEvent,
    ids::{LeaseId, MailId, UserId},
    store::{Commit, RevocationReason, StoreError, StoreErrorKind},
    subject::AccountStatus,
    time::Timestamp,
    token::TokenHash,
};

use super::{MemoryDirectory, People};
use crate::{
    account::Account,
    identifier::fold,
    invite::Lane,
    mail::{
        letter::NewMail,
        link::{LinkKind, LinkSnapshot},
        outbox::{HeldMail, Hold, MOST_ATTEMPTS, MailState, OutboxEntry, OutboxQuery, Resend, Settlement},
        store::{ApiKeys, LinkUse, LinkedPassword, MailRepository, NewLink},
    },
};

/// A mail with what is not shown of it.
#[derive(Debug)]
pub(super) struct MailRow {
    entry: OutboxEntry,
    sealed: Vec<u8>,
    lease: Option<(LeaseId, Timestamp)>,
    lane: Lane,
}

impl MailRow {
    pub(super) fn is_for(&self, user: UserId) -> bool {
        self.entry.user == Some(user)
    }

    pub(super) fn state(&self) -> MailState {
        self.entry.state
    }

    pub(super) fn settled_at(&self) -> Timestamp {
        self.entry.next_at
    }

    fn is_free(&self, now: Timestamp) -> bool {
        self.lease.is_none_or(|(_, until)| until <= now)
    }

    fn is_held_by(&self, lease: LeaseId) -> bool {
        self.lease.is_some_and(|(holder, _)| holder == lease)
    }
}

impl MailRepository for MemoryDirectory {
    async fn issue_link(&self, write: NewLink) -> Result<(), StoreError> {
        self.reachable()?;
        let mut people = self.lock();
        if people.links.contains_key(&write.link.token) {
            return Err(StoreError::new(StoreErrorKind::Conflict("email_links.token")));
        }
        write.mail.as_ref().map_or(Ok(()), |mail| people.check_mail(mail))?;
        people.links.insert(write.link.token, write.link);
        write.mail.into_iter().for_each(|mail| people.insert_mail(mail));
        self.store.record(write.audit);
        Ok(())
    }

    async fn link(&self, token: TokenHash) -> Result<Option<LinkSnapshot>, StoreError> {
        self.reachable()?;
        let people = self.lock();
        let Some(link) = people.links.get(&token) else { return Ok(None) };
        let person = people.accounts.get(&link.user);
        Ok(person.map(|person| LinkSnapshot { link: link.clone(), account: self.current(person) }))
    }

    async fn verify_address(&self, write: LinkUse) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let Some(account) = people.opened_by(&write, LinkKind::VerifyAddress) else { return Ok(Commit::Lost) };
        people.use_up_links(write.user, LinkKind::VerifyAddress, write.at);
        let hash = people.accounts.get(&write.user).and_then(|person| person.hash.clone());
        self.keep(&mut people, verified(account, write.at), hash);
        self.store.record(write.audit);
        Ok(Commit::Applied)
    }

    async fn set_password_by_link(&self, write: LinkedPassword) -> Result<Commit, StoreError> {
        let (mut people, link) = (self.lock(), write.link);
        let Some(account) = people.opened_by(&link, write.kind) else { return Ok(Commit::Lost) };
        write.notice.as_ref().map_or(Ok(()), |mail| people.check_mail(mail))?;
        let account = match write.proof.was_verified() {
            Some(was) if was != account.is_verified => return Ok(Commit::Lost),
            Some(_) => {
                people.use_up_links(link.user, LinkKind::VerifyAddress, link.at);
                if write.proof.forgets_consents() {
                    self.store.forget_consents(link.user);
                }
                verified(account, link.at)
            }
            None => account,
        };
        let account = Account { reset_required: false, updated_at: link.at, ..account };
        self.enter_password(&mut people, account, write.hash, link.at);
        if write.kind == LinkKind::Invitation {
            people.use_up_links(link.user, LinkKind::Invitation, link.at);
            people.mark_opened(link.user, link.at);
        }
        write.notice.into_iter().for_each(|mail| people.insert_mail(mail));
        self.store.end_everything(link.user, link.at, RevocationReason::User);
        if write.api_keys == ApiKeys::End {
            self.store.end_api_keys(link.user, link.at);
        }
        self.store.record(link.audit);
        Ok(Commit::Applied)
    }

    async fn queue_mail(&self, mail: NewMail, audit: Option<AuditEvent>) -> Result<(), StoreError> {
        let mut people = self.lock();
        people.check_mail(&mail)?;
        people.insert_mail(mail);
        audit.into_iter().for_each(|event| self.store.record(event));
        Ok(())
    }

    async fn hold_mails(&self, hold: Hold) -> Result<Vec<HeldMail>, StoreError> {
        Ok(self.lock().hold(hold, Lane::Servers))
    }

    async fn begin_transmission(
        &self,
        mail: MailId,
        lease: LeaseId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let held =
            |row: &&mut MailRow| row.entry.state == MailState::Queued && row.is_held_by(lease) && !row.is_free(now);
        let Some(row) = people.mails.get_mut(&mail).filter(held) else { return Ok(Commit::Lost) };
        (row.entry.state, row.lease) = (MailState::Sending, Some((lease, until)));
        Ok(Commit::Applied)
    }

    async fn settle_mail(&self, write: Settlement) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let open = |row: &&mut MailRow| {
            row.is_held_by(write.lease)
                && matches!(row.entry.state, MailState::Queued | MailState::Sending | MailState::Unknown)
        };
        let Some(row) = people.mails.get_mut(&write.id).filter(open) else { return Ok(Commit::Lost) };
        (row.entry.state, row.entry.attempts, row.entry.next_at) = (write.state, write.attempts, write.next_at);
        (row.entry.error, row.lease) = (write.error, None);
        if write.state == MailState::Sent {
            row.sealed.clear();
            people.mark_sent(write.id, write.next_at);
        }
        Ok(Commit::Applied)
    }

    async fn release_mails(&self, lease: LeaseId) -> Result<(), StoreError> {
        let mut people = self.lock();
        let held =
            people.mails.values_mut().filter(|row| row.entry.state == MailState::Queued && row.is_held_by(lease));
        held.for_each(|row| row.lease = None);
        Ok(())
    }

    async fn sweep_mails(&self, now: Timestamp, resend: Resend) -> Result<u64, StoreError> {
        let mut changed = 0;
        for row in self.lock().mails.values_mut() {
            let lost = row.entry.state == MailState::Sending && row.is_free(now);
            let again = resend == Resend::Always
                && (lost || row.entry.state == MailState::Unknown)
                && row.entry.attempts < MOST_ATTEMPTS;
            if again {
                (row.entry.state, row.lease) = (MailState::Queued, None);
                row.entry.attempts += 1;
            } else if lost {
                row.entry.state = MailState::Unknown;
            } else {
                continue;
            }
            row.entry.next_at = now;
            changed += 1;
        }
        Ok(changed)
    }

    async fn list_mails(&self, query: OutboxQuery) -> Result<Vec<OutboxEntry>, StoreError> {
        let people = self.lock();
        let entries = people.mails.values().map(|row| &row.entry);
        let mut entries: Vec<_> =
            entries.filter(|entry| query.state.is_none_or(|state| entry.state == state)).cloned().collect();
        entries.sort_by_key(|entry| std::cmp::Reverse((entry.created_at, entry.id)));
        entries.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        Ok(entries)
    }

    async fn mail(&self, mail: MailId) -> Result<Option<OutboxEntry>, StoreError> {
        Ok(self.lock().mails.get(&mail).map(|row| row.entry.clone()))
    }

    async fn count_mails(&self) -> Result<Vec<(MailState, u64)>, StoreError> {
        let people = self.lock();
        let count = |state| people.mails.values().filter(|row| row.entry.state == state).count();
        let counts = MailState::ALL.map(|state| (state, u64::try_from(count(state)).unwrap_or(u64::MAX)));
        Ok(counts.into_iter().filter(|(_, count)| *count > 0).collect())
    }

    async fn oldest_mail(&self) -> Result<Option<Timestamp>, StoreError> {
        let people = self.lock();
        let waiting = people.mails.values().filter(|row| row.entry.state == MailState::Queued);
        Ok(waiting.map(|row| row.entry.created_at).min())
    }

    async fn retry_mail(&self, mail: MailId, now: Timestamp, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let ours = |row: &&mut MailRow| {
            matches!(row.entry.state, MailState::Queued | MailState::Failed | MailState::Unknown) && row.is_free(now)
        };
        let Some(row) = people.mails.get_mut(&mail).filter(ours) else { return Ok(Commit::Lost) };
        (row.entry.state, row.entry.attempts, row.entry.next_at, row.lease) = (MailState::Queued, 0, now, None);
        self.store.record(audit);
        Ok(Commit::Applied)
    }

    async fn drop_mail(&self, mail: MailId, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        if people.mails.get(&mail).is_none_or(|row| row.entry.state == MailState::Sending) {
            return Ok(Commit::Lost);
        }
        people.mails.remove(&mail);
        self.store.record(audit);
        Ok(Commit::Applied)
    }
}

pub(super) fn verified(mut account: Account, at: Timestamp) -> Account {
    (account.is_verified, account.updated_at) = (true, at);
    if account.subject.status == AccountStatus::PendingVerification {
        account.subject.status = AccountStatus::Active;
    }
    account
}

impl People {
    /// The account of an unused link that has not expired, if it still has the address.
    pub(super) fn opened_by(&self, write: &LinkUse, kind: LinkKind) -> Option<Account> {
        let link = self.links.get(&write.token)?;
        let opens =
            link.used_at.is_none() && link.expires_at > write.at && link.kind == kind && link.user == write.user;
        let person = self.accounts.get(&write.user).filter(|_| opens)?;
        (fold(&person.account.email) == fold(&write.address)).then(|| person.account.clone())
    }

    /// Uses up all links of a kind.
    pub(super) fn use_up_links(&mut self, user: UserId, kind: LinkKind, at: Timestamp) {
        let theirs = self.links.values_mut().filter(|link| link.user == user && link.kind == kind);
        theirs.filter(|link| link.used_at.is_none()).for_each(|link| link.used_at = Some(at));
    }

    pub(super) fn check_mail(&self, mail: &NewMail) -> Result<(), StoreError> {
        let taken = self.mails.contains_key(&mail.id);
        if taken { Err(StoreError::new(StoreErrorKind::Conflict("mail_outbox.id"))) } else { Ok(()) }
    }

    /// Takes what is due of a lane.
    pub(super) fn hold(&mut self, hold: Hold, lane: Lane) -> Vec<HeldMail> {
        let due = |row: &&mut MailRow| {
            row.lane == lane
                && row.entry.state == MailState::Queued
                && row.entry.next_at <= hold.now
                && row.is_free(hold.now)
        };
        let mut rows: Vec<_> = self.mails.values_mut().filter(due).collect();
        rows.sort_by_key(|row| (row.entry.next_at, row.entry.id));
        rows.truncate(usize::try_from(hold.limit).unwrap_or(usize::MAX));
        let held = rows.into_iter().map(|row| {
            row.lease = Some((hold.lease, hold.until));
            HeldMail { entry: row.entry.clone(), sealed: row.sealed.clone() }
        });
        held.collect()
    }

    fn insert_mail(&mut self, mail: NewMail) {
        self.insert_mail_into(mail, Lane::Servers);
    }

    pub(super) fn insert_mail_into(&mut self, mail: NewMail, lane: Lane) {
        let entry = OutboxEntry {
            id: mail.id,
            kind: mail.kind,
            to: mail.to.as_str().to_owned(),
            user: mail.user,
            state: MailState::Queued,
            attempts: 0,
            created_at: mail.at,
            next_at: mail.at,
            error: None,
        };
        self.mails.insert(mail.id, MailRow { entry, sealed: mail.sealed, lease: None, lane });
    }

    /// Removes what is over: links that expired, and mails that were settled before that.
    pub(super) fn purge_mails(&mut self, before: Timestamp, most: usize) -> u64 {
        let links: Vec<_> =
            self.links.values().filter(|link| link.expires_at < before).map(|link| link.token).take(most).collect();
        self.links.retain(|token, _| !links.contains(token));
        let settled = |row: &&MailRow| {
            matches!(row.entry.state, MailState::Sent | MailState::Failed | MailState::Unknown)
                && row.entry.next_at < before
        };
        let mails: Vec<_> = self.mails.values().filter(settled).map(|row| row.entry.id).take(most).collect();
        self.mails.retain(|id, _| !mails.contains(id));
        u64::try_from(links.len() + mails.len()).unwrap_or(u64::MAX)
    }
}
