//! Which backups have become too old.

use std::time::Duration;

use oauth_core::time::Timestamp;

use crate::name::Name;

/// Those older than `keep`; the newest of all stays in any case.
pub(crate) fn outdated(names: &[Name], now: Timestamp, keep: Duration) -> Vec<Name> {
    let newest = names.iter().map(|name| name.at).max();
    let bound = now.minus(keep);
    names.iter().copied().filter(|name| name.at < bound && Some(name.at) != newest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Kind;

    const DAY: u64 = 86_400;

    fn name(days: u64) -> Name {
        Name::new(Timestamp::from_seconds(0).plus(Duration::from_secs(days * DAY)), Kind::Dump)
    }

    #[test]
    fn what_is_older_than_the_bound_goes_and_the_newest_stays() {
        let now = name(100).at;
        let keep = Duration::from_secs(7 * DAY);
        assert_eq!(outdated(&[name(1), name(92), name(93), name(99)], now, keep), [name(1), name(92)]);
        assert_eq!(outdated(&[name(1), name(2)], now, keep), [name(1)]);
        assert_eq!(outdated(&[], now, keep), []);
    }
}
