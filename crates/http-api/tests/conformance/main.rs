//! What the OpenID conformance suite asks of a provider, module by module: the Config, Basic, Form Post and RP-initiated logout
//! plans (SECURITY.md section 4). The clients of these plans send no PKCE by default, so ours are exempted from it.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod config;
mod logout;
mod op;
mod response;
