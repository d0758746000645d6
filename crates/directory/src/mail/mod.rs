//! Mail as the directory knows it: what a mail is about, the links it carries, and the box from which servers send it.
//!
//! How a mail reads and how it travels is outside (`authly-mail`); here is what must hold: a link opens once, a mail is sent once.

pub mod letter;
pub mod link;
pub mod outbox;
pub mod store;
