//! What people see: pages and their policy, cookies, languages, the account page, signing out (UI.md, DESIGN.md 7).

mod account;
mod policy;
mod visit;
mod world;
