//! A database takes the place of another.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use authly_pg_fixture::PgFixture;
use authly_storage_pg::backup::Sessions;
use support::{migrated, store};
use tokio_postgres::Client;

async fn databases(server: &Client, like: &str) -> Vec<(String, i64)> {
    let sql = "SELECT datname::text, oid::bigint FROM pg_database WHERE datname LIKE $1 ORDER BY 1";
    server.query(sql, &[&like]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn another_database_takes_the_place_and_the_old_one_is_kept() {
    let (live, database) = migrated().await;
    let facts = live.facts().await.unwrap();
    assert!(facts.major() >= 14 && facts.bytes > 1_000_000 && facts.may_create, "{facts:?}");
    let (new, kept) = (format!("{}_new \"x\"", facts.name), format!("{}_kept", facts.name));
    live.create_beside(&facts, &new).await.unwrap();
    let other = PgFixture::empty().await;
    let server = other.client().await;
    let like = format!("{}%", facts.name);
    let before = databases(&server, &like).await;
    let looking = database.client().await;
    assert!(!live.other_sessions().await.unwrap().is_empty());
    assert!(live.take_the_place(&facts.name, &new, &kept, Sessions::Respect).await.is_err(), "somebody looks at it");
    assert_eq!(databases(&server, &like).await, before, "neither was renamed");
    live.take_the_place(&facts.name, &new, &kept, Sessions::End).await.unwrap();
    let after = databases(&server, &like).await;
    let id = |all: &[(String, i64)], name: &str| all.iter().find(|(found, _)| found == name).unwrap().1;
    assert_eq!(id(&after, &facts.name), id(&before, &new));
    assert_eq!(id(&after, &kept), id(&before, &facts.name));
    drop(looking);
    let there = store(&database);
    assert!(!there.pending().await.unwrap().is_empty(), "the new one is empty");
    there.drop_beside(&kept).await.unwrap();
    assert_eq!(databases(&server, &like).await.len(), 1);
}
