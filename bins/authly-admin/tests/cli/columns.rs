//! What an application's own table keeps for passwords: dropped when its migration is over, and brought back as it was.

use authly_pg_fixture::{PgFixture, TestDatabase};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::Place;

/// Names with a hyphen, a rule, an order of its own for texts, rights on a single column, and indexes.
const APPLICATION: &str = r#"
CREATE TABLE tenants (tenant_id uuid PRIMARY KEY, slug text, name text, status text, deleted_at timestamptz);
CREATE TABLE users (user_id uuid PRIMARY KEY, tenant_id uuid, email text, full_name text, role text, status text,
    password_hash text COLLATE "C" NOT NULL, password_changed_at timestamp, failed_login_attempts integer NOT NULL DEFAULT 0
        CHECK (failed_login_attempts >= 0), locked_until timestamptz,
    "self-auth_user_id" varchar(255), "self-auth_synced_at" timestamp, deleted_at timestamptz);
CREATE INDEX "by attempts" ON users (failed_login_attempts, email) WHERE locked_until IS NOT NULL;
COMMENT ON TABLE users IS 'People, and the application''s own words';
COMMENT ON COLUMN users.locked_until IS 'Locked';
GRANT SELECT (password_hash) ON users TO PUBLIC;
INSERT INTO tenants VALUES ('00000000-0000-4000-8000-0000000000aa', 'acme', 'Acme', 'active', NULL);
INSERT INTO users (user_id, tenant_id, email, role, status, password_hash, password_changed_at, failed_login_attempts)
SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '00000000-0000-4000-8000-0000000000aa',
       'user' || n || '@example.com', 'member', 'active',
       '$2b$04$abcdefghijklmnopqrstuu5s8gV4dLkS4PZ5t7Xk7Yp1vXkC0y9yK', timestamp '2024-02-29 10:00:00.123456', n % 3
  FROM generate_series(1, 1200) n;
"#;

/// The table with everything that is said of it, whatever order its columns are in, and however a rule is written.
const TABLE: &str = r"
    SELECT to_jsonb(u)::text FROM users u
    UNION ALL
    SELECT concat_ws('|', a.attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation, attacl,
                     pg_get_expr(adbin, adrelid), col_description(attrelid, attnum))
      FROM pg_attribute a LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = 'users'
    UNION ALL SELECT conname || regexp_replace(pg_get_constraintdef(oid), '::(character varying|text)(\[\])?|[()]', '', 'g') FROM pg_constraint WHERE conrelid = 'users'::regclass
    UNION ALL SELECT obj_description('users'::regclass)
     ORDER BY 1";

/// The gate is open: everybody has signed in by OAuth.
const OPEN: &str = "
    UPDATE users SET completed_at = {now} - {day}, auth_method = 'dual', credential_state = 'ok' WHERE status = 'active';
    UPDATE migration_facts SET at = {now} - 40 * {day} WHERE name = 'counting_since';
    UPDATE tenants SET confirmed_at = {now};
    INSERT INTO migration_facts (name, at, detail) VALUES ('backup_verified', {now}, 'a file')";

struct Shop {
    place: Place,
    runtime: Runtime,
    database: TestDatabase,
}

