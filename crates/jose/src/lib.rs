//! JWS, JWK and keys: josekit and OpenSSL behind the traits of oauth-core.
