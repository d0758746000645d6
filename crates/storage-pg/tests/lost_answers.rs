//! A write that was done and whose answer was lost: the same write is done again, finds itself, and counts as applied. To load
//! and decide again would take one's own commit for a replay.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use authly_directory::{
    password::StoredHash,
    store::{AccountRepository as _, Device, SignIn},
};
use authly_storage_pg::{PgOptions, PgStore};
use oauth_core::{
    ids::{ClientKey, LegacyTokenId, UserId},
    legacy::{LegacyRotation, NewLegacyPair},
    store::{Commit, GrantRepository as _, LegacyTokenRepository as _, MaintenanceRepository as _, SpentAssertion},
};
use support::{NOW, account, client, code, migrated, new_code, redemption, rotation, token};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_postgres::config::Host;

/// A wire to the server that can be cut at the server's next word.
struct Wire {
    cut: Arc<AtomicUsize>,
    url: String,
}

impl Wire {
    async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config: tokio_postgres::Config = url.parse().unwrap();
        let (host, port) = (config.get_hosts()[0].clone(), config.get_ports().first().copied().unwrap_or(5432));
        let ours = format!(
            "postgresql://{}@{}/{}",
            config.get_user().unwrap(),
            listener.local_addr().unwrap(),
            config.get_dbname().unwrap()
        );
        let cut = Arc::new(AtomicUsize::new(0));
        let armed = cut.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                match &host {
                    Host::Tcp(name) => {
                        let far = TcpStream::connect((name.as_str(), port)).await.unwrap();
                        tokio::spawn(carry(near, far, armed.clone()));
                    }
                    Host::Unix(folder) => {
                        let far = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await.unwrap();
                        tokio::spawn(carry(near, far, armed.clone()));
                    }
                }
            }
        });
        Self { cut, url: ours }
    }

    /// The next answer of the server is lost with its connection.
    fn lose_the_next_answer(&self) {
        self.lose_answer(1);
    }

    /// The same for a later answer, counted from one.
    fn lose_answer(&self, number: usize) {
        self.cut.store(number, Ordering::SeqCst);
    }

    fn has_lost_it(&self) -> bool {
        self.cut.load(Ordering::SeqCst) == 0
    }
}

