//! Who is invited: one verdict for every account, so that the verdicts add up to the accounts.

use oauth_core::{
    ids::{TenantId, UserId},
    subject::AccountStatus,
    time::Timestamp,
};

use crate::{identifier::EmailAddress, mail::outbox::MailState};

/// An account with what decides whether it is invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitee {
    /// The account.
    pub user: UserId,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Its address.
    pub email: String,
    /// What its owner is called.
    pub name: Option<String>,
    /// The language of its owner, as a tag.
    pub locale: Option<String>,
    /// Its state; deleted accounts are no invitees.
    pub status: AccountStatus,
    /// Whether the address is verified.
    pub is_verified: bool,
    /// Whether an administrator locked it.
    pub is_locked: bool,
    /// Whether it is an administrator.
    pub is_admin: bool,
    /// Whether its password must be set anew by link.
    pub reset_required: bool,
    /// Whether it has signed in by OAuth, or cannot do otherwise.
    pub completed: bool,
    /// Its wave, once it has one.
    pub wave: Option<u32>,
    /// The state of its newest letter, while the outbox knows it.
    pub letter: Option<MailState>,
    /// When its newest letter was queued.
    pub queued_at: Option<Timestamp>,
    /// When a mail server last accepted a letter.
    pub sent_at: Option<Timestamp>,
}

/// Who is to be invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InviteRules {
    /// Only this wave.
    pub wave: Option<u32>,
    /// Only those who were invited before.
    pub remind: bool,
    /// Also addresses that nobody has verified.
    pub unverified: bool,
    /// Nobody whose last letter is younger than this.
    pub before: Timestamp,
}

/// What becomes of an account; the text is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It gets a letter.
    Invited,
    /// It has signed in the new way already.
    AlreadyCompleted,
    /// It got a letter within the interval, or one is on its way.
    InvitedRecently,
    /// It has no address that mail can be sent to, or nobody has verified it.
    NoUsableAddress,
    /// It is disabled or locked.
    Disabled,
    /// It belongs to another wave, or to none.
    OtherWave,
    /// It was never invited, so there is nothing to remind of.
    NotInvited,
    /// It would get a letter, but enough were written.
    LeftOver,
    /// It would get a letter, which could not be written.
    Failed,
}

impl Verdict {
    /// All verdicts, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::Invited,
        Self::AlreadyCompleted,
        Self::InvitedRecently,
        Self::NoUsableAddress,
        Self::Disabled,
        Self::OtherWave,
        Self::NotInvited,
        Self::LeftOver,
        Self::Failed,
    ];

    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::AlreadyCompleted => "already_completed",
            Self::InvitedRecently => "invited_recently",
            Self::NoUsableAddress => "no_usable_address",
            Self::Disabled => "disabled",
            Self::OtherWave => "other_wave",
            Self::NotInvited => "not_invited",
            Self::LeftOver => "left_over",
            Self::Failed => "failed",
        }
    }
}

impl Invitee {
    /// What becomes of the account.
    pub fn verdict(&self, rules: &InviteRules) -> Verdict {
        if matches!(self.status, AccountStatus::Disabled | AccountStatus::Deleted) || self.is_locked {
            return Verdict::Disabled;
        }
        if self.completed {
            return Verdict::AlreadyCompleted;
        }
        if rules.wave.is_some() && rules.wave != self.wave {
            return Verdict::OtherWave;
        }
        if EmailAddress::parse(&self.email).is_none() || !(self.is_verified || rules.unverified) {
            return Verdict::NoUsableAddress;
        }
        if self.has_recent_letter(rules.before) {
            return Verdict::InvitedRecently;
        }
        if rules.remind && self.sent_at.is_none() { Verdict::NotInvited } else { Verdict::Invited }
    }

