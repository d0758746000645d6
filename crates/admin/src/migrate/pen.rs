//! Rows that wait: listed, shown, decided. The next import heeds what was decided.

use authly_cutover::{
    decide::left_unmended,
    digest::Digest,
    ledger::{Action, LedgerItem, LedgerKey},
    outcome::{Reason, ReasonCode},
    run::{Begun, LEASE, Run, RunId, RunKind, RunPlan, RunState},
    source::{SourceId, SourceName},
    store::{BatchCommit, BatchWrite, CutoverStore as _, PenEntry, Resolution, ResolutionWrite, RunEnd},
};
use oauth_core::{audit::AuditKind, services::Clock as _, time::Timestamp};
use serde::Serialize;
use serde_json::{Map, json};

use super::{MigrateError, Tools, link, status, tools::event};

/// A row that waits, for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quarantined {
    /// The source.
    pub source: String,
    /// The row.
    pub source_id: String,
    /// `conflict`, `quarantine` or `failed`.
    pub kind: &'static str,
    /// What people know it by.
    pub label: String,
    /// Why it waits.
    pub reason: &'static str,
    /// What explains it.
    pub detail: serde_json::Value,
    /// Since when.
    pub since: String,
    /// The run that set it aside.
    pub run: String,
    /// What was decided.
    pub resolution: Option<Resolution>,
    /// When that was.
    pub resolved_at: Option<String>,
}