async fn carry(near: TcpStream, far: impl AsyncRead + AsyncWrite, cut: Arc<AtomicUsize>) {
    let (mut from_us, mut to_us) = near.into_split();
    let (mut from_server, mut to_server) = tokio::io::split(far);
    let there = async {
        tokio::io::copy(&mut from_us, &mut to_server).await.ok();
    };
    let back = async {
        let mut bytes = [0; 8192];
        while let Ok(count) = from_server.read(&mut bytes).await {
            // An answer that is sent is one that was committed.
            let left = cut.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if count == 0 || left == Ok(1) || to_us.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

/// A store behind such a wire, warm: connections are open and statements prepared, so that the next answer is the write's own.
async fn wired() -> (PgStore, Wire, authly_pg_fixture::TestDatabase, UserId, ClientKey) {
    let (_, database) = migrated().await;
    let wire = Wire::to(&database).await;
    let options = PgOptions { max_connections: 1, ..PgOptions::default() };
    let store = PgStore::new(&wire.url, options).unwrap();
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    store.ping().await.unwrap();
    let first = token(&store, user, client).await;
    assert_eq!(store.rotate_refresh(rotation(first)).await.unwrap(), Commit::Applied);
    (store, wire, database, user, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_was_done_is_applied() {
    let (store, wire, _database, user, client) = wired().await;
    let token = token(&store, user, client).await;
    let write = rotation(token);
    wire.lose_the_next_answer();
    assert_eq!(store.rotate_refresh(write.clone()).await.unwrap(), Commit::Applied);
    assert!(wire.has_lost_it());
    assert!(store.refresh(write.next.hash).await.unwrap().is_some());
    // Somebody else's rotation of the same token has lost all the same.
    assert_eq!(store.rotate_refresh(rotation(token)).await.unwrap(), Commit::Lost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_had_lost_stays_lost() {
    let (store, wire, _database, user, client) = wired().await;
    let token = token(&store, user, client).await;
    assert_eq!(store.rotate_refresh(rotation(token)).await.unwrap(), Commit::Applied);
    wire.lose_the_next_answer();
    assert_eq!(store.rotate_refresh(rotation(token)).await.unwrap(), Commit::Lost);
    assert!(wire.has_lost_it());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_batch_that_was_done_is_applied() {
    // The leader's answer, and that of the batch behind it.
    for lost in [1, 2] {
        a_batch_with_a_lost_answer(lost).await;
    }
}

async fn a_batch_with_a_lost_answer(lost: usize) {
    let (store, wire, database, user, client) = wired().await;
    let mut tokens = Vec::new();
    for _ in 0..20 {
        tokens.push(token(&store, user, client).await);
    }
    // The first waits for this lock, the others gather behind it and are one batch.
    let holder = database.client().await;
    holder.batch_execute("BEGIN; SELECT 1 FROM refresh_tokens FOR UPDATE").await.unwrap();
    let before = store.round_trips();
    let leader = tokio::spawn({
        let (store, write) = (store.clone(), rotation(tokens[0]));
        async move { store.rotate_refresh(write).await.unwrap() }
    });
    while store.round_trips() == before {
        tokio::task::yield_now().await;
    }
    let mut others: Vec<_> = tokens[1..].iter().map(|token| Box::pin(store.rotate_refresh(rotation(*token)))).collect();
    for other in &mut others {
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(other.as_mut().poll(context))).await;
        assert!(polled.is_pending());
    }
    wire.lose_answer(lost);
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(leader.await.unwrap(), Commit::Applied);
    for other in others {
        assert_eq!(other.await.unwrap(), Commit::Applied);
    }
    assert!(wire.has_lost_it());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redemption_that_was_done_is_applied() {
    let (store, wire, _database, user, client) = wired().await;
    for refresh in [true, false] {
        // The writer's connection is open again.
        token(&store, user, client).await;
        let mut write = redemption(code(&store, user, client).await);
        write.refresh = write.refresh.filter(|_| refresh);
        wire.lose_the_next_answer();
        assert_eq!(store.redeem_code(write.clone()).await.unwrap(), Commit::Applied);
        assert!(wire.has_lost_it());
        assert_eq!(store.code(write.code).await.unwrap().unwrap().used_at, Some(write.at));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_spend_an_assertion_are_applied_once() {
    let (store, wire, _database, user, client) = wired().await;
    let spent = || Some(SpentAssertion { client, jti: support::hash(), expires_at: NOW });
    let mut warm = redemption(code(&store, user, client).await);
    warm.assertion = spent();
    assert_eq!(store.redeem_code(warm).await.unwrap(), Commit::Applied);
    let mut redeemed = redemption(code(&store, user, client).await);
    redeemed.assertion = spent();
    wire.lose_the_next_answer();
    assert_eq!(store.redeem_code(redeemed).await.unwrap(), Commit::Applied);

    let mut warm = rotation(token(&store, user, client).await);
    warm.assertion = spent();
    assert_eq!(store.rotate_refresh(warm).await.unwrap(), Commit::Applied);
    let mut rotated = rotation(token(&store, user, client).await);
    rotated.assertion = spent();
    wire.lose_the_next_answer();
    assert_eq!(store.rotate_refresh(rotated).await.unwrap(), Commit::Applied);
    assert!(wire.has_lost_it());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_was_issued_is_applied() {
    let (store, wire, _database, user, client) = wired().await;
    code(&store, user, client).await;
    let write = new_code(user, client);
    wire.lose_the_next_answer();
    assert_eq!(store.issue_code(write.clone()).await.unwrap(), Commit::Applied);
    assert!(wire.has_lost_it());
    assert!(store.code(write.code).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_and_a_legacy_refresh_that_were_done_are_applied() {
    let (store, wire, _database, user, _) = wired().await;
    let pair = |name: &str| NewLegacyPair {
        user,
        access: LegacyTokenId::parse(&format!("{name}-access")).unwrap(),
        access_expires_at: NOW,
        refresh: LegacyTokenId::parse(&format!("{name}-refresh")).unwrap(),
        refresh_expires_at: NOW,
        created_at: NOW,
    };
    let sign_in = |name: &str| SignIn {
        user,
        verified: StoredHash::new("hash of ada".to_owned()),
        device: Device::Unknown,
        at: NOW,
        session: None,
        legacy: Some(pair(name)),
        legacy_use_at: Some(NOW),
        audit: None,
    };
    assert_eq!(store.complete_sign_in(sign_in("first")).await.unwrap(), Commit::Applied);
    wire.lose_the_next_answer();
    assert_eq!(store.complete_sign_in(sign_in("second")).await.unwrap(), Commit::Applied);
    assert!(wire.has_lost_it());

    let refresh = |from: &str, to: &str| LegacyRotation { spent: pair(from).refresh, pair: pair(to) };
    assert_eq!(store.rotate_legacy(refresh("first", "third")).await.unwrap(), Commit::Applied);
    wire.lose_the_next_answer();
    assert_eq!(store.rotate_legacy(refresh("second", "fourth")).await.unwrap(), Commit::Applied);
    assert!(wire.has_lost_it());
}
