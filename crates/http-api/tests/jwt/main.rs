//! Signed things from outside: client assertions (RFC 7523) and forged or confused JWTs (RFC 8725, RFC 9068 4).
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod access_tokens;
mod assertions;
mod world;
