//! The conditions before the end of a migration, with what was measured in the reader's language.

use fluent_bundle::{FluentArgs, FluentValue};

use super::readable;
use crate::{
    frame::Frame,
    markup::{Markup, presentable},
};

/// A condition of the gate.
#[derive(Debug, Clone)]
pub struct GateLine<'a> {
    /// Its name for programs.
    pub name: &'a str,
    /// What it asks for.
    pub wants: &'a str,
    /// What was measured.
    pub found: GateFound,
    /// Whether it holds.
    pub met: bool,
}

/// What was measured; instants in UTC as RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateFound {
    /// Refresh tokens, API keys and sessions of the old system.
    Alive([u64; 3]),
    /// When a backup was last verified.
    Backup(Option<String>),
    /// Accounts that have not signed in by OAuth, all of them, and those that are waived.
    Completed([u64; 3]),
    /// Uses of old doors are not counted.
    Uncounted,
    /// Hashes of other programs.
    Hashes(u64),
    /// Accounts that are switched off or deleted, and when it was decided what becomes of them.
    Inactive(u64, Option<String>),
    /// No use of an old door in the quiet period; counted since then.
    Kept(String),
    /// Short names of tenants that are not confirmed.
    Unconfirmed(Vec<String>),
    /// Sources whose check does not count.
    Unverified(Vec<GateDoubt>),
    /// An old door was used.
    Used {
        /// When last.
        last: String,
        /// In how many tenants.
        tenants: u64,
        /// Whether by accounts of no tenant, too.
        others: bool,
        /// When the next quiet period is over.
        over: String,
    },
    /// Sources whose checks were clean, and when the oldest was; no source without one.
    Verified(u64, Option<String>),
    /// Rows in quarantine, and in conflict or failed.
    Waits([u64; 2]),
    /// No use of an old door, but counting began only then, and ends then.
    Young(String, String),
}

/// A source whose check does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateDoubt {
    /// The source.
    pub source: String,
    /// Why.
    pub why: GateDoubtReason,
}

/// Why a check does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateDoubtReason {
    /// It found differences then.
    Differences(String),
    /// It never ran.
    Never,
    /// It ran then, and an import wrote after it.
    Outdated(String, String),
}

/// Names that a line has room for.
const NAMES: usize = 5;

impl GateLine<'_> {
    pub(super) fn words(&self, frame: &Frame<'_>) -> String {
        let known = frame.locale.find(&format!("gate-{}", self.name.replace('_', "-")));
        known.unwrap_or(self.wants).to_owned()
    }

    pub(super) fn found_words(&self, frame: &Frame<'_>) -> Markup {
        let mut found = Markup::new();
        self.found.say(frame, &mut found);
        found
    }
}

