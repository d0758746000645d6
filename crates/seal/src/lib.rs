//! Authenticated encryption and randomness behind the traits of oauth-core.
