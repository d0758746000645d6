//! Outgoing fetches, fenced in: clients' `jwks_uri`, and what is asked of upstream providers.
//!
//! Whoever registers a client chooses an address that this server will fetch, so every fetch is https, to a public
//! address judged at connect time, without redirects and proxies, short and small. Unknown keys cannot make it fetch
//! more often than once a minute for each address.

mod addresses;
mod cache;
mod fence;
mod fetch;
mod poster;
mod upstream;

pub use addresses::{is_private, is_public};
pub use fetch::FencedFetch;
pub use poster::Poster;
pub use upstream::{TrustRefused, UpstreamCarrier, UpstreamReach};
