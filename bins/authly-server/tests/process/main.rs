//! `authly-server` as a process: how it starts, what it refuses, how it changes while it runs, and how it stops.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod adoption;
mod beside;
mod check;
mod logs;
mod mail;
mod old_tokens;
mod postgres;
mod start;
mod stop;
mod support;
mod tls;
mod validate;
mod wire;