    /// Whether a letter is on its way, or got there (or perhaps got there) after that instant.
    fn has_recent_letter(&self, before: Timestamp) -> bool {
        let after = |at: Option<Timestamp>| at.is_some_and(|at| at > before);
        match self.letter {
            Some(MailState::Queued | MailState::Sending) => true,
            Some(MailState::Unknown) if after(self.queued_at) => true,
            _ => after(self.sent_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    fn ada() -> Invitee {
        Invitee {
            user: UserId::from_uuid(uuid::Uuid::from_u128(1)),
            tenant: None,
            email: "ada@example.org".into(),
            name: None,
            locale: None,
            status: AccountStatus::Active,
            is_verified: true,
            is_locked: false,
            is_admin: false,
            reset_required: false,
            completed: false,
            wave: Some(2),
            letter: None,
            queued_at: None,
            sent_at: None,
        }
    }

    fn rules() -> InviteRules {
        InviteRules { wave: None, remind: false, unverified: false, before: at(100) }
    }

    #[test]
    fn everybody_who_has_not_moved_is_invited() {
        assert_eq!(ada().verdict(&rules()), Verdict::Invited);
        assert_eq!(Invitee { completed: true, ..ada() }.verdict(&rules()), Verdict::AlreadyCompleted);
        assert_eq!(Invitee { status: AccountStatus::Disabled, ..ada() }.verdict(&rules()), Verdict::Disabled);
        assert_eq!(Invitee { is_locked: true, ..ada() }.verdict(&rules()), Verdict::Disabled);
    }

    #[test]
    fn only_the_wave_that_is_asked_for_is_invited() {
        for (asked, own, verdict) in [
            (Some(2), Some(2), Verdict::Invited),
            (Some(1), Some(2), Verdict::OtherWave),
            (Some(2), None, Verdict::OtherWave),
            (None, None, Verdict::Invited),
        ] {
            let rules = InviteRules { wave: asked, ..rules() };
            assert_eq!(Invitee { wave: own, ..ada() }.verdict(&rules), verdict, "{asked:?} {own:?}");
        }
    }

    #[test]
    fn an_address_must_be_usable_and_verified_unless_the_operator_says_otherwise() {
        let unverified = Invitee { is_verified: false, ..ada() };
        assert_eq!(unverified.verdict(&rules()), Verdict::NoUsableAddress);
        assert_eq!(unverified.verdict(&InviteRules { unverified: true, ..rules() }), Verdict::Invited);
        let broken = Invitee { email: "no address".into(), ..ada() };
        assert_eq!(broken.verdict(&InviteRules { unverified: true, ..rules() }), Verdict::NoUsableAddress);
    }

    #[test]
    fn nobody_gets_two_letters_within_the_interval() {
        for (letter, queued, sent, verdict) in [
            (Some(MailState::Queued), 1, None, Verdict::InvitedRecently),
            (Some(MailState::Sending), 1, None, Verdict::InvitedRecently),
            (Some(MailState::Unknown), 101, None, Verdict::InvitedRecently),
            (Some(MailState::Unknown), 100, None, Verdict::Invited),
            (Some(MailState::Failed), 101, None, Verdict::Invited),
            (Some(MailState::Failed), 150, Some(101), Verdict::InvitedRecently),
            (Some(MailState::Sent), 99, Some(101), Verdict::InvitedRecently),
            (None, 99, Some(101), Verdict::InvitedRecently),
            (None, 99, Some(100), Verdict::Invited),
        ] {
            let one = Invitee { letter, queued_at: Some(at(queued)), sent_at: sent.map(at), ..ada() };
            assert_eq!(one.verdict(&rules()), verdict, "{letter:?} {queued} {sent:?}");
        }
    }

    #[test]
    fn only_those_who_were_invited_are_reminded() {
        let rules = InviteRules { remind: true, ..rules() };
        assert_eq!(ada().verdict(&rules), Verdict::NotInvited);
        assert_eq!(Invitee { sent_at: Some(at(1)), ..ada() }.verdict(&rules), Verdict::Invited);
    }
}
