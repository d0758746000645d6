//! Secrets that people and scripts give: from standard input, or typed without being shown.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use authly_runtime::trouble::Trouble;
use oauth_core::secret::Secret;

use crate::{failure::Failure, hidden::Hidden};

/// Longer input is no secret.
const LIMIT: u64 = 64 * 1024;

/// Reads a secret from standard input: its first line. Who types it does not see it.
pub(crate) fn from_stdin(what: &str) -> Result<Secret<String>, Failure> {
    if io::stdin().is_terminal() {
        return unseen(what, |ask| ask(&sentence(what)));
    }
    line(what)
}

fn line(what: &str) -> Result<Secret<String>, Failure> {
    let refused = |why: &str| Trouble::new(format!("cannot read the {what}"), why, "write it to standard input");
    let mut text = String::new();
    let read = io::stdin().lock().take(LIMIT).read_line(&mut text);
    read.map_err(|error| refused(&error.to_string()))?;
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    if text.is_empty() { Err(refused("standard input is empty").into()) } else { Ok(Secret::new(text)) }
}

fn sentence(what: &str) -> String {
    let mut letters = what.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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
    let (first, second) = unseen(PASSWORD, |ask| {
        ask("New password").and_then(|first| ask("The same again").map(|again| (first, again)))
    })?;
    if first.matches(second.expose().as_bytes()) {
        return Ok(first);
    }
    Err(Trouble::new("cannot read the password", "the two differ", "try again, and type the same twice").into())
}

/// Asks for a password that is known already, without showing it.
pub(crate) fn password_once() -> Result<Secret<String>, Failure> {
    unseen(PASSWORD, |ask| ask("Password"))
}

const PASSWORD: &str = "password";

/// Asks while the terminal shows nothing.
fn unseen<T>(
    what: &str,
    ask_all: impl FnOnce(&dyn Fn(&str) -> Result<Secret<String>, Failure>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let unread = |why: &str| Trouble::new(format!("cannot read the {what}"), why, format!("use --{what}-stdin"));
    if !io::stdin().is_terminal() {
        return Err(unread("standard input is no terminal").into());
    }
    let Some(_hidden) = Hidden::begin() else { return Err(unread("the terminal cannot hide it").into()) };
    ask_all(&|prompt| {
        let _unheard = write!(io::stderr().lock(), "{prompt}: ");
        let answer = line(what);
        let _unheard = writeln!(io::stderr().lock());
        answer
    })
}
