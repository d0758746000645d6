//! Columns of an application's own table that are kept in step with its accounts here (S001-05..11, S001-29).
//!
//! Nothing is written there that was not promised here first: a [`Written`] row holds what the application said before, what it
//! said when the promise was made, and what it is to say. Whoever dies between the two is completed by the next run, and
//! taking an account back puts exactly the former values back. Where the application itself changed a value since, that stays.
//!
//! S001-29 set `completed` at the import, S001-10 says that it is the first sign-in by OAuth: the latter is what is written
//! (C-11).

mod decide;
mod mask;

use std::{collections::BTreeMap, future::Future};

use oauth_core::{ids::UserId, store::StoreError, time::Timestamp};
use serde::{Deserialize, Serialize};

pub use self::{
    decide::{RowPlan, decide},
    mask::mask,
};
use crate::{
    account::{AuthMethod, TargetAccount},
    profile::{rules::IdentityProvider, zone::Zone},
    source::{SourceError, SourceId, SourceName},
};

/// What is tracked of an account in the application's own table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// How it signs in.
    AuthMethod,
    /// When it first signed in by OAuth.
    CompletedAt,
    /// Its id at the identity provider.
    ExternalSubject,
    /// When it was invited.
    InvitedAt,
    /// When the id was made known.
    SyncedAt,
}

impl Track {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::AuthMethod, Self::CompletedAt, Self::ExternalSubject, Self::InvitedAt, Self::SyncedAt];

    /// The word in profiles and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthMethod => "auth_method",
            Self::CompletedAt => "completed_at",
            Self::ExternalSubject => "external_subject",
            Self::InvitedAt => "invited_at",
            Self::SyncedAt => "synced_at",
        }
    }
}

/// What stands in one column of the application, exactly: what is put back must be what was there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Bytes.
    Blob(Vec<u8>),
    /// A whole number.
    Integer(i64),
    /// Nothing.
    Null,
    /// A number with a fraction.
    Real(f64),
    /// Text; in PostgreSQL every value, as it is written there.
    Text(String),
}

/// A promise about one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// What stood there when it was made.
    pub there: Cell,
    /// What is to stand there.
    pub wanted: Cell,
}

/// A row of the application's table that was written, or is promised to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The row.
    pub source_id: SourceId,
    /// What stood in each column before the first write; never replaced.
    pub before: BTreeMap<Track, Cell>,
    /// The newest promise for each column.
    pub promised: BTreeMap<Track, Promise>,
}

/// A row of the application's table: its tracked columns as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct AppRow {
    /// The row.
    pub id: SourceId,
    /// The columns that exist.
    pub cells: BTreeMap<Track, Cell>,
}

/// What is to be written into a row, if it still says what it said.
#[derive(Clone, Debug, PartialEq)]
pub struct AppWrite {
    /// The row.
    pub id: SourceId,
    /// By column: what must still stand there, and what is to.
    pub changes: BTreeMap<Track, Promise>,
}

/// What of an account the tracked columns tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    user: UserId,
    auth_method: AuthMethod,
    external_subject: Option<String>,
    imported_at: Option<Timestamp>,
    invited_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
}

impl Tracked {
    /// What that account says.
    pub fn of(account: &TargetAccount) -> Self {
        Self {
            user: account.user,
            auth_method: account.auth_method,
            external_subject: account.external_subject.clone(),
            imported_at: account.imported_at,
            invited_at: account.invited_at,
            completed_at: account.completed_at,
        }
    }
}

/// What the tracked columns of a row are to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How it signs in.
    pub auth_method: AuthMethod,
    /// Its id at the identity provider, where it has one.
    pub external_subject: Option<String>,
    /// When that became known, where this migration made it.
    pub synced_at: Option<Timestamp>,
    /// When it was invited.
    pub invited_at: Option<Timestamp>,
    /// When it first signed in by OAuth.
    pub completed_at: Option<Timestamp>,
}

impl Wanted {
    /// What the application is to say of that account. Where Authly is the identity provider (C-22), the account's own id is
    /// the one there; where another is, only that one gives ids.
    pub fn of(account: &Tracked, provider: IdentityProvider) -> Self {
        let own = (provider == IdentityProvider::Authly).then(|| account.user.to_string());
        Self {
            auth_method: account.auth_method,
            // The application knew the instant itself where it knew the id.
            synced_at: account.imported_at.filter(|_| account.external_subject.is_none() && own.is_some()),
            external_subject: account.external_subject.clone().or(own),
            invited_at: account.invited_at,
            completed_at: account.completed_at,
        }
    }
}

/// How a column writes instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// With a zone.
    Instant,
    /// Without one: what a clock of the source's zone shows.
    Local(Zone),
}

/// How the application writes what is tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forms {
    /// The word for accounts that sign in by OAuth alone.
    pub oauth_word: String,
    /// How each column of an instant writes it.
    pub clocks: BTreeMap<Track, Clock>,
    /// The zone of instants that are read without one.
    pub zone: Zone,
    /// Whether the column of the id takes UUIDs only.
    pub subject_is_uuid: bool,
}

/// The application's table, over a connection that may write.
pub trait Application: Send {
    /// How it writes what is tracked.
    fn forms(&self) -> &Forms;
    /// One page of rows in order of keys.
    fn page(
        &mut self,
        after: Option<&SourceId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AppRow>, SourceError>> + Send;
    /// Writes rows that still say what they said, in one transaction; returns which those were.
    fn write(&mut self, rows: &[AppWrite]) -> impl Future<Output = Result<Vec<SourceId>, SourceError>> + Send;
}

/// What is remembered here of rows that were written there.
pub trait WriteBackRepository: Send + Sync {
    /// What was written of these rows; those that never were are left out.
    fn written(
        &self,
        source: &SourceName,
        rows: &[SourceId],
    ) -> impl Future<Output = Result<Vec<Written>, StoreError>> + Send;
    /// Remembers promises before they are kept. What stood in a column before the first one stays.
    fn promise(
        &self,
        source: &SourceName,
        rows: Vec<Written>,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Forgets rows that are as they were before.
    fn forget(&self, source: &SourceName, rows: &[SourceId]) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// How many rows of each source are written.
    fn written_rows(&self) -> impl Future<Output = Result<BTreeMap<SourceName, u64>, StoreError>> + Send;
}
