//! Accounts, tenants and passwords: types, rules and ports, without IO.

pub mod account;
pub mod change_password;
pub mod device;
pub mod directory;
pub mod identifier;
pub mod memory;
pub mod password;
pub mod register;
pub mod services;
pub mod settings;
pub mod signin;
pub mod store;

#[cfg(test)]
mod testing;
