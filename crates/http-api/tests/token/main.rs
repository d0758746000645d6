//! The token endpoint: codes, refresh tokens and scopes (RFC 6749 4 to 6, RFC 7636 4.6, OAuth 2.1 4.3).
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod codes;
mod form;
mod refresh;
mod rotation;
mod scopes;
mod world;