impl GateFound {
    fn say(&self, frame: &Frame<'_>, into: &mut Markup) {
        use Piece::{Instant, Number, Text};
        let mut say = |key, pieces: &[(&'static str, Piece<'_>)]| sentence(frame, key, pieces, into);
        match self {
            Self::Alive([tokens, keys, sessions]) => {
                let numbers = [("tokens", Number(*tokens)), ("keys", Number(*keys)), ("sessions", Number(*sessions))];
                say("gate-found-alive", &numbers);
            }
            Self::Backup(None) => say("gate-found-backup-none", &[]),
            Self::Backup(Some(at)) => say("gate-found-backup", &[("at", Instant(at))]),
            Self::Completed([open, active, waived]) => {
                let numbers = [("open", Number(*open)), ("active", Number(*active)), ("waived", Number(*waived))];
                say("gate-found-completed", &numbers);
            }
            Self::Uncounted => say("gate-found-uncounted", &[]),
            Self::Hashes(left) => say("gate-found-hashes", &[("left", Number(*left))]),
            Self::Inactive(0, _) => say("gate-found-inactive-none", &[]),
            Self::Inactive(accounts, None) => say("gate-found-inactive-open", &[("accounts", Number(*accounts))]),
            Self::Inactive(accounts, Some(at)) => {
                say("gate-found-inactive", &[("accounts", Number(*accounts)), ("at", Instant(at))]);
            }
            Self::Kept(since) => say("gate-found-kept", &[("since", Instant(since))]),
            Self::Unconfirmed(open) if open.is_empty() => say("gate-found-confirmed", &[]),
            Self::Unconfirmed(open) => {
                let mut names = open.get(..NAMES).unwrap_or(open).join(", ");
                if open.len() > NAMES {
                    names.push_str(", \u{2026}");
                }
                let number = u64::try_from(open.len()).unwrap_or(u64::MAX);
                say("gate-found-unconfirmed", &[("number", Number(number)), ("names", Text(&names))]);
            }
            Self::Unverified(open) => {
                for (place, doubt) in open.iter().enumerate() {
                    if place > 0 {
                        into.raw("; ");
                    }
                    doubt.say(frame, into);
                }
            }
            Self::Used { last, tenants, others, over } => {
                let pieces = [("last", Instant(last)), ("over", Instant(over)), ("tenants", Number(*tenants))];
                match (tenants, others) {
                    (0, _) => say("gate-found-used", pieces.get(..2).unwrap_or(&pieces)),
                    (_, false) => say("gate-found-used-tenants", &pieces),
                    (_, true) => say("gate-found-used-both", &pieces),
                }
            }
            Self::Verified(_, None) => say("gate-found-verified-none", &[]),
            Self::Verified(sources, Some(oldest)) => {
                say("gate-found-verified", &[("sources", Number(*sources)), ("oldest", Instant(oldest))]);
            }
            Self::Waits([quarantined, conflicts]) => {
                say("gate-found-waits", &[("quarantined", Number(*quarantined)), ("conflicts", Number(*conflicts))]);
            }
            Self::Young(since, over) => say("gate-found-young", &[("since", Instant(since)), ("over", Instant(over))]),
        }
    }
}

impl GateDoubt {
    fn say(&self, frame: &Frame<'_>, into: &mut Markup) {
        let source = ("source", Piece::Text(&self.source));
        match &self.why {
            GateDoubtReason::Differences(at) => {
                sentence(frame, "gate-found-differences", &[source, ("at", Piece::Instant(at))], into);
            }
            GateDoubtReason::Never => sentence(frame, "gate-found-never", &[source], into),
            GateDoubtReason::Outdated(at, import) => {
                let pieces = [source, ("at", Piece::Instant(at)), ("import", Piece::Instant(import))];
                sentence(frame, "gate-found-outdated", &pieces, into);
            }
        }
    }
}

/// An argument of a sentence.
#[derive(Clone, Copy)]
enum Piece<'a> {
    /// A moment, which the page shows in the reader's own time zone.
    Instant(&'a str),
    /// A number, which also chooses the plural form.
    Number(u64),
    /// A name.
    Text(&'a str),
}

/// Stands for the first argument that is no number while a sentence is formatted; those that follow stand for the others.
const SLOT: char = '\u{e000}';

/// Appends a message of the catalogue: its names set apart from their surroundings, its instants marked.
fn sentence(frame: &Frame<'_>, key: &'static str, pieces: &[(&'static str, Piece<'_>)], into: &mut Markup) {
    let slots = (SLOT..).zip(pieces);
    let mut args = FluentArgs::new();
    for (slot, (name, piece)) in slots.clone() {
        match piece {
            Piece::Number(number) => args.set(*name, FluentValue::from(*number)),
            Piece::Instant(_) | Piece::Text(_) => args.set(*name, FluentValue::from(slot.to_string())),
        }
    }
    let text = frame.locale.pattern(key, &args);
    let mut rest = text.as_str();
    while let Some((place, found)) = rest.char_indices().find(|(_, c)| slots.clone().any(|(slot, _)| slot == *c)) {
        let (before, behind) = rest.split_at_checked(place).unwrap_or_default();
        into.text(before);
        match slots.clone().find(|(slot, _)| *slot == found) {
            Some((_, (_, Piece::Instant(at)))) => {
                into.raw("<time datetime=\"");
                into.text(at);
                into.raw("\">");
                into.text(&readable(at));
                into.raw("</time>");
            }
            Some((_, (_, Piece::Text(name)))) => {
                into.raw("<bdi>");
                into.text(&presentable(name));
                into.raw("</bdi>");
            }
            _ => {}
        }
        rest = behind.get(found.len_utf8()..).unwrap_or_default();
    }
    into.text(rest);
}
