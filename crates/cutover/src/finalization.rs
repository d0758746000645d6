//! The end of a migration as it is kept: how far it is, what may follow, and what it does to an account (C-31).
//!
//! What is removed goes into an archive, sealed; an undo puts it back until the archive is purged, after a grace period. The record
//! stands among the settings of the catalog, so that servers close the doors as soon as it is there.

mod relic;

use std::time::Duration;

use oauth_core::{services::Sealer, subject::AccountStatus, time::Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

pub use self::relic::{Relic, RelicKind, SealedRelic};
use crate::{
    account::{AuthMethod, TargetAccount},
    columns::{self, ColumnError},
    ledger::LedgerItem,
    parting::Parted,
    source::SourceName,
};

/// How long what was removed is kept, where nobody says otherwise.
pub const GRACE_DAYS: u32 = 30;

/// How far the end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalizationState {
    /// Everything is done.
    Executed,
    /// It began, and the doors are closed; accounts and rows follow.
    Executing,
    /// The archive is gone: there is no way back.
    Purged,
    /// The archive goes.
    Purging,
    /// It is taken back; the doors open last.
    Undoing,
}

/// What becomes of the passwords of people who sign in at another identity provider (C-31). Where Authly is the provider, a
/// password is the credential of its own sign-in page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passwords {
    /// They stay.
    #[default]
    Keep,
    /// They go with the end, and come back with its undo.
    Remove,
}

impl Passwords {
    /// Whether any goes.
    pub const fn go(self) -> bool {
        matches!(self, Self::Remove)
    }

    /// Whether the end takes this account's.
    pub const fn goes(self, account: &TargetAccount) -> bool {
        self.go() && account.external_subject.is_some() && (account.hash.is_some() || account.upgraded_hash.is_some())
    }
}

/// The end of a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finalization {
    /// How far it is.
    pub state: FinalizationState,
    /// When it began.
    pub begun_at: Timestamp,
    /// When everything was done.
    #[serde(default)]
    pub executed_at: Option<Timestamp>,
    /// How many days the archive is kept from then on.
    pub grace_days: u32,
    /// How many accounts were waived.
    #[serde(default)]
    pub waived: u64,
    /// What becomes of passwords.
    #[serde(default)]
    pub passwords: Passwords,
    /// When the archive was purged.
    #[serde(default)]
    pub purged_at: Option<Timestamp>,
    /// Applications whose own columns are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parted: Vec<Parted>,
}

/// Why a step of the end does not follow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StepRefused {
    /// It is done already.
    #[error("the migration is finalized since {0}")]
    Done(String),
    /// The way back is being gone.
    #[error("the end of the migration is being taken back: run `finalize undo` again until it is done")]
    Undoing,
    /// Only half of it is done.
    #[error("the migration is being finalized: run `finalize execute` again until it is done")]
    Executing,
    /// There is nothing to take back or to purge.
    #[error("the migration is not finalized")]
    NotFinalized,
    /// The archive is gone or going.
    #[error("the archive is purged since {0}: there is no way back")]
    Purged(String),
    /// The columns of an application come back first.
    #[error("the columns of {table} of the source {source_name} are dropped")]
    Parted {
        /// The source.
        source_name: SourceName,
        /// Its table.
        table: String,
    },
    /// There is nothing of that source to bring back.
    #[error("no columns of the source {0} are dropped")]
    NotParted(SourceName),
    /// The archive is still kept.
    #[error("what was removed is kept until {0}")]
    TooEarly(String),
}

impl Finalization {
    /// The record as it begins.
    pub fn begun(at: Timestamp, grace_days: u32, waived: u64) -> Self {
        let state = FinalizationState::Executing;
        let (passwords, parted) = (Passwords::Keep, Vec::new());
        Self { state, begun_at: at, executed_at: None, grace_days, waived, passwords, purged_at: None, parted }
    }

