//! From passwords to OAuth 2.1: the rules of a migration, without IO.
//!
//! A [`source`] gives rows, the [`profile`] makes a [`person`] of each, a pure decision gives every row exactly one [`outcome`], and one
//! guarded write commits a batch with its [`ledger`] lines and checkpoint through the port in [`store`]. What the ledger holds is
//! enough to take everything back.

pub mod account;
pub mod assess;
pub mod batch;
pub mod board;
pub mod checklist;
pub mod columns;
pub mod decide;
pub mod digest;
pub mod finalization;
pub mod finalize;
pub mod hash;
pub mod inspect;
pub mod installation;
pub mod ledger;
pub mod memory;
pub mod outcome;
pub mod parting;
pub mod parts;
pub mod person;
pub mod policy;
pub mod profile;
pub mod progress;
pub mod rollback;
pub mod run;
pub mod source;
pub mod store;
pub mod words;
pub mod write_back;
