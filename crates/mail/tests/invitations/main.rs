//! Invitations on their whole way, from the command's use case over the outbox to a real mail server or a folder: each person gets
//! one letter, whoever asks at once and whenever somebody dies.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod deaths;
mod letters;
mod world;
