//! Names of tables and columns: always quoted, and several where real databases spell one thing differently (C-37).

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize, de, ser};

/// The name of a table or column in a source: any text that a database takes between quotes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// A text that cannot be the name of a table or column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {} bytes and no control characters", Name::MAX)]
pub struct NotAName;

impl Name {
    /// More bytes than PostgreSQL (63) and SQLite's own programs write.
    pub const MAX: usize = 128;

    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, NotAName> {
        let fine = !text.is_empty() && text.len() <= Self::MAX && !text.chars().any(char::is_control);
        fine.then(|| Self(text.into())).ok_or(NotAName)
    }

    /// The name as it is spelled.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as rows have it for their columns.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The name as an SQL identifier: within double quotes, its own doubled.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "\"\""))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Name {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// One thing under its possible names; the first that exists in the source is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    first: Name,
    others: Vec<Name>,
}

impl Names {
    /// One name.
    pub const fn one(name: Name) -> Self {
        Self { first: name, others: Vec::new() }
    }

    /// All names, the preferred one first.
    pub fn iter(&self) -> impl Iterator<Item = &Name> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The preferred name.
    pub const fn first(&self) -> &Name {
        &self.first
    }

    /// The first that `exists`.
    pub fn find(&self, exists: impl Fn(&Name) -> bool) -> Option<&Name> {
        self.iter().find(|name| exists(name))
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.first.as_str())?;
        self.others.iter().try_for_each(|name| write!(f, " or {:?}", name.as_str()))
    }
}

impl Serialize for Names {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.others.is_empty() { self.first.serialize(serializer) } else { serializer.collect_seq(self.iter()) }
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrSeveral;
        impl<'de> de::Visitor<'de> for OneOrSeveral {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or a list of names of which the first that exists is taken")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Names, E> {
                Name::parse(text).map(Names::one).map_err(E::custom)
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut names: A) -> Result<Names, A::Error> {
                let first = names.next_element()?.ok_or_else(|| de::Error::custom("the list of names is empty"))?;
                let mut others = Vec::new();
                while let Some(name) = names.next_element()? {
                    others.push(name);
                }
                Ok(Names { first, others })
            }
        }
        deserializer.deserialize_any(OneOrSeveral)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hyphens_blanks_and_quotes_are_names() {
        for text in ["self-auth_user_id", "user id", "o'clock", "a\"b", "größe"] {
            assert_eq!(Name::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Name::parse("a\"b; DROP TABLE x").unwrap().quoted(), "\"a\"\"b; DROP TABLE x\"");
    }

    #[test]
    fn nothing_and_control_characters_are_no_names() {
        assert_eq!(Name::parse(""), Err(NotAName));
        assert_eq!(Name::parse("a\0"), Err(NotAName));
        assert_eq!(Name::parse(&"a".repeat(129)), Err(NotAName));
    }

    proptest! {
        #[test]
        fn a_quoted_name_ends_where_it_began(text in "\\PC{1,40}") {
            if let Ok(name) = Name::parse(&text) {
                let quoted = name.quoted();
                let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
                prop_assert_eq!(inner.replace("\"\"", "").matches('"').count(), 0);
                prop_assert_eq!(inner.replace("\"\"", "\""), text);
            }
        }
    }
}
