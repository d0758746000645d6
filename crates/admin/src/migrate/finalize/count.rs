//! How far the end of a migration, or its way back, is: what is written of what was there when it began.

use std::collections::BTreeMap;

use authly_cutover::finalization::RelicKind;

use crate::migrate::Observer;

/// Counts one phase, and tells an observer.
pub(super) struct Count<'o, O> {
    observer: &'o mut O,
    done: u64,
    of: u64,
}

impl<'o, O: Observer> Count<'o, O> {
    /// A phase begins, with so many of something to do.
    pub(super) fn begin(observer: &'o mut O, phase: &'static str, of: u64, unit: &'static str) -> Self {
        observer.phase(phase);
        observer.unit(unit);
        observer.reading(0, of);
        Self { observer, done: 0, of }
    }

    /// So much more is written. What came since it began counts as well.
    pub(super) fn add(&mut self, more: u64) {
        self.done = self.done.saturating_add(more);
        self.of = self.of.max(self.done);
        self.observer.reading(self.done, self.of);
    }
}

/// The rows of some kinds.
pub(super) fn rows(counts: &BTreeMap<RelicKind, u64>, kinds: &[RelicKind]) -> u64 {
    counts.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, rows)| rows).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Vec<(u64, u64)>);

    impl Observer for Heard {
        fn reading(&mut self, rows: u64, of: u64) {
            self.0.push((rows, of));
        }
    }

    #[test]
    fn more_is_never_done_than_there_is() {
        let mut heard = Heard::default();
        let mut count = Count::begin(&mut heard, "moving", 700, "accounts");
        count.add(500);
        count.add(300);
        assert_eq!(heard.0, [(0, 700), (500, 700), (800, 800)]);
        let counts = [(RelicKind::ApiKey, 3), (RelicKind::AppRow, 4)].into();
        assert_eq!((rows(&counts, &RelicKind::ALL), rows(&counts, &RelicKind::OF_APPLICATIONS)), (3, 4));
    }
}
