//! A pretended environment with pretended files.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use authly_config::{Problem, Report, load};

#[derive(Clone, Default)]
pub struct Setup {
    variables: Vec<(String, String)>,
    files: BTreeMap<PathBuf, String>,
}

pub fn setup() -> Setup {
    Setup::default()
}

/// A production environment that nothing is wrong with.
pub fn production() -> Setup {
    setup()
        .env("ENVIRONMENT", "production")
        .env("DATABASE_URL", "postgresql://authly:kP4vQ9wX@db/authly")
        .env("JWT_SECRET_KEY", "kX0u5mB1qJ8vT3rZ7yW2nL6pD9sF4gH0")
        .env("JWT_REFRESH_SECRET_KEY", "Zq7Lr2Vn9Xc4Bm6Ht1Kd8Js3Wf5Pg0Ya")
        .env("SECRET_ENCRYPTION_KEY", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=")
        .env("CORS_ORIGINS", "https://app.example.com")
        .env("ALLOWED_HOSTS", "auth.example.com")
        .env("AUTHLY_ISSUER", "https://auth.example.com")
        .env("AUTHLY_LISTEN", "0.0.0.0:8000")
        .env("AUTHLY_TRUSTED_PROXIES", "10.0.0.0/8")
        .env("OAUTH_ENABLED", "true")
}

impl Setup {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.to_owned());
        self
    }

    pub fn file(self, text: &str) -> Self {
        self.env("AUTHLY_CONFIG", "/etc/authly.toml").with("/etc/authly.toml", text)
    }

    pub fn load(&self) -> Report {
        let read = |path: &Path| self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into());
        load(self.variables.clone(), read)
    }

    /// The problems whose names hold this one.
    pub fn about(&self, name: &str) -> Vec<Problem> {
        let problems = self.load().problems().to_vec();
        problems.into_iter().filter(|problem| problem.names.iter().any(|known| known == name)).collect()
    }
}

pub fn is_error(problems: &[Problem]) -> bool {
    problems.iter().any(Problem::is_error)
}
