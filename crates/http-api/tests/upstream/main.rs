//! Signing in with an upstream provider: with another Authly, and with one that lies.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod attacks;
mod away;
mod fake;
mod farewell;
mod hang_up;
mod logout;
mod sign_in;
#[path = "../tenants/stores.rs"]
#[expect(dead_code, reason = "the tests of tenants use all of it")]
mod stores;
mod tenants;
mod two_servers;
