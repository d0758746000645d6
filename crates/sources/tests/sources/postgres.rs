//! PostgreSQL databases of every making.

use authly_cutover::{
    inspect::{Inspect as _, Part},
    profile::{Profile, value},
    source::{PageAsk, Source as _, SourceId, Value},
};
use authly_pg_fixture::{PgFixture, TestDatabase};
use oauth_core::time::Timestamp;

use crate::support::{PEOPLE, all, keys, open, people, text};

async fn database(sql: &str) -> TestDatabase {
    let database = PgFixture::empty().await;
    database.client().await.batch_execute(sql).await.unwrap();
    database
}

fn table(key: &str) -> String {
    format!(
        r#"CREATE TABLE people ({key}, "e-mail" varchar(20000), "full""name" text, hash text, made timestamp, changed timestamptz,
            "is active" boolean);"#
    )
}

#[tokio::test]
async fn values_come_as_they_are() {
    let database = database(&format!(
        "{} INSERT INTO people VALUES
            (1, ' A@b.c ', 'O''Hara', repeat('x', 200000), '2024-01-31 12:00:00.5', '2024-01-31 12:00:00+02', true),
            (2, repeat('ö', 10000), NULL, NULL, 'infinity', '-infinity', NULL);",
        table("id int PRIMARY KEY")
    ))
    .await;
    let rows = all(&mut open(database.url(), &people()).await.unwrap(), 10).await;
    assert_eq!(rows[0].column("id"), &Value::Integer(1));
    assert_eq!(rows[0].column("e-mail"), &text(" A@b.c "));
    assert_eq!(rows[0].column("hash"), &Value::Unreadable(value::TOO_LONG.to_owned()));
    assert_eq!(rows[0].column("made"), &text("2024-01-31 12:00:00.5"));
    let at = Timestamp::parse_rfc3339("2024-01-31T10:00:00Z").unwrap();
    assert_eq!(rows[0].column("changed"), &Value::Time(at));
    assert_eq!(rows[0].column("is active"), &Value::Bool(true));
    assert_eq!(rows[1].column("e-mail"), &text(&"ö".repeat(10_000)));
    assert_eq!(rows[1].column("made"), &text("infinity"));
    assert_eq!(rows[1].column("changed"), &text("-infinity"));
    assert_eq!(rows[1].column("is active"), &Value::Null);
}

#[tokio::test]
async fn types_of_all_sorts_are_read() {
    let database = database(
        r#"CREATE DOMAIN mail AS varchar(255); CREATE TYPE mood AS ENUM ('on', 'off');
        CREATE TABLE users (id uuid PRIMARY KEY, email mail, roles text[], status mood, hash bytea, made date, extra jsonb);
        INSERT INTO users VALUES ('3b241101-e2bb-4255-8caf-4136c566a962', 'a@b.c', '{"a b",c}', 'on', '$2b$12$x', '2024-01-31', '["x","y"]');"#,
    )
    .await;
    let profile = r#"name = "odd"
[users]
table = "users"
key = "id"
[users.columns]
email = "email"
roles = "roles"
status = "status"
password_hash = "hash"
created_at = "made"
"#;
    let mut source = open(database.url(), &Profile::parse(profile).unwrap()).await.unwrap();
    let rows = all(&mut source, 10).await;
    assert_eq!(rows[0].id.as_str(), "3b241101-e2bb-4255-8caf-4136c566a962");
    assert_eq!(rows[0].column("roles"), &Value::List(vec!["a b".to_owned(), "c".to_owned()]));
    assert_eq!(rows[0].column("status"), &text("on"));
    assert_eq!(rows[0].column("hash"), &text("$2b$12$x"));
    assert_eq!(rows[0].column("made"), &text("2024-01-31"));
    let json = Profile::parse(&profile.replace("\"roles\"", "\"extra\"")).unwrap();
    let rows = all(&mut open(database.url(), &json).await.unwrap(), 10).await;
    assert_eq!(rows[0].column("extra"), &Value::List(vec!["x".to_owned(), "y".to_owned()]));
}

#[tokio::test]
async fn pages_meet_without_gap_or_overlap_for_every_kind_of_key() {
    for (key, values) in [
        ("id bigint PRIMARY KEY", "(10), (9), (-1), (100)"),
        ("id text PRIMARY KEY", "('b'), ('B'), ('a'), ('Ä')"),
        ("id varchar(5) UNIQUE NOT NULL", "('b'), ('B'), ('a'), ('10')"),
        ("id char(5) PRIMARY KEY", "('b'), ('B'), ('a'), ('10')"),
        ("id uuid PRIMARY KEY", "(gen_random_uuid()), (gen_random_uuid()), (gen_random_uuid()), (gen_random_uuid())"),
        ("id numeric", "(1.5), (10), (9), (2)"),
        (
            "id timestamptz PRIMARY KEY",
            "('2024-01-01'), ('2024-01-02 00:00:00.000001'), ('2024-01-03'), ('1999-01-01')",
        ),
    ] {
        let database = database(&format!("{} INSERT INTO people (id) VALUES {values};", table(key))).await;
        let mut source = open(database.url(), &people()).await.unwrap();
        let whole = all(&mut source, 10).await;
        assert_eq!(whole.len(), 4, "{key}");
        for limit in 1..=4 {
            assert_eq!(keys(&all(&mut source, limit).await), keys(&whole), "{key}, {limit} at a time");
        }
        for row in whole {
            assert_eq!(source.row(&row.id).await.unwrap(), Some(row));
        }
    }
}

