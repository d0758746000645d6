//! SQLite files, beside the program that writes to them.

use authly_cutover::{
    inspect::{Inspect as _, Part},
    profile::{Profile, value},
    source::{PageAsk, Source as _, SourceError, SourceId, Value},
};
use authly_sources::OpenError;
use oauth_core::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::{PEOPLE, all, keys, open, people, text};

fn database(sql: &str) -> (TempDir, String, Connection) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("old.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(sql).unwrap();
    let address = format!("sqlite:{}", path.display());
    (folder, address, connection)
}

fn table(key: &str) -> String {
    format!(
        r#"CREATE TABLE people ({key}, "e-mail", "full""name" TEXT, hash, made, changed TEXT, "is active" BOOLEAN);"#
    )
}

#[tokio::test]
async fn values_come_as_they_are() {
    let (_folder, address, connection) = database(&table("id INTEGER PRIMARY KEY"));
    let insert = "INSERT INTO people VALUES (1, ' A@b.c ', 'O''Hara', x'2432', 1700000000, '2024-01-01 00:00:00', 1),
        (2, NULL, CAST(x'ff' AS TEXT), x'00ff', 1.5, NULL, 't')";
    connection.execute_batch(insert).unwrap();
    connection.execute("INSERT INTO people (id, hash) VALUES (3, ?1)", [&"x".repeat(200_000)]).unwrap();
    let rows = all(&mut open(&address, &people()).await.unwrap(), 10).await;
    assert_eq!(rows[0].column("e-mail"), &text(" A@b.c "));
    assert_eq!(rows[0].column("full\"name"), &text("O'Hara"));
    assert_eq!(rows[0].column("hash"), &text("$2"));
    assert_eq!(rows[0].column("is active"), &Value::Integer(1));
    assert_eq!(rows[1].column("e-mail"), &Value::Null);
    assert_eq!(rows[1].column("full\"name"), &Value::Unreadable(value::NOT_UTF8.to_owned()));
    assert_eq!(rows[1].column("hash"), &text("\\x00ff"));
    assert_eq!(rows[1].column("made"), &text("1.5"));
    assert_eq!(rows[2].column("hash"), &Value::Unreadable(value::TOO_LONG.to_owned()));
}

#[tokio::test]
async fn pages_meet_without_gap_or_overlap_for_every_kind_of_key() {
    for (key, values, wanted) in [
        ("id INTEGER PRIMARY KEY", "(10), (9), (-1), (100)", vec!["-1", "9", "10", "100"]),
        ("id TEXT PRIMARY KEY", "('b'), ('B'), ('a'), ('10')", vec!["10", "B", "a", "b"]),
        ("id TEXT COLLATE NOCASE PRIMARY KEY", "('b'), ('C'), ('a'), ('10')", vec!["10", "a", "b", "C"]),
        ("id", "(10), (9), ('x'), (2.5)", vec!["10", "2.5", "9", "x"]),
        ("id INTEGER", "(10), (9), ('x'), (2.5)", vec!["2.5", "9", "10", "x"]),
    ] {
        let (_folder, address, connection) = database(&table(key));
        connection.execute_batch(&format!("INSERT INTO people (id) VALUES {values}")).unwrap();
        let mut source = open(&address, &people()).await.unwrap();
        for limit in 1..=5 {
            assert_eq!(keys(&all(&mut source, limit).await), wanted, "{key}, {limit} at a time");
        }
        assert_eq!(source.count(None).await.unwrap(), 4);
        for row in all(&mut source, 5).await {
            assert_eq!(source.row(&row.id).await.unwrap(), Some(row));
        }
    }
}

#[tokio::test]
async fn a_snapshot_neither_sees_nor_stops_a_writer() {
    for mode in ["WAL", "DELETE"] {
        let (_folder, address, connection) =
            database(&format!("PRAGMA journal_mode = {mode}; {}", table("id INTEGER PRIMARY KEY")));
        connection.execute_batch("INSERT INTO people (id) VALUES (1), (2)").unwrap();
        let mut source = open(&address, &people()).await.unwrap();
        let digest = source.digest().await.unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        connection.execute_batch("INSERT INTO people (id) VALUES (3); UPDATE people SET hash = 'x'").unwrap();
        assert_eq!(keys(&all(&mut source, 1).await), ["1", "2"], "{mode}");
        assert_eq!(source.digest().await.unwrap(), digest, "{mode}");
        let mut later = open(&address, &people()).await.unwrap();
        assert_ne!(later.digest().await.unwrap(), digest, "{mode}");
    }
}

