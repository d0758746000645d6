//! The `aud` claim (RFC 7519 4.1.3): one string, or an array of them.

use serde::{Deserialize, Serialize};

/// Whom a token is meant for; one audience is written as a plain string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// A plain string.
    One(String),
    /// An array.
    Many(Vec<String>),
}

impl Audience {
    /// The audience of these names.
    pub fn of(mut names: Vec<String>) -> Self {
        match names.pop() {
            Some(only) if names.is_empty() => Self::One(only),
            Some(last) => {
                names.push(last);
                Self::Many(names)
            }
            None => Self::Many(names),
        }
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }

    /// Whether `name` is among them.
    pub fn contains(&self, name: &str) -> bool {
        self.names().iter().any(|own| own == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_audience_is_a_string_and_several_are_an_array() {
        let json = |names: &[&str]| {
            serde_json::to_string(&Audience::of(names.iter().map(|&name| name.to_owned()).collect())).unwrap()
        };
        assert_eq!(json(&["a"]), r#""a""#);
        assert_eq!(json(&["a", "b"]), r#"["a","b"]"#);
    }
}
