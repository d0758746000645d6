//! The application's own table: expanded, written where it says what it said, and nothing else.

use authly_cutover::{
    profile::Profile,
    source::SourceId,
    write_back::{AppWrite, Application as _, Cell, Promise, Track},
};
use authly_pg_fixture::PgFixture;
use authly_sources::{Access, AppTable, OpenError, SourceAddress};

/// The tables of the profile `tenants`, as somebody else made them: quotes, and the link with a hyphen.
const POSTGRES: &str = r#"
CREATE TABLE tenants (tenant_id uuid PRIMARY KEY, slug text, name text, status text, deleted_at timestamptz);
CREATE TABLE users (user_id uuid PRIMARY KEY, tenant_id uuid, email text, full_name text, role text, status text,
    password_hash text NOT NULL, "self-auth_user_id" varchar(255), "self-auth_synced_at" timestamp, deleted_at timestamptz);
CREATE TABLE sessions (id uuid PRIMARY KEY, access_token_hash text NOT NULL, refresh_token_hash text NOT NULL);
INSERT INTO users VALUES
    ('00000000-0000-4000-8000-000000000001', NULL, 'a@b.c', 'O''Hara "x"', 'member', 'active', 'h', 'null', NULL, NULL),
    ('00000000-0000-4000-8000-000000000002', NULL, 'd@e.f', NULL, 'member', 'active', 'h', NULL, 'infinity', NULL);
"#;

const SQLITE: &str = r#"
CREATE TABLE tenants (tenant_id TEXT PRIMARY KEY NOT NULL, slug TEXT, name TEXT, status TEXT, deleted_at TIMESTAMP);
CREATE TABLE users (user_id TEXT PRIMARY KEY NOT NULL, tenant_id TEXT, email TEXT, full_name TEXT, role TEXT, status TEXT,
    password_hash TEXT, self_auth_user_id TEXT, self_auth_synced_at, deleted_at TIMESTAMP);
INSERT INTO users VALUES ('1', NULL, 'a@b.c', NULL, 'member', 'active', 'h', 'o''hara "x"', 5, NULL),
    ('2', NULL, 'd@e.f', NULL, 'member', 'active', 'h', NULL, 1.5, NULL);
"#;

