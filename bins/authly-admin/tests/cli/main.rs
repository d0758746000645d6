//! `authly-admin` as people and scripts use it: a process of its own, its exit codes and what it prints.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

mod backup;
mod backup_deploy;
mod backup_foreign;
mod client;
mod columns;
mod cutover;
mod environment;
mod finalize;
mod finalize_watched;
mod guidance;
mod installation;
mod interrupted;
mod letters;
mod mail;
mod migrate;
mod part;
mod printed;
mod provision;
mod rehearsal;
mod row_link;
mod site;
mod source;
mod standing;
mod support;
mod support_bundle;
mod tenant;
mod terminal;
mod told;
mod unreachable;
mod user;
mod user_link;
mod words;
mod write_back;
