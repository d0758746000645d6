//! The outbox: each mail is sent at least once under one stable `Message-ID`, and exactly once outside the instant between the
//! mail server's word that it has the mail and our commit.
//!
//! A server takes mails under a lease (`queued`), says that it is about to hand over the content (`sending`), hands it over,
//! and writes down what came of it. A lease that runs out before the content was handed over gives the mail back; after that
//! nobody knows, and the mail is `unknown` until an administrator or a setting sends it again.

use std::time::Duration;

use oauth_core::{
    ids::{LeaseId, MailId, UserId},
    time::Timestamp,
};

use super::letter::MailKind;

/// The state of a mail; the text is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailState {
    /// Not accepted, for good.
    Failed,
    /// To be sent.
    Queued,
    /// Its content is being handed over.
    Sending,
    /// Accepted by the mail server.
    Sent,
    /// Perhaps accepted: the server's word was lost.
    Unknown,
}

impl MailState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Failed, Self::Queued, Self::Sending, Self::Sent, Self::Unknown];

    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the stable text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A mail in the outbox, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its id.
    pub id: MailId,
    /// What it is about.
    pub kind: MailKind,
    /// Where it goes.
    pub to: String,
    /// The account concerned.
    pub user: Option<UserId>,
    /// Its state.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it is tried next, or was settled.
    pub next_at: Timestamp,
    /// What the mail server said last.
    pub error: Option<String>,
}

/// A mail that this server may send now.
#[derive(Clone, Debug)]
pub struct HeldMail {
    /// The mail.
    pub entry: OutboxEntry,
    /// The sealed letter.
    pub sealed: Vec<u8>,
}

/// Takes mails that are due.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// Under which lease.
    pub lease: LeaseId,
    /// Now.
    pub now: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// At most so many.
    pub limit: u32,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// The mail server has it.
    Accepted,
    /// Its content was handed over, and no word came back.
    Unanswered(String),
    /// Not now; nothing was handed over, or it was refused for the moment.
    Postponed(String),
    /// Refused for good, or it cannot be sent at all.
    Refused(String),
}

/// Writes down what came of an attempt; applies only under the same lease.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Which mail.
    pub id: MailId,
    /// The lease it was held under.
    pub lease: LeaseId,
    /// Its state from now on.
    pub state: MailState,
    /// How often it was tried, this attempt included.
    pub attempts: u32,
    /// When it is tried next, or now.
    pub next_at: Timestamp,
    /// What the mail server said.
    pub error: Option<String>,
}

/// What becomes of mails whose sender was lost while it handed them over, and of those that are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// They are listed as unknown: nobody gets a mail twice.
    Never,
    /// They are queued again: nobody misses a mail.
    Always,
}

/// Which mails to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutboxQuery {
    /// Only those in this state.
    pub state: Option<MailState>,
    /// At most so many, newest first.
    pub limit: u32,
}

/// How often a mail is tried before it has failed.
pub const MOST_ATTEMPTS: u32 = 12;
/// The first pause, doubled after each attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3_600);
/// The longest word of a mail server that is kept.
const LONGEST_ERROR: usize = 500;

/// What follows from an attempt. `chance` is between 0 and 1 and spreads the pauses of many mails.
pub fn settle(mail: &OutboxEntry, lease: LeaseId, attempted: Attempted, chance: f64, now: Timestamp) -> Settlement {
    let attempts = mail.attempts.saturating_add(1);
    let (state, next_at, error) = match attempted {
        Attempted::Accepted => (MailState::Sent, now, None),
        Attempted::Unanswered(why) => (MailState::Unknown, now, Some(why)),
        Attempted::Refused(why) => (MailState::Failed, now, Some(why)),
        Attempted::Postponed(why) if attempts >= MOST_ATTEMPTS => (MailState::Failed, now, Some(why)),
        Attempted::Postponed(why) => (MailState::Queued, now.plus(pause(attempts, chance)), Some(why)),
    };
    let error = error.map(|why| why.chars().filter(|c| !c.is_control()).take(LONGEST_ERROR).collect());
    Settlement { id: mail.id, lease, state, attempts, next_at, error }
}

/// Half a minute, doubled with each attempt up to six hours, of which the last half is by chance.
fn pause(attempts: u32, chance: f64) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(LONGEST_PAUSE);
    doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    fn mail(attempts: u32) -> OutboxEntry {
        OutboxEntry {
            id: MailId::from_uuid(uuid::Uuid::from_u128(1)),
            kind: MailKind::SetPassword,
            to: "ada@example.org".into(),
            user: None,
            state: MailState::Sending,
            attempts,
            created_at: at(0),
            next_at: at(0),
            error: None,
        }
    }

    fn settled(attempts: u32, attempted: Attempted, chance: f64) -> Settlement {
        settle(&mail(attempts), LeaseId::from_uuid(uuid::Uuid::from_u128(2)), attempted, chance, at(0))
    }

    #[test]
    fn pauses_double_and_are_spread() {
        let pause =
            |attempts, chance| settled(attempts, Attempted::Postponed(String::new()), chance).next_at.since(at(0));
        assert_eq!(pause(0, 1.0), Duration::from_secs(30));
        assert_eq!(pause(0, 0.0), Duration::from_secs(15));
        assert_eq!(pause(1, 1.0), Duration::from_secs(60));
        assert_eq!(pause(10, 1.0), Duration::from_secs(6 * 3_600));
    }

    #[test]
    fn a_mail_fails_after_the_last_attempt() {
        let postponed = || Attempted::Postponed("421 later".into());
        assert_eq!(settled(MOST_ATTEMPTS - 2, postponed(), 0.5).state, MailState::Queued);
        let last = settled(MOST_ATTEMPTS - 1, postponed(), 0.5);
        assert_eq!((last.state, last.attempts), (MailState::Failed, MOST_ATTEMPTS));
        assert_eq!(settled(0, Attempted::Refused("550 no".into()), 0.5).state, MailState::Failed);
    }

    #[test]
    fn only_the_servers_word_makes_a_mail_sent() {
        assert_eq!(settled(0, Attempted::Accepted, 0.5).state, MailState::Sent);
        assert_eq!(settled(0, Attempted::Unanswered("cut".into()), 0.5).state, MailState::Unknown);
    }

    #[test]
    fn what_a_server_says_is_kept_short_and_plain() {
        let said = settled(0, Attempted::Refused(format!("550 \u{1b}[2J{}", "x".repeat(2_000))), 0.5).error.unwrap();
        assert!(said.len() <= LONGEST_ERROR && !said.contains('\u{1b}'));
    }

    #[test]
    fn states_are_read_back() {
        for state in MailState::ALL {
            assert_eq!(MailState::parse(state.as_str()), Some(state));
        }
        assert_eq!(MailState::parse("lost"), None);
    }
}
