//! The protocol of OAuth 2.1 and OpenID Connect: types, rules, ports and the engine, without IO.