impl Quarantined {
    fn of(entry: &PenEntry) -> Self {
        Self {
            source: entry.source.to_string(),
            source_id: entry.source_id.to_string(),
            kind: entry.kind.as_str(),
            label: entry.label.clone(),
            reason: entry.reason.code.as_str(),
            detail: entry.reason.detail.clone(),
            since: entry.at.to_rfc3339(),
            run: entry.run.to_string(),
            resolution: entry.resolution.clone(),
            resolved_at: entry.resolved_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// Which rows that wait are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingRows {
    /// Only of this source.
    pub source: Option<SourceName>,
    /// Only of this tenant (its short name here).
    pub tenant: Option<String>,
    /// Those that are decided, too.
    pub resolved_too: bool,
}

/// Rows of a page.
const PAGE: u32 = 500;

/// Rows that wait, by source and key.
pub async fn waiting<T: Tools>(
    tools: &T,
    ask: &WaitingRows,
    after: Option<(SourceName, SourceId)>,
    limit: u32,
) -> Result<Vec<Quarantined>, MigrateError> {
    let tenant = status::tenant_id(tools, ask.tenant.as_deref()).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut rows, mut after) = (Vec::new(), after);
    let page = if tenant.is_some() { PAGE } else { limit };
    loop {
        let entries = tools.target().pen(ask.source.as_ref(), ask.resolved_too, after, page).await?;
        let wanted = entries.iter().filter(|entry| tenant.is_none() || entry.tenant == tenant);
        rows.extend(wanted.take(most - rows.len()).map(Quarantined::of));
        after = entries.last().map(|last| (last.source.clone(), last.source_id.clone()));
        if rows.len() >= most || u32::try_from(entries.len()).is_ok_and(|count| count < page) {
            return Ok(rows);
        }
    }
}

/// One row that waits.
pub async fn show<T: Tools>(tools: &T, source: &SourceName, id: &SourceId) -> Result<Quarantined, MigrateError> {
    Ok(Quarantined::of(&entry(tools, source, id).await?))
}

/// Decides about a row; the ledger remembers who decided what.
pub async fn resolve<T: Tools>(
    tools: &T,
    source: &SourceName,
    id: &SourceId,
    resolution: Resolution,
) -> Result<Quarantined, MigrateError> {
    check(tools, source, id, &resolution).await?;
    decide(tools, source, id, Some(resolution)).await
}

/// Opens a decided row again, so that the next import judges it anew.
pub async fn retry<T: Tools>(tools: &T, source: &SourceName, id: &SourceId) -> Result<Quarantined, MigrateError> {
    decide(tools, source, id, None).await
}

/// Refuses a decision that the next import could not heed.
async fn check<T: Tools>(
    tools: &T,
    source: &SourceName,
    id: &SourceId,
    resolution: &Resolution,
) -> Result<(), MigrateError> {
    let left = left_unmended(&entry(tools, source, id).await?.reason, resolution);
    if !left.is_empty() {
        let flaws: Vec<String> = left.iter().map(|flaw| format!("{} ({})", flaw.kind.as_str(), flaw.column)).collect();
        return Err(MigrateError::Refused(format!(
            "the row itself has a flaw that this leaves as it is: {}; give it a new name where that helps, correct it in the \
             source, or drop the row",
            flaws.join(", ")
        )));
    }
    match resolution {
        Resolution::Merge { user } => {
            let there = tools.target().target_accounts(&[*user]).await?;
            if there.is_empty() {
                return Err(MigrateError::NotFound { what: "user", name: user.to_string() });
            }
            link::taken(tools, source, id, *user).await
        }
        Resolution::Rename { email: None, username: None } => {
            Err(MigrateError::Refused("a row is renamed by a new e-mail address, a new user name, or both".to_owned()))
        }
        Resolution::Rename { email: Some(email), .. } => {
            let fine = authly_directory::identifier::EmailAddress::parse(email).is_some();
            if fine {
                return Ok(());
            }
            let why = format!("{email:?} is no e-mail address; write one as somebody@example.org");
            Err(MigrateError::Refused(why))
        }
        _ => Ok(()),
    }
}

async fn entry<T: Tools>(tools: &T, source: &SourceName, id: &SourceId) -> Result<PenEntry, MigrateError> {
    let found = tools.target().pen_entry(source, id).await?;
    found.ok_or_else(|| MigrateError::NotFound { what: "waiting row", name: format!("{source} {id}") })
}

async fn decide<T: Tools>(
    tools: &T,
    source: &SourceName,
    id: &SourceId,
    resolution: Option<Resolution>,
) -> Result<Quarantined, MigrateError> {
    let known = entry(tools, source, id).await?;
    let run = begin(tools, source, RunKind::Decide, json!({ "source_id": id })).await?;
    let now = tools.clock().now();
    let mut write = BatchWrite::empty(run.lease(), now);
    let mut after = Map::new();
    after.insert("resolution".to_owned(), json!(resolution));
    let mut before = Map::new();
    before.insert("resolution".to_owned(), json!(known.resolution));
    write.resolutions.push(ResolutionWrite { source: source.clone(), source_id: id.clone(), resolution });
    write.ledger.push(LedgerItem {
        key: LedgerKey { run: run.plan.id, seq: 1 },
        source: source.clone(),
        source_id: id.clone(),
        user: None,
        tenant: known.tenant,
        action: Action::Decide,
        before,
        after: after.clone(),
        outcome: None,
        reason: Some(Reason::plain(ReasonCode::Resolved)),
        undoes: None,
        at: now,
    });
    write.progress.last_seq = 1;
    let detail = json!({ "migration_row": { "source": source, "source_id": id }, "decision": after });
    write.audit.push(event(tools, AuditKind::SettingChanged, detail));
    let committed = tools.target().commit_batch(write).await;
    finish(tools, &run).await?;
    match committed? {
        BatchCommit::Applied => show(tools, source, id).await,
        BatchCommit::Fenced => Err(MigrateError::Fenced),
        BatchCommit::Lost => Err(MigrateError::NotFound { what: "waiting row", name: format!("{source} {id}") }),
    }
}

/// Begins a run that is no import.
pub(super) async fn begin<T: Tools>(
    tools: &T,
    source: &SourceName,
    kind: RunKind,
    options: serde_json::Value,
) -> Result<Run, MigrateError> {
    let now = tools.clock().now();
    let plan = RunPlan {
        id: RunId::generate(now, tools.random()),
        kind,
        source: source.clone(),
        profile: kind.as_str().to_owned(),
        profile_digest: Digest::of([kind.as_str().as_bytes()]),
        options,
        source_rows: None,
    };
    match tools.target().begin_run(plan, now, now.minus(LEASE)).await? {
        Begun::Busy(run) => Err(MigrateError::busy(&run)),
        Begun::Resumed(run) | Begun::Started(run) => Ok(run),
    }
}

/// Ends it.
pub(super) async fn finish<T: Tools>(tools: &T, run: &Run) -> Result<(), MigrateError> {
    let end = RunEnd { state: RunState::Finished, at: tools.clock().now(), note: None, audit: None };
    match tools.target().finish_run(run.lease(), end).await? {
        oauth_core::store::Commit::Applied => Ok(()),
        oauth_core::store::Commit::Lost => Err(MigrateError::Fenced),
    }
}
