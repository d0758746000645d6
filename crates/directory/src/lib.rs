//! Accounts, tenants and passwords: types, rules and ports, without IO.

pub mod account;
mod candidates;
pub mod change_password;
pub mod choose;
pub mod device;
pub mod directory;
pub mod identifier;
pub mod invite;
pub mod mail;
pub mod memory;
pub mod password;
pub mod recover;
pub mod register;
pub mod services;
pub mod settings;
pub mod signin;
pub mod store;
pub mod tenant;
pub mod uniqueness;
pub mod upstream;
pub mod usage;
pub mod verify;

#[cfg(test)]
mod testing;
