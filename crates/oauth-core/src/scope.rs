//! Scopes (RFC 6749 3.3) as ordered sets.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a scope text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScopeError {
    /// A character outside RFC 6749's scope-token.
    #[error("a scope holds a character that RFC 6749 does not allow")]
    Character,
    /// A name of more than 255 characters.
    #[error("a scope name is longer than 255 characters")]
    TooLong,
    /// More than 100 names.
    #[error("more than 100 scopes")]
    TooMany,
}

/// One scope name: NQCHAR of RFC 6749 appendix A.4, at most 255 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope(String);

impl Scope {
    /// Reads one name.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.is_empty() || !text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
            return Err(ScopeError::Character);
        }
        if text.len() > 255 {
            return Err(ScopeError::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A set of scopes that keeps the order in which they were named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeSet(Vec<Scope>);

impl ScopeSet {
    /// Names of the scopes that Authly itself gives a meaning.
    pub const OPENID: &'static str = "openid";
    /// Refresh tokens that outlive the browser session (OpenID Connect Core 11).
    pub const OFFLINE_ACCESS: &'static str = "offline_access";
    /// The claims of people's names and profiles (OpenID Connect Core 5.4).
    pub const PROFILE: &'static str = "profile";
    /// The claims of the e-mail address.
    pub const EMAIL: &'static str = "email";
    /// The claim of the postal address.
    pub const ADDRESS: &'static str = "address";
    /// The claims of the telephone number.
    pub const PHONE: &'static str = "phone";
    /// Roles, groups and tenant.
    pub const GROUPS: &'static str = "groups";
    /// Administration; only for administrators.
    pub const ADMIN: &'static str = "admin";

    /// Reads a space-delimited list; doubled names count once, an empty text is the empty set.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let mut set = Self::default();
        for name in text.split(' ').filter(|name| !name.is_empty()) {
            set.insert(Scope::parse(name)?);
            if set.0.len() > 100 {
                return Err(ScopeError::TooMany);
            }
        }
        Ok(set)
    }

    /// Adds `scope` at the end unless it is there.
    pub fn insert(&mut self, scope: Scope) {
        if !self.0.contains(&scope) {
            self.0.push(scope);
        }
    }

    /// Whether a scope of that name is in the set.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|scope| scope.0 == name)
    }

    /// The scopes of this set that `other` holds too, in this set's order.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|scope| other.0.contains(scope)).cloned().collect())
    }

    /// This set without the scope of that name.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|scope| scope.0 != name).cloned().collect())
    }

    /// This set and what `other` adds to it.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut set = self.clone();
        other.0.iter().for_each(|scope| set.insert(scope.clone()));
        set
    }

    /// Whether `other` holds every scope of this set.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().all(|scope| other.0.contains(scope))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut set = Self::default();
        scopes.into_iter().for_each(|scope| set.insert(scope));
        set
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(&scope.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once_and_in_order() {
        let set = ScopeSet::parse("read  openid read").unwrap();
        assert_eq!(set.to_string(), "read openid");
    }

    #[test]
    fn a_quote_or_backslash_is_refused() {
        for text in ["a\"b", "a\\b", "a\tb", "é"] {
            assert_eq!(ScopeSet::parse(text), Err(ScopeError::Character), "{text}");
        }
    }
}
