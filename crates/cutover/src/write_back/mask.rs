//! Reading a table that was written back to: what stands there because of us is read as what stood there before.
//!
//! Otherwise the ids that a first import wrote into the application's table would come back as news with the second.

use super::{Cell, Forms, Track, Written};
use crate::{
    profile::{rules::Profile, zone::Zone},
    source::{SourceRow, Value},
};

/// Puts what the application said itself into a row that it is read as.
pub fn mask(row: &mut SourceRow, written: &Written, profile: &Profile) {
    let Some(back) = &profile.write_back else { return };
    let forms = Forms {
        oauth_word: String::new(),
        clocks: std::collections::BTreeMap::new(),
        zone: profile.source.time_zone,
        subject_is_uuid: false,
    };
    for (track, promise) in &written.promised {
        let Some(names) = back.column(*track) else { continue };
        let Some(before) = written.before.get(track) else { continue };
        for name in names.iter() {
            if let Some(value) = row.columns.get_mut(name.as_str()) {
                let is = |cell: &Cell| says(value, *track, cell, &forms);
                if is(&promise.wanted) || is(&promise.there) {
                    *value = before.value();
                }
            }
        }
    }
}

/// Whether a reader's value is that cell.
fn says(value: &Value, track: Track, cell: &Cell, forms: &Forms) -> bool {
    let found = match value {
        Value::Null => Cell::Null,
        Value::Integer(number) => Cell::Integer(*number),
        Value::Text(text) => Cell::Text(text.clone()),
        Value::Bool(truth) => Cell::Text(truth.to_string()),
        Value::Time(at) => Cell::Text(at.to_rfc3339()),
        Value::List(_) | Value::Unreadable(_) => return false,
    };
    forms.same(track, &found, cell)
}

impl Forms {
    /// The forms of a table whose columns write instants without a zone.
    pub fn local(oauth_word: &str, zone: Zone) -> Self {
        let clocks = [Track::CompletedAt, Track::InvitedAt, Track::SyncedAt];
        Self {
            oauth_word: oauth_word.to_owned(),
            clocks: clocks.into_iter().map(|track| (track, super::Clock::Local(zone))).collect(),
            zone,
            subject_is_uuid: false,
        }
    }
}
