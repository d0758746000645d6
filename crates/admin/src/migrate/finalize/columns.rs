//! `finalize drop-columns` and `restore-columns`: what an application's own table keeps for passwords (S001-57, C-31).
//!
//! Values go into the archive first, the columns last; a step that was not reached is reached by the same command run again.

use std::collections::HashMap;

use authly_cutover::{
    digest::Digest,
    finalization::{self, Finalization, RelicKind, SealedRelic, StepRefused},
    parting::{self, PartPlan, PartRow, Parted, Parting},
    run::RunKind,
    source::{SourceId, SourceName},
    store::{CutoverStore as _, EndStep, FinalizeStore as _},
};
use authly_failpoint::{Place, reached};
use oauth_core::services::Clock as _;
use serde::Serialize;
use serde_json::json;

use super::{End, STEP, contended};
use crate::migrate::{MigrateError, Stop, Tools};

/// Rows of the application's table that are read at a time.
const PAGE: u32 = STEP;

/// What was dropped, or brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ColumnsReport {
    /// The table.
    pub table: String,
    /// The columns.
    pub columns: Vec<String>,
    /// Rows whose values went into the archive, or came back, by this run.
    pub rows: u64,
    /// Statements that rows of today do not allow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// Whether it was stopped before the end; the same command goes on.
    pub stopped: bool,
}

impl ColumnsReport {
    fn of(plan: &PartPlan) -> Self {
        let columns = plan.columns.iter().map(|column| column.name.clone()).collect();
        Self { table: plan.table.clone(), columns, ..Self::default() }
    }
}

/// Refuses where the columns of that source cannot be dropped now.
pub async fn may_drop_columns<T: Tools>(tools: &T, source: &SourceName) -> Result<(), MigrateError> {
    finalization::may_part(tools.target().finalization().await?, source)?;
    let runs = tools.target().runs(Some(source), u32::from(u16::MAX)).await?;
    if runs.iter().any(|run| run.plan.kind == RunKind::Import) {
        return Ok(());
    }
    Err(MigrateError::NotFound { what: "imported source", name: source.to_string() })
}

/// Refuses where the columns of that source are dropped: writing back would add some of them again.
pub async fn may_write_back<T: Tools>(tools: &T, source: &SourceName) -> Result<(), MigrateError> {
    let known = tools.target().finalization().await?;
    let parted = known.and_then(|known| known.parted.into_iter().find(|one| one.source == *source));
    match parted {
        Some(Parted { source: source_name, table, .. }) => Err(StepRefused::Parted { source_name, table }.into()),
        None => Ok(()),
    }
}

/// Refuses where there is nothing of that source to bring back; returns how.
pub async fn may_restore_columns<T: Tools>(tools: &T, source: &SourceName) -> Result<Option<PartPlan>, MigrateError> {
    finalization::may_rejoin(tools.target().finalization().await?, source)?;
    kept_columns(tools, source).await
}

/// What the archive knows of that source's columns.
pub async fn kept_columns<T: Tools>(tools: &T, source: &SourceName) -> Result<Option<PartPlan>, MigrateError> {
    let kept = tools.target().archived(&[RelicKind::AppTable], &parting::table_key(source), 1).await?;
    let Some(kept) = kept.first() else { return Ok(None) };
    Ok(PartPlan::of(&kept.open(tools.sealer())?))
}

/// Drops the columns of a plan, when the archive holds what stands in them.
pub async fn drop_columns<T: Tools, P: Parting>(
    tools: &T,
    source: &SourceName,
    table: &mut P,
    plan: &PartPlan,
    stop: &Stop,
) -> Result<ColumnsReport, MigrateError> {
    may_drop_columns(tools, source).await?;
    let mut end = End::begin(tools, "drop-columns").await?;
    let result = end.drop_columns(source, table, plan, stop).await;
    end.finish(result).await
}

/// Brings the columns back as they were.
pub async fn restore_columns<T: Tools, P: Parting>(
    tools: &T,
    source: &SourceName,
    table: &mut P,
    stop: &Stop,
) -> Result<ColumnsReport, MigrateError> {
    may_restore_columns(tools, source).await?;
    let mut end = End::begin(tools, "restore-columns").await?;
    let result = end.restore_columns(source, table, stop).await;
    end.finish(result).await
}

