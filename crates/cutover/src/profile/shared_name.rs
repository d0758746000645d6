//! What a user name becomes that people of several tenants have, where addresses are unique in each tenant only.
//!
//! User names are unique in the whole installation: people type them without saying where they belong.

use std::fmt;

use oauth_core::text;
use serde::{Deserialize, Serialize, de};

/// Stands for the name in a pattern.
const NAME: &str = "{name}";

/// Stands for the tenant's short name.
const TENANT: &str = "{tenant}";

/// The word for no pattern.
const CONFLICT: &str = "conflict";

/// The most bytes of a pattern.
const MAX: usize = 64;

/// The most bytes of a user name (C-19).
const MAX_NAME: usize = 255;

/// What a user name becomes that people of several tenants have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedName {
    /// They wait for a decision.
    Conflict,
    /// Each of them gets one with the tenant's short name in it.
    Pattern(String),
}

impl SharedName {
    /// Reads the word or the pattern.
    pub fn parse(text: &str) -> Option<Self> {
        if text == CONFLICT {
            return Some(Self::Conflict);
        }
        let once = |part: &str| text.matches(part).count() == 1;
        let rest = text.replacen(NAME, "", 1).replacen(TENANT, "", 1);
        let fine = once(NAME) && once(TENANT) && !rest.contains(['{', '}']) && text::line(text, MAX).is_ok();
        fine.then(|| Self::Pattern(text.to_owned()))
    }

    /// The user name of somebody of that tenant; `None` where one is not given, or would be too long.
    pub fn of(&self, name: &str, tenant: &str) -> Option<String> {
        let Self::Pattern(pattern) = self else { return None };
        // The name is put in last: it may hold anything.
        let given = pattern.replacen(TENANT, tenant, 1).replacen(NAME, name, 1);
        (given.len() <= MAX_NAME).then_some(given)
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A name in a realm. With a second `@` an address is none, so nobody else can register it as theirs.
impl Default for SharedName {
    fn default() -> Self {
        Self::Pattern(format!("{NAME}@{TENANT}"))
    }
}

impl fmt::Display for SharedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str(CONFLICT),
            Self::Pattern(pattern) => f.write_str(pattern),
        }
    }
}

impl Serialize for SharedName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SharedName {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            let why = format!("{text:?} is neither {CONFLICT:?} nor a pattern with {NAME} and {TENANT} once each");
            de::Error::custom(why)
        })
    }
}

#[cfg(test)]
mod tests {
    use authly_directory::identifier::EmailAddress;

    use super::*;

    #[test]
    fn a_pattern_names_the_person_and_the_tenant_once_each() {
        for fine in ["{name}@{tenant}", "{tenant}\\{name}", "{name} ({tenant})", "conflict"] {
            assert_eq!(SharedName::parse(fine).unwrap().to_string(), fine);
        }
        let long = format!("{{name}}{{tenant}}{}", "-".repeat(MAX));
        for bad in
            ["", "{name}", "{tenant}", "{name}{name}{tenant}", "{name}@{slug}{tenant}", "{name}\n{tenant}", &long]
        {
            assert_eq!(SharedName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_is_put_in_as_it_is_and_none_that_is_too_long() {
        let pattern = SharedName::default();
        assert_eq!(pattern.of("ada@example.com", "acme").unwrap(), "ada@example.com@acme");
        assert_eq!(pattern.of("{tenant}", "acme").unwrap(), "{tenant}@acme");
        assert_eq!(pattern.of(&"a".repeat(251), "acme"), None);
        assert_eq!(pattern.of(&"a".repeat(250), "acme").unwrap().len(), 255);
        assert_eq!(SharedName::Conflict.of("ada", "acme"), None);
    }

    #[test]
    fn what_an_address_becomes_is_nobodys_address() {
        assert_eq!(EmailAddress::parse(&SharedName::default().of("ada@example.com", "acme").unwrap()), None);
    }
}
