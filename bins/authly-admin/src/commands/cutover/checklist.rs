//! `authly-admin migrate checklist`.

use authly_admin_cases::{
    client::MIGRATION_TEST_CLIENT,
    migrate::{self, Tools},
};
use authly_config::Settings;
use authly_cutover::checklist::{BOXES, Checklist, Surroundings, TodoState};
use authly_directory::{services::DirectoryServices as _, store::AccountRepository as _};
use authly_runtime::{convert, store::Database};
use oauth_core::{
    client::{Client, ClientState},
    services::{Clock as _, Services as _},
};
use serde_json::json;

use super::{Bench, installation, stopped};
use crate::{
    args::ChecklistCommand,
    console::{Column, Console},
    failure::{Code, Failure},
};

const STEPS: &[Column] = &[
    ("#", "number"),
    ("Box", "box"),
    ("Phase", "phase"),
    ("Step", "step"),
    ("State", "state"),
    ("Found", "found"),
    ("Next", "next"),
];

/// Exits with 11 while a step is open.
pub(super) async fn run<D: Database>(
    settings: &Settings,
    database: &D,
    bench: &Bench<D::Store>,
    console: Console,
) -> Result<(), Failure> {
    let around = surroundings(settings, database, bench).await?;
    let list = migrate::checklist(bench, &around).await.map_err(stopped("cannot compute the checklist"))?;
    print(&list, console)?;
    if list.open == 0 { Ok(()) } else { Err(Failure::silent(Code::CheckWarnings)) }
}

pub(super) fn print(list: &Checklist, console: Console) -> Result<(), Failure> {
    if console.is_json() {
        return console.item(list);
    }
    console.list(&list.steps, STEPS, "")?;
    let count = |state| list.steps.iter().filter(|step| step.state == state).count();
    let (done, not_applicable) = (count(TodoState::Done), count(TodoState::NotApplicable));
    console.raw(&format!(
        "{done} done, {} open, {not_applicable} not applicable; {} of {BOXES} boxes are ticked.",
        list.open, list.boxes_done
    ))
}

/// Notes what somebody says of a box, or takes it back.
pub(super) async fn confirm<T: Tools>(tools: &T, command: ChecklistCommand, console: Console) -> Result<(), Failure> {
    let ChecklistCommand::Confirm { name, by, note, withdraw: _ } = command;
    let done = match &by {
        Some(by) => migrate::confirm_box(tools, &name, by, note.as_deref()).await,
        None => migrate::withdraw_box(tools, &name).await,
    };
    done.map_err(stopped("cannot confirm the box"))?;
    console.item(&json!({ "box": name, "confirmed_by": by, "note": note }))
}

/// What only the installation as a whole shows.
pub(super) async fn surroundings<D: Database>(
    settings: &Settings,
    database: &D,
    bench: &Bench<D::Store>,
) -> Result<Surroundings, Failure> {
    let accounts = bench.live().accounts().count_accounts(bench.live().clock().now()).await;
    let accounts = accounts.map_err(|error| stopped("cannot count the accounts")(error.into()))?;
    let records = installation::records(bench).await?;
    // The client that `migrate seed` makes for trials is nobody's application.
    let on = |client: &&Client| client.state == ClientState::Active && client.id.as_str() != MIGRATION_TEST_CLIENT;
    let on = records.clients.iter().filter(on).count();
    let oauth = records.switches().under(convert::switches(settings)).oauth_enabled;
    Ok(Surroundings {
        setup: installation::setup(settings, database, bench, &records, accounts.total).await?,
        clients: u64::try_from(on).unwrap_or(u64::MAX),
        mail: settings.mail.is_some(),
        oauth,
        upstream: !settings.upstreams.is_empty(),
        foreign_hashes: settings.passwords.foreign_hashes,
    })
}
