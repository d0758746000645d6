//! Backups of a store: made beside a running server, verified by reading them to the end, and put back so that a failure leaves
//! what was there (S000-09..13, 67..70, S002-02).
//!
//! PostgreSQL is dumped and restored by its own programs, SQLite by its backup API. A backup is the copy, its checksum as `sha256sum -c`
//! reads it, a description with version and redacted configuration, and a folder with files of the deployment where some were named. The
//! copy gets its name last, when everything is on the disk and verified. What is put back may also be a plain dump of PostgreSQL, and
//! compressed by gzip: a file is what its contents say.

mod create;
mod deploy;
mod describe;
mod files;
mod form;
mod interrupt;
mod name;
mod postgres;
mod program;
mod restore;
mod retention;
mod script;
mod source;
mod space;
mod tools;
mod unpacked;
mod verify;

pub use self::{
    create::{CreateOrder, Created, create},
    deploy::{DeployFile, may_include},
    describe::Description,
    interrupt::Interrupt,
    restore::{Presence, RestoreOrder, Restored, restore},
    verify::{Compared, Verified, VerifyOrder, readable, verify},
};
