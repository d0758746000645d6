//! An installation at the end of its migration, on SQLite and on PostgreSQL.

use authly_legacy_source::{Legacy, Plan, fill};
use authly_pg_fixture::{PgFixture, TestDatabase};
use serde_json::Value;

use crate::support::{Done, Place};

pub(crate) const SOURCE: &[&str] = &["--profile", "legacy-users", "--source", "sqlite:old.db"];

/// An installation with imported accounts whose gate is open.
pub(crate) struct Site {
    pub(crate) place: Place,
    postgres: Option<(tokio::runtime::Runtime, TestDatabase)>,
}

/// What makes the gate open, and what a test spoils again: `{now}` and `{day}` are the store's.
const OPEN: &[&str] = &[
    "UPDATE users SET completed_at = {now} - {day}, auth_method = 'dual', credential_state = 'ok' WHERE status = 'active'",
    "UPDATE users SET last_password_login_at = NULL",
    "UPDATE migration_facts SET at = {now} - 40 * {day} WHERE name = 'counting_since'",
    "INSERT INTO migration_facts (name, at, detail) VALUES ('backup_verified', {now}, 'a file')",
];

impl Site {
    pub(crate) fn sqlite(users: u32) -> Self {
        Self::in_sqlite().beside_a_source(users).with_an_open_gate()
    }

    pub(crate) fn postgres(users: u32) -> Self {
        Self::in_postgres().beside_a_source(users).with_an_open_gate()
    }

    pub(crate) fn in_sqlite() -> Self {
        Self { place: Place::new(), postgres: None }
    }

