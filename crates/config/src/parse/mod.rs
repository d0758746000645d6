//! Text to type, one parser a file. A parser says what is wrong without repeating what it was given.

pub(crate) mod address;
pub(crate) mod branding;
pub(crate) mod database;
pub(crate) mod duration;
pub(crate) mod environment;
pub(crate) mod issuer;
pub(crate) mod key;
pub(crate) mod login;
pub(crate) mod masked_url;
pub(crate) mod network;
pub(crate) mod scalar;
pub(crate) mod web;
