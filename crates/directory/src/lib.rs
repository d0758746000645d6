//! Accounts, tenants and passwords: types, rules and ports, without IO.

pub mod account;
pub mod identifier;
pub mod memory;
pub mod password;
pub mod services;
pub mod store;
