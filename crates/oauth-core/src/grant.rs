//! The grants of the token endpoint (RFC 6749 4 and 6): one pure decision each, and the rules that they share.

pub mod client_credentials;
pub mod code;
pub mod refresh;
pub mod request;
pub mod response;
pub mod rights;
