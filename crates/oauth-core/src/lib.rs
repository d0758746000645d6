//! The protocol of OAuth 2.1 and OpenID Connect: types, rules, ports and the engine, without IO.
//!
//! A request has four steps: **load** a snapshot through a [port](store), **decide** in a pure function, **commit** one guarded
//! atomic write, and respond. Time and randomness are arguments or ports; nothing here reads a clock, an environment or a
//! socket.
#![doc = include_str!("quick_start.md")]

pub mod audit;
pub mod authorize;
pub mod browser;
pub mod catalog;
pub mod causes;
pub mod claims;
pub mod client;
pub mod crypto;
pub mod csrf;
pub mod endpoint;
pub mod engine;
pub mod error;
pub mod grant;
pub mod ids;
pub mod jws;
pub mod legacy;
pub mod limit;
pub mod logout;
pub mod memory;
pub mod metadata;
pub mod params;
pub mod pending;
pub mod pkce;
pub mod policy;
mod random_name;
pub mod redirect;
pub mod scope;
pub mod secret;
pub mod services;
pub mod session;
pub mod settings;
pub mod store;
pub mod subject;
pub mod text;
pub mod time;
pub mod token;

#[cfg(test)]
mod testing;