    /// From when on the archive may be purged.
    pub fn purge_from(&self) -> Option<Timestamp> {
        let grace = Duration::from_secs(u64::from(self.grace_days) * 86_400);
        self.executed_at.map(|at| self.parted.iter().map(|one| one.at).fold(at, Timestamp::max).plus(grace))
    }

    fn since(&self) -> String {
        self.executed_at.unwrap_or(self.begun_at).to_rfc3339()
    }
}

/// Whether an end that stands like this can be begun (`None`), or gone on with.
pub fn may_execute(known: Option<&Finalization>) -> Result<(), StepRefused> {
    match known.map(|known| (known, known.state)) {
        None | Some((_, FinalizationState::Executing)) => Ok(()),
        Some((_, FinalizationState::Undoing)) => Err(StepRefused::Undoing),
        Some((known, _)) => Err(StepRefused::Done(known.since())),
    }
}

/// The end that can be taken back.
pub fn may_undo(known: Option<Finalization>) -> Result<Finalization, StepRefused> {
    let known = known.ok_or(StepRefused::NotFinalized)?;
    match (known.state, known.parted.first()) {
        (FinalizationState::Executed, Some(one)) => Err(parted(one)),
        (FinalizationState::Executed | FinalizationState::Executing | FinalizationState::Undoing, _) => Ok(known),
        (FinalizationState::Purged | FinalizationState::Purging, _) => Err(gone(&known)),
    }
}

/// The end after which the columns of an application may go.
pub fn may_part(known: Option<Finalization>, source: &SourceName) -> Result<Finalization, StepRefused> {
    let known = executed(known)?;
    match known.parted.iter().find(|one| one.source == *source) {
        Some(one) => Err(parted(one)),
        None => Ok(known),
    }
}

/// The end after which the columns of that application went.
pub fn may_rejoin(known: Option<Finalization>, source: &SourceName) -> Result<Finalization, StepRefused> {
    let known = executed(known)?;
    match known.parted.iter().any(|one| one.source == *source) {
        true => Ok(known),
        false => Err(StepRefused::NotParted(source.clone())),
    }
}

/// The end that is done, and can still be taken back.
fn executed(known: Option<Finalization>) -> Result<Finalization, StepRefused> {
    let known = known.ok_or(StepRefused::NotFinalized)?;
    match known.state {
        FinalizationState::Executed => Ok(known),
        FinalizationState::Executing => Err(StepRefused::Executing),
        FinalizationState::Undoing => Err(StepRefused::Undoing),
        FinalizationState::Purged | FinalizationState::Purging => Err(gone(&known)),
    }
}

fn parted(one: &Parted) -> StepRefused {
    StepRefused::Parted { source_name: one.source.clone(), table: one.table.clone() }
}

/// The end whose archive can be purged.
pub fn may_purge(known: Option<Finalization>, now: Timestamp) -> Result<Finalization, StepRefused> {
    let known = known.ok_or(StepRefused::NotFinalized)?;
    match (known.state, known.purge_from()) {
        (FinalizationState::Purged, _) => Err(gone(&known)),
        (FinalizationState::Undoing, _) => Err(StepRefused::Undoing),
        (FinalizationState::Executing, _) | (_, None) => Err(StepRefused::Executing),
        (FinalizationState::Executed, Some(from)) if now < from => Err(StepRefused::TooEarly(from.to_rfc3339())),
        (FinalizationState::Executed | FinalizationState::Purging, Some(_)) => Ok(known),
    }
}

fn gone(known: &Finalization) -> StepRefused {
    StepRefused::Purged(known.purged_at.unwrap_or(known.begun_at).to_rfc3339())
}

/// Whether the end changes this account: it completed and has another way to sign in, or it is on OAuth alone and its password goes.
pub fn concerns(account: &TargetAccount, passwords: Passwords) -> bool {
    account.status != AccountStatus::Deleted
        && match account.auth_method {
            AuthMethod::Oauth => passwords.goes(account),
            AuthMethod::Dual | AuthMethod::Password => account.completed_at.is_some(),
        }
}

