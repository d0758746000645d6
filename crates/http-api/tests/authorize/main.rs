//! The authorization endpoint: to whom browsers are sent, and when they stay (RFC 6749 3.1 and 4.1, RFC 9700 4).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod redirect;
mod under_way;
mod world;
