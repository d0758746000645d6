//! What is wrong with a configuration, in words for the operator. No value of a secret ever gets in here.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong, or at least doubtful.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The names or keys concerned, as the operator wrote them.
    pub names: Vec<String>,
    /// Whether it stops the start.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// Whether a problem stops the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The server does not start.
    Error,
    /// The server starts, and says so.
    Warning,
}

impl Problem {
    /// A problem that stops the start.
    pub fn error(name: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { names: vec![name.into()], severity: Severity::Error, what: what.into(), hint: hint.into() }
    }

    /// A problem that only needs saying.
    pub(crate) fn warning(name: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(name, what, hint) }
    }

    /// The same problem with another name concerned.
    #[must_use]
    pub fn and(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// True when it stops the start.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}: {}", self.names.join(", "), self.what)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, " ({})", self.hint) }
    }
}

/// A configuration that cannot be used, with everything that is wrong with it.
#[derive(Debug, Clone, thiserror::Error)]
pub struct Invalid(
    /// Errors first, then warnings.
    pub Vec<Problem>,
);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.0.iter().filter(|problem| problem.is_error()).count();
        write!(f, "the configuration has {errors} {}", if errors == 1 { "error" } else { "errors" })?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Why one value cannot be read; becomes a [`Problem`] once the name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) what: String,
    pub(crate) hint: String,
}

impl Fault {
    pub(crate) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}