    pub(crate) fn in_postgres() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let database = runtime.block_on(PgFixture::empty());
        let place = Place::new().with("DATABASE_URL", database.url().to_owned());
        Self { place, postgres: Some((runtime, database)) }
    }

    /// With an up-to-date store, and with a source that nobody has read yet.
    pub(crate) fn beside_a_source(self, users: u32) -> Self {
        let plan = Plan { users, dirty: false, ..Plan::new(Legacy::LegacyUsers) };
        let address = format!("sqlite:{}", self.place.folder.path().join("old.db").display());
        tokio::runtime::Runtime::new().unwrap().block_on(fill(&address, &plan)).unwrap();
        assert_eq!(self.place.run(&["migrate", "schema", "up"]).code, 0);
        self
    }

    fn with_an_open_gate(self) -> Self {
        let import = self.place.run(&[&["migrate", "import", "--execute"], SOURCE].concat());
        assert_eq!(import.code, 0, "{import:?}");
        let verify = self.place.run(&[&["migrate", "verify"], SOURCE].concat());
        assert_eq!(verify.code, 0, "{verify:?}");
        for sql in OPEN {
            self.sql(sql);
        }
        self.place.json(&["migrate", "finalize", "decide-inactive", "they stay switched off"]);
        self.tokens();
        self.sql(
            "INSERT INTO migration_pen (source, source_id, kind, reason, label, run, at, resolution, resolved_at)
             SELECT 'legacy-users', 'dropped', 'conflict', '{\"code\":\"email_taken\"}', 'a \"label\"', run, at,
                    '{\"act\":\"drop\"}', {now} FROM migration_items LIMIT 1",
        );
        self
    }

    /// Tokens of the old kind for everybody, all of them dead.
    fn tokens(&self) {
        let insert = match self.postgres {
            None => "INSERT INTO tokens (jti, user_id, token_type, expires_at, invalidated, created_at)
                     SELECT hex(id), id, 'refresh', {now} + {day}, 1, {now} FROM users",
            Some(_) => "INSERT INTO tokens (id, jti, user_id, token_type, expires_at, invalidated, created_at)
                        SELECT gen_random_uuid(), left(md5(id::text), 36), id, 'refresh', {now} + {day}, TRUE, {now} FROM users",
        };
        self.sql(insert);
        let ids = match self.postgres {
            None => ("randomblob(16)", "randomblob(32)"),
            Some(_) => ("gen_random_uuid()", "sha256(id::text::bytea)"),
        };
        self.sql("INSERT INTO legacy_families (jti, family) SELECT jti, 'family of ' || jti FROM tokens");
        self.sql(&format!(
            "INSERT INTO api_keys (id, source, source_id, user_id, scope, label, hash, created_at, revoked_at, uses)
             SELECT {}, 'legacy-users', 'key of ' || email, id, 'read', 'a key', {}, {{now}}, {{now}}, 7 FROM users",
            ids.0, ids.1
        ));
    }

    pub(crate) fn sql(&self, sql: &str) {
        let filled = |now: &str, day: &str| sql.replace("{now}", now).replace("{day}", day);
        match &self.postgres {
            None => {
                let file = rusqlite::Connection::open(self.place.folder.path().join("authly.db")).unwrap();
                let sql = filled("CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000", "86400000000");
                file.execute_batch(&sql).unwrap();
            }
            Some((runtime, database)) => {
                let sql = filled("now()", "interval '1 day'");
                runtime.block_on(async { database.client().await.batch_execute(&sql).await }).unwrap();
            }
        }
    }

    /// All rows of some tables, as text.
    pub(crate) fn rows(&self, tables: &[&str]) -> Vec<String> {
        let mut all = Vec::new();
        for table in tables {
            // The record itself, and when it was last written, are what a way back may leave behind as nothing.
            let filter = if *table == "settings" { " WHERE t.name <> 'finalization'" } else { "" };
            let sql = format!("SELECT * FROM {table} t{filter}");
            let mut rows: Vec<String> = match &self.postgres {
                None => {
                    let file = rusqlite::Connection::open(self.place.folder.path().join("authly.db")).unwrap();
                    let mut statement = file.prepare(&sql).unwrap();
                    let width = statement.column_count();
                    let read = |row: &rusqlite::Row<'_>| {
                        let values = (0..width).map(|place| text(row.get_ref(place).unwrap()));
                        Ok(values.collect::<Vec<_>>().join("|"))
                    };
                    statement.query_map([], read).unwrap().map(Result::unwrap).collect()
                }
                Some((runtime, database)) => runtime.block_on(async {
                    let sql = format!("SELECT row_to_json(t)::text FROM {table} t{filter}");
                    let rows = database.client().await.query(&sql, &[]).await.unwrap();
                    rows.iter().map(|row| row.get(0)).collect()
                }),
            };
            rows.sort();
            all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
        }
        all
    }

    /// What the end leads to, without the instants at which it did.
    pub(crate) fn reached(&self) -> Vec<String> {
        let accounts = "(SELECT id, email, password_hash, upgraded_hash, status, auth_method, completed_at, updated_at FROM users)";
        let archive = "(SELECT kind, key FROM migration_archive)";
        self.rows(&[
            accounts,
            archive,
            "tokens",
            "legacy_families",
            "api_keys",
            "migration_pen",
            "settings",
            "group_members",
        ])
    }

    /// What an undo must restore.
    pub(crate) fn state(&self) -> Vec<String> {
        self.rows(&[
            "users",
            "tokens",
            "legacy_families",
            "api_keys",
            "migration_pen",
            "migration_archive",
            "settings",
            "group_members",
        ])
    }

    /// Everything that a refusal must not touch.
    pub(crate) fn everything(&self) -> Vec<String> {
        let mut all = self.state();
        all.extend(self.rows(&["migration_items", "migration_runs", "audit_events", "migration_facts"]));
        all
    }

    pub(crate) fn finalize(&self, arguments: &[&str]) -> Done {
        self.place.run(&[&["migrate", "finalize"], arguments].concat())
    }

    /// A step of the checklist.
    pub(crate) fn step(&self, name: &str) -> Value {
        let list = self.place.run(&["migrate", "checklist", "--output", "json"]);
        let list: Value = serde_json::from_str(&list.out).unwrap();
        list["steps"].as_array().unwrap().iter().find(|step| step["step"] == name).unwrap().clone()
    }

    pub(crate) fn methods(&self) -> Value {
        let overall = &self.place.json(&["migrate", "status"])["overall"];
        serde_json::json!([overall["dual"], overall["oauth"]])
    }
}

/// A value as text; what is sealed as what it would be if it were not.
fn text(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => "-".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
