//! How far the installation itself is, for `migrate status` and the checklist (S000-90).

use authly_config::Settings;
use authly_cutover::installation::{self as phases, Installation, PhaseState, Setup};
use authly_directory::store::AccountCounts;
use authly_runtime::{AnyStore, Trouble, live, store::Database};
use oauth_core::{catalog::CatalogRecords, services::Services as _};
use serde_json::json;

use super::Bench;
use crate::{
    commands::doctor,
    console::Console,
    failure::{Failure, refused},
};

/// What the settings, the schema and this catalog show, where there are so many accounts.
pub(super) async fn setup<D: Database>(
    settings: &Settings,
    database: &D,
    bench: &Bench<D::Store>,
    records: &CatalogRecords,
    accounts: u64,
) -> Result<Setup, Failure> {
    let counts = AccountCounts { total: accounts, ..AccountCounts::default() };
    let admin = live::admin(settings, bench.live());
    let setup = admin.setup(records, counts, doctor::ground(settings), database.newest_step()).await;
    setup.map_err(refused("cannot look at the store"))
}

/// The catalog as it stands in the store.
pub(super) async fn records<S: AnyStore>(bench: &Bench<S>) -> Result<CatalogRecords, Failure> {
    let records = bench.live().store().load_without_tenants().await;
    records.map_err(|error| Trouble::caused("cannot read the store", &error, "check DATABASE_URL").into())
}

/// The phases where the schema is not what this program needs, beside the failure that this is.
pub(super) async fn without_a_store<D: Database>(
    database: &D,
    failure: Failure,
    console: Console,
) -> Result<(), Failure> {
    let Ok(report) = database.schema().await else { return Err(failure) };
    if !report.pending.is_empty() && report.differences.is_empty() {
        let newest_step = database.newest_step().to_owned();
        let setup = Setup { pending: report.pending, newest_step, ..Setup::default() };
        let installation = phases::judge(&setup, &[], None);
        match console.is_json() {
            true => console.item(&json!({ "installation": installation }))?,
            false => console.raw(&lines(&installation))?,
        }
    }
    Err(failure)
}

/// The phases for people.
pub(super) fn lines(installation: &Installation) -> String {
    let mut lines = vec![format!("Installation: phase {} of {}.", installation.reached, installation.phases.len())];
    for phase in &installation.phases {
        let mut line = format!("  {} {}: {}", phase.number, phase.phase, phase.state.as_str());
        if phase.state != PhaseState::Waits {
            line.push_str(&format!(", {}", phase.found));
        }
        if let Some(next) = phase.next {
            line.push_str(&format!("; next: {next}"));
        }
        lines.push(line);
    }
    lines.join("\n")
}
