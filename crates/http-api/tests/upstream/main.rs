//! Signing in with an upstream provider: with another Authly, and with one that lies.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod attacks;
mod away;
mod fake;
mod farewell;
mod hang_up;
mod logout;
mod sign_in;
mod tenants;
mod two_servers;
