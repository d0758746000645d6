//! OAuth, OpenID Connect, the legacy contract and the pages over actix-web.
//!
//! Handlers extract, call and respond. Rules are those of `oauth-core` and `directory`, pages those of `pages`; this crate knows
//! no SQL, reads no clock and decides nothing about the protocol.
//!
//! [`configure`] adds every endpoint of the [table](oauth_core::endpoint) to an actix application that holds an [`App`] as data;
//! [`edge::edge`] is the middleware around it.

pub mod admin;
pub mod app;
pub mod bearer;
pub mod body;
pub mod browser;
pub mod cookies;
pub mod demo;
pub mod edge;
mod gauges;
pub mod legacy;
pub mod logo;
pub mod metrics;
pub mod oauth;
pub mod page;
pub mod public;
pub mod respond;
mod routes;
pub mod settings;

pub use app::App;
pub use routes::configure;
pub use settings::{Development, HttpSettings};
