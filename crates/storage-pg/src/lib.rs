//! The repositories on PostgreSQL: tokio-postgres, deadpool and refinery.
//!
//! [`PgStore`] implements every port of the protocol and the directory. Each read is one query, each guarded write one statement;
//! what waits at the same time is asked and committed together. Rules do not live here: no statement asks
//! what time it is.

mod accounts;
mod api_keys;
mod audit;
pub mod backup;
mod catalog;
mod clients;
mod codes;
mod connect;
mod creation;
mod cutover;
mod db;
mod deletion;
mod error;
mod gather;
mod grants;
mod invite;
mod issue;
mod keys;
mod legacy;
mod mail;
mod maintenance;
mod pause;
#[cfg(test)]
mod plans_tests;
mod reader;
mod refresh;
mod rows;
pub mod schema;
mod sessions;
mod sign_in;
mod store;
pub mod survey;
mod tenants;
mod tls;
mod uniqueness;
mod upstream;
mod usage;
mod value;
mod writer;

pub use self::{
    error::ConnectError,
    store::{PgOptions, PgStore},
};
