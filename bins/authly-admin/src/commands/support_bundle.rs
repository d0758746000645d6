//! `authly-admin support-bundle`: what somebody who helps has to know, in one file without secrets (S002-50).

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use authly_config::{Problem, Settings};
use authly_runtime::{Trouble, convert, live, private_file, store::Database};
use authly_seal::SystemClock;
use oauth_core::services::Clock as _;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{cutover, doctor};
use crate::{
    args::SupportBundleArgs,
    aside::Warning,
    console::Console,
    failure::{Failure, refused},
    run,
};

/// How much of the end of a log comes along.
const LOG_BYTES: u64 = 256 * 1_024;

/// Gathers everything into a file that was not there before, for its owner alone. A part that cannot be had says why, since
/// a bundle is wanted when something is broken.
pub(crate) async fn run<D: Database>(
    mut arguments: SupportBundleArgs,
    settings: &Settings,
    configuration: Value,
    doubts: &[Problem],
    database: &D,
    console: Console,
) -> Result<(), Failure> {
    // A variable that is set to nothing names no log.
    arguments.log.retain(|log| !log.as_os_str().is_empty());
    let now = SystemClock.now();
    let out =
        arguments.out.unwrap_or_else(|| PathBuf::from(format!("authly-support-{}.json", stamp(&now.to_rfc3339()))));
    let mut file = private_file::create_new(&out).map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AlreadyExists => "name a file that does not exist yet with --out",
            _ => "name a file in a folder that this user may write to with --out",
        };
        Trouble::caused(format!("cannot write {}", out.display()), &error, remedy)
    })?;
    let doubts: Vec<String> = doubts.iter().map(ToString::to_string).collect();
    let mut bundle = Map::new();
    let mut add = |part: &str, content: Value| bundle.insert(part.to_owned(), content);
    add("made_at", now.to_rfc3339().into());
    add("program", json!({ "version": env!("CARGO_PKG_VERSION"), "debug": cfg!(debug_assertions) }));
    add("system", system());
    add("configuration", configuration);
    add("doubts", json!(doubts));
    add("engine", part(database.engine().await.map_err(Failure::from)));
    add("schema", part(schema(database).await));
    add("findings", part(doctor::look(settings, database).await));
    add("status", part(status(settings, database).await));
    add("migration", cutover::support(settings, database).await);
    add("logs", logs(&arguments.log));
    let text = format!("{:#}\n", Value::Object(bundle));
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        Trouble::caused(format!("cannot write {}", out.display()), &error, "make room, and try again")
    })?;
    for path in arguments.log.iter().filter(|path| File::open(path).is_err()) {
        let told = format!("The log {} cannot be read, and is not in the bundle.", path.display());
        console.warn(Warning::LogLeftOut, &told);
    }
    console.item(&json!({ "file": out.display().to_string(), "bytes": text.len() }))?;
    console.note(
        "Secrets are masked, and accounts are counted and not named; tenants, hosts and paths are in it. \
         Look through it, and above all through logs, before you send it.",
    );
    Ok(())
}

/// What a part of the bundle is, or why it is not there.
pub(crate) fn part<T: Serialize>(content: Result<T, Failure>) -> Value {
    match content {
        Ok(content) => serde_json::to_value(content).unwrap_or_default(),
        Err(failure) => json!({ "error": failure.to_string() }),
    }
}

fn system() -> Value {
    let processors = std::thread::available_parallelism().map(usize::from).ok();
    json!({ "os": std::env::consts::OS, "architecture": std::env::consts::ARCH, "processors": processors })
}

async fn schema<D: Database>(database: &D) -> Result<Value, Failure> {
    let report = database.schema().await?;
    let deviations = if report.is_current() { database.deviations().await? } else { Vec::new() };
    Ok(json!({ "pending": report.pending, "differences": report.differences, "deviations": deviations }))
}

async fn status<D: Database>(settings: &Settings, database: &D) -> Result<impl Serialize, Failure> {
    authly_runtime::store::must_be_up_to_date(settings, database).await?;
    let live = run::services_as_they_are(settings, database.open().await?)?;
    let admin = live::admin(settings, &live);
    admin.status(convert::switches(settings)).await.map_err(refused("cannot show the status"))
}

/// The ends of the logs.
fn logs(files: &[PathBuf]) -> Value {
    files
        .iter()
        .map(|path| match end(path) {
            Ok(text) => json!({ "file": path.display().to_string(), "lines": text.lines().collect::<Vec<_>>() }),
            Err(error) => json!({ "file": path.display().to_string(), "error": error.to_string() }),
        })
        .collect()
}

fn end(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let skipped = file.metadata()?.len().saturating_sub(LOG_BYTES);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // The first line has no beginning.
    let begin = if skipped == 0 { 0 } else { text.find('\n').map_or(0, |end| end + 1) };
    Ok(text.get(begin..).unwrap_or_default().to_owned())
}

/// An instant as it may stand in the name of a file: 20261121_174130.
fn stamp(instant: &str) -> String {
    let digits: String = instant.chars().filter(char::is_ascii_digit).take(14).collect();
    let (day, time) = digits.split_at_checked(8).unwrap_or((&digits, ""));
    format!("{day}_{time}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_becomes_part_of_a_name() {
        assert_eq!(stamp("2026-11-21T17:41:30.5Z"), "20261121_174130");
    }

    #[test]
    fn of_a_long_log_the_end_comes_along_in_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        std::fs::write(&path, "a line of the log\n".repeat(30_000)).unwrap();
        let text = end(&path).unwrap();
        assert!(text.len() as u64 <= LOG_BYTES && text.lines().all(|line| line == "a line of the log"));
        std::fs::write(&path, "one\ntwo\n").unwrap();
        assert_eq!(end(&path).unwrap(), "one\ntwo\n");
    }
}
