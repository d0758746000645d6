//! What is to be written into one row: pure, the same for a dry run and a run.

use std::collections::BTreeMap;

use super::{AppRow, AppWrite, Cell, Clock, Forms, Promise, Track, Wanted, Written};
use crate::{
    account::AuthMethod,
    profile::{value, zone},
    source::Value,
};
use oauth_core::time::Timestamp;

/// What becomes of one row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowPlan {
    /// What is to be remembered before anything is written.
    pub promise: Option<Written>,
    /// What is to be written.
    pub write: Option<AppWrite>,
    /// Columns that go back to what they were.
    pub restores: Vec<Track>,
    /// Columns that the application itself changed since: they stay.
    pub kept: Vec<Track>,
    /// Columns whose type cannot hold what would be written.
    pub misfits: Vec<Track>,
    /// Whether the row is forgotten once it is as it was before.
    pub forget: bool,
}

impl RowPlan {
    /// Whether nothing is to be done.
    pub const fn is_in_step(&self) -> bool {
        self.write.is_none() && self.kept.is_empty() && self.misfits.is_empty() && !self.forget
    }
}

/// Decides about one row: `known` is what was written before, `wanted` what its account says; no account puts everything back.
pub fn decide(row: &AppRow, known: Option<&Written>, wanted: Option<&Wanted>, forms: &Forms) -> RowPlan {
    let mut plan = RowPlan { forget: wanted.is_none() && known.is_some(), ..RowPlan::default() };
    let (mut before, mut promised, mut changes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (track, cell) in &row.cells {
        let old = known.and_then(|known| Some((known.before.get(track)?, known.promised.get(track)?)));
        let said = wanted.and_then(|wanted| forms.cell(*track, wanted));
        let ours = |(before, promise): (&Cell, &Promise)| {
            cell == before || *cell == promise.there || forms.same(*track, cell, &promise.wanted)
        };
        let to = match (&said, old) {
            (Some(said), _) if forms.same(*track, cell, said) => continue,
            (Some(said), _) if !forms.takes(*track, said) => {
                plan.misfits.push(*track);
                continue;
            }
            (Some(said), None) => {
                before.insert(*track, cell.clone());
                said
            }
            (Some(said), Some(old)) if ours(old) => said,
            // Nothing is to be said: what was there before the first write is.
            (None, Some((before, _))) if cell == before => continue,
            (None, Some(old)) if ours(old) => {
                plan.restores.push(*track);
                old.0
            }
            (None, None) => continue,
            (_, Some(_)) => {
                plan.kept.push(*track);
                continue;
            }
        };
        let promise = Promise { there: cell.clone(), wanted: to.clone() };
        if old.is_none_or(|(_, known)| *known != promise) {
            promised.insert(*track, promise.clone());
        }
        changes.insert(*track, promise);
    }
    if !promised.is_empty() {
        plan.promise = Some(Written { source_id: row.id.clone(), before, promised });
    }
    if !changes.is_empty() {
        plan.write = Some(AppWrite { id: row.id.clone(), changes });
    }
    plan
}

impl Forms {
    /// What a column is to say; `None` leaves it, or puts back what was there.
    fn cell(&self, track: Track, wanted: &Wanted) -> Option<Cell> {
        match track {
            Track::AuthMethod => Some(Cell::Text(match wanted.auth_method {
                AuthMethod::Oauth => self.oauth_word.clone(),
                other => other.as_str().to_owned(),
            })),
            Track::ExternalSubject => wanted.external_subject.clone().map(Cell::Text),
            Track::CompletedAt => wanted.completed_at.map(|at| self.instant(track, at)),
            Track::InvitedAt => wanted.invited_at.map(|at| self.instant(track, at)),
            Track::SyncedAt => wanted.synced_at.map(|at| self.instant(track, at)),
        }
    }

    fn instant(&self, track: Track, at: Timestamp) -> Cell {
        Cell::Text(match self.clocks.get(&track) {
            Some(Clock::Local(zone)) => zone.local(at),
            Some(Clock::Instant) | None => at.to_rfc3339(),
        })
    }

    /// Whether two cells say the same, however they are written.
    pub(super) fn same(&self, track: Track, one: &Cell, other: &Cell) -> bool {
        if one == other {
            return true;
        }
        let (one, other) = (one.value(), other.value());
        if one == Value::Null || other == Value::Null {
            return false;
        }
        match track {
            Track::AuthMethod => value::text(&one) == value::text(&other),
            Track::ExternalSubject => {
                let folded = |value: &Value| value::text(value).map(|text| text.to_ascii_lowercase());
                folded(&one) == folded(&other)
            }
            Track::CompletedAt | Track::InvitedAt | Track::SyncedAt => {
                let read = |value: &Value| zone::read(value, self.zone).ok().flatten();
                read(&one).is_some_and(|at| read(&other) == Some(at))
            }
        }
    }

    /// Whether the column's type can hold that.
    fn takes(&self, track: Track, cell: &Cell) -> bool {
        match (track, cell) {
            (Track::ExternalSubject, Cell::Text(text)) if self.subject_is_uuid => uuid::Uuid::try_parse(text).is_ok(),
            _ => true,
        }
    }
}

impl Cell {
    /// What stands there, as a reader gives it.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Blob(bytes) => value::from_binary(bytes),
            Self::Integer(number) => Value::Integer(*number),
            Self::Null => Value::Null,
            Self::Real(number) => Value::Text(number.to_string()),
            Self::Text(text) => Value::Text(text.clone()),
        }
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
