//! The contract of the program that came before: JSON doors with its shapes (REQUIREMENTS 6), over the same use cases.

pub mod challenge;
pub mod login;
pub mod me;
pub mod params;
pub mod password;
pub mod refresh;
pub mod register;