impl<T: Tools> End<'_, T> {
    async fn drop_columns<P: Parting>(
        &mut self,
        source: &SourceName,
        table: &mut P,
        plan: &PartPlan,
        stop: &Stop,
    ) -> Result<ColumnsReport, MigrateError> {
        // Read again, under the lease.
        let known = finalization::may_part(self.tools.target().finalization().await?, source)?;
        let mut done = ColumnsReport::of(plan);
        if !table.is_parted(plan).await? {
            self.shelve(vec![plan.relic(source).seal(self.tools.sealer())], json!({ "columns_of": plan.table }))
                .await?;
            let mut seen = HashMap::new();
            if !self.archive_columns(source, table, plan, &mut seen, &mut done, stop).await? {
                done.stopped = true;
                return Ok(done);
            }
            // What was written meanwhile is seen now that nobody writes.
            table.hold(plan).await?;
            if !self.archive_columns(source, table, plan, &mut seen, &mut done, stop).await? {
                done.stopped = true;
                return Ok(done);
            }
            table.part(plan).await?;
            reached(Place::ColumnsDropped);
        }
        let parted = Parted { source: source.clone(), table: plan.table.clone(), at: self.tools.clock().now() };
        let told = json!({ "columns_dropped": done.columns, "table": plan.table });
        let record = Finalization { parted: [known.parted.clone(), vec![parted]].concat(), ..known };
        self.step(EndStep::Record(Some(record)), told).await?;
        Ok(done)
    }

    /// Puts away every row that is not seen as it is; `false` if somebody asked to stop.
    async fn archive_columns<P: Parting>(
        &mut self,
        source: &SourceName,
        table: &mut P,
        plan: &PartPlan,
        seen: &mut HashMap<SourceId, Digest>,
        done: &mut ColumnsReport,
        stop: &Stop,
    ) -> Result<bool, MigrateError> {
        let mut after: Option<SourceId> = None;
        loop {
            if stop.is_asked() {
                return Ok(false);
            }
            let rows = table.page(plan, after.as_ref(), PAGE).await?;
            let Some(last) = rows.last() else { return Ok(true) };
            after = Some(last.id.clone());
            let fresh: Vec<&PartRow> = rows.iter().filter(|row| seen.get(&row.id) != Some(&row.digest())).collect();
            if fresh.is_empty() {
                continue;
            }
            let sealed = fresh.iter().map(|row| row.relic(source).seal(self.tools.sealer())).collect();
            self.shelve(sealed, json!({ "archived": { (RelicKind::AppRow.as_str()): fresh.len() } })).await?;
            for row in fresh {
                if seen.insert(row.id.clone(), row.digest()).is_none() {
                    done.rows += 1;
                }
            }
        }
    }

    async fn shelve(&mut self, rows: Vec<SealedRelic>, told: serde_json::Value) -> Result<(), MigrateError> {
        if self.step(EndStep::Shelve(rows), told).await? { Ok(()) } else { Err(contended()) }
    }

    async fn restore_columns<P: Parting>(
        &mut self,
        source: &SourceName,
        table: &mut P,
        stop: &Stop,
    ) -> Result<ColumnsReport, MigrateError> {
        let known = finalization::may_rejoin(self.tools.target().finalization().await?, source)?;
        let mut done = ColumnsReport::default();
        // Without it everything is back, and only the record does not say so yet.
        if let Some(plan) = kept_columns(self.tools, source).await? {
            done = ColumnsReport::of(&plan);
            table.add(&plan).await?;
            loop {
                let sealed =
                    self.tools.target().archived(&[RelicKind::AppRow], &parting::rows_key(source), STEP).await?;
                if sealed.is_empty() {
                    break;
                }
                if stop.is_asked() {
                    done.stopped = true;
                    return Ok(done);
                }
                let mut rows = Vec::with_capacity(sealed.len());
                for one in &sealed {
                    let row = PartRow::of(&one.open(self.tools.sealer())?);
                    rows.push(row.ok_or_else(|| MigrateError::Refused("the archive cannot be read".to_owned()))?);
                }
                table.put(&plan, &rows).await?;
                reached(Place::ColumnsWritten);
                let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
                let keys = sealed.into_iter().map(|one| (one.kind, one.key)).collect();
                let told = json!({ "restored": { (RelicKind::AppRow.as_str()): count } });
                if !self.step(EndStep::Purge(keys), told).await? {
                    return Err(contended());
                }
                done.rows += count;
            }
            done.left = table.settle(&plan).await?;
            let key = vec![(RelicKind::AppTable, parting::table_key(source))];
            if !self.step(EndStep::Purge(key), json!({ "columns_of": plan.table })).await? {
                return Err(contended());
            }
        }
        let parted = known.parted.iter().filter(|one| one.source != *source).cloned().collect();
        let record = Finalization { parted, ..known };
        self.step(EndStep::Record(Some(record)), json!({ "columns_restored": done.columns })).await?;
        Ok(done)
    }
}
