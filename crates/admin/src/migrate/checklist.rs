//! The checklist of a migration (S001-61): what its rules judge is measured here, and what only people can know is remembered.

use authly_cutover::{
    checklist::{self as rules, CONFIRMED, Checklist, ChecklistFacts, Surroundings},
    finalize::{self, BACKUP_AGE, QUIET},
    installation::{self, Installation, Setup},
    progress,
    store::{CutoverStore as _, FinalizeStore as _, Said, TimedFact},
    write_back::WriteBackRepository as _,
};
use oauth_core::{audit::AuditKind, services::Clock as _, store::Commit, text};
use serde_json::json;

use super::{MigrateError, Tools, tools::event};

/// Runs among which the last import is looked for.
const RUNS: u32 = 1_000;

/// Characters of a name.
const NAME: usize = 200;

/// Characters of a note.
const NOTE: usize = 500;

/// Measures every step.
pub async fn checklist<T: Tools>(tools: &T, around: &Surroundings) -> Result<Checklist, MigrateError> {
    let (target, now) = (tools.target(), tools.clock().now());
    let mut gate = target.gate_facts(now, now.minus(QUIET)).await?;
    let overall = progress::overall(&target.figures().await?);
    let policies = target.policies().await?;
    let end = target.finalization().await?;
    // Who was waived by the end stays waived.
    let waived = end.as_ref().map_or(0, |end| end.waived).min(gate.not_completed);
    gate.not_completed -= waived;
    gate.waived += waived;
    let (tenants, groups) = target.tenants().await?;
    let active = || tenants.iter().filter(|tenant| tenant.active);
    let without_groups = active().filter(|tenant| !groups.iter().any(|group| group.tenant == Some(tenant.id)));
    let known = target.facts().await?;
    Ok(rules::checklist(&ChecklistFacts {
        around,
        overall: &overall,
        conditions: &finalize::judge(&gate, now),
        policies: &policies,
        tenants: number(active().count()),
        without_groups: number(without_groups.count()),
        written_back: target.written_rows().await?.values().sum(),
        backup_is_fresh: gate.backup_verified_at.is_some_and(|at| now.since(at) < BACKUP_AGE),
        gate: &gate,
        end: end.as_ref(),
        known: &known,
        last_import_at: installation::last_import(&target.runs(None, RUNS).await?),
        now,
    }))
}

/// How far the installation itself is (S000-90).
pub async fn installation<T: Tools>(tools: &T, setup: &Setup) -> Result<Installation, MigrateError> {
    let known = tools.target().facts().await?;
    let runs = tools.target().runs(None, RUNS).await?;
    Ok(installation::judge(setup, &known, installation::last_import(&runs)))
}

/// Remembers that somebody says of a box that it is done; a box that is measured takes nobody's word.
pub async fn confirm_box<T: Tools>(tools: &T, name: &str, by: &str, note: Option<&str>) -> Result<(), MigrateError> {
    let name = confirmed(name)?;
    let by = line("who", by, NAME)?;
    let note = note.map(|note| line("the note", note, NOTE)).transpose()?;
    let audit = event(tools, AuditKind::SettingChanged, json!({ "box_confirmed": name, "by": by, "note": note }));
    let (at, name) = (tools.clock().now(), name.to_owned());
    let fact = TimedFact::BoxConfirmed { at, name, said: Said { by, note } };
    Ok(tools.target().put_fact(fact, audit).await?)
}

/// Takes that back.
pub async fn withdraw_box<T: Tools>(tools: &T, name: &str) -> Result<(), MigrateError> {
    let name = confirmed(name)?;
    let audit = event(tools, AuditKind::SettingChanged, json!({ "box_confirmation_withdrawn": name }));
    match tools.target().forget_fact(&TimedFact::name_of_box(name), audit).await? {
        Commit::Applied => Ok(()),
        Commit::Lost => Err(MigrateError::NotFound { what: "confirmation of", name: name.to_owned() }),
    }
}

fn confirmed(name: &str) -> Result<&'static str, MigrateError> {
    let found = CONFIRMED.into_iter().find(|known| *known == name);
    found.ok_or_else(|| {
        MigrateError::Refused(format!("{name:?} is no box that somebody confirms; those are {}", CONFIRMED.join(", ")))
    })
}

fn line(what: &str, said: &str, most: usize) -> Result<String, MigrateError> {
    let line = text::line(said.trim(), most).ok().filter(|line| !line.is_empty()).map(ToOwned::to_owned);
    line.ok_or_else(|| MigrateError::Refused(format!("say {what} in one line of at most {most} characters")))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
