//! Which kind of installation this is: the switch between development and production.

use std::fmt;

use crate::problem::Fault;

/// The kind of installation, from ENVIRONMENT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Environment {
    /// ENVIRONMENT is not set: conveniences are on, and only loopback is served.
    Development,
    /// ENVIRONMENT is `production`: every convenience is refused.
    Production,
    /// Anything else, such as `staging`: no conveniences, and what production demands is only recommended.
    Other(String),
}

impl Environment {
    /// True in development mode.
    pub fn is_development(&self) -> bool {
        *self == Self::Development
    }

    /// True in production.
    pub fn is_production(&self) -> bool {
        *self == Self::Production
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Development => f.write_str("development"),
            Self::Production => f.write_str("production"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// Reads ENVIRONMENT. What looks like a misspelt `production` is refused, for it would be taken for something laxer.
pub(crate) fn parse(text: &str) -> Result<Environment, Fault> {
    let word = text.to_ascii_lowercase();
    if word == "production" {
        return Ok(Environment::Production);
    }
    if word.starts_with("prod")
        || ["prd", "live"].contains(&word.as_str())
        || crate::suggest::distance(&word, "production") <= 2
    {
        return Err(Fault::new("looks like production, but is spelt otherwise", "write production, or another word"));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if word.len() > 64 || !word.bytes().all(plain) {
        return Err(Fault::new("is not a name", "write one word, such as production or staging"));
    }
    Ok(Environment::Other(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_recognized_in_any_case_and_never_missed_by_a_typo() {
        assert_eq!(parse("Production"), Ok(Environment::Production));
        assert_eq!(parse("staging"), Ok(Environment::Other("staging".into())));
        for typo in ["prod", "PROD", "producton", "live", "production-eu"] {
            assert!(parse(typo).is_err(), "{typo}");
        }
    }
}
