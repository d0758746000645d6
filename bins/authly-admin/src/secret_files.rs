//! Secrets of single commands in files: what a variable may say may stand in the file that the same name with `_FILE` behind it names.
//!
//! Settings have this of their own. The arguments of these commands are read from the environment before any code of ours runs, so
//! the program begins anew with the variables filled in.

use std::{convert::Infallible, ffi::OsString, os::unix::process::CommandExt as _, process::Command};

use authly_runtime::trouble::Trouble;

/// Addresses that may hold the password of an application's database, and the token of a provisioner.
const NAMES: [&str; 4] = ["AUTHLY_SOURCE", "AUTHLY_WRITE_BACK", "AUTHLY_PROVISIONER_TOKEN", "SELF_AUTH_ADMIN_TOKEN"];

/// Begins anew if a file holds what a command reads from the environment; returns if none does.
pub(crate) fn take_up() -> Result<(), Trouble> {
    let mut found = Vec::new();
    for name in NAMES {
        let file = format!("{name}_FILE");
        let Some(path) = std::env::var_os(&file).filter(|path| !path.is_empty()) else { continue };
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Trouble::caused(format!("cannot read the file of {file}"), &error, "name a readable file")
        })?;
        let value = text.trim_end_matches(['\n', '\r']).to_owned();
        if value.is_empty() {
            return Err(Trouble::new(format!("cannot use {file}"), "the file is empty", "write the secret into it"));
        }
        let beside = std::env::var_os(name).filter(|beside| !beside.is_empty());
        if beside.is_some_and(|beside| beside != OsString::from(&value)) {
            let why = "two names of one thing with different values";
            return Err(Trouble::new(format!("{name} and {file} contradict each other"), why, "keep one of them"));
        }
        found.push((name, file, value));
    }
    if found.is_empty() {
        return Ok(());
    }
    anew(&found).map(|never| match never {})
}

fn anew(found: &[(&'static str, String, String)]) -> Result<Infallible, Trouble> {
    let failed = |error: std::io::Error| {
        Trouble::caused("cannot begin anew with what the files hold", &error, "set the variables themselves")
    };
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(std::env::args_os().skip(1));
    for (name, file, value) in found {
        command.env(name, value).env_remove(file);
    }
    Err(failed(command.exec()))
}
