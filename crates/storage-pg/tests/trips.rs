//! How often the database is asked: at most twice for an uncontended token request, and twice for a sign-in.

mod support;

use std::time::Duration;

use authly_directory::{
    device::KnownDevice,
    identifier::Identifier,
    store::{AccountRepository as _, Attempt, Device, SignIn},
};
use authly_storage_pg::PgStore;
use oauth_core::{
    ids::AccessTokenId,
    store::{CatalogRepository as _, Commit, GrantRepository as _},
};
use support::{Counting, NOW, account, client, migrated, new_code, redemption, rotation};

async fn counted<T>(store: &PgStore, work: impl Future<Output = T>) -> (T, u64) {
    let before = store.round_trips();
    let done = work.await;
    (done, store.round_trips() - before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_of_a_token_request_is_one_trip() {
    let (store, _database) = migrated().await;
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    let write = new_code(user, client);
    let code = (write.code, write.grant.id);
    let (issued, trips) = counted(&store, store.issue_code(write)).await;
    assert_eq!((issued.unwrap(), trips), (Commit::Applied, 1));

    let write = redemption(code);
    let token = (write.refresh.as_ref().unwrap().hash, code.1);
    let (found, trips) = counted(&store, store.code(code.0)).await;
    assert_eq!((found.unwrap().is_some(), trips), (true, 1));
    let (redeemed, trips) = counted(&store, store.redeem_code(write)).await;
    assert_eq!((redeemed.unwrap(), trips), (Commit::Applied, 1));

    let (found, trips) = counted(&store, store.refresh(token.0)).await;
    assert_eq!((found.unwrap().is_some(), trips), (true, 1));
    let (rotated, trips) = counted(&store, store.rotate_refresh(rotation(token))).await;
    assert_eq!((rotated.unwrap(), trips), (Commit::Applied, 1));

    let jti = AccessTokenId::generate(NOW, &Counting);
    let (found, trips) = counted(&store, store.grant(code.1, jti)).await;
    assert_eq!((found.unwrap().is_some(), trips), (true, 1));
    let (_, trips) = counted(&store, store.revision()).await;
    assert_eq!(trips, 1);
}

/// Whether the browser is known, and still is, is answered with the account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_is_two_trips_from_a_known_browser_too() {
    let (store, _database) = migrated().await;
    let user = account(&store, "ada").await;
    let known = KnownDevice { user, mark: [7; 16], made_at: NOW, password_set_at: None };
    for (known_device, device) in [(None, Device::Unknown), (Some(known), Device::Known([7; 16]))] {
        let attempt = Attempt {
            identifier: Identifier::parse("ada").unwrap(),
            tenant: None,
            known_device,
            at: NOW,
            forget_before: NOW.minus(Duration::from_secs(600)),
            max_failures: 5,
            lock_until: NOW.plus(Duration::from_secs(3_600)),
        };
        let (found, trips) = counted(&store, store.begin_sign_in(attempt)).await;
        let found = found.unwrap().remove(0);
        assert_eq!((found.device, trips), (device, 1));
        let verified = found.credential.hash.unwrap();
        let (at, session, legacy, legacy_use_at, audit) = (NOW, None, None, None, None);
        let write = SignIn { user, verified, device, at, session, legacy, legacy_use_at, audit };
        let (signed_in, trips) = counted(&store, store.complete_sign_in(write)).await;
        assert_eq!((signed_in.unwrap(), trips), (Commit::Applied, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotations_that_wait_together_share_trips() {
    let (store, database) = migrated().await;
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    let mut tokens = Vec::new();
    for _ in 0..40 {
        tokens.push(support::token(&store, user, client).await);
    }
    // The first batch waits for this lock; what comes meanwhile gathers behind it.
    let holder = database.client().await;
    let first = tokens[0];
    holder.batch_execute("BEGIN; SELECT 1 FROM refresh_tokens FOR UPDATE").await.unwrap();
    let before = store.round_trips();
    let leader = tokio::spawn({
        let store = store.clone();
        async move { store.rotate_refresh(rotation(first)).await.unwrap() }
    });
    while store.round_trips() == before {
        tokio::task::yield_now().await;
    }
    let mut others: Vec<_> = tokens[1..].iter().map(|token| Box::pin(store.rotate_refresh(rotation(*token)))).collect();
    // Each is in the queue once it was polled.
    for other in &mut others {
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(other.as_mut().poll(context))).await;
        assert!(polled.is_pending());
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(leader.await.unwrap(), Commit::Applied);
    for other in others {
        assert_eq!(other.await.unwrap(), Commit::Applied);
    }
    assert_eq!(store.round_trips() - before, 2);
}