/// An account that the end changes, as it stands after it: on OAuth alone, and without a password if that is to go. Nothing
/// else of it changes.
pub fn moved(account: &TargetAccount, passwords: Passwords) -> TargetAccount {
    let moved = TargetAccount { auth_method: AuthMethod::Oauth, ..account.clone() };
    match passwords.goes(account) {
        true => TargetAccount { hash: None, upgraded_hash: None, ..moved },
        false => moved,
    }
}

/// The account before a line of the end: what the line changed goes back where it still stands as the line left it.
pub fn restored(
    item: &LedgerItem,
    current: &TargetAccount,
    sealer: &impl Sealer,
) -> Result<TargetAccount, ColumnError> {
    let mut account = current.clone();
    for (name, before) in &item.before {
        if columns::matches(current, name, item.after.get(name).unwrap_or(&Value::Null), sealer)? {
            columns::put(&mut account, name, before, sealer)?;
        }
    }
    Ok(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_seconds(days * 86_400)
    }

    fn in_state(state: FinalizationState) -> Option<Finalization> {
        Some(Finalization { state, executed_at: Some(at(1)), ..Finalization::begun(at(0), 30, 2) })
    }

    #[test]
    fn each_step_follows_only_where_it_may() {
        use FinalizationState as State;
        // State, whether execute, undo and purge (after the grace period) may follow.
        for (known, execute, undo, purge) in [
            (None, true, false, false),
            (in_state(State::Executing), true, true, false),
            (in_state(State::Executed), false, true, true),
            (in_state(State::Undoing), false, true, false),
            (in_state(State::Purging), false, false, true),
            (in_state(State::Purged), false, false, false),
        ] {
            assert_eq!(may_execute(known.as_ref()).is_ok(), execute, "{known:?}");
            assert_eq!(may_undo(known.clone()).is_ok(), undo, "{known:?}");
            assert_eq!(may_purge(known.clone(), at(31)).is_ok(), purge, "{known:?}");
        }
    }

    #[test]
    fn the_archive_is_kept_to_the_last_day_of_its_grace() {
        let known = in_state(FinalizationState::Executed);
        let early = at(31).minus(Duration::from_micros(1));
        assert!(matches!(may_purge(known.clone(), early), Err(StepRefused::TooEarly(_))));
        assert!(may_purge(known, at(31)).is_ok());
    }

    #[test]
    fn columns_of_an_application_go_once_the_end_is_executed_and_come_back_before_it_is_undone() {
        use FinalizationState as State;
        let (one, other) = (SourceName::parse("one").unwrap(), SourceName::parse("other").unwrap());
        for (known, may) in [
            (None, false),
            (in_state(State::Executing), false),
            (in_state(State::Executed), true),
            (in_state(State::Undoing), false),
            (in_state(State::Purging), false),
            (in_state(State::Purged), false),
        ] {
            assert_eq!(may_part(known.clone(), &one).is_ok(), may, "{known:?}");
            assert!(may_rejoin(known.clone(), &one).is_err(), "{known:?}");
        }
        let parted = vec![Parted { source: one.clone(), table: "users".into(), at: at(9) }];
        let known = in_state(State::Executed).map(|known| Finalization { parted, ..known });
        assert!(may_part(known.clone(), &one).is_err() && may_part(known.clone(), &other).is_ok());
        assert!(may_rejoin(known.clone(), &one).is_ok() && may_rejoin(known.clone(), &other).is_err());
        assert!(matches!(may_undo(known.clone()), Err(StepRefused::Parted { .. })));
        assert!(may_purge(known.clone(), at(38)).is_err(), "what went later is kept as long");
        assert!(may_purge(known, at(39)).is_ok());
    }

    #[test]
    fn the_record_is_read_back() {
        let record = Finalization::begun(at(3), 7, 1);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Finalization>(&text).unwrap(), record);
    }
}
