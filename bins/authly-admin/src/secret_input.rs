//! Secrets that people and scripts give: from standard input, or typed without being shown.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use authly_runtime::trouble::Trouble;
use oauth_core::secret::Secret;

use crate::failure::Failure;

/// Longer input is no secret.
const LIMIT: u64 = 64 * 1024;

/// Reads a secret from standard input: its first line.
pub(crate) fn from_stdin(what: &str) -> Result<Secret<String>, Failure> {
    let refused = |why: &str| Trouble::new(format!("cannot read the {what}"), why, "write it to standard input");
    let mut text = String::new();
    let read = io::stdin().lock().take(LIMIT).read_line(&mut text);
    read.map_err(|error| refused(&error.to_string()))?;
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    if text.is_empty() { Err(refused("standard input is empty").into()) } else { Ok(Secret::new(text)) }
}

/// Reads a secret of several lines from standard input: all of it.
pub(crate) fn text_from_stdin(what: &str) -> Result<Secret<String>, Failure> {
    let refused = |why: &str| Trouble::new(format!("cannot read the {what}"), why, "write it to standard input");
    if io::stdin().is_terminal() {
        return Err(refused("standard input is a terminal, which would show it").into());
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(LIMIT).read_to_string(&mut text);
    read.map_err(|error| refused(&error.to_string()))?;
    if text.trim().is_empty() { Err(refused("standard input is empty").into()) } else { Ok(Secret::new(text)) }
}

/// Asks for a new password, twice, without showing it.
pub(crate) fn password_from_terminal() -> Result<Secret<String>, Failure> {
    let (first, second) =
        unseen(|ask| ask("New password").and_then(|first| ask("The same again").map(|again| (first, again))))?;
    if first.matches(second.expose().as_bytes()) { Ok(first) } else { Err(unread("the two differ").into()) }
}

/// Asks for a password that is known already, without showing it.
pub(crate) fn password_once() -> Result<Secret<String>, Failure> {
    unseen(|ask| ask("Password"))
}

fn unread(why: &str) -> Trouble {
    Trouble::new("cannot read the password", why, "use --password-stdin")
}

/// Asks while the terminal shows nothing.
fn unseen<T>(
    ask_all: impl FnOnce(&dyn Fn(&str) -> Result<Secret<String>, Failure>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    if !io::stdin().is_terminal() {
        return Err(unread("standard input is no terminal").into());
    }
    let hidden = |on: bool| {
        let flag = if on { "-echo" } else { "echo" };
        std::process::Command::new("stty").arg(flag).status().is_ok_and(|status| status.success())
    };
    if !hidden(true) {
        return Err(unread("the terminal cannot hide it").into());
    }
    let answers = ask_all(&|prompt| {
        let _unheard = write!(io::stderr().lock(), "{prompt}: ");
        let answer = from_stdin("password");
        let _unheard = writeln!(io::stderr().lock());
        answer
    });
    hidden(false);
    answers
}
