//! How commands end: three parts on standard error, as text or as JSON, and the exit codes of the one table (C-40).

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use authly_admin_cases::AdminError;
use authly_runtime::trouble::Trouble;
use serde_json::{Value, json};

use crate::{
    args::Format,
    aside::{self, Kind},
    console::{harmless, to_the_second},
    journal::Level,
};

/// Exit codes that scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// Failed, refused or cancelled.
    Failed = 1,
    /// A part is done, and a part is not.
    Partly = 2,
    /// A gate refused.
    Refused = 3,
    /// A check found errors.
    CheckErrors = 10,
    /// A check found warnings only.
    CheckWarnings = 11,
    /// The command line cannot be read.
    Usage = 64,
}

impl Code {
    /// Its name, for programs.
    const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Partly => "partly",
            Self::Refused => "refused",
            Self::CheckErrors => "check_errors",
            Self::CheckWarnings => "check_warnings",
            Self::Usage => "usage",
        }
    }
}

/// A command that did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    trouble: Option<Trouble>,
    code: Code,
}

impl Failure {
    /// The result is printed already; only the exit code is left to tell.
    pub(crate) fn silent(code: Code) -> Self {
        Self { trouble: None, code }
    }

    /// Something on the command line cannot be right.
    pub(crate) fn usage(trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), code: Code::Usage }
    }

    /// A failure with an exit code of its own.
    pub(crate) fn with(code: Code, trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), code }
    }

    /// How much it matters.
    pub(crate) fn level(&self) -> Level {
        match self.code {
            Code::Partly | Code::CheckWarnings => Level::Warning,
            Code::Failed | Code::Refused | Code::CheckErrors | Code::Usage => Level::Error,
        }
    }

    /// The exit code, and what happened.
    pub(crate) fn in_a_line(&self) -> String {
        let code = format!("exit code {}", self.code as u8);
        self.trouble.as_ref().map_or(code.clone(), |trouble| format!("{code}: {trouble}"))
    }

    /// Tells what happened on standard error and gives the exit code.
    pub(crate) fn tell(&self, format: Format) -> ExitCode {
        if let Some(trouble) = &self.trouble {
            if format == Format::Json {
                aside::tell(Kind::Error, self.code.name(), members(self.code, trouble));
                return ExitCode::from(self.code as u8);
            }
            let mut out = io::stderr().lock();
            let said = |name| std::env::var_os(name).unwrap_or_default();
            let colour = out.is_terminal() && said("NO_COLOR").is_empty() && said("TERM") != "dumb";
            let (on, off) = if colour { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
            let _unheard = writeln!(out, "{on}error:{off} {}", harmless(&to_the_second(&trouble.to_string())));
        }
        ExitCode::from(self.code as u8)
    }
}

/// What happened, for programs.
fn members(code: Code, trouble: &Trouble) -> [(&'static str, Value); 4] {
    [
        ("exit_code", json!(code as u8)),
        ("message", json!(trouble.what)),
        ("why", json!(trouble.why)),
        ("hint", json!(trouble.remedy)),
    ]
}

/// A command line that clap cannot read, in its words.
pub(crate) fn unread(error: &clap::Error) -> Failure {
    let told = error.render().to_string();
    let (why, rest) = told.split_once("\n\n").unwrap_or((&told, ""));
    let why = why.strip_prefix("error: ").unwrap_or(why).trim();
    Failure::usage(Trouble::new("cannot read the command line", why, rest.trim()))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.trouble.as_ref().map_or(Ok(()), |trouble| trouble.fmt(f))
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self { trouble: Some(trouble), code: Code::Failed }
    }
}

/// Turns a refused act into words; `what` is what could not be done.
pub(crate) fn refused(what: impl Into<String>) -> impl FnOnce(AdminError) -> Failure {
    let what = what.into();
    move |error| {
        let remedy = remedy(&error);
        let why = match &error {
            AdminError::Invalid { field, why } => format!("{}: {why}", option(field)),
            _ => error.to_string(),
        };
        Trouble::new(what, why, remedy).into()
    }
}

