//! The pages in a real browser: a server of its own for each test, and a person who uses it.
//!
//! Run by `cargo xtask test --only browser`, which starts the driver and names what is needed in `AUTHLY_TEST_SERVER`,
//! `AUTHLY_TEST_ADMIN`, `AUTHLY_TEST_WEBDRIVER`, `AUTHLY_TEST_CHROMIUM`, `AUTHLY_TEST_AXE` and `AUTHLY_TEST_PICTURES`.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod accessibility;
mod letters;
mod person;
mod server;

pub use letters::{Letters, OneLetter};
pub use person::{Person, Window};
pub use server::{Server, free_port};

/// The name of the account that a test creates.
pub const EMAIL: &str = "ada@example.com";

/// Its password.
pub const PASSWORD: &str = "correct horse battery staple 42";

/// A variable that the test command sets.
fn variable(name: &str) -> String {
    match std::env::var_os(name).and_then(|value| value.into_string().ok()) {
        Some(value) if !value.is_empty() => value,
        _ => panic!("{name} is not set; run `cargo xtask test --only browser`"),
    }
}
