//! Load over loopback against a real `authly-server` process, and the check of what a crash leaves behind.
//!
//! The generator shares the machine with the server, so it is small: one thread, requests built beforehand, answers looked at
//! just enough to be sure of them. An answer that is not the expected one fails the run.

pub mod admin;
pub mod aim;
pub mod browser;
pub mod crash;
pub mod crowd;
pub mod exchange;
pub mod failure;
pub mod html;
pub mod installation;
pub mod machine;
pub mod measure;
pub mod migrate;
pub mod options;
pub mod report;
pub mod scenario;
pub mod server;
pub mod site;
pub mod sources;
pub mod turns;
pub mod usage;
