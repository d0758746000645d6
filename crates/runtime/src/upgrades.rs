//! Hashes that were replaced at a sign-in: counted by scheme for metrics, never shown.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use authly_directory::{password::StoredHash, services::Upgrade};
use authly_passwords::classify;

/// Counts of upgrades.
#[derive(Debug, Default)]
pub struct Upgrades(Mutex<BTreeMap<(&'static str, &'static str, Upgrade), u64>>);

impl Upgrades {
    /// Notes one: by the schemes of the old hash and the new one, which is `none` where none could be made.
    pub fn note(&self, from: &StoredHash, to: Option<&StoredHash>, result: Upgrade) {
        let scheme = |hash: &StoredHash| classify(hash.expose()).scheme;
        let key = (scheme(from), to.map_or("none", scheme), result);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default() += 1;
    }

    /// What was counted: from, to, result and how often.
    pub fn counts(&self) -> Vec<(&'static str, &'static str, &'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|((from, to, result), count)| (*from, *to, result.as_str(), *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upgrades_are_counted_by_what_became_what() {
        let upgrades = Upgrades::default();
        let (old, new) = (StoredHash::new("{SSHA}x".to_owned()), StoredHash::new("$argon2id$v=19$m=8".to_owned()));
        upgrades.note(&old, Some(&new), Upgrade::Done);
        upgrades.note(&old, Some(&new), Upgrade::Done);
        upgrades.note(&old, None, Upgrade::Failed);
        let mut found: Vec<(&str, u64)> =
            upgrades.counts().iter().map(|(.., result, count)| (*result, *count)).collect();
        found.sort_unstable();
        assert_eq!(found, [("done", 2), ("failed", 1)]);
    }
}
