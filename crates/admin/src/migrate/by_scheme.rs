//! Accounts with hashes that are to be replaced, by scheme.

use serde::{Serialize, Serializer};

/// Schemes, as metrics name them, and how many accounts have a hash of each; in the order of their names. Programs get an object.
///
/// There are few schemes and may be many tenants: a list costs less than a map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByScheme(Vec<(&'static str, u64)>);

impl ByScheme {
    pub(super) fn count(&mut self, scheme: &'static str, accounts: u64) {
        match self.0.binary_search_by_key(&scheme, |(scheme, _)| scheme) {
            Ok(place) => {
                if let Some((_, sum)) = self.0.get_mut(place) {
                    *sum += accounts;
                }
            }
            Err(place) => self.0.insert(place, (scheme, accounts)),
        }
    }

    /// The schemes.
    pub fn as_slice(&self) -> &[(&'static str, u64)] {
        &self.0
    }
}

impl Serialize for ByScheme {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_a_scheme_are_added_up_and_schemes_are_told_in_order() {
        let mut all = ByScheme::default();
        for (scheme, accounts) in [("scrypt", 2), ("bcrypt", 3), ("scrypt", 4), ("argon2id", 1)] {
            all.count(scheme, accounts);
        }
        assert_eq!(all.as_slice(), [("argon2id", 1), ("bcrypt", 3), ("scrypt", 6)]);
        assert_eq!(serde_json::to_string(&all).unwrap(), r#"{"argon2id":1,"bcrypt":3,"scrypt":6}"#);
    }
}
