//! Two nodes over one database, and connections that end in the middle.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use oauth_core::store::{Commit, GrantRepository as _, StoreErrorKind};
use support::{account, client, code, migrated, redemption, rotation, store, token};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_race_for_one_code_redeem_it_once() {
    let (one, database) = migrated().await;
    let other = store(&database);
    let (user, client) = (account(&one, "ada").await, client(&one, "app").await);
    for _ in 0..5 {
        let code = code(&one, user, client).await;
        let tasks: Vec<_> = (0..50)
            .map(|turn| {
                let store = if turn % 2 == 0 { one.clone() } else { other.clone() };
                tokio::spawn(async move { store.redeem_code(redemption(code)).await.unwrap() })
            })
            .collect();
        assert_eq!(count_applied(tasks).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_race_for_a_set_of_tokens_spend_each_once_without_deadlock() {
    let (one, database) = migrated().await;
    let other = store(&database);
    let (user, client) = (account(&one, "ada").await, client(&one, "app").await);
    for _ in 0..5 {
        let mut tokens = Vec::new();
        for _ in 0..20 {
            tokens.push(token(&one, user, client).await);
        }
        let mut tasks = Vec::new();
        for turn in 0..200 {
            let store = if turn % 2 == 0 { one.clone() } else { other.clone() };
            // One node takes them in order, the other backwards.
            let place = if turn % 2 == 0 { turn / 2 % 20 } else { 19 - turn / 2 % 20 };
            let token = tokens[place];
            tasks.push(tokio::spawn(async move { store.rotate_refresh(rotation(token)).await.unwrap() }));
        }
        assert_eq!(count_applied(tasks).await, tokens.len());
        let client = database.client().await;
        let row = client.query_one("SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL", &[]).await.unwrap();
        assert!(row.get::<_, i64>(0) >= 20);
        let row = client
            .query_one("SELECT count(*) FROM (SELECT parent FROM refresh_tokens GROUP BY parent HAVING count(*) > 1 AND parent IS NOT NULL) doubled", &[])
            .await
            .unwrap();
        assert_eq!(row.get::<_, i64>(0), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_whose_connection_ended_is_not_taken_for_a_replay() {
    let (store, database) = migrated().await;
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    let mut chains = Vec::new();
    for _ in 0..8 {
        chains.push(token(&store, user, client).await);
    }
    let tasks: Vec<_> = chains
        .into_iter()
        .map(|mut current| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut applied = 0;
                while applied < 150 {
                    let write = rotation(current);
                    let next = write.next.hash;
                    loop {
                        match store.rotate_refresh(write.clone()).await {
                            Ok(Commit::Applied) => break,
                            // No answer: the client comes back with the same token, and perhaps its successor is there already.
                            Err(error) if error.kind == StoreErrorKind::Unavailable => {
                                if store.refresh(next).await.is_ok_and(|found| found.is_some()) {
                                    break;
                                }
                            }
                            other => return Err(format!("after {applied}: {other:?}")),
                        }
                    }
                    applied += 1;
                    current = (next, current.1);
                }
                Ok(())
            })
        })
        .collect();
    while_connections_end(&database, async {
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redemption_whose_connection_ended_is_not_taken_for_a_replay() {
    let (store, database) = migrated().await;
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    let mut codes = Vec::new();
    for _ in 0..400 {
        codes.push(code(&store, user, client).await);
    }
    while_connections_end(&database, async {
        for some in codes.chunks(8) {
            let tasks: Vec<_> = some
                .iter()
                .map(|code| {
                    let (store, write) = (store.clone(), redemption(*code));
                    tokio::spawn(async move {
                        loop {
                            match store.redeem_code(write.clone()).await {
                                Err(error) if error.kind == StoreErrorKind::Unavailable => {
                                    let token = write.refresh.as_ref().unwrap().hash;
                                    if store.refresh(token).await.is_ok_and(|found| found.is_some()) {
                                        return Commit::Applied;
                                    }
                                }
                                other => return other.unwrap(),
                            }
                        }
                    })
                })
                .collect();
            assert_eq!(count_applied(tasks).await, some.len());
        }
    })
    .await;
}

/// Does the work while every connection of the store is ended again and again.
async fn while_connections_end(database: &authly_pg_fixture::TestDatabase, work: impl Future<Output = ()>) {
    let killer = database.client().await;
    let kill = async {
        loop {
            killer
                .batch_execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'authly'",
                )
                .await
                .unwrap();
            killer.batch_execute("SELECT pg_sleep(0.02)").await.unwrap();
        }
    };
    tokio::select! {
        () = work => {}
        () = kill => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_not_to_be_had_is_busy_and_not_an_outage() {
    let (_, database) = migrated().await;
    let options = authly_storage_pg::PgOptions {
        lock_timeout: std::time::Duration::from_millis(50),
        ..authly_storage_pg::PgOptions::default()
    };
    let store = authly_storage_pg::PgStore::new(&database, options).unwrap();
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    let token = token(&store, user, client).await;
    let holder = database.client().await;
    holder.batch_execute("BEGIN; SELECT 1 FROM refresh_tokens FOR UPDATE").await.unwrap();
    assert_eq!(store.rotate_refresh(rotation(token)).await.unwrap_err().kind, StoreErrorKind::Busy);
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(store.rotate_refresh(rotation(token)).await.unwrap(), Commit::Applied);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_unavailable() {
    let store = store("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1");
    let lost = (support::hash(), oauth_core::ids::GrantId::generate(support::NOW, &support::Counting));
    assert_eq!(store.refresh(lost.0).await.unwrap_err().kind, StoreErrorKind::Unavailable);
    assert_eq!(store.rotate_refresh(rotation(lost)).await.unwrap_err().kind, StoreErrorKind::Unavailable);
}

async fn count_applied(tasks: Vec<tokio::task::JoinHandle<Commit>>) -> usize {
    let mut applied = 0;
    for task in tasks {
        applied += usize::from(task.await.unwrap() == Commit::Applied);
    }
    applied
}
