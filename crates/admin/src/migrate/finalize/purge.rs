//! `finalize purge`: what was removed goes for good, after its grace period.

use authly_cutover::{
    finalization::{self, Finalization, FinalizationState, RelicKind},
    store::{EndStep, FinalizeStore as _},
};
use oauth_core::services::Clock as _;
use serde::Serialize;
use serde_json::json;

use super::{
    End, STEP, contended,
    count::{self, Count},
};
use crate::migrate::{MigrateError, Observer, Stop, Tools};

/// What was purged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Rows of the archive.
    pub rows: u64,
    /// Whether it was stopped before the end; the same command goes on, and there is no way back already.
    pub stopped: bool,
}

/// Deletes the archive; the observer hears of its rows.
pub async fn purge<T: Tools>(tools: &T, stop: &Stop, observer: &mut impl Observer) -> Result<Purged, MigrateError> {
    finalization::may_purge(tools.target().finalization().await?, tools.clock().now())?;
    let mut end = End::begin(tools, "purge").await?;
    let result = end.purge(stop, observer).await;
    end.finish(result).await
}

/// Whether it may be purged now; nothing is written.
pub async fn may_purge<T: Tools>(tools: &T) -> Result<(), MigrateError> {
    let known = tools.target().finalization().await?;
    Ok(finalization::may_purge(known, tools.clock().now()).map(drop)?)
}

impl<T: Tools> End<'_, T> {
    async fn purge(&mut self, stop: &Stop, observer: &mut impl Observer) -> Result<Purged, MigrateError> {
        let now = self.tools.clock().now();
        let known = finalization::may_purge(self.tools.target().finalization().await?, now)?;
        if known.state != FinalizationState::Purging {
            let record = Finalization { state: FinalizationState::Purging, purged_at: Some(now), ..known.clone() };
            self.step(EndStep::Record(Some(record)), json!({ "state": "purging" })).await?;
        }
        let mut done = Purged::default();
        let kinds = [&RelicKind::ALL[..], &RelicKind::OF_APPLICATIONS].concat();
        let archived = self.tools.target().outlook().await?.archived;
        let mut told = Count::begin(observer, "purging", count::rows(&archived, &kinds), "rows");
        loop {
            let rows = self.tools.target().archived(&kinds, "", STEP).await?;
            if rows.is_empty() {
                break;
            }
            if stop.is_asked() {
                done.stopped = true;
                return Ok(done);
            }
            let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            let keys = rows.into_iter().map(|row| (row.kind, row.key)).collect();
            if !self.step(EndStep::Purge(keys), json!({ "purged": count })).await? {
                return Err(contended());
            }
            done.rows += count;
            told.add(count);
        }
        let purged_at = known.purged_at.or(Some(now));
        let record = Finalization { state: FinalizationState::Purged, purged_at, ..known };
        self.step(EndStep::Record(Some(record)), json!({ "state": "purged" })).await?;
        Ok(done)
    }
}
