//! SECURITY.md row 39: nothing of tenant A ever shows or does anything of tenant B, whatever the store.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod doors;
mod endpoints;
mod registration;
mod stores;
mod world;
