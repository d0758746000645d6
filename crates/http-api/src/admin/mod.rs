//! Administration, from the administration networks: the admin API for bearer tokens of scope `admin`, and pages for sessions.

pub mod clients;
pub mod migration;
