//! All services of an installation, built from its settings; its start; and the work in the background.
//!
//! ```text
//! store    store::visit: the database that the settings name, its schema, and a visitor that runs over either kind
//! start    start::start: keys, mode, what the first start creates       live    Live<S>: Services + DirectoryServices
//! follow, purge, rotate    background::Background
//! ```
//! Both programs are thin shells over this crate; nothing here prints or reads a command line.

pub mod background;
pub mod catalog;
pub mod convert;
pub mod desk;
pub mod development;
pub mod hashes;
pub mod keys;
pub mod legacy_secrets;
pub mod limiter;
pub mod live;
pub mod mail;
pub mod postgres;
pub mod priority;
pub mod private_file;
pub mod processors;
pub mod rewrap;
pub mod sqlite;
pub mod start;
pub mod store;
pub mod trouble;
pub mod uniqueness;
pub mod upgrades;
pub mod upstream;

pub use live::{AnyStore, Live};
pub use trouble::Trouble;
