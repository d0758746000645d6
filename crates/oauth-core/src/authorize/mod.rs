//! The authorization endpoint (RFC 6749 3.1, OpenID Connect Core 3.1.2): what is asked, what is decided, what is answered.
//!
//! [`Reader`](request::Reader) reads a request, [`decide`](decide::decide) says what comes next, and
//! [`AuthorizationResponse`](response::AuthorizationResponse) is what the client gets. All three are pure; the use cases that
//! load and commit are in [`engine::authorize`](crate::engine::authorize).

pub mod decide;
pub mod error;
pub mod prompt;
pub mod request;
pub mod response;
