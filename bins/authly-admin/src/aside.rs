//! What stands beside the result, on standard error, where results are JSON (C-40): an object in a line of its own, whose kind is the
//! name of its first member. People get the same as text.

use std::io::{self, Write as _};

use serde_json::{Map, Value, json};

use crate::console::harmless;

/// What an object is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Why a command failed; the last line.
    Error,
    /// How far it is.
    Progress,
    /// What has to be answered before it goes on.
    Question,
    /// What nobody may miss, although it goes on.
    Warning,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Progress => "progress",
            Self::Question => "question",
            Self::Warning => "warning",
        }
    }
}

/// What is warned of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Warning {
    /// The configuration file is not in the backup.
    ConfigurationLeftOut,
    /// The encryption key is in a file that nobody named, and not in the settings.
    KeyInFile,
    /// A log is not in the bundle for support.
    LogLeftOut,
    /// One of several mails stays as it is.
    MailUnchanged,
    /// Somebody asked it to stop.
    Stopping,
    /// A tenant was made that was not there.
    TenantCreated,
}

impl Warning {
    /// Its name, for programs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ConfigurationLeftOut => "configuration_left_out",
            Self::KeyInFile => "key_in_file",
            Self::LogLeftOut => "log_left_out",
            Self::MailUnchanged => "mail_unchanged",
            Self::Stopping => "stopping",
            Self::TenantCreated => "tenant_created",
        }
    }
}

/// Writes one; members that are empty are left out.
pub(crate) fn tell<'a>(kind: Kind, name: &str, members: impl IntoIterator<Item = (&'a str, Value)>) {
    let told = object(kind, name, members).to_string();
    let _unheard = writeln!(io::stderr().lock(), "{}", harmless(&told));
}

/// One object; as text it is a single line, whatever is in it.
pub(crate) fn object<'a>(kind: Kind, name: &str, members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let is_there = |value: &Value| !value.is_null() && value.as_str() != Some("");
    let members = members.into_iter().filter(|(_, value)| is_there(value));
    let members = members.map(|(name, value)| (name.to_owned(), value));
    let first = std::iter::once((kind.name().to_owned(), json!(name)));
    Value::Object(first.chain(members).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_a_line_and_leaves_out_what_is_not_there() {
        let members = [("message", json!("a\nb")), ("why", json!("")), ("left", Value::Null), ("done", json!(0))];
        let told = object(Kind::Warning, Warning::Stopping.name(), members);
        assert_eq!(told, json!({ "warning": "stopping", "message": "a\nb", "done": 0 }));
        assert_eq!(told.to_string().lines().count(), 1);
    }
}
