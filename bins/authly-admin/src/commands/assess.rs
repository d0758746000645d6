//! `authly-admin migrate profile|assess|verify-password|export`: what is in a source, without touching it or the store.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::Path,
};

use authly_admin_cases::migrate::{
    self, AssessOptions, Assessed, ExportOptions, Exported, MigrateError, Observer, PasswordResult,
};
use authly_config::Settings;
use authly_cutover::{assess::Severity, profile::Profile, words};
use authly_runtime::{Trouble, private_file};
use authly_seal::SystemClock;
use oauth_core::{secret::Secret, services::Clock as _};
use serde_json::json;

use super::{
    hashes::{self, Schemes},
    source,
};
use crate::{
    args::{AssessArgs, ExportArgs, ProfileCommand, VerifyPasswordArgs},
    console::{Console, harmless},
    failure::{Code, Failure},
    secret_input,
};

/// What to do about a tenant that is not there.
pub(super) const NAME_A_TENANT: &str = "name one of the source's tenants in --tenant, as it is written there; `authly-admin migrate assess` without it lists them";

/// A file of canaries is not larger.
const MOST_CANARIES: u64 = 1024 * 1024;

/// `migrate profile`.
pub(crate) async fn profile(command: ProfileCommand, settings: &Settings, console: Console) -> Result<(), Failure> {
    match command {
        ProfileCommand::Show { profile } => {
            let text = source::profile_text(&profile)?;
            let read = source::profile(&profile)?;
            if console.is_json() { console.item(&read) } else { console.raw(&text) }
        }
        ProfileCommand::Check { profile, source } => check(&profile, source.as_deref(), settings, console).await,
    }
}

async fn check(name: &str, named: Option<&str>, settings: &Settings, console: Console) -> Result<(), Failure> {
    let mistakes = |mistakes: Vec<String>| {
        console.item(&json!({ "profile": name, "sound": false, "mistakes": mistakes }))?;
        Err(Failure::silent(Code::CheckErrors))
    };
    let profile = match Profile::parse(&source::profile_text(name)?) {
        Ok(profile) => profile,
        Err(error) => return mistakes(error.0.iter().map(ToString::to_string).collect()),
    };
    let mut sound = json!({
        "profile": profile.name,
        "sound": true,
        "reads": profile.source.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "active": profile.users.active.to_string(),
        "verified": profile.users.verified.to_string(),
    });
    if named.is_some() {
        let address = source::address(named, &profile, settings)?;
        let shape = authly_sources::shape(&address, &profile).await;
        let shape = shape.map_err(|error| source::told(&format!("cannot read {address}"), &error))?;
        match profile.bind(&shape) {
            Ok(bound) => {
                let columns: Vec<String> = bound.user_columns().iter().map(|name| name.as_str().to_owned()).collect();
                if let Some(members) = sound.as_object_mut() {
                    members.insert("source".to_owned(), json!(address.to_string()));
                    members.insert("columns".to_owned(), json!(columns));
                    members.insert("lacking".to_owned(), json!(bound.lacking));
                }
            }
            Err(found) => return mistakes(found.iter().map(ToString::to_string).collect()),
        }
    }
    console.item(&sound)
}

/// `migrate assess`.
pub(crate) async fn assess(arguments: AssessArgs, settings: &Settings, console: Console) -> Result<(), Failure> {
    let canaries = arguments.canary.as_deref().map(canaries).transpose()?.unwrap_or_default();
    let (mut opened, name) = source::open(&arguments.source, settings).await?;
    let bound = opened.profile().clone();
    let peppers = if canaries.is_empty() { &[][..] } else { &bound.profile.passwords.peppers };
    let pool = hashes::pool_with(settings, peppers)?;
    let (tenant, limit) = (arguments.tenant, arguments.limit);
    let options = AssessOptions { rows: arguments.rows, canaries, tenant, limit };
    let hashes = (&Schemes, &pool);
    let now = SystemClock.now();
    let assessed = migrate::assess(&mut opened, &bound, name, &options, hashes, now, &mut Phases(console)).await;
    let assessed = assessed.map_err(|error| failed("cannot assess the source", &error))?;
    print(&assessed, arguments.rows.is_some(), console)?;
    match assessed.report.worst() {
        Some(Severity::Error) => Err(Failure::silent(Code::CheckErrors)),
        Some(Severity::Warning) => Err(Failure::silent(Code::CheckWarnings)),
        Some(Severity::Note) | None => Ok(()),
    }
}

fn print(assessed: &Assessed, rows: bool, console: Console) -> Result<(), Failure> {
    let report = &assessed.report;
    if console.is_json() {
        return console.item(assessed);
    }
    if rows {
        return console.list(&report.rows, &[("row", "id"), ("detail", "detail")], "No row is of that class.");
    }
    let tables: Vec<String> = assessed
        .tables
        .iter()
        .map(|line| format!("{}: {}", line.table, words::count(line.rows, "row", "rows")))
        .collect();
    console.item(&json!({
        "source": assessed.source,
        "system": assessed.system,
        "tables": tables,
        "lacking": assessed.lacking,
        "accounts": report.people,
        "advice": report.advice,
        "import_takes_at_most": format!("{} s", report.estimated_seconds.max(1)),
    }))?;
    if !report.tenants.is_empty() {
        let shown = report.tenants.get(..20).unwrap_or(&report.tenants);
        console.list(shown, &[("tenant", "slug"), ("active", "active"), ("accounts", "users")], "")?;
        if report.tenants.len() > shown.len() {
            let more = words::count(report.tenants.len() - shown.len(), "more tenant", "more tenants");
            console.note(&format!("{more}; --output json lists all."));
        }
    }
    console.list(
        &report.schemes,
        &[("password scheme", "scheme"), ("state", "state"), ("accounts", "users")],
        "No account has a password.",
    )?;
    if !assessed.canaries.is_empty() {
        let columns = [("canary", "source_id"), ("result", "result"), ("scheme", "scheme")];
        console.list(&assessed.canaries, &columns, "")?;
    }
    let columns =
        [("severity", "severity"), ("class", "class"), ("rows", "rows"), ("what", "what"), ("what to do", "remedy")];
    console.list(&report.findings, &columns, "Nothing was found that a migration would stumble over.")?;
    if !report.findings.is_empty() {
        console.note("`--rows CLASS` lists the rows behind a number.");
    }
    Ok(())
}