fn profile() -> Profile {
    Profile::built_in("tenants").unwrap()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn write(id: &str, changes: &[(Track, Cell, Cell)]) -> AppWrite {
    let change = |(track, there, wanted): &(Track, Cell, Cell)| {
        (*track, Promise { there: there.clone(), wanted: wanted.clone() })
    };
    AppWrite { id: SourceId::parse(id).unwrap(), changes: changes.iter().map(change).collect() }
}

async fn open(address: &str, access: Access) -> AppTable {
    AppTable::open(&SourceAddress::parse(address).unwrap(), &profile(), access).await.unwrap()
}

async fn expanded(address: &str) -> (AppTable, Vec<String>) {
    let place = SourceAddress::parse(address).unwrap();
    open(address, Access::Write).await.expand(&place, &profile()).await.unwrap()
}

/// The address with another user, who may connect.
async fn as_user(database: &authly_pg_fixture::TestDatabase, name: &str) -> String {
    let client = database.client().await;
    client.batch_execute(&format!("CREATE ROLE \"{name}\" LOGIN PASSWORD 'word'")).await.unwrap();
    let (_, rest) = database.url().split_once("://").unwrap();
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    format!("postgresql://{name}:word@{rest}")
}

async fn refusal(address: &str) -> Option<(Vec<String>, Vec<String>, Vec<String>)> {
    match open(address, Access::Read).await.may_write().await {
        Ok(()) => None,
        Err(OpenError::Rights { lacks, statements, otherwise, .. }) => Some((lacks, statements, otherwise)),
        Err(other) => panic!("{other:?}"),
    }
}

/// What a refusal says to do is enough.
#[tokio::test]
async fn who_may_not_write_is_told_before_anything_is_written_and_what_is_said_to_do_is_enough() {
    let database = PgFixture::empty().await;
    let client = database.client().await;
    client.batch_execute(POSTGRES).await.unwrap();
    let suffix = std::process::id();
    let (member, guest) = (format!("member{suffix}"), format!("guest{suffix}"));
    let (by_member, by_guest) = (as_user(&database, &member).await, as_user(&database, &guest).await);
    let readers = format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{member}\", \"{guest}\"");
    client.batch_execute(&readers).await.unwrap();
    assert_eq!(refusal(database.url()).await, None, "the owner may");
    let (lacks, statements, _) = refusal(&by_member).await.unwrap();
    assert!(
        lacks[0].contains("\"users\", which belongs to") && lacks.iter().any(|lack| lack.contains("write the columns")),
        "{lacks:?}"
    );
    client.batch_execute(&statements.join("\n")).await.unwrap();
    assert_eq!(refusal(&by_member).await, None, "{statements:?}");
    let (_, _, otherwise) = refusal(&by_guest).await.unwrap();
    for statement in &otherwise {
        client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    assert_eq!(refusal(&by_guest).await, None, "{otherwise:?}");
    expanded(&by_guest).await;
    client.batch_execute(&format!("REVOKE UPDATE (\"auth_method\") ON users FROM \"{guest}\"")).await.unwrap();
    let (lacks, statements, otherwise) = refusal(&by_guest).await.unwrap();
    assert_eq!((lacks.len(), statements.len(), otherwise.len()), (1, 1, 0), "{lacks:?} {statements:?}");
    let owner: String = client.query_one("SELECT current_user::text", &[]).await.unwrap().get(0);
    client.batch_execute(&format!("REVOKE \"{owner}\" FROM \"{member}\"; DROP OWNED BY \"{member}\", \"{guest}\"; DROP ROLE \"{member}\", \"{guest}\"")).await.unwrap();
}

#[tokio::test]
async fn a_table_of_postgresql_is_expanded_once_and_goes_on_as_before() {
    let database = PgFixture::empty().await;
    let client = database.client().await;
    client.batch_execute(POSTGRES).await.unwrap();
    let before = open(database.url(), Access::Read).await;
    assert!(before.lacking().iter().any(|what| what.contains("\"auth_method\"")), "{:?}", before.lacking());
    let (mut table, added) = expanded(database.url()).await;
    assert!(added.iter().any(|what| what.contains("may be NULL")), "{added:?}");
    assert!(added.iter().any(|what| what.contains("self-auth_session_id")), "{added:?}");
    assert_eq!(table.lacking(), [""; 0]);
    assert_eq!(expanded(database.url()).await.1, [""; 0], "the second time there is nothing to add");
    // The application's own statements, of before, still work.
    client
        .batch_execute(
            "INSERT INTO users (user_id, email, role, status, password_hash)
             VALUES ('00000000-0000-4000-8000-000000000003', 'g@h.i', 'member', 'active', 'h');
             INSERT INTO sessions VALUES ('00000000-0000-4000-8000-000000000003', 'a', 'b')",
        )
        .await
        .unwrap();
    let wrong = client.batch_execute("UPDATE users SET auth_method = 'magic'").await;
    assert!(wrong.is_err(), "the check holds");
    let page = table.page(None, 10).await.unwrap();
    assert_eq!(page.len(), 3);
    assert_eq!(page[0].cells[&Track::AuthMethod], text("password"));
    assert_eq!(page[0].cells[&Track::ExternalSubject], text("null"));
    assert_eq!(page[1].cells[&Track::SyncedAt], text("infinity"));
    let index = "SELECT count(*) FROM pg_indexes WHERE tablename = 'users' AND indexname LIKE 'idx\\_users\\_%'";
    assert_eq!(client.query_one(index, &[]).await.unwrap().get::<_, i64>(0), 2);
}

/// Whoever dies between the parts of a step, or in the middle of an index, leaves nothing that the next run would not complete.
#[tokio::test]
async fn what_a_killed_expansion_of_sessions_left_out_is_completed_by_the_next() {
    let database = PgFixture::empty().await;
    let client = database.client().await;
    client.batch_execute(POSTGRES).await.unwrap();
    expanded(database.url()).await;
    let index =
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.\"idx_sessions_self-auth_session\"'::regclass";
    let check = "SELECT convalidated FROM pg_constraint WHERE conname = 'sessions_auth_method_check'";
    let is = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0);
    assert!(is(index).await && is(check).await);
    for (left, told) in [
        ("DROP INDEX \"idx_sessions_self-auth_session\"", vec!["index \"idx_sessions_self-auth_session\""]),
        (
            "UPDATE pg_index SET indisvalid = false
              WHERE indexrelid = 'public.\"idx_sessions_self-auth_session\"'::regclass",
            vec!["index \"idx_sessions_self-auth_session\""],
        ),
        (
            "ALTER TABLE sessions DROP CONSTRAINT sessions_auth_method_check;
             ALTER TABLE sessions ADD CONSTRAINT sessions_auth_method_check
                   CHECK (auth_method IN ('jwt', 'self-auth', 'dual')) NOT VALID",
            vec!["check \"sessions_auth_method_check\""],
        ),
    ] {
        client.batch_execute(left).await.unwrap();
        let (table, added) = expanded(database.url()).await;
        assert_eq!(added.len(), told.len(), "{left}: {added:?}");
        assert!(added.iter().zip(&told).all(|(added, told)| added.starts_with(told)), "{left}: {added:?}");
        assert!(is(index).await && is(check).await, "{left}");
        assert_eq!(table.lacking(), [""; 0], "{left}");
    }
    // An index of the application's own is as good.
    client
        .batch_execute(
            "DROP INDEX \"idx_sessions_self-auth_session\"; CREATE INDEX own ON sessions (\"self-auth_session_id\")",
        )
        .await
        .unwrap();
    assert_eq!(expanded(database.url()).await.1, [""; 0]);
}

