//! One typed set of settings: defaults, then a TOML file, then the environment.
