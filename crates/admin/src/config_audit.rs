//! What an installation is before it is migrated: its settings, features, tables and numbers (S000-14..20).

use std::fmt::Write as _;

use serde::Serialize;

/// Whether a secret is there; never what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Presence {
    /// It is there.
    #[serde(rename = "SET")]
    Set,
    /// It is not.
    #[serde(rename = "NOT SET")]
    NotSet,
}

/// Whether a feature answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Feature {
    /// It does not.
    #[serde(rename = "DISABLED")]
    Disabled,
    /// It does.
    #[serde(rename = "ENABLED")]
    Enabled,
    /// There is none.
    #[serde(rename = "NONE")]
    Missing,
}

impl Presence {
    /// By whether there is a value.
    pub const fn of<T>(value: Option<&T>) -> Self {
        if value.is_some() { Self::Set } else { Self::NotSet }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Set => "SET",
            Self::NotSet => "NOT SET",
        }
    }
}

impl Feature {
    /// By whether it is on.
    pub const fn on(on: bool) -> Self {
        if on { Self::Enabled } else { Self::Disabled }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Enabled => "ENABLED",
            Self::Missing => "NONE",
        }
    }
}

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigAudit {
    /// When it was made (RFC 3339).
    pub date: String,
    /// The version of this program.
    pub authly_version: String,
    /// The database's engine with its version.
    pub engine: String,
    /// How many steps of the schema are still to be applied.
    pub pending_steps: usize,
    /// DATABASE_URL with its password masked.
    pub database_url: String,
    /// JWT_SECRET_KEY.
    pub jwt_secret_key: Presence,
    /// JWT_REFRESH_SECRET_KEY.
    pub jwt_refresh_secret_key: Presence,
    /// The password grant and the JSON logins.
    pub password_grant: Feature,
    /// Whether people may register themselves.
    pub user_registration: Feature,
    /// Limits by address and account.
    pub rate_limiting: Feature,
    /// Administration by HTTP.
    pub admin_interface: Feature,
    /// Tables whose name speaks of users or tokens.
    pub tables: Vec<String>,
    /// How many tables there are in all.
    pub tables_in_all: usize,
    /// All of them (S000-08).
    pub all_tables: Vec<String>,
    /// The profile whose definition of an active user counts.
    pub profile: String,
    /// That definition in words.
    pub active_means: String,
    /// Active users; unknown where there is no such table.
    pub active_users: Option<u64>,
    /// All users.
    pub users: Option<u64>,
    /// Tokens that have not expired.
    pub total_tokens: Option<u64>,
}

impl ConfigAudit {
    /// The report for people.
    pub fn text(&self) -> String {
        let count = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let pending = match self.pending_steps {
            0 => "up to date".to_owned(),
            steps => format!("{steps} steps pending"),
        };
        let tables = if self.tables.is_empty() { "-".to_owned() } else { self.tables.join(", ") };
        let in_all = match self.all_tables.as_slice() {
            [] => self.tables_in_all.to_string(),
            all => format!("{} ({})", self.tables_in_all, all.join(", ")),
        };
        let mut text = format!("Authly configuration audit, {}\n", self.date);
        for (section, lines) in [
            (
                "Installation",
                vec![("Authly", self.authly_version.clone()), ("Database", self.engine.clone()), ("Schema", pending)],
            ),
            (
                "Environment",
                vec![
                    ("DATABASE_URL", self.database_url.clone()),
                    ("JWT_SECRET_KEY", self.jwt_secret_key.word().to_owned()),
                    ("JWT_REFRESH_SECRET_KEY", self.jwt_refresh_secret_key.word().to_owned()),
                ],
            ),
            (
                "Features",
                vec![
                    ("Password Grant", self.password_grant.word().to_owned()),
                    ("User Registration", self.user_registration.word().to_owned()),
                    ("Rate Limiting", self.rate_limiting.word().to_owned()),
                    ("Admin Interface", self.admin_interface.word().to_owned()),
                ],
            ),
            ("Tables", vec![("users and tokens", tables), ("in all", in_all)]),
            (
                "Counts",
                vec![
                    ("active users", format!("{} ({}: {})", count(self.active_users), self.profile, self.active_means)),
                    ("users", count(self.users)),
                    ("total tokens", count(self.total_tokens)),
                ],
            ),
        ] {
            let _ = writeln!(text, "\n{section}");
            for (name, value) in lines {
                let _ = writeln!(text, "  {name}: {value}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_what_the_json_says() {
        let audit = ConfigAudit {
            date: "2026-11-21T03:00:00Z".to_owned(),
            authly_version: "1.0".to_owned(),
            engine: "PostgreSQL 15.4".to_owned(),
            pending_steps: 3,
            database_url: "postgresql://me:***@db/a".to_owned(),
            jwt_secret_key: Presence::Set,
            jwt_refresh_secret_key: Presence::of::<u8>(None),
            password_grant: Feature::on(true),
            user_registration: Feature::on(false),
            rate_limiting: Feature::Enabled,
            admin_interface: Feature::Missing,
            tables: vec!["tokens".to_owned(), "users".to_owned()],
            tables_in_all: 3,
            all_tables: ["orders", "tokens", "users"].map(str::to_owned).to_vec(),
            profile: "authly".to_owned(),
            active_means: "is_verified".to_owned(),
            active_users: Some(2),
            users: Some(3),
            total_tokens: None,
        };
        let text = audit.text();
        for line in [
            "Authly configuration audit, 2026-11-21T03:00:00Z",
            "  JWT_SECRET_KEY: SET",
            "  JWT_REFRESH_SECRET_KEY: NOT SET",
            "  Password Grant: ENABLED",
            "  User Registration: DISABLED",
            "  Admin Interface: NONE",
            "  active users: 2 (authly: is_verified)",
            "  in all: 3 (orders, tokens, users)",
            "  total tokens: -",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is missing in {text}");
        }
        let json = serde_json::to_value(&audit).unwrap();
        assert_eq!((&json["jwt_secret_key"], &json["jwt_refresh_secret_key"]), (&"SET".into(), &"NOT SET".into()));
    }
}
