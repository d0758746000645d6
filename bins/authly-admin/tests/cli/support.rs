//! `authly-admin` as a process of its own, on an SQLite file of its own.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a store in it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// An empty place, in development mode.
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), variables: Vec::new() }
    }

    /// The same place with another variable in its environment.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// Runs a command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, "")
    }

    /// Runs a command that reads `input`.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        Done::of(self.output(arguments, input, None))
    }

    /// Runs a command with one more variable.
    pub(crate) fn run_armed(&self, arguments: &[&str], variable: Option<(&str, &str)>) -> Done {
        Done::of(self.output(arguments, "", variable))
    }

    fn output(&self, arguments: &[&str], input: &str, variable: Option<(&str, &str)>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authly-admin"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("DATABASE_URL", format!("sqlite://{}", self.folder.path().join("authly.db").display()));
        command.env("AUTHLY_DATA_DIR", self.folder.path().join("data"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.envs(variable);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that reads nothing may have gone before it could be told.
        let _unheard = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs a command for its exit code; `None` if it was killed.
    pub(crate) fn status(&self, arguments: &[&str]) -> Option<i32> {
        self.output(arguments, "", None).status.code()
    }

    /// Runs a command that must succeed, and reads its JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.json_with(arguments, "")
    }

    /// Runs a command that reads `input` and must succeed, and reads its JSON.
    pub(crate) fn json_with(&self, arguments: &[&str], input: &str) -> Value {
        let done = self.run_with(&[arguments, &["--output", "json"]].concat(), input);
        assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
        serde_json::from_str(&done.out).unwrap()
    }
}

impl Done {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts that it was refused with this exit code: nothing on standard output, three parts on standard error, or an object of
    /// them where results are JSON. Gives them in words.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "");
        let last = self.err.trim_end().lines().last().unwrap_or_default();
        if let Ok(told) = serde_json::from_str::<Value>(last) {
            assert_eq!(told["exit_code"], code, "{told}");
            return ["message", "why", "hint"].map(|part| told[part].as_str().unwrap().to_owned()).join("\n");
        }
        let told = format!("\n{}", self.err);
        assert!(told.split_once("\nerror: ").is_some_and(|(_, parts)| parts.contains("\n  why: ")), "{}", self.err);
        self.err.clone()
    }
}
