//! Accounts that are removed, as by a rollback, in the moment in which somebody comes with them.

mod support;

use std::time::Duration;

use authly_directory::{
    identifier::Identifier,
    store::{AccountRepository as _, Attempt},
};
use support::{NOW, account, migrated, waiting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_in_while_the_account_is_removed_is_nobody_once_it_is() {
    let (store, database) = migrated().await;
    account(&store, "ada").await;
    let attempt = || Attempt {
        identifier: Identifier::parse("ada").unwrap(),
        tenant: None,
        known_device: None,
        at: NOW,
        forget_before: NOW,
        max_failures: 5,
        lock_until: NOW.plus(Duration::from_secs(60)),
    };
    for (end, found) in [("ROLLBACK", 1), ("COMMIT", 0)] {
        let remover = database.client().await;
        remover.batch_execute("BEGIN; DELETE FROM users").await.unwrap();
        let (comer, attempt) = (store.clone(), attempt());
        let coming = tokio::spawn(async move { comer.begin_sign_in(attempt).await });
        let watcher = database.client().await;
        while waiting(&watcher).await == 0 {
            assert!(!coming.is_finished(), "it waits for the removal, which knows whom it is about");
            tokio::task::yield_now().await;
        }
        remover.batch_execute(end).await.unwrap();
        assert_eq!(coming.await.unwrap().unwrap().len(), found, "{end}");
    }
}
