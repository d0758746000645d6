//! `authly-admin migrate validate` (S000-74..76): people are made for the occasion, try the server, and are removed again.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use authly_admin_cases::{Admin, client::MIGRATION_TEST_CLIENT, tenant::PolicyChange, user::UserDraft};
use authly_config::Settings;
use authly_cutover::store::CutoverStore;
use authly_directory::services::DirectoryServices;
use authly_runtime::{
    convert, live,
    store::{self, Database},
    trouble::Trouble,
};
use authly_seal::{SystemClock, SystemRandom};
use authly_validate::{Expected, Outcome, Part, Person, Target, Unreachable};
use oauth_core::{
    policy::Mode,
    secret::Secret,
    services::{Clock as _, Services as _},
    subject::CHECK_ROLE,
    token::OpaqueToken,
};
use serde_json::{Value, json};
use url::Url;

use crate::{
    args::Format,
    console::{Column, Console},
    failure::{Code, Failure, refused},
    run,
};

const COLUMNS: &[Column] = &[("Part", "part"), ("Check", "check"), ("Outcome", "outcome"), ("Seen", "seen")];

/// Enough that a hundred sign-ins do not meet the limit of one account.
const PEOPLE: usize = 12;

pub(crate) async fn run<D: Database>(
    settings: &Settings,
    database: &D,
    url: Option<Url>,
    config: Option<PathBuf>,
    console: Console,
) -> Result<(), Failure> {
    store::must_be_up_to_date(settings, database).await?;
    let live = run::services_as_they_are(settings, database.open().await?)?;
    let admin = live::admin(settings, &live);
    let base = match url {
        Some(url) => url,
        None => Url::parse(settings.issuer.url.as_str()).map_err(|error| {
            Trouble::caused("cannot use the issuer's address", &error, "name the server with --url")
        })?,
    };
    let target = Target::new(base).map_err(|error| Trouble::caused("cannot start", &error, ""))?;
    let expected = expected(&admin, settings).await?;
    let mut people = Vec::new();
    let mut made = make(&admin, &mut people).await;
    if made.is_ok() && expected.legacy {
        made = let_in(&admin, live.store(), people.get(..PEOPLE).unwrap_or_default()).await;
    }
    let tried = match made {
        Ok(()) => parts(&target, expected, &people, config.as_deref(), settings.mail.is_some()).await,
        Err(failure) => Err(failure),
    };
    // Whatever came of it: nobody stays. Who has never registered cannot be removed.
    for person in &people {
        admin.delete_user(&person.email).await.ok();
    }
    let (parts, figures) = tried?;
    let asked = parts.iter().filter(|part| part.outcome() != Outcome::Skipped);
    let ended = asked.map(|part| (part.part.to_owned(), part.outcome() == Outcome::Passed)).collect();
    admin.remember_trial(live.store(), ended).await.map_err(refused("cannot remember how it ended"))?;
    if expected.legacy {
        console.note(
            "Its password grants are counted apart, as `check`: the quiet days before the end of a migration go on.",
        );
    }
    show(&target, &parts, &figures, console)
}

async fn expected<V: DirectoryServices>(admin: &Admin<V>, settings: &Settings) -> Result<Expected, Failure> {
    let switches = admin.switches().await.map_err(refused("cannot read the switches"))?;
    let switches = switches.under(convert::switches(settings));
    let clients = admin.clients().await.map_err(refused("cannot list the clients"))?;
    Ok(Expected {
        legacy: switches.legacy_doors_are_open(SystemClock.now()),
        finalized: switches.finalized,
        registration: settings.accounts.registration,
        oauth: switches.oauth_enabled,
        limited: settings.limits.enabled,
        test_client: clients.iter().any(|client| client.client_id == MIGRATION_TEST_CLIENT && client.is_active),
    })
}

/// Makes the people; the last one is left to register by the server.
async fn make<V: DirectoryServices>(admin: &Admin<V>, people: &mut Vec<Person>) -> Result<(), Failure> {
    for number in 0..=PEOPLE {
        let word = || OpaqueToken::generate(&SystemRandom).expose().chars().take(24).collect::<String>();
        let email = format!("authly-validate-{}@example.invalid", word().to_lowercase().replace(['-', '_'], "0"));
        let person = Person { email: email.clone(), password: Secret::new(word()) };
        people.push(person.clone());
        if number < PEOPLE {
            let draft = UserDraft {
                email,
                password: Some(person.password),
                verified: true,
                roles: vec![CHECK_ROLE.to_owned()],
                ..UserDraft::default()
            };
            admin.create_user(draft).await.map_err(refused("cannot make an account to sign in with"))?;
        }
    }
    Ok(())
}

