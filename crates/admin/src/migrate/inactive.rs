//! What becomes of accounts that are switched off in the source (S002-15, C-36): what an operator says, else what the last import of
//! that source was told, else what the profile says. So a dry run, the run, later runs and the check after them agree.

use authly_cutover::{
    profile::rules::Inactive,
    run::{Run, RunKind},
    source::SourceName,
    store::CutoverStore as _,
};
use serde_json::Value;

use super::{MigrateError, Tools};

/// The option of a run that says it.
pub(super) const OPTION: &str = "inactive_as";

/// Runs that are looked through first; the last import is among them as a rule.
const RECENT: u32 = 20;

/// What an operator said, now or at the last import of that source; `None` leaves it to the profile.
pub async fn inactive_as<T: Tools>(
    tools: &T,
    source: &SourceName,
    said: Option<Inactive>,
) -> Result<Option<Inactive>, MigrateError> {
    if said.is_some() {
        return Ok(said);
    }
    let recent = tools.target().runs(Some(source), RECENT).await?;
    if let Some(import) = last_import(&recent) {
        return Ok(told(import));
    }
    if u32::try_from(recent.len()).is_ok_and(|count| count < RECENT) {
        return Ok(None);
    }
    // Many rows were decided one by one since.
    let all = tools.target().runs(Some(source), i32::MAX.unsigned_abs()).await?;
    Ok(last_import(&all).and_then(told))
}

/// The newest import; runs come newest first.
fn last_import(runs: &[Run]) -> Option<&Run> {
    runs.iter().find(|run| run.plan.kind == RunKind::Import)
}

fn told(run: &Run) -> Option<Inactive> {
    let option = run.plan.options.get(OPTION).filter(|option| !option.is_null())?;
    serde_json::from_value(Value::clone(option)).ok()
}
