//! `authly-admin migrate checklist`.

use authly_admin_cases::{
    client::MIGRATION_TEST_CLIENT,
    migrate::{self, Checklist, Surroundings, TodoState},
};
use authly_config::Settings;
use authly_runtime::{Trouble, store::Database};
use oauth_core::{
    client::{Client, ClientState},
    services::Services as _,
    store::CatalogRepository as _,
};

use super::{Bench, stopped};
use crate::{
    console::{Column, Console},
    failure::{Code, Failure},
};

const STEPS: &[Column] =
    &[("#", "number"), ("Phase", "phase"), ("Step", "step"), ("State", "state"), ("Found", "found"), ("Next", "next")];

/// Exits with 11 while a step is open.
pub(super) async fn run<D: Database>(
    settings: &Settings,
    database: &D,
    bench: &Bench<D::Store>,
    console: Console,
) -> Result<(), Failure> {
    let around = surroundings(settings, database, bench).await?;
    let list = migrate::checklist(bench, around).await.map_err(stopped("cannot compute the checklist"))?;
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
    console.raw(&format!("{done} done, {} open, {not_applicable} not applicable.", list.open))
}

/// What only the installation as a whole shows.
pub(super) async fn surroundings<D: Database>(
    settings: &Settings,
    database: &D,
    bench: &Bench<D::Store>,
) -> Result<Surroundings, Failure> {
    let records = bench.live().store().load_catalog().await;
    let records = records.map_err(|error| Trouble::caused("cannot read the store", &error, "check DATABASE_URL"))?;
    // The client that `migrate seed` makes for trials is nobody's application.
    let on = |client: &&Client| client.state == ClientState::Active && client.id.as_str() != MIGRATION_TEST_CLIENT;
    let on = records.clients.iter().filter(on).count();
    Ok(Surroundings {
        schema_is_current: database.schema().await?.is_current(),
        clients: u64::try_from(on).unwrap_or(u64::MAX),
        mail: settings.mail.is_some(),
    })
}
