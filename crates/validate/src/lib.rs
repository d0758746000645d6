//! Tries a running server as its clients do, part by part, and measures it (S000-74..76): compatibility with password-only
//! clients, OAuth, speed, security. Every part is bounded and speaks to one address only.

mod browser;
mod compatibility;
mod oauth;
mod performance;
mod report;
mod security;
mod target;

pub use self::{
    compatibility::compatibility,
    oauth::oauth,
    performance::{Figures, Spread, performance},
    report::{Check, Outcome, Part},
    security::security,
    target::{Expected, Person, Target, Unreachable},
};
