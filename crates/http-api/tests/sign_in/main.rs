//! Signing in: forms, sessions, and what a stranger can learn or try (RFC 6819 4.4.1, RFC 9700 4.7).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod forms;
mod guesses;
mod hang_up;
mod strangers;
mod world;
