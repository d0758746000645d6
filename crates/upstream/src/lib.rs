//! Authly as OpenID relying party of upstream providers (`idp = external`): what is asked, what is believed, and what happens while
//! a provider is away.
//!
//! Pure but for one port, [`Carrier`](carrier::Carrier), over which documents and tokens come. Everything that a provider sends is
//! judged here: its metadata, its answer to the browser, its keys, its ID tokens and its logout tokens. Which account somebody then
//! is, `directory` decides.

pub mod breaker;
pub mod carrier;
pub mod document;
pub mod farewell;
pub mod heard;
pub mod id_token;
pub mod identity;
pub mod keep;
mod keys;
pub mod logout_token;
pub mod party;
pub mod provider;
pub mod response;
pub mod token;
pub mod userinfo;
