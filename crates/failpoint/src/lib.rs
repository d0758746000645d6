//! Named places where tests kill or interrupt a process on purpose, to see that the next one goes on as if nothing had happened.
//!
//! `AUTHLY_FAILPOINT=batch.written:3` kills the process with SIGKILL when it gets to that place for the third time: nothing is
//! flushed, no destructor runs. With `batch.written:3:int` it gets SIGINT there, as from Ctrl-C, and goes on. Only builds with debug assertions know that variable, so no shipped program does; `cargo xtask
//! tidy` sees to it that the profiles stay so, and `cargo xtask bench` that the release build does not hold the name.

#[cfg(debug_assertions)]
mod armed;

/// The process is at this place.
#[cfg(debug_assertions)]
pub fn reached(place: Place) {
    armed::reached(place.name());
}

/// The process is at this place, which means nothing in this build.
#[cfg(not(debug_assertions))]
#[inline]
pub const fn reached(_place: Place) {}

/// The places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The tenants and groups of a batch are written, what refers to them is not.
    GroupsWritten,
    /// A batch is written, and not committed.
    BatchWritten,
    /// A batch is committed, and nobody was told.
    BatchCommitted,
    /// Tenants and groups are committed, and no account is.
    TenantsCommitted,
    /// An index is about to be built beside the traffic.
    IndexBegun,
    /// An index is built, and nobody has noted it.
    IndexBuilt,
    /// A step of the end of a migration, or of its way back, is written, and not committed.
    EndWritten,
    /// It is committed.
    Finalizing,
    /// What is to be written into the application's own table is promised, and not written.
    ApplicationPromised,
    /// It is written, and nobody was told.
    ApplicationWritten,
    /// The application's columns are dropped, and nobody has noted it.
    ColumnsDropped,
    /// Rows of the application have their values again, and the archive still holds them.
    ColumnsWritten,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::GroupsWritten,
        Self::BatchWritten,
        Self::BatchCommitted,
        Self::TenantsCommitted,
        Self::IndexBegun,
        Self::IndexBuilt,
        Self::EndWritten,
        Self::Finalizing,
        Self::ApplicationPromised,
        Self::ApplicationWritten,
        Self::ColumnsDropped,
        Self::ColumnsWritten,
    ];

    /// Its name in the variable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GroupsWritten => "groups.written",
            Self::BatchWritten => "batch.written",
            Self::BatchCommitted => "batch.committed",
            Self::TenantsCommitted => "tenants.committed",
            Self::IndexBegun => "index.begun",
            Self::IndexBuilt => "index.built",
            Self::EndWritten => "end.written",
            Self::Finalizing => "finalizing",
            Self::ApplicationPromised => "application.promised",
            Self::ApplicationWritten => "application.written",
            Self::ColumnsDropped => "columns.dropped",
            Self::ColumnsWritten => "columns.written",
        }
    }
}
