//! Taking accounts back: what would happen first, then a confirmation that names it.

use askama::Template;

use super::{MigrationPlace, named};
use crate::{
    chart::spaced,
    frame::{Frame, render},
};

/// What is to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollbackTarget {
    /// One account.
    Account,
    /// One run.
    Run,
    /// One tenant.
    Tenant,
}

impl RollbackTarget {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 3] = [Self::Account, Self::Tenant, Self::Run];

    /// The text in addresses and forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Run => "run",
            Self::Tenant => "tenant",
        }
    }

    /// Reads it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.as_str() == text)
    }
}

/// The page that takes accounts back. Its form posts `csrf`, `target`, `name` and `confirm` to the same path.
#[derive(Debug, Clone, Copy, Default)]
pub struct MigrationRollback<'a> {
    /// The navigation.
    pub place: MigrationPlace<'a>,
    /// The token that binds the form to the browser.
    pub csrf: &'a str,
    /// What is to be taken back.
    pub target: Option<RollbackTarget>,
    /// Its name: the id of an account or run, the short name of a tenant.
    pub name: &'a str,
    /// What would happen.
    pub rehearsal: Option<Rehearsal<'a>>,
    /// Whether the sign-in is recent enough to go on.
    pub recent_sign_in: bool,
    /// Where one signs in again.
    pub sign_in: &'a str,
    /// What the last form brought.
    pub notice: Option<RollbackNotice<'a>>,
}

/// What a rollback would do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rehearsal<'a> {
    /// Accounts by the code of what becomes of them.
    pub results: &'a [(&'a str, u64)],
    /// Accounts that are never touched.
    pub left_alone: u64,
    /// Accounts that their owners changed since.
    pub changed_later: u64,
    /// The first of them.
    pub conflicts: &'a [RollbackConflict<'a>],
    /// Whether there are more accounts than were looked at.
    pub unfinished: bool,
}

/// An account that its owner changed since.
#[derive(Debug, Clone, Copy, Default)]
pub struct RollbackConflict<'a> {
    /// The account.
    pub account: &'a str,
    /// The columns that changed.
    pub columns: &'a str,
}

/// What the last form brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollbackNotice<'a> {
    /// It is done.
    Done,
    /// The page stood open too long.
    Expired,
    /// There is no such account, tenant or run.
    Nothing,
    /// It could not be done.
    Refused(&'a str),
    /// It goes on in the background.
    Started,
    /// The word was not typed as it stands there.
    WrongWord,
}

impl MigrationRollback<'_> {
    fn success(&self) -> Option<&'static str> {
        match self.notice? {
            RollbackNotice::Done => Some("rollback-done"),
            RollbackNotice::Started => Some("rollback-started"),
            _ => None,
        }
    }

    fn failure(&self, frame: &Frame<'_>) -> Option<String> {
        match self.notice? {
            RollbackNotice::Expired => Some(frame.t("form-expired").to_owned()),
            RollbackNotice::Nothing => Some(frame.t("rollback-nothing").to_owned()),
            RollbackNotice::Refused(why) => Some(frame.with("rollback-refused", "why", why)),
            RollbackNotice::WrongWord => Some(frame.t("rollback-wrong-word").to_owned()),
            RollbackNotice::Done | RollbackNotice::Started => None,
        }
    }

    fn is_wrong_word(&self) -> bool {
        self.notice == Some(RollbackNotice::WrongWord)
    }

    fn target_code(&self) -> &'static str {
        self.target.map_or("", RollbackTarget::as_str)
    }

    fn target_words(&self, frame: &Frame<'_>) -> String {
        named(frame, "rollback", self.target_code())
    }

    fn targets(&self, frame: &Frame<'_>) -> Vec<(&'static str, String, bool)> {
        RollbackTarget::ALL
            .into_iter()
            .map(|target| (target.as_str(), named(frame, "rollback", target.as_str()), self.target == Some(target)))
            .collect()
    }
}

impl Rehearsal<'_> {
    fn lines(&self, frame: &Frame<'_>) -> Vec<(String, String)> {
        self.results.iter().map(|(code, count)| (named(frame, "restored", code), spaced(*count))).collect()
    }

    fn is_empty(&self) -> bool {
        self.results.is_empty() && self.left_alone == 0
    }
}

#[derive(Template)]
#[template(path = "migration_rollback.html")]
struct Page<'a> {
    view: &'a MigrationRollback<'a>,
    place: MigrationPlace<'a>,
    here: &'static str,
    frame: &'a Frame<'a>,
    failure: Option<String>,
}

/// Renders the page that takes accounts back.
#[must_use]
pub fn migration_rollback(view: &MigrationRollback<'_>, frame: &Frame<'_>) -> String {
    render(&Page { view, place: view.place, here: "rollback", frame, failure: view.failure(frame) })
}
