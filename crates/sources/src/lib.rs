//! Readers of the systems that accounts come from, behind the [`Source`](authly_cutover::source::Source) port.
//!
//! [`open`] takes an address and a profile, looks at what is there, binds the profile to it and reads in one snapshot. A
//! PostgreSQL database is read over a connection of its own, in one read-only transaction; an SQLite file in one read
//! transaction, or from a private copy where a long one would hold up its writers; files of CSV, JSON and NDJSON are first put
//! into a private temporary database, so that their rows come in order of keys whatever their size. These readers write nothing to
//! a source; [`AppTable`] is what does, where an operator asks for it. Names are quoted, values bound, and addresses, which hold passwords, never repeated.

mod address;
mod digest;
mod error;
mod files;
mod open;
mod parting;
mod postgres;
mod sqlite;
mod table;
mod write_back;

pub use address::SourceAddress;
pub use error::OpenError;
pub use open::{OpenSource, open, shape};
pub use parting::PartTable;
pub use write_back::{Access, AppTable};
