//! The admin API: bearer tokens of scope `admin`, from the administration networks.

pub mod clients;