impl Shop {
    /// Finalized, with the columns of the application as they were.
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let database = runtime.block_on(PgFixture::empty());
        let shop = Self { place: Place::new().with("AUTHLY_SOURCE", database.url()), runtime, database };
        shop.sql(APPLICATION);
        assert_eq!(shop.place.run(&["migrate", "schema", "up"]).code, 0);
        let import = shop.place.run(&["migrate", "import", "--profile", "tenants", "--write-back", "--execute"]);
        assert_eq!(import.code, 0, "{import:?}");
        assert_eq!(shop.place.run(&["migrate", "verify", "--profile", "tenants"]).code, 0);
        let file = rusqlite::Connection::open(shop.place.folder.path().join("authly.db")).unwrap();
        let now = "CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000";
        file.execute_batch(&OPEN.replace("{now}", now).replace("{day}", "86400000000")).unwrap();
        let early = shop.leave(&["--execute", "--yes"]);
        assert!(early.refused(3).contains("is not finalized"), "{early:?}");
        let ended = shop.place.json(&["migrate", "finalize", "execute", "--yes"]);
        let steps = ended["checklist"]["steps"].as_array().unwrap();
        let ways = steps.iter().find(|step| step["step"] == "say which ways are open, and until when").unwrap();
        assert_eq!(ways["found"], "the old doors are closed for everybody", "{ways}");
        assert_eq!(ways["state"], "done", "no policy is asked for where no way is left");
        shop
    }

    fn sql(&self, sql: &str) {
        self.runtime.block_on(async { self.database.client().await.batch_execute(sql).await }).unwrap();
    }

    fn table(&self) -> Vec<String> {
        let rows = self.runtime.block_on(async { self.database.client().await.query(TABLE, &[]).await }).unwrap();
        rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default()).collect()
    }

    #[track_caller]
    fn is_as(&self, before: &[String]) {
        let now = self.table();
        let (gone, new) = (other(before, &now), other(&now, before));
        assert!(gone.is_empty() && new.is_empty(), "gone: {gone:?}, new: {new:?}");
    }

    fn columns(&self) -> Vec<String> {
        let sql = "SELECT attname::text FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped";
        let rows = self.runtime.block_on(async { self.database.client().await.query(sql, &[]).await }).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    fn leave(&self, more: &[&str]) -> crate::support::Done {
        self.place.run(&[&["migrate", "finalize", "drop-columns", "--profile", "tenants"], more].concat())
    }

    fn restore(&self, more: &[&str]) -> crate::support::Done {
        let command = ["migrate", "finalize", "restore-columns", "--source-name", "tenants", "--yes"];
        self.place.run(&[&command, more].concat())
    }

    /// The command, killed at that place; whether it got there.
    fn killed_at(&mut self, place: &str, command: impl Fn(&Self) -> Option<i32>) {
        self.place.variables.push(("AUTHLY_FAILPOINT", place.to_owned()));
        assert_eq!(command(self), None, "it never got to {place}");
        self.place.variables.pop();
        let file = rusqlite::Connection::open(self.place.folder.path().join("authly.db")).unwrap();
        file.execute("UPDATE migration_runs SET heartbeat_at = heartbeat_at - 86400000000 WHERE state = 'running'", [])
            .unwrap();
    }
}

/// The first lines of one that the other lacks.
fn other<'l>(lines: &'l [String], others: &[String]) -> Vec<&'l String> {
    lines.iter().filter(|line| !others.contains(line)).take(3).collect()
}

#[test]
fn the_columns_go_when_the_end_is_done_and_come_back_exactly() {
    let shop = Shop::new();
    let before = shop.table();
    let dry: Value = serde_json::from_str(&shop.leave(&["--output", "json"]).out).unwrap();
    let statements = dry["statements"].as_array().unwrap();
    assert!(statements[0].as_str().unwrap().contains("DROP COLUMN \"password_hash\""), "{dry}");
    shop.is_as(&before);
    assert_eq!(shop.leave(&["--execute"]).code, 1, "nobody said yes");
    let done: Value = serde_json::from_str(&shop.leave(&["--execute", "--yes", "--output", "json"]).out).unwrap();
    assert_eq!(done["rows"], 1_200, "{done}");
    let columns = shop.columns();
    let gone = [
        "password_hash",
        "password_changed_at",
        "failed_login_attempts",
        "locked_until",
        "auth_method",
        "migration_invited_at",
        "migration_completed_at",
    ];
    for name in gone {
        assert!(!columns.iter().any(|column| column == name), "{columns:?}");
    }
    assert!(columns.iter().any(|column| column == "self-auth_user_id"));
    let archive = std::fs::read(shop.place.folder.path().join("authly.db")).unwrap();
    assert!(!archive.windows(17).any(|part| part == b"2024-02-29 10:00:"), "it stands in the archive unsealed");
    // Neither twice, nor an undo or a write-back that would not know of it.
    assert_eq!(shop.leave(&["--execute", "--yes"]).code, 3);
    assert!(shop.place.run(&["migrate", "finalize", "undo", "--yes"]).refused(3).contains("restore-columns"));
    assert!(shop.place.run(&["migrate", "write-back", "--profile", "tenants"]).refused(3).contains("restore-columns"));
    assert_eq!(shop.place.run(&["migrate", "finalize", "purge", "--yes"]).code, 3, "it is kept as long as the rest");
    // One came since, one left.
    shop.sql("INSERT INTO users (user_id, email) VALUES ('00000000-0000-4000-8000-0000000000bb', 'new@example.com')");
    let restored = shop.restore(&[]);
    assert_eq!(restored.code, 0, "{restored:?}");
    shop.sql("DELETE FROM users WHERE email = 'new@example.com'");
    shop.is_as(&before);
    assert_eq!(shop.restore(&[]).code, 3, "there is nothing to bring back");
    shop.place.json(&["migrate", "finalize", "undo", "--yes"]);
}

