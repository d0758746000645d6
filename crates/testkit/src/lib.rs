//! A server in the test's process and typed clients for end-to-end tests.
//!
//! [`TestApp`] is the real HTTP side over a store in memory, or any other, with real keys and a clock that stands still until the
//! test moves it; [`Browser`] is a visitor with cookies who fills in the forms it finds. Every test has its own.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod app;
mod browser;
mod desk;
mod fakes;
mod flow;
mod import;
mod keys;
pub mod options;
mod raw;
mod services;

pub use app::TestApp;
pub use browser::{Browser, Page};
pub use fakes::{SeededRandom, TestClock};
pub use flow::{CodeFlow, TokenSet};
pub use import::Import;
pub use keys::{ASSERTION_TYPE, ClientKey, KeyServer};
pub use options::Options;
pub use raw::RawAnswer;
pub use services::{TestServices, TestStore};
