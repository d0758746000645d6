//! Outgoing fetches, fenced in: clients' `jwks_uri` today.
//!
//! Whoever registers a client chooses an address that this server will fetch, so every fetch is https, to a public
//! address judged at connect time, without redirects and proxies, short and small. Unknown keys cannot make it fetch
//! more often than once a minute for each address.

mod addresses;
mod cache;
mod fence;
mod fetch;

pub use addresses::is_public;
pub use fetch::FencedFetch;
