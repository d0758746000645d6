//! The machine endpoints of OAuth and OpenID Connect: extract, call, respond.

pub mod challenge;
pub mod introspect;
pub mod prove;
pub mod revoke;
pub mod token;
pub mod userinfo;
