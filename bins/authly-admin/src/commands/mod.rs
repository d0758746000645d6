//! The commands: arguments into use cases, results onto the console.

pub(crate) mod api_key;
pub(crate) mod assess;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod client;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod cutover;
pub(crate) mod doctor;
pub(crate) mod group;
pub(crate) mod hash;
mod hashes;
pub(crate) mod keys;
pub(crate) mod mail;
pub(crate) mod migrate;
pub(crate) mod outbox;
pub(crate) mod provision;
pub(crate) mod scope;
pub(crate) mod seed;
mod source;
pub(crate) mod status;
pub(crate) mod support_bundle;
pub(crate) mod sync;
pub(crate) mod tenant;
pub(crate) mod user;
pub(crate) mod user_link;
pub(crate) mod validate;
