//! What is kept of each address, and when it may be fetched again; pure, the time is an argument.

use std::{sync::Arc, time::Duration};

use oauth_core::time::Timestamp;

/// Between two fetches of one address, whatever is asked (unknown `kid`) and however the first one ended.
const INTERVAL: Duration = Duration::from_secs(60);
/// The least and the most time that a document is used.
const FRESHNESS: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(24 * 3600));
/// The time that a document is used when its server says nothing.
const DEFAULT_FRESHNESS: Duration = Duration::from_secs(3600);

/// One address.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    document: Option<Kept>,
    attempted_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Kept {
    text: Arc<str>,
    at: Timestamp,
    until: Timestamp,
}

/// What to do for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Answer with this.
    Serve(Arc<str>),
    /// Ask the address.
    Fetch,
    /// Refuse.
    HeldBack,
}

impl Entry {
    /// Decides about a request that was made at `asked_at` and has its turn `now`.
    pub(crate) fn step(&self, refresh: bool, asked_at: Timestamp, now: Timestamp) -> Step {
        let fresh = self.document.as_ref().filter(|kept| now < kept.until);
        match fresh {
            // A fetch that ended after the request was made answers it too: one flight for all who wait.
            Some(kept) if !refresh || kept.at > asked_at => Step::Serve(kept.text.clone()),
            _ if self.attempted_at.is_some_and(|at| now < at.plus(INTERVAL)) => Step::HeldBack,
            _ => Step::Fetch,
        }
    }

    /// Notes that a fetch begins.
    pub(crate) const fn begin(&mut self, now: Timestamp) {
        self.attempted_at = Some(now);
    }

    /// Keeps what was fetched; a failed fetch keeps what there was.
    pub(crate) fn keep(&mut self, text: Arc<str>, max_age: Option<Duration>, now: Timestamp) {
        let freshness = max_age.unwrap_or(DEFAULT_FRESHNESS).clamp(FRESHNESS.0, FRESHNESS.1);
        self.document = Some(Kept { text, at: now, until: now.plus(freshness) });
    }

    /// Whether nothing is lost when the entry is forgotten.
    pub(crate) fn is_idle(&self, now: Timestamp) -> bool {
        self.document.as_ref().is_none_or(|kept| now >= kept.until)
            && self.attempted_at.is_none_or(|at| now >= at.plus(INTERVAL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn kept(max_age: Option<u64>) -> Entry {
        let mut entry = Entry::default();
        entry.begin(at(0));
        entry.keep("{}".into(), max_age.map(Duration::from_secs), at(0));
        entry
    }

    fn step(entry: &Entry, refresh: bool, now: i64) -> Step {
        entry.step(refresh, at(now), at(now))
    }

    #[test]
    fn a_document_is_used_for_its_max_age_between_five_minutes_and_a_day() {
        for (max_age, last) in [
            (Some(0), 299),
            (Some(299), 299),
            (Some(301), 300),
            (None, 3599),
            (Some(86_400), 86_399),
            (Some(u64::MAX), 86_399),
        ] {
            let entry = kept(max_age);
            assert_eq!(step(&entry, false, last), Step::Serve("{}".into()), "{max_age:?}");
            assert_eq!(step(&entry, false, last + 1), Step::Fetch, "{max_age:?}");
        }
    }

    #[test]
    fn an_unknown_key_fetches_at_most_once_a_minute() {
        let entry = kept(None);
        assert_eq!(step(&entry, true, 59), Step::HeldBack);
        assert_eq!(step(&entry, false, 59), Step::Serve("{}".into()));
        assert_eq!(step(&entry, true, 60), Step::Fetch);
    }

    #[test]
    fn a_failure_is_remembered_for_a_minute_and_keeps_what_there_was() {
        let mut entry = Entry::default();
        assert_eq!(step(&entry, false, 0), Step::Fetch);
        entry.begin(at(0));
        assert_eq!(step(&entry, false, 59), Step::HeldBack);
        assert_eq!(step(&entry, false, 60), Step::Fetch);

        let mut entry = kept(None);
        entry.begin(at(100));
        assert_eq!(step(&entry, false, 101), Step::Serve("{}".into()));
        assert_eq!(step(&entry, true, 159), Step::HeldBack);
    }

    #[test]
    fn who_waited_for_a_fetch_is_served_by_it() {
        let mut entry = kept(None);
        entry.begin(at(100));
        entry.keep("new".into(), None, at(101));
        assert_eq!(entry.step(true, at(99), at(102)), Step::Serve("new".into()));
        assert_eq!(entry.step(true, at(100), at(102)), Step::Serve("new".into()));
        assert_eq!(entry.step(true, at(101), at(102)), Step::HeldBack);
    }

    #[test]
    fn an_entry_is_idle_when_it_neither_serves_nor_holds_back() {
        let entry = kept(Some(0));
        assert!(!entry.is_idle(at(299)));
        assert!(entry.is_idle(at(300)));
        let mut failed = Entry::default();
        failed.begin(at(0));
        assert!(!failed.is_idle(at(59)));
        assert!(failed.is_idle(at(60)));
    }
}