#[tokio::test]
async fn rows_of_postgresql_are_written_only_where_they_say_what_they_said() {
    let database = PgFixture::empty().await;
    database.client().await.batch_execute(POSTGRES).await.unwrap();
    let (mut table, _) = expanded(database.url()).await;
    let (one, two) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002");
    let method = |there: &str, to: &str| (Track::AuthMethod, text(there), text(to));
    let rows = [
        write(one, &[method("password", "dual"), (Track::CompletedAt, Cell::Null, text("2026-11-21T06:00:00.5Z"))]),
        write(two, &[method("dual", "self-auth"), (Track::SyncedAt, text("infinity"), Cell::Null)]),
    ];
    assert_eq!(table.write(&rows).await.unwrap(), [rows[0].id.clone()]);
    let page = table.page(None, 10).await.unwrap();
    assert_eq!(page[0].cells[&Track::AuthMethod], text("dual"));
    assert_eq!(page[0].cells[&Track::CompletedAt], text("2026-11-21 06:00:00.5+00"));
    assert_eq!(page[1].cells[&Track::SyncedAt], text("infinity"), "a row is written whole or not at all");
    // And exactly back.
    let back =
        [write(one, &[method("dual", "password"), (Track::CompletedAt, text("2026-11-21 06:00:00.5+00"), Cell::Null)])];
    assert_eq!(table.write(&back).await.unwrap().len(), 1);
    assert_eq!(table.page(None, 10).await.unwrap()[0].cells[&Track::CompletedAt], Cell::Null);
}

#[tokio::test]
async fn a_reader_of_the_table_cannot_write() {
    let database = PgFixture::empty().await;
    database.client().await.batch_execute(POSTGRES).await.unwrap();
    drop(expanded(database.url()).await);
    let mut table = open(database.url(), Access::Read).await;
    let rows = [write("00000000-0000-4000-8000-000000000001", &[(Track::AuthMethod, text("password"), text("dual"))])];
    assert!(table.write(&rows).await.is_err());
}

#[tokio::test]
async fn a_view_is_no_table_to_write_to() {
    let database = PgFixture::empty().await;
    let client = database.client().await;
    client.batch_execute(POSTGRES).await.unwrap();
    client
        .batch_execute("ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people")
        .await
        .unwrap();
    let place = SourceAddress::parse(database.url()).unwrap();
    let opened = AppTable::open(&place, &profile(), Access::Write).await;
    assert!(matches!(opened, Err(OpenError::WriteBack(_))));
}

#[tokio::test]
async fn values_of_sqlite_keep_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app's \"own\".db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(SQLITE).unwrap();
    let address = format!("sqlite:{}", path.display());
    let (mut table, added) = expanded(&address).await;
    assert!(added.iter().all(|what| !what.contains("self-auth_user_id")), "underscores stay: {added:?}");
    let page = table.page(None, 10).await.unwrap();
    assert_eq!(page[0].cells[&Track::SyncedAt], Cell::Integer(5));
    assert_eq!(page[1].cells[&Track::SyncedAt], Cell::Real(1.5));
    let rows = [
        write(
            "1",
            &[
                (Track::ExternalSubject, text("o'hara \"x\""), text("s")),
                (Track::SyncedAt, Cell::Integer(5), text("t")),
            ],
        ),
        write("2", &[(Track::SyncedAt, Cell::Real(2.5), Cell::Null)]),
    ];
    assert_eq!(table.write(&rows).await.unwrap(), [rows[0].id.clone()]);
    let back = [write(
        "1",
        &[(Track::ExternalSubject, text("s"), text("o'hara \"x\"")), (Track::SyncedAt, text("t"), Cell::Integer(5))],
    )];
    assert_eq!(table.write(&back).await.unwrap().len(), 1);
    assert_eq!(table.page(None, 10).await.unwrap(), page);
    assert_eq!(expanded(&address).await.1, [""; 0]);
}