/// Opens both ways to them: what is tried is whether the old doors work, and policies only say for whom (S001-50..53).
async fn let_in<V: DirectoryServices>(
    admin: &Admin<V>,
    target: &impl CutoverStore,
    people: &[Person],
) -> Result<(), Failure> {
    for person in people {
        let both = PolicyChange { mode: Some(Mode::Dual), ..PolicyChange::default() };
        let set = admin.set_user_policy(target, &person.email, Some(both)).await;
        set.map_err(refused("cannot open both ways to sign in to an account that tries them"))?;
    }
    Ok(())
}

async fn parts(
    target: &Target,
    expected: Expected,
    people: &[Person],
    config: Option<&Path>,
    mails: bool,
) -> Result<(Vec<Part>, Value), Failure> {
    let unreachable = |error: Unreachable| {
        Trouble::caused(format!("cannot try {}", target.base()), &error, "start the server, or name it with --url")
            .into()
    };
    let (Some(person), Some(newcomer)) = (people.first(), people.last()) else { return Ok((Vec::new(), Value::Null)) };
    // A registration would send a mail to an address that does not exist.
    let newcomer = (!mails).then_some(newcomer);
    let compatibility =
        authly_validate::compatibility(target, expected, person, newcomer).await.map_err::<Failure, _>(unreachable)?;
    let oauth = authly_validate::oauth(target, expected).await.map_err::<Failure, _>(unreachable)?;
    let cli = command_line(config);
    let others = people.get(1..PEOPLE).unwrap_or_default();
    let performance = authly_validate::performance(target, expected, others).await;
    let (performance, figures) = performance.map_err::<Failure, _>(unreachable)?;
    let security = authly_validate::security(target, expected, person).await.map_err::<Failure, _>(unreachable)?;
    let figures = serde_json::to_value(figures).unwrap_or_default();
    Ok((vec![compatibility, oauth, cli, performance, security], figures))
}

/// The commands that the sources try (S000-65, 66), as processes of their own.
fn command_line(config: Option<&Path>) -> Part {
    let mut part = Part::new("command line");
    let Ok(program) = std::env::current_exe() else {
        part.skip("authly-admin", "the path of this program is unknown");
        return part;
    };
    for arguments in [&["--help"][..], &["status"], &["client", "list"], &["scope", "list"]] {
        let mut command = Command::new(&program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        let code = command.status().ok().and_then(|status| status.code());
        let seen = code.map_or_else(|| "it did not end".to_owned(), |code| format!("exit code {code}"));
        part.expect(format!("authly-admin {}", arguments.join(" ")), code == Some(0), seen);
    }
    part
}

fn show(target: &Target, parts: &[Part], figures: &Value, console: Console) -> Result<(), Failure> {
    let failed: Vec<&str> =
        parts.iter().filter(|part| part.outcome() == Outcome::Failed).map(|part| part.part).collect();
    match console.format {
        Format::Json => console.item(&json!({
            "url": target.base().as_str(),
            "passed": failed.is_empty(),
            "failed": failed,
            "parts": parts.iter().map(|part| json!({
                "part": part.part, "outcome": part.outcome(), "checks": part.checks,
            })).collect::<Vec<_>>(),
            "figures": figures,
        }))?,
        Format::Table => {
            let rows: Vec<Value> = parts
                .iter()
                .flat_map(|part| part.checks.iter().map(move |check| (part.part, check)))
                .map(|(part, check)| {
                    json!({ "part": part, "check": check.check, "outcome": check.outcome, "seen": check.seen })
                })
                .collect();
            console.list(&rows, COLUMNS, "")?;
            let verdict = if failed.is_empty() {
                "All parts passed.".to_owned()
            } else {
                format!("Failed: {}.", failed.join(", "))
            };
            console.raw(&verdict)?;
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::silent(Code::CheckErrors)) }
}
