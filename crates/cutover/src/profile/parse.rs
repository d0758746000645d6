//! Profiles as text: TOML in and out, and errors that name the line.

use std::fmt;

use thiserror::Error;
use toml::de::{DeTable, DeValue};

use super::{Profile, check};

/// What is wrong in one place of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1, where one can be named.
    pub line: Option<usize>,
    /// The place, as `users.columns.email`; empty if the parser did not get that far.
    pub path: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// A text that is no profile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ProfileError(pub Vec<Mistake>);

impl Profile {
    /// The largest file that is read.
    pub const MAX: usize = 256 * 1024;

    /// Reads a profile and checks that its parts go together.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let one = |line, message: &str| {
            ProfileError(vec![Mistake { line, path: String::new(), message: message.trim().to_owned() }])
        };
        if text.len() > Self::MAX {
            return Err(one(None, "a profile has at most 256 KiB"));
        }
        let profile: Self = toml::from_str(text)
            .map_err(|error| one(error.span().map(|span| line_of(text, span.start)), error.message()))?;
        let mut mistakes = check::mistakes(&profile);
        if mistakes.is_empty() {
            return Ok(profile);
        }
        for mistake in &mut mistakes {
            mistake.line = place(text, &mistake.path);
        }
        Err(ProfileError(mistakes))
    }

    /// The profile as text that [`parse`](Self::parse) reads back.
    pub fn to_toml(&self) -> String {
        // Every part of a profile has a form in TOML, which the tests hold.
        toml::to_string(self).unwrap_or_default()
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// The line of a key; of the innermost table that is there, if the key itself is not.
fn place(text: &str, path: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut table = root.get_ref();
    let mut found = None;
    for part in path.split('.') {
        let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == part) else { break };
        found = Some(line_of(text, key.span().start));
        let DeValue::Table(inner) = value.get_ref() else { break };
        table = inner;
    }
    found
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
