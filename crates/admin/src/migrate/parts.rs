//! Bringing in what hangs on the accounts: refresh tokens with their families, access tokens, API keys (C-14, C-32).
//!
//! Only rows of accounts that are here are taken over; an orphan waits in quarantine, under the name of the source with the part's
//! behind it. Every row has one outcome, and a second run changes nothing.

mod page;

use authly_cutover::{
    decide::Rules,
    digest::Digest,
    inspect::{Inspect, Part},
    profile::bind::BoundProfile,
    run::{Begun, LEASE, Run, RunId, RunKind, RunPlan, RunState},
    source::SourceName,
    store::{CutoverStore as _, Progress, RunEnd},
};
use oauth_core::{audit::AuditKind, services::Clock as _, store::Commit};
use serde_json::json;

use self::page::Walk;
use super::{ImportReport, MigrateError, Observer, Stop, Tools, pace::Pace, pieces::Pieces, tools::event};

/// How to bring a part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartOptions {
    /// Which part.
    pub part: Part,
    /// Whether anything is written.
    pub execute: bool,
    /// Rows of a batch.
    pub batch: u32,
    /// How hard it works.
    pub pace: Pace,
}

/// Brings a part of a source in, or tells what that would do.
pub async fn import_part<T: Tools, S: Inspect>(
    tools: &T,
    source: &mut S,
    profile: &BoundProfile,
    name: &SourceName,
    options: PartOptions,
    stop: &Stop,
    observer: &mut impl Observer,
) -> Result<ImportReport, MigrateError> {
    let started = tools.clock().now();
    let part = options.part;
    let table = match part {
        Part::Tokens => profile.profile.tokens.as_ref().map(|tokens| &tokens.table),
        Part::ApiKeys => profile.profile.api_keys.as_ref().map(|keys| &keys.table),
        Part::Groups => None,
    };
    let table = table.ok_or_else(|| {
        let what = part.as_str();
        MigrateError::Refused(format!(
            "the profile names no table of {what}, or the source has none: describe it in [{what}]"
        ))
    })?;
    let table = table.first().as_str().to_owned();
    let own = SourceName::parse(&format!("{name}-{}", part.as_str().replace('_', "-")));
    let own = own.ok_or_else(|| MigrateError::Refused("the name of the source is too long".to_owned()))?;
    let counts = source.table_counts().await?;
    let total = counts.iter().find(|(known, _)| *known == table).map_or(0, |(_, rows)| *rows);
    let run = match options.execute {
        true => Some(begin(tools, &own, profile, part, total).await?),
        false => None,
    };
    let mut walk = Walk {
        tools,
        profile,
        rules: Rules::of(&profile.profile, name.clone()),
        name,
        own: &own,
        part,
        run: run.as_ref().map(|(run, _)| run),
        progress: run.as_ref().map(|(run, _)| progress(run)).unwrap_or_default(),
        pieces: Pieces::new(tools, options.pace, options.batch),
    };
    observer.phase(if part == Part::Tokens { "tokens" } else { "API keys" });
    let walked = walk.walk(source, options.batch.max(1), total, stop, observer).await;
    let counters = walk.progress.counters.clone();
    let stopped = match (walked, &run) {
        (Ok(stopped), _) => stopped,
        (Err(error), Some((run, _))) => {
            // What is committed stays, and the next run goes on behind it.
            let _unheard = end(tools, run, RunState::Stopped).await;
            return Err(error);
        }
        (Err(error), None) => return Err(error),
    };
    if let Some((run, _)) = &run {
        end(tools, run, if stopped.is_none() { RunState::Finished } else { RunState::Stopped }).await?;
    }
    let mut report = ImportReport {
        dry_run: !options.execute,
        source: own.to_string(),
        profile: profile.profile.name.clone(),
        source_rows: total,
        reconciles: stopped.is_none().then_some(counters.rows() == total),
        stopped,
        run: run.as_ref().map(|(run, _)| run.plan.id.to_string()),
        resumed: run.is_some_and(|(_, resumed)| resumed),
        seconds: tools.clock().now().since(started).as_secs_f64(),
        ..ImportReport::default()
    };
    report.count(&counters);
    Ok(report)
}

async fn begin<T: Tools>(
    tools: &T,
    own: &SourceName,
    profile: &BoundProfile,
    part: Part,
    total: u64,
) -> Result<(Run, bool), MigrateError> {
    let now = tools.clock().now();
    let written = serde_json::to_vec(&profile.profile).unwrap_or_default();
    let plan = RunPlan {
        id: RunId::generate(now, tools.random()),
        kind: RunKind::Import,
        source: own.clone(),
        profile: profile.profile.name.clone(),
        profile_digest: Digest::of([written.as_slice()]),
        options: json!({ "part": part.as_str() }),
        source_rows: Some(total),
    };
    match tools.target().begin_run(plan, now, now.minus(LEASE)).await? {
        Begun::Busy(run) => Err(MigrateError::busy(&run)),
        Begun::Resumed(run) => Ok((run, true)),
        Begun::Started(run) => Ok((run, false)),
    }
}

async fn end<T: Tools>(tools: &T, run: &Run, state: RunState) -> Result<(), MigrateError> {
    let detail = json!({ "migration_run": run.plan.id, "source": run.plan.source, "state": state });
    let audit = Some(event(tools, AuditKind::SettingChanged, detail));
    match tools.target().finish_run(run.lease(), RunEnd { state, at: tools.clock().now(), note: None, audit }).await? {
        Commit::Applied => Ok(()),
        Commit::Lost => Err(MigrateError::Fenced),
    }
}

fn progress(run: &Run) -> Progress {
    Progress {
        checkpoint: run.checkpoint.clone(),
        last_seq: run.last_seq,
        counters: run.counters.clone(),
        watermark: run.watermark,
    }
}
