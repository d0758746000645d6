//! What the migration guarantees, tried on real processes over real databases (docs/reference/guarantees.md lists which test
//! proves what).
//!
//! `AUTHLY_TEST_MIGRATION=heavy` makes the sources as big and the crashes as many as a night allows, a number as big as that.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod compared;
mod crashes;
mod dirt;
mod exactness;
mod figures;
mod hostility;
mod network;
mod passwords;
#[path = "../programs/mod.rs"]
mod programs;
mod queries;
mod races;
mod secrecy;
mod snapshot;
mod strangers;
mod tokens;
mod traffic;
mod world;
