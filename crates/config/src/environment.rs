//! The environment: known names only, several names for one setting compared, secrets also from `NAME_FILE`.
//!
//! Names that are not in the table are never looked at, with one exception: a name that begins with `AUTHLY_` and is not
//! known is probably a typo and gets a warning. (An orchestrator may add such names for a service called `authly`; these
//! are recognized by their endings, and no setting of ours has such a name.)

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::problem::Problem;
use crate::setting::{Name, Setting};
use crate::suggest;
use crate::table::{self, CONFIG_FILE};
use crate::unread;
use crate::value::{self, Raw};

/// A value from the environment, with the name it came by.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The variables, as they were found.
pub(crate) type Variables = BTreeMap<OsString, OsString>;

/// Looks every known name up.
pub(crate) fn gather(
    variables: &Variables,
    read_file: &dyn Fn(&Path) -> io::Result<String>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<&'static str, Found> {
    problems.extend(unknown(variables));
    let mut layer = BTreeMap::new();
    for setting in table::settings() {
        let candidates = candidates(setting, variables, read_file, problems);
        problems.extend(contradictions(setting, &candidates));
        if let Some(first) = candidates.into_iter().next() {
            layer.insert(setting.key, first);
        }
    }
    layer
}

/// The text of one variable; blank is as good as not set.
pub(crate) fn lookup(variables: &Variables, name: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let text = variables.get(OsString::from(name).as_os_str())?.to_str();
    if text.is_none() {
        problems.push(Problem::error(name, "is not valid UTF-8", "write it in UTF-8"));
    }
    text.filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

fn candidates(
    setting: &Setting,
    variables: &Variables,
    read_file: &dyn Fn(&Path) -> io::Result<String>,
    problems: &mut Vec<Problem>,
) -> Vec<Found> {
    let mut found = Vec::new();
    for name in setting.names {
        if let Some(text) = lookup(variables, name.name, problems) {
            found.push(Found { name: name.name.to_owned(), text: with_unit(*name, text) });
        }
        if !setting.is_secret() {
            continue;
        }
        let pointer = format!("{}_FILE", name.name);
        let Some(path) = lookup(variables, &pointer, problems) else { continue };
        match secret_file(Path::new(path.trim()), read_file) {
            Ok(text) => found.push(Found { name: pointer, text }),
            Err(what) => problems.push(Problem::error(pointer, what, "name a readable file that holds the secret")),
        }
    }
    found
}

/// Reads a secret from its file. An empty file is an error: it would pass for a secret that is not set.
pub(crate) fn secret_file(path: &Path, read_file: &dyn Fn(&Path) -> io::Result<String>) -> Result<String, String> {
    let text = read_file(path).map_err(|error| format!("names a file that cannot be read: {}", unread::why(&error)))?;
    if text.trim().is_empty() { Err("names a file that is empty".into()) } else { Ok(text) }
}

/// A bare number gets the unit that the name of its variable says.
fn with_unit(name: Name, text: String) -> String {
    let digits = text.trim();
    match name.unit {
        Some(unit) if digits.bytes().all(|byte| byte.is_ascii_digit()) => format!("{digits}{}", unit.letter()),
        _ => text,
    }
}

/// Two names of one setting must say the same, in whatever unit.
fn contradictions(setting: &Setting, candidates: &[Found]) -> Vec<Problem> {
    let Some((first, others)) = candidates.split_first() else { return Vec::new() };
    let mut problems = Vec::new();
    let read = |found: &Found| value::parse(setting.kind, &Raw::Text(found.text.clone()));
    let used = read(first);
    for other in others {
        match (&used, read(other)) {
            (Ok(used), Ok(value)) if used.agrees_with(&value) => {}
            (_, Err(fault)) => problems.push(Problem::error(&other.name, fault.what, fault.hint)),
            // The first one is reported when it is read.
            (Err(_), Ok(_)) => {}
            (Ok(_), Ok(_)) => problems.push(
                Problem::error(&first.name, "are two names of one setting with different values", "keep one of them")
                    .and(&other.name),
            ),
        }
    }
    problems
}

/// Where the configuration file is, and, for `authly-admin` alone, where a migration reads from and writes back to, where a provisioner
/// is and what it is shown; all but the provisioner's address also from files.
const NOT_SETTINGS: [&str; 8] = [
    CONFIG_FILE,
    "AUTHLY_PROVISIONER_TOKEN",
    "AUTHLY_PROVISIONER_TOKEN_FILE",
    "AUTHLY_PROVISIONER_URL",
    "AUTHLY_SOURCE",
    "AUTHLY_SOURCE_FILE",
    "AUTHLY_WRITE_BACK",
    "AUTHLY_WRITE_BACK_FILE",
];

fn unknown(variables: &Variables) -> Vec<Problem> {
    let known = || table::settings().flat_map(|setting| setting.names).map(|name| name.name).chain(NOT_SETTINGS);
    let is_known = |name: &str| {
        let secret = name.strip_suffix("_FILE").unwrap_or_default();
        known().any(|known| known == name)
            || table::settings().filter(|setting| setting.is_secret()).any(|s| s.names.iter().any(|n| n.name == secret))
    };
    let names = variables.keys().filter_map(|name| name.to_str());
    names
        .filter(|name| name.starts_with("AUTHLY_") && !is_known(name) && !of_an_orchestrator(name))
        .map(|name| {
            let hint = suggest::closest(name, known()).map_or_else(String::new, |near| format!("did you mean {near}?"));
            // The name came from outside: control characters would forge lines of the report.
            Problem::warning(name.escape_debug().to_string(), "is not a known setting and has no effect", hint)
        })
        .collect()
}

/// Names like AUTHLY_SERVICE_HOST and AUTHLY_PORT_8000_TCP_ADDR, which tell of a service called `authly`.
fn of_an_orchestrator(name: &str) -> bool {
    name.ends_with("_PORT") || name.contains("_PORT_") || name.contains("_SERVICE_")
}
