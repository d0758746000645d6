//! Invitations in memory. What a migration knows of an account (whether it has completed) is not kept here: nobody has.

use std::collections::BTreeMap;

use oauth_core::{
    ids::{MailId, UserId},
    store::{Commit, StoreError, StoreErrorKind},
    subject::AccountStatus,
    time::Timestamp,
};

use super::{MemoryDirectory, People, mail::verified};
use crate::{
    invite::{InvitationFigures, InvitationRepository, Invitee, InviteeAsk, Lane, NewInvitation},
    mail::{
        link::LinkKind,
        outbox::{HeldMail, Hold, MailState},
        store::LinkUse,
    },
    uniqueness::tenant_of,
};

/// What is known of an account's invitation.
#[derive(Debug, Default)]
pub(super) struct InvitationRow {
    wave: Option<u32>,
    mail: Option<MailId>,
    queued_at: Option<Timestamp>,
    sent_at: Option<Timestamp>,
    letters: u64,
    opened_at: Option<Timestamp>,
}

impl InvitationRepository for MemoryDirectory {
    async fn invitees(&self, ask: InviteeAsk) -> Result<Vec<Invitee>, StoreError> {
        let people = self.lock();
        let accounts = people.accounts.values().map(|person| self.current(person)).filter(|account| {
            account.subject.status != AccountStatus::Deleted
                && ask.after.is_none_or(|after| account.subject.id > after)
                && ask.tenant.is_none_or(|tenant| tenant_of(&account.subject) == Some(tenant))
        });
        let invitee = |account: crate::account::Account| {
            let row = people.invitations.get(&account.subject.id);
            Invitee {
                user: account.subject.id,
                tenant: tenant_of(&account.subject),
                email: account.email,
                name: account.subject.profile.name.clone(),
                locale: account.subject.profile.locale.clone(),
                status: account.subject.status,
                is_verified: account.is_verified,
                is_locked: account.is_locked,
                is_admin: account.subject.is_admin,
                reset_required: account.reset_required,
                completed: false,
                wave: row.and_then(|row| row.wave),
                letter: row.and_then(|row| people.letter_of(row)),
                queued_at: row.and_then(|row| row.queued_at),
                sent_at: row.and_then(|row| row.sent_at),
            }
        };
        Ok(accounts.take(usize::try_from(ask.limit).unwrap_or(usize::MAX)).map(invitee).collect())
    }

    async fn assign_waves(&self, waves: Vec<(UserId, u32)>) -> Result<(), StoreError> {
        let mut people = self.lock();
        for (user, wave) in waves {
            people.invitations.entry(user).or_default().wave.get_or_insert(wave);
        }
        Ok(())
    }

    async fn invite(
        &self,
        letters: Vec<NewInvitation>,
        lane: Lane,
        before: Timestamp,
    ) -> Result<Vec<UserId>, StoreError> {
        let mut people = self.lock();
        for letter in &letters {
            people.check_mail(&letter.mail)?;
            if people.links.contains_key(&letter.link.token) {
                return Err(StoreError::new(StoreErrorKind::Conflict("email_links.token")));
            }
        }
        let mut invited = Vec::new();
        for NewInvitation { link, mail, audit } in letters {
            let user = link.user;
            if !people.accounts.contains_key(&user) || !people.may_be_invited(user, before) {
                continue;
            }
            let (id, at) = (mail.id, mail.at);
            let row = people.invitations.entry(user).or_default();
            row.queued_at = Some(at);
            if let Some(old) = row.mail.replace(id) {
                let gone = |state| matches!(state, MailState::Failed | MailState::Unknown);
                if people.mails.get(&old).is_some_and(|old| gone(old.state())) {
                    people.mails.remove(&old);
                }
            }
            people.links.insert(link.token, link);
            people.insert_mail_into(mail, lane);
            self.store.record(audit);
            invited.push(user);
        }
        Ok(invited)
    }

    async fn hold_files(&self, hold: Hold) -> Result<Vec<HeldMail>, StoreError> {
        Ok(self.lock().hold(hold, Lane::Files))
    }

    async fn open_invitation(&self, write: LinkUse) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let Some(account) = people.opened_by(&write, LinkKind::Invitation) else { return Ok(Commit::Lost) };
        people.use_up_links(write.user, LinkKind::Invitation, write.at);
        people.mark_opened(write.user, write.at);
        let hash = people.accounts.get(&write.user).and_then(|person| person.hash.clone());
        self.keep(&mut people, verified(account, write.at), hash);
        self.store.record(write.audit);
        Ok(Commit::Applied)
    }

    async fn invitation_figures(&self) -> Result<Vec<InvitationFigures>, StoreError> {
        let people = self.lock();
        let mut figures: BTreeMap<Option<String>, InvitationFigures> = BTreeMap::new();
        for (user, row) in &people.invitations {
            let Some(account) = people.accounts.get(user).map(|person| self.current(person)) else { continue };
            if account.subject.status == AccountStatus::Deleted {
                continue;
            }
            let slug = account.subject.tenant.as_ref().map(|tenant| tenant.slug.clone());
            let one = figures.entry(slug.clone()).or_default();
            (one.tenant, one.slug) = (tenant_of(&account.subject), slug);
            let letter = people.letter_of(row);
            let is = |states: &[MailState]| u64::from(letter.is_some_and(|state| states.contains(&state)));
            one.queued += is(&[MailState::Queued, MailState::Sending]);
            one.failed += is(&[MailState::Failed]);
            one.unknown += is(&[MailState::Unknown]);
            one.sent += u64::from(row.letters > 0);
            one.opened += u64::from(row.opened_at.is_some());
            one.letters += row.letters;
        }
        Ok(figures.into_values().collect())
    }
}

impl People {
    fn letter_of(&self, row: &InvitationRow) -> Option<MailState> {
        self.mails.get(&row.mail?).map(super::mail::MailRow::state)
    }

    fn may_be_invited(&self, user: UserId, before: Timestamp) -> bool {
        let Some(row) = self.invitations.get(&user) else { return true };
        let letter = row.mail.and_then(|mail| self.mails.get(&mail));
        let waits = letter.is_some_and(|letter| match letter.state() {
            MailState::Queued | MailState::Sending => true,
            MailState::Unknown => letter.settled_at() > before,
            MailState::Failed | MailState::Sent => false,
        });
        !waits && row.sent_at.is_none_or(|sent| sent <= before)
    }

    /// The mail server has the letter.
    pub(super) fn mark_sent(&mut self, mail: MailId, at: Timestamp) {
        for row in self.invitations.values_mut().filter(|row| row.mail == Some(mail)) {
            (row.sent_at, row.letters) = (Some(at), row.letters + 1);
        }
    }

    /// The owner of the account has come.
    pub(super) fn mark_opened(&mut self, user: UserId, at: Timestamp) {
        self.invitations.entry(user).or_default().opened_at.get_or_insert(at);
    }
}
