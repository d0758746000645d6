//! Codes in their own table: what came before them is carried over, and none is issued for what is being removed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use authly_pg_fixture::TestDatabase;
use authly_storage_pg::PgStore;
use oauth_core::{
    ids::{AccessTokenId, ClientKey, GrantId, SessionId, UserId},
    store::{Commit, GrantRepository as _, NewAuthorization},
};
use support::{Counting, NOW, account, client, code, migrated, new_code, redemption, waiting};

const STEP: &str = include_str!("../../../migrations/postgres/V32__issued_codes.sql");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_the_shared_table_move_and_stay_redeemable_and_those_of_the_older_program_stay() {
    let (store, database) = migrated().await;
    let (user, app) = (account(&store, "ada").await, client(&store, "app").await);
    let (fresh, used) = (code(&store, user, app).await, code(&store, user, app).await);
    assert_eq!(store.redeem_code(redemption(used)).await.unwrap(), Commit::Applied);
    let before = (store.code(fresh.0).await.unwrap(), store.code(used.0).await.unwrap());

    // As they stood before that step, beside one of the older program's own.
    let sql = database.client().await;
    sql.batch_execute(
        "INSERT INTO authorization_codes (code, client_id, user_id, scopes, code_challenge, redirect_uri, nonce, expires_at,
                                          grant_id, used_at)
         SELECT translate(rtrim(encode(c.hash, 'base64'), '='), '+/', '-_'), g.client_id, g.user_id, g.scopes,
                c.code_challenge, c.redirect_uri, c.nonce, c.expires_at, g.id, c.used_at
           FROM issued_codes c JOIN grants g ON g.id = c.grant_id
          UNION ALL
         SELECT 'older', g.client_id, g.user_id, '{}', 'x', 'https://older.example/cb', NULL, now(), NULL, NULL
           FROM (SELECT * FROM grants LIMIT 1) g;
         DROP TABLE issued_codes",
    )
    .await
    .unwrap();
    sql.batch_execute(STEP).await.unwrap();

    let after = (store.code(fresh.0).await.unwrap(), store.code(used.0).await.unwrap());
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
    assert!(after.1.unwrap().used_at.is_some());
    assert_eq!(store.redeem_code(redemption(used)).await.unwrap(), Commit::Lost);
    assert_eq!(store.redeem_code(redemption(fresh)).await.unwrap(), Commit::Applied);
    let left = sql.query("SELECT code FROM authorization_codes", &[]).await.unwrap();
    assert_eq!(left.iter().map(|row| row.get(0)).collect::<Vec<String>>(), ["older"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_code_is_issued_for_an_account_or_a_client_that_is_not_there() {
    let (store, _database) = migrated().await;
    let (user, app) = (account(&store, "ada").await, client(&store, "app").await);
    let (nobody, nothing) = (UserId::generate(NOW, &Counting), ClientKey::generate(NOW, &Counting));
    for write in [new_code(nobody, app), new_code(user, nothing)] {
        let (hash, grant) = (write.code, write.grant.id);
        assert_eq!(store.issue_code(write).await.unwrap(), Commit::Lost);
        assert!(store.code(hash).await.unwrap().is_none() && !is_there(&store, grant).await);
    }
}

/// Whatever came first: no grant is left of what has been removed, with a session and without one, alone and in a group.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_is_issued_while_its_account_or_client_is_removed_leaves_no_grant() {
    for removal in ["DELETE FROM users WHERE username = 'ada'", "DELETE FROM clients WHERE client_id = 'app'"] {
        for with_session in [true, false] {
            for company in [1, 8] {
                let (store, database) = migrated().await;
                let (user, app) = (account(&store, "ada").await, client(&store, "app").await);
                let session = if with_session { Some(begin(&database, user).await) } else { None };
                let write = || -> NewAuthorization {
                    let mut write = new_code(user, app);
                    write.grant.session = session;
                    write
                };
                assert_eq!(store.issue_code(write()).await.unwrap(), Commit::Applied);

                // The removal is done, and nobody can see it yet.
                let remover = database.client().await;
                remover.batch_execute(&format!("BEGIN; {removal}")).await.unwrap();
                let issuing: Vec<_> = (0..company)
                    .map(|_| {
                        let (store, write) = (store.clone(), write());
                        tokio::spawn(async move { store.issue_code(write).await.unwrap() })
                    })
                    .collect();
                let watcher = database.client().await;
                while waiting(&watcher).await == 0 {
                    tokio::task::yield_now().await;
                }
                remover.batch_execute("COMMIT").await.unwrap();
                for issued in issuing {
                    assert_eq!(issued.await.unwrap(), Commit::Lost, "{removal}");
                }
                let left = watcher.query_one("SELECT count(*) FROM grants", &[]).await.unwrap();
                assert_eq!(left.get::<_, i64>(0), 0, "{removal}");
            }
        }
    }
}

/// The other way round: the code comes first and holds the removal up, which takes the grant along.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_waits_for_a_code_takes_its_grant_along() {
    for removal in ["DELETE FROM users WHERE username = 'ada'", "DELETE FROM clients WHERE client_id = 'app'"] {
        for with_session in [true, false] {
            let (store, database) = migrated().await;
            let (user, app) = (account(&store, "ada").await, client(&store, "app").await);
            let session = if with_session { Some(begin(&database, user).await) } else { None };
            let mut write = new_code(user, app);
            write.grant.session = session;
            // The insertion of the code waits for this one of the same hash, when account and client are locked already.
            let holder = database.client().await;
            holder.batch_execute("BEGIN").await.unwrap();
            let same = "INSERT INTO issued_codes (hash, grant_id, redirect_uri, expires_at) VALUES ($1, gen_random_uuid(), '', now())";
            holder.execute(same, &[&write.code.bytes().as_slice()]).await.unwrap();
            let issuing = tokio::spawn({
                let store = store.clone();
                async move { store.issue_code(write).await.unwrap() }
            });
            let watcher = database.client().await;
            while waiting(&watcher).await == 0 {
                tokio::task::yield_now().await;
            }
            let remover = database.client().await;
            let removing = tokio::spawn(async move { remover.batch_execute(removal).await.unwrap() });
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            assert!(!removing.is_finished(), "{removal} with a session: {with_session}");
            holder.batch_execute("ROLLBACK").await.unwrap();
            assert_eq!(issuing.await.unwrap(), Commit::Applied);
            removing.await.unwrap();
            let left = watcher.query_one("SELECT count(*) FROM grants", &[]).await.unwrap();
            assert_eq!(left.get::<_, i64>(0), 0, "{removal} with a session: {with_session}");
        }
    }
}

async fn is_there(store: &PgStore, grant: GrantId) -> bool {
    store.grant(grant, AccessTokenId::generate(NOW, &Counting)).await.unwrap().is_some()
}

async fn begin(database: &TestDatabase, user: UserId) -> SessionId {
    let session = SessionId::generate(NOW, &Counting);
    database
        .client()
        .await
        .execute(
            "INSERT INTO sessions (id, token, user_id, authenticated_at, methods, created_at, last_seen_at, idle_expires_at,
                                   expires_at, remembered)
             VALUES ($1, sha256($1::uuid::text::bytea), $2, now(), '{}', now(), now(), now(), now(), FALSE)",
            &[&session.uuid(), &user.uuid()],
        )
        .await
        .unwrap();
    session
}
