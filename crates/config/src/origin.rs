//! Where a value came from.

use std::fmt;

use serde::Serialize;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "from", content = "name")]
pub enum Origin {
    /// Nobody set it: the default holds, or it follows from other settings.
    Default,
    /// This variable of the environment.
    Environment(String),
    /// This key of the configuration file.
    File(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(key) => write!(f, "file {key}"),
        }
    }
}
