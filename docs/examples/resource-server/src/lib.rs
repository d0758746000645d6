//! A resource server that takes both kinds of access tokens while its callers move from passwords to OAuth 2.1.

pub mod authenticate;
pub mod keys;
mod legacy;
mod oauth;
pub mod routes;
pub mod tokens;