/// How the command line calls a field: most are options, secrets come by standard input, and what a command is about has no
/// option at all.
fn option(field: &str) -> String {
    match field {
        "user" | "client" | "id" => field.to_owned(),
        "password" | "secret" => format!("--{field}-stdin"),
        _ => format!("--{}", field.replace('_', "-")),
    }
}

fn remedy(error: &AdminError) -> String {
    match error {
        AdminError::Invalid { .. } => "correct it; `--help` shows examples".to_owned(),
        AdminError::NotFound { what: "mail", .. } => "`authly-admin mail outbox list` shows all".to_owned(),
        AdminError::NotFound { what, .. } => format!("`authly-admin {} list` shows all", noun(what)),
        AdminError::Exists { what, .. } => {
            format!("choose another, or change that one with `authly-admin {} update`", noun(what))
        }
        AdminError::Crypto(_) => "check SECRET_ENCRYPTION_KEY and the key that was given".to_owned(),
        AdminError::Busy(_) => "try again in a moment".to_owned(),
        AdminError::Store(_) => "check that the database answers, and `authly-admin migrate schema status`".to_owned(),
    }
}

/// The command that is about such a thing.
fn noun(what: &str) -> &str {
    match what {
        "key" => "keys",
        "living API key" => "api-key",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_is_refused_is_called_as_the_command_line_calls_it() {
        use clap::CommandFactory as _;
        fn options(command: &clap::Command, known: &mut Vec<String>) {
            known.extend(command.get_arguments().filter_map(|option| Some(format!("--{}", option.get_long()?))));
            command.get_subcommands().for_each(|inner| options(inner, known));
        }
        let mut known = Vec::new();
        options(&crate::args::Cli::command(), &mut known);
        for field in [
            "audience",
            "client_id",
            "description",
            "email",
            "jwks",
            "jwks_uri",
            "name",
            "no_pkce",
            "password",
            "redirect_uri",
            "scope",
            "secret",
            "tenant",
            "username",
        ] {
            assert!(known.contains(&option(field)), "{} is no option", option(field));
        }
        assert_eq!(option("user"), "user");
    }

    #[test]
    fn a_remedy_names_a_command_that_there_is() {
        use clap::CommandFactory as _;
        let known = crate::args::Cli::command();
        for what in ["client", "scope", "user", "tenant", "group", "key", "living API key"] {
            let command = known.find_subcommand(noun(what)).unwrap_or_else(|| panic!("no command is about a {what}"));
            assert!(command.find_subcommand("list").is_some(), "{what}");
        }
    }

    #[test]
    fn programs_get_the_same_as_people() {
        let object = |code: Code, trouble| aside::object(Kind::Error, code.name(), members(code, &trouble));
        let told = object(Code::Refused, Trouble::new("did not \"end\" it", "a\nb", "do this"));
        let wanted = json!({
            "error": "refused", "exit_code": 3, "message": "did not \"end\" it", "why": "a\nb", "hint": "do this"
        });
        assert_eq!(told, wanted);
        assert_eq!(told.to_string().lines().count(), 1);
        assert_eq!(object(Code::Failed, Trouble::new("a", "b", "")).get("hint"), None);
    }

    #[test]
    fn a_refusal_names_the_option_and_what_to_do() {
        let error = AdminError::Invalid { field: "redirect_uri", why: "is not a URI".to_owned() };
        let failure = refused("cannot create the client")(error);
        let trouble = failure.trouble.unwrap();
        assert_eq!(trouble.what, "cannot create the client");
        assert_eq!(trouble.why, "--redirect-uri: is not a URI");
        assert!(!trouble.remedy.is_empty());
        assert_eq!(failure.code, Code::Failed);
    }
}
