//! What a source looks like and how its rows become accounts: a profile is data.
//!
//! The built-in ones ([`Profile::built_in`]) and those in files are read by the same parser ([`Profile::parse`]). A profile is
//! [bound](bind::BoundProfile) to the tables that a source really has, and then [reads](bind::BoundProfile::person) each row.
//! Nothing here does IO: readers of databases and files are another crate's.

pub mod bind;
mod builtin;
mod check;
pub mod columns;
pub mod condition;
pub mod names;
pub mod parse;
pub mod parts;
pub mod password;
pub mod read;
pub mod rules;
pub mod shape;
pub mod shared_name;
pub mod value;
pub mod zone;

pub use builtin::BUILT_IN;
pub use rules::Profile;