/// Test accounts with known passwords, by their keys in the source.
pub(super) fn canaries(path: &Path) -> Result<BTreeMap<String, Secret<String>>, Failure> {
    let refused = |why: String| {
        let remedy = "write a JSON object: {\"17\": \"the password of the account with key 17\"}";
        Trouble::new(format!("cannot read the canaries in {}", path.display()), why, remedy)
    };
    let size = fs::metadata(path).map_err(|error| refused(error.to_string()))?.len();
    if size > MOST_CANARIES {
        return Err(refused("it is larger than 1 MiB".to_owned()).into());
    }
    let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    // The parser's own words could repeat a password.
    let read: BTreeMap<String, String> = serde_json::from_str(&text)
        .map_err(|error| refused(format!("line {} is no JSON object of texts", error.line())))?;
    Ok(read.into_iter().map(|(id, password)| (id, Secret::new(password))).collect())
}

/// `migrate verify-password`.
pub(crate) async fn verify_password(
    arguments: VerifyPasswordArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let (mut opened, _) = source::open(&arguments.source, settings).await?;
    let bound = opened.profile().clone();
    let pool = hashes::pool(settings, &bound.profile)?;
    let password = match arguments.password_stdin {
        true => secret_input::from_stdin("password"),
        false => secret_input::password_once(),
    }?;
    let hashes = (&Schemes, &pool);
    let check = migrate::verify_password(&mut opened, &bound, &arguments.source_id, &password, hashes).await;
    let check = check.map_err(|error| failed("cannot verify the password", &error))?;
    console.item(&check)?;
    let (code, note) = match check.result {
        PasswordResult::Verified => return Ok(()),
        PasswordResult::WrongPassword => (Code::CheckErrors, "The hash is sound; the password is another one."),
        PasswordResult::UnreadableHash => (
            Code::CheckErrors,
            "This is no wrong password: no scheme can verify the hash. See passwords.scheme and encoding in the profile.",
        ),
        PasswordResult::NoHash => (Code::CheckErrors, "The account has no password in the source."),
        PasswordResult::NoSuchRow => (Code::Failed, "The source has no row with that key."),
    };
    console.note(note);
    Err(Failure::silent(code))
}

/// `migrate export`.
pub(crate) async fn export(arguments: ExportArgs, settings: &Settings, console: Console) -> Result<(), Failure> {
    let (mut opened, _) = source::open(&arguments.source, settings).await?;
    let bound = opened.profile().clone();
    let file = arguments.out.as_deref().map(private_file::create_new).transpose().map_err(|error| unwritten(&error))?;
    let out: Box<dyn Write> = match &file {
        Some(file) => Box::new(file),
        None => Box::new(io::stdout().lock()),
    };
    let (mut out, mut failure) = (BufWriter::new(out), None);
    let line = |account: &Exported| match line(&mut out, account) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    };
    let options = ExportOptions {
        tenant: arguments.tenant.clone(),
        limit: arguments.limit.and_then(|limit| usize::try_from(limit).ok()),
    };
    let count = migrate::export(&mut opened, &bound, &options, &mut Phases(console), line).await;
    let flushed = failure.map_or_else(|| out.flush(), Err);
    drop(out);
    let written = flushed.and_then(|()| file.as_ref().map_or(Ok(()), |file| file.sync_all()));
    if let Some(path) = arguments.out.as_deref().filter(|_| written.is_err() || count.is_err()) {
        // A file that could not be finished is taken away.
        let _unheard = fs::remove_file(path);
    }
    let (count, given) = count.map_err(|error| failed("cannot export accounts", &error))?;
    match written {
        // A reader that has gone away, as `head` does, is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(unwritten(&error)),
        Ok(()) => {
            let accounts = words::count(count, "account is", "accounts are");
            let first = if given < count { format!(" Only the first {given}: --limit.") } else { String::new() };
            console.note(&format!("{accounts} active and linked to no identity provider.{first}"));
            Ok(())
        }
    }
}

fn unwritten(error: &io::Error) -> Failure {
    Trouble::caused("cannot write the export", error, "name a file that does not exist yet").into()
}

/// Newline-delimited JSON; nothing at all for no account. It may go to a terminal, and a name may hold anything.
fn line(out: &mut impl Write, account: &Exported) -> io::Result<()> {
    let line = serde_json::to_string(account)?;
    writeln!(out, "{}", harmless(&line))
}

/// Tells what takes a while, to people.
struct Phases(Console);

impl Observer for Phases {
    fn phase(&mut self, name: &'static str) {
        self.0.note(&format!("{name} .."));
    }
}

fn failed(what: &str, error: &MigrateError) -> Failure {
    let remedy = match error {
        MigrateError::NoTenant { .. } => NAME_A_TENANT,
        _ => "check that the source answers; nothing was changed",
    };
    Trouble::new(what, error, remedy).into()
}
