//! Outgoing fetches, fenced in: clients' jwks_uri today.
