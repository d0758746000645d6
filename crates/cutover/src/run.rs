//! A run: one pass over one source, under a lease, with a checkpoint that moves with every batch.

use std::{fmt, time::Duration};

use oauth_core::{services::Random, time::Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    digest::Digest,
    outcome::Counters,
    source::{SourceId, SourceName},
};

/// A run; ids of later runs sort behind those of earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Uuid);

impl RunId {
    /// Stands for the run in a dry run; never stored.
    pub const DRY: Self = Self(Uuid::nil());

    /// A new id: UUID version 7 (RFC 9562 5.7).
    pub fn generate(now: Timestamp, random: &impl Random) -> Self {
        let mut noise = [0u8; 10];
        random.fill(&mut noise);
        let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &noise).into_uuid())
    }

    /// The id with this value.
    pub const fn from_uuid(value: Uuid) -> Self {
        Self(value)
    }

    /// The value for the store.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// Reads the hyphenated text form.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten().map(Self)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Repairs or decides single rows by an operator's hand: link, unlink, resolutions.
    Decide,
    /// Sets completed accounts to `oauth` and archives what goes, or takes that back.
    Finalize,
    /// Brings accounts in.
    Import,
    /// Takes accounts back.
    Rollback,
}

impl RunKind {
    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Finalize => "finalize",
            Self::Import => "import",
            Self::Rollback => "rollback",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Decide, Self::Finalize, Self::Import, Self::Rollback].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// All rows have their outcome.
    Finished,
    /// Under way; or its process died, which a stale heartbeat shows.
    Running,
    /// Ended before the end of the source, by an operator, a limit or an error; the next run goes on from the checkpoint.
    Stopped,
}

impl RunState {
    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Finished, Self::Running, Self::Stopped].into_iter().find(|state| state.as_str() == text)
    }
}

/// What a run is known by from its start on.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPlan {
    /// Its id, should it be a new one.
    pub id: RunId,
    /// What it does.
    pub kind: RunKind,
    /// The source that it reads or takes back; one active run for each.
    pub source: SourceName,
    /// The profile's name.
    pub profile: String,
    /// The profile and the options that decide rows: a stopped run is resumed only by one with the same.
    pub profile_digest: Digest,
    /// The options as JSON, for people.
    pub options: serde_json::Value,
    /// How many rows the source has, where that is known.
    pub source_rows: Option<u64>,
}

/// A run as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What it is known by.
    pub plan: RunPlan,
    /// How far it is.
    pub state: RunState,
    /// Raised by every process that takes the lease; older holders are fenced off.
    pub fence: u64,
    /// When it was begun first.
    pub started_at: Timestamp,
    /// The last sign of life.
    pub heartbeat_at: Timestamp,
    /// When it finished or stopped.
    pub finished_at: Option<Timestamp>,
    /// The key of the last row that has its outcome; everything up to it is durable.
    pub checkpoint: Option<SourceId>,
    /// The number of the last ledger line.
    pub last_seq: u64,
    /// The counts up to the checkpoint.
    pub counters: Counters,
    /// The newest change that a row up to the checkpoint tells of.
    pub watermark: Option<Timestamp>,
    /// What stopped it, for people.
    pub note: Option<String>,
}

/// How long a lease lasts without a heartbeat: another process may take over then.
pub const LEASE: Duration = Duration::from_secs(30);

/// How often a run says that it is alive, where no batch does.
pub const HEARTBEAT: Duration = Duration::from_secs(5);

/// What became of the wish to run.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// A run of that source is under way elsewhere, or was until a moment ago.
    Busy(Run),
    /// A stopped or abandoned import with the same profile digest goes on from its checkpoint, under a new fence.
    Resumed(Run),
    /// A new run.
    Started(Run),
}

/// What the wish to run meets, by the newest run of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Its process died, and it cannot go on: it ends as `Stopped`, and a new one starts.
    Abandon,
    /// It is under way.
    Busy,
    /// It goes on from its checkpoint.
    Resume,
    /// It has ended: a new one starts.
    Start,
}

/// What proves that a writer still holds the run's lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run: RunId,
    /// Its fence when the lease was taken.
    pub fence: u64,
}

impl Run {
    /// A run at its beginning.
    pub fn started(plan: RunPlan, at: Timestamp) -> Self {
        Self {
            plan,
            state: RunState::Running,
            fence: 1,
            started_at: at,
            heartbeat_at: at,
            finished_at: None,
            checkpoint: None,
            last_seq: 0,
            counters: Counters::default(),
            watermark: None,
            note: None,
        }
    }

    /// The run as it goes on at `at`, under the next fence.
    #[must_use]
    pub fn resumed(self, at: Timestamp) -> Self {
        let fence = self.fence + 1;
        Self { state: RunState::Running, fence, heartbeat_at: at, finished_at: None, note: None, ..self }
    }

    /// What `plan` meets, this being the newest run of its source: one that gave a sign of life after `stale_before` is
    /// alive, and only an import goes on, with the same profile and from a checkpoint.
    pub fn turn(&self, plan: &RunPlan, stale_before: Timestamp) -> Turn {
        let runs = self.state == RunState::Running;
        let same = [self.plan.kind, plan.kind] == [RunKind::Import; 2]
            && self.plan.profile_digest == plan.profile_digest
            && self.checkpoint.is_some();
        match self.state {
            RunState::Running if self.heartbeat_at > stale_before => Turn::Busy,
            RunState::Running | RunState::Stopped if same => Turn::Resume,
            _ if runs => Turn::Abandon,
            _ => Turn::Start,
        }
    }

    /// The lease of whoever just began it.
    pub const fn lease(&self) -> Lease {
        Lease { run: self.plan.id, fence: self.fence }
    }

    /// Whether its process must be thought dead at `now`.
    pub fn is_abandoned(&self, now: Timestamp) -> bool {
        self.state == RunState::Running && now.since(self.heartbeat_at) >= LEASE
    }
}
