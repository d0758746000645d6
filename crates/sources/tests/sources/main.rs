//! Sources of every kind, as they are found: each reader over real files and databases.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod postgres;
mod sqlite;
mod support;
mod write_back;
