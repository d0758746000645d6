//! From when on an import reads that wants no more than what changed since the last one.

use std::time::Duration;

use authly_cutover::{
    decide::Rules,
    run::{Run, RunKind, RunState},
    store::CutoverStore as _,
};
use oauth_core::time::Timestamp;
use serde_json::json;

use super::{ImportOptions, MigrateError, Tools};

/// How far the clock of a source may be behind ours, and how long one of its changes may take.
const SLACK: Duration = Duration::from_secs(5 * 60);

/// Runs that are looked through.
const RUNS: u32 = 100;

/// The instant from which on rows are read, if not all of them are.
///
/// That is the newest change which the last import knew of, but none after that import began: a source is read as it was then, and
/// where an import was resumed, in parts of different times. A row that changed behind the first part would never be read again, nor
/// would any where one row dates from the future. An import of one tenant says nothing of the others, and one before a rollback
/// nothing at all.
pub(super) async fn watermark<T: Tools>(
    tools: &T,
    rules: &Rules,
    options: &ImportOptions,
) -> Result<Option<Timestamp>, MigrateError> {
    if !options.since_watermark {
        return Ok(None);
    }
    let runs = tools.target().runs(Some(&rules.source), RUNS).await?;
    let tenant = json!(options.tenant);
    let tells = |run: &&Run| {
        let of = run.plan.options.get("tenant").filter(|of| !of.is_null());
        let done = run.plan.kind == RunKind::Import && run.state == RunState::Finished;
        done && of.is_none_or(|of| *of == tenant)
    };
    let found = runs
        .iter()
        .take_while(|run| run.plan.kind != RunKind::Rollback)
        .filter(tells)
        .find_map(|run| run.watermark.map(|mark| mark.min(run.started_at.minus(SLACK))));
    let why = "no finished import of this source since its last rollback tells when its rows last changed; import without \
               --since-watermark first";
    found.map(Some).ok_or_else(|| MigrateError::Refused(why.to_owned()))
}
