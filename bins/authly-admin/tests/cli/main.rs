//! `authly-admin` as people and scripts use it: a process of its own, its exit codes and what it prints.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod installation;
mod support;
mod user;
