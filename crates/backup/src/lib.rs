//! Backups of a store: made beside a running server, verified by reading them to the end, and put back so that a failure leaves
//! what was there (S000-09..13, 67..70, S002-02).
//!
//! PostgreSQL is dumped and restored by its own programs, SQLite by its backup API. A backup is three files: the copy, its
//! checksum as `sha256sum -c` reads it, and a description with version and redacted configuration. The copy gets its name last,
//! when everything is on the disk and verified.

mod create;
mod describe;
mod files;
mod name;
mod postgres;
mod restore;
mod retention;
mod space;
mod tools;
mod verify;

pub use self::{
    create::{CreateOrder, Created, create},
    describe::Description,
    restore::{Presence, RestoreOrder, Restored, restore},
    verify::{Verified, readable, verify},
};
