//! What stopped us, for the person at the terminal: what, why, and what to do.

use std::fmt;

pub use oauth_core::causes::causes;

/// A failure in three parts; none of them ever holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What could not be done.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do about it; empty where nobody knows.
    pub remedy: String,
}

impl Trouble {
    /// A failure with its cause and its remedy.
    pub fn new(what: impl Into<String>, why: impl fmt::Display, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.to_string(), remedy: remedy.into() }
    }

    /// A failure whose cause is an error, told with all that lies behind it.
    pub fn caused(
        what: impl Into<String>,
        error: &(dyn std::error::Error + 'static),
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(what, causes(error), remedy)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  why: {}", self.what, self.why.replace('\n', "\n       "))?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "\n  do:  {}", self.remedy.replace('\n', "\n       ")) }
    }
}

impl std::error::Error for Trouble {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_stand_on_lines_of_their_own() {
        let trouble = Trouble::new("cannot start", "a\nb", "do this");
        assert_eq!(trouble.to_string(), "cannot start\n  why: a\n       b\n  do:  do this");
        assert_eq!(Trouble::new("x", "y", "").to_string(), "x\n  why: y");
    }
}
