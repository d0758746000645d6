//! From passwords to OAuth 2.1: the rules of a migration, without IO.

pub mod profile;