#[tokio::test]
async fn a_snapshot_is_one_state_and_nothing_can_be_written_through_it() {
    let database = database(&format!("{} INSERT INTO people (id) VALUES (1), (2);", table("id int PRIMARY KEY"))).await;
    let mut source = open(database.url(), &people()).await.unwrap();
    let digest = source.digest().await.unwrap();
    database
        .client()
        .await
        .batch_execute("INSERT INTO people (id) VALUES (3); DELETE FROM people WHERE id = 1")
        .await
        .unwrap();
    assert_eq!(keys(&all(&mut source, 1).await), ["1", "2"]);
    assert_eq!(source.digest().await.unwrap(), digest);
    let mut later = open(database.url(), &people()).await.unwrap();
    assert_ne!(later.digest().await.unwrap(), digest);
    let behind = source.rows(PageAsk { after: SourceId::parse("1"), limit: 5, since: None }).await.unwrap();
    assert_eq!(keys(&behind), ["2"]);
    let after = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND application_name = 'authly-migrate'
        AND datname = current_database()";
    assert_eq!(database.client().await.query_one(after, &[]).await.unwrap().get::<_, i64>(0), 2);
}

#[tokio::test]
async fn rows_without_a_key_of_their_own_are_refused_and_counted() {
    let database = database(&format!("{} INSERT INTO people (id) VALUES (1), (1), (NULL);", table("id int"))).await;
    let Err(error) = open(database.url(), &people()).await else { panic!("it was opened") };
    assert!(error.to_string().contains("1 row has none, and 1 has another's"), "{error}");
}

#[tokio::test]
async fn a_table_of_another_schema_is_found_when_it_is_named() {
    let database =
        database(r#"CREATE SCHEMA "old app"; CREATE TABLE "old app".people (id int PRIMARY KEY, "e-mail" text);"#)
            .await;
    let profile = "name = \"p\"\n[source]\nschema = \"old app\"\n[users]\ntable = \"people\"\nkey = \"id\"\n[users.columns]\nemail = \"e-mail\"\n";
    let mut source = open(database.url(), &Profile::parse(profile).unwrap()).await.unwrap();
    assert_eq!(source.count(None).await.unwrap(), 0);
    let Err(error) = open(database.url(), &people()).await else { panic!("it was opened") };
    assert!(error.to_string().contains("no table \"people\""), "{error}");
}

#[tokio::test]
async fn names_and_keys_cannot_leave_their_quotes() {
    let database = database(&format!(
        "{} INSERT INTO people (id) VALUES ('a''; DROP TABLE people; --'), ('b');",
        table("id text PRIMARY KEY")
    ))
    .await;
    let mut source = open(database.url(), &people()).await.unwrap();
    assert_eq!(all(&mut source, 1).await.len(), 2);
    let evil = PEOPLE.replace("\"hash\"", r#""hash\"); DROP TABLE people; --""#);
    let Err(error) = open(database.url(), &Profile::parse(&evil).unwrap()).await else { panic!("it was opened") };
    assert!(error.to_string().contains("has no column"), "{error}");
    assert_eq!(source.count(None).await.unwrap(), 2);
}

#[tokio::test]
async fn tokens_without_an_account_are_orphans() {
    let database = database(
        "CREATE TABLE users (id uuid PRIMARY KEY, email text, username text, password_hash text, is_verified boolean, created_at timestamptz);
         CREATE TABLE tokens (id int PRIMARY KEY, jti text, user_id text, token_type text, expires_at timestamptz, invalidated boolean, created_at timestamptz);
         INSERT INTO users (id) VALUES ('3b241101-e2bb-4255-8caf-4136c566a962');
         INSERT INTO tokens (id, user_id) VALUES (1, '3b241101-e2bb-4255-8caf-4136c566a962'), (2, 'gone'), (3, 'gone'), (4, NULL);",
    )
    .await;
    let mut source = open(database.url(), &Profile::built_in("authly").unwrap()).await.unwrap();
    let orphans = source.orphans(Part::Tokens, 5).await.unwrap();
    assert_eq!((orphans.count, orphans.missing.as_slice()), (2, ["gone".to_owned()].as_slice()));
    let page = source.part(Part::Tokens, PageAsk { after: SourceId::parse("2"), limit: 5, since: None }).await.unwrap();
    assert_eq!(keys(&page), ["3", "4"]);
    assert!(source.about().starts_with("PostgreSQL 1"), "{}", source.about());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_the_password() {
    let Err(error) = open("postgresql://u:hunter2@127.0.0.1:1/a", &people()).await else { panic!("it was opened") };
    assert!(!format!("{error:?}").contains("hunter2"));
}