#[test]
fn a_kill_at_any_place_loses_nothing_of_the_columns() {
    let mut shop = Shop::new();
    let before = shop.table();
    shop.killed_at("finalizing:2", |shop| {
        shop.place.status(&["migrate", "finalize", "drop-columns", "--profile", "tenants", "--execute", "--yes"])
    });
    shop.is_as(&before);
    shop.sql("UPDATE users SET failed_login_attempts = 9 WHERE email = 'user7@example.com'");
    let before = shop.table();
    shop.killed_at("columns.dropped", |shop| {
        shop.place.status(&["migrate", "finalize", "drop-columns", "--profile", "tenants", "--execute", "--yes"])
    });
    assert!(!shop.columns().iter().any(|column| column == "password_hash"));
    assert_eq!(shop.leave(&["--execute", "--yes"]).code, 0, "the record follows");
    let restore = ["migrate", "finalize", "restore-columns", "--source-name", "tenants", "--yes"];
    for place in ["columns.written", "columns.written:2", "finalizing", "finalizing"] {
        shop.killed_at(place, |shop| shop.place.status(&restore));
    }
    assert_eq!(shop.restore(&[]).code, 0);
    shop.is_as(&before);
}

#[test]
fn ctrl_c_leaves_the_columns_and_the_rest_to_the_same_command() {
    let shop = Shop::new();
    let before = shop.table();
    let interrupted = |command: &[&str], at: &str, why: &str| {
        let words = [&["migrate", "finalize"], command, &["--yes", "--output", "json"]].concat();
        let done = shop.place.run_armed(&words, Some(("AUTHLY_FAILPOINT", at)));
        assert!(done.code == 1 && done.err.contains(why) && done.err.contains("the same command goes on"), "{done:?}");
        let report: serde_json::Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(report["stopped"], true, "{report}");
        report["rows"].as_u64().unwrap()
    };
    let leave = ["drop-columns", "--profile", "tenants", "--execute"];
    interrupted(&leave, "finalizing:2:int", "the columns are not dropped yet");
    shop.is_as(&before);
    let rows = |done: crate::support::Done| {
        let report: serde_json::Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!((done.code, &report["stopped"]), (0, &false.into()), "{done:?}");
        report["rows"].as_u64().unwrap()
    };
    let all = rows(shop.leave(&["--execute", "--yes", "--output", "json"]));
    let first =
        interrupted(&["restore-columns", "--source-name", "tenants"], "columns.written:1:int", "are not all back yet");
    let rest = rows(shop.restore(&["--output", "json"]));
    assert!(first > 0 && first + rest == all, "{first} and {rest} of {all}");
    shop.is_as(&before);
}

#[test]
fn what_could_not_come_back_is_not_dropped() {
    let shop = Shop::new();
    shop.sql("CREATE VIEW locked AS SELECT email FROM users WHERE locked_until IS NOT NULL");
    let before = shop.table();
    let refused = shop.leave(&["--execute", "--yes"]);
    assert!(refused.refused(3).contains("view locked"), "{refused:?}");
    shop.is_as(&before);
    let sqlite = shop.leave(&["--source", "sqlite:authly.db", "--execute", "--yes"]);
    assert!(sqlite.refused(3).contains("could not be taken back"), "{sqlite:?}");
}

#[test]
fn a_database_that_never_lost_its_columns_is_not_written() {
    let shop = Shop::new();
    assert_eq!(shop.leave(&["--execute", "--yes"]).code, 0);
    let other = shop.runtime.block_on(PgFixture::empty());
    shop.runtime.block_on(async { other.client().await.batch_execute(APPLICATION).await }).unwrap();
    let wrong = shop.restore(&["--source", other.url()]);
    assert!(wrong.refused(1).contains("still has the columns"), "{wrong:?}");
}
