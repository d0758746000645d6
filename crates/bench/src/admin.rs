//! Preparing an installation with `authly-admin`, as an operator would.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::failure::Failure;
use crate::installation::Installation;

/// Runs one command and gives back what it printed.
pub fn run(installation: &Installation, arguments: &[&str], input: Option<&str>) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::of("cannot run authly-admin", error);
    let mut command = installation.command(&installation.programs.admin);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    if let (Some(mut pipe), Some(line)) = (child.stdin.take(), input) {
        // A command that does not read its input says why in its own words below.
        let _unread = writeln!(pipe, "{line}");
    }
    let output = child.wait_with_output().map_err(failed)?;
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        Ok(text.into_owned())
    } else {
        Err(Failure::new(format!("authly-admin {}: {}\n{text}{errors}", arguments.join(" "), output.status)))
    }
}

/// Runs one command with `--output json` and reads what it printed.
pub fn json(installation: &Installation, arguments: &[&str], input: Option<&str>) -> Result<Value, Failure> {
    let arguments = [arguments, &["--output", "json"]].concat();
    let text = run(installation, &arguments, input)?;
    serde_json::from_str(&text).map_err(|error| Failure::of(format!("no JSON from authly-admin:\n{text}"), error))
}