#[tokio::test]
async fn rows_without_a_key_of_their_own_are_refused_and_counted() {
    let (_folder, address, connection) = database(&table("id TEXT"));
    connection.execute_batch("INSERT INTO people (id) VALUES ('a'), ('a'), (NULL), (NULL), ('b')").unwrap();
    let Err(error) = open(&address, &people()).await else { panic!("it was opened") };
    assert!(matches!(&error, OpenError::Key { why, .. } if why.starts_with("2 rows have none, and 1 has")), "{error}");
}

#[tokio::test]
async fn a_key_that_cannot_be_kept_names_its_place() {
    let (_folder, address, connection) = database(&table("id TEXT PRIMARY KEY"));
    connection.execute("INSERT INTO people (id) VALUES ('a'), ('b'), (?1)", [&"c".repeat(300)]).unwrap();
    let mut source = open(&address, &people()).await.unwrap();
    let after = SourceId::parse("a");
    let error = source.rows(PageAsk { after, limit: 10, since: None }).await.unwrap_err();
    assert!(matches!(error, SourceError::Key { position: 3, .. }), "{error}");
}

#[tokio::test]
async fn names_cannot_leave_their_quotes() {
    let evil = "people\"; DROP TABLE people; --";
    let profile = PEOPLE.replace("\"people\"\nkey", &format!("{evil:?}\nkey"));
    let (_folder, address, connection) = database(&table("id INTEGER PRIMARY KEY"));
    let create = format!("CREATE TABLE \"{}\" AS SELECT 1 AS id, * FROM (SELECT 1 AS x)", evil.replace('"', "\"\""));
    connection.execute_batch(&create).unwrap();
    let Err(error) = open(&address, &Profile::parse(&profile).unwrap()).await else { panic!("it was opened") };
    assert!(error.to_string().contains("e-mail"), "{error}");
    connection.query_row("SELECT count(*) FROM people", [], |row| row.get::<_, i64>(0)).unwrap();
}

#[tokio::test]
async fn the_filter_and_the_watermark_are_the_same_for_rows_and_counts() {
    let (_folder, address, connection) = database(&table("id INTEGER PRIMARY KEY"));
    for id in 1..=20 {
        let changed = format!("2024-01-{id:02} 00:00:00");
        connection
            .execute("INSERT INTO people (id, \"is active\", changed) VALUES (?1, ?1 % 2, ?2)", (id, changed))
            .unwrap();
    }
    let filter = "key = \"id\"\nfilter = { column = \"is active\", equals = true }";
    let profile = Profile::parse(&PEOPLE.replace("key = \"id\"", filter)).unwrap();
    let mut source = open(&address, &profile).await.unwrap();
    assert_eq!(source.count(None).await.unwrap(), 10);
    assert_eq!(keys(&all(&mut source, 3).await), ["1", "3", "5", "7", "9", "11", "13", "15", "17", "19"]);
    let since = Timestamp::parse_rfc3339("2024-01-15T00:00:00Z");
    assert_eq!(source.count(since).await.unwrap(), 3);
    let page = source.rows(PageAsk { after: None, limit: 2, since }).await.unwrap();
    assert_eq!(keys(&page), ["15", "17"]);
}

#[tokio::test]
async fn orphans_are_found() {
    let (_folder, address, _connection) = database(
        "CREATE TABLE users (user_id INTEGER PRIMARY KEY, tenant_id, email, full_name, password_hash, role, status, deleted_at, last_login_at);
         CREATE TABLE tenants (tenant_id INTEGER PRIMARY KEY, slug, name, status, deleted_at);
         CREATE TABLE \"self-auth_tenant_groups\" (tenant_id, \"self-auth_group_uuid\", \"self-auth_group_name\", role);
         INSERT INTO tenants VALUES (1, 'a', 'A', 'active', NULL);
         INSERT INTO \"self-auth_tenant_groups\" VALUES (1, 'g1', 'n', 'member'), ('7', 'g2', 'n', 'admin');",
    );
    let mut source = open(&address, &Profile::built_in("tenants").unwrap()).await.unwrap();
    let orphans = source.orphans(Part::Groups, 5).await.unwrap();
    assert_eq!((orphans.count, orphans.missing.as_slice()), (1, ["7".to_owned()].as_slice()));
    assert_eq!(source.groups().await.unwrap().len(), 2);
    assert_eq!(source.tenants().await.unwrap()[0].id, "1");
    let counts = source.table_counts().await.unwrap();
    assert_eq!(counts[0], ("users".to_owned(), 0));
}

#[tokio::test]
async fn what_is_not_there_is_told_with_its_cause() {
    let Err(error) = open("sqlite:/nowhere/at/all.db", &people()).await else { panic!("it was opened") };
    assert!(matches!(&error, OpenError::Io { .. }), "{error}");
    let (_folder, address, _connection) = database("CREATE TABLE others (id)");
    let Err(error) = open(&address, &people()).await else { panic!("it was opened") };
    assert!(error.to_string().contains("no table \"people\"; its tables are: others"), "{error}");
}
