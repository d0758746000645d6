//! The edge: hosts, methods, bodies, bytes on the wire, headers of every answer (RFC 9110, RFC 9112, SECURITY.md rows 35, 41 to 43, 51 to 53, 57).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod bytes;
mod hosts;
mod world;
