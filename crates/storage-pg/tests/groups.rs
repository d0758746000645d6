//! What waits at the same time is asked and written together, and everybody gets their own answer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::{future::Future, pin::Pin, task::Poll};

use authly_pg_fixture::TestDatabase;
use authly_storage_pg::{PgOptions, PgStore};
use oauth_core::{
    ids::{AccessTokenId, SessionId, UserId},
    pkce::{CodeChallenge, CodeProof},
    scope::ScopeSet,
    session::AuthenticationMethod,
    store::{Commit, GrantRepository as _, NewAuthorization, RevokedAccessToken, StoreErrorKind},
};
use support::{Counting, NOW, account, client, code, migrated, new_code, rotation, token};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_postgres::config::Host;

/// Runs the first by itself until it waits for a lock, the others behind it, and tells how many trips all took. The statement was
/// prepared before, because that waits for the lock too.
async fn together<T: Send + 'static>(
    store: &PgStore,
    database: &TestDatabase,
    lock: &str,
    first: impl Future<Output = T> + Send + 'static,
    others: Vec<Pin<Box<dyn Future<Output = T> + Send>>>,
) -> (T, Vec<T>, u64) {
    let holder = database.client().await;
    holder.batch_execute(&format!("BEGIN; LOCK TABLE {lock} IN ACCESS EXCLUSIVE MODE")).await.unwrap();
    let before = store.round_trips();
    let first = tokio::spawn(first);
    while store.round_trips() == before {
        assert!(!first.is_finished());
        tokio::task::yield_now().await;
    }
    let mut others = others;
    // Each is in the queue once it was polled.
    for other in &mut others {
        let pending = std::future::poll_fn(|context| Poll::Ready(other.as_mut().poll(context).is_pending())).await;
        assert!(pending);
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    let first = first.await.unwrap();
    let mut answers = Vec::new();
    for other in others {
        answers.push(other.await);
    }
    (first, answers, store.round_trips() - before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lookups_that_wait_together_share_a_trip_and_each_finds_its_own() {
    let (store, database) = migrated().await;
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    let mut tokens = Vec::new();
    for _ in 0..10 {
        tokens.push(token(&store, user, client).await);
    }
    let unknown = (support::hash(), tokens[0].1);
    let asked: Vec<_> = tokens.iter().copied().chain([unknown, tokens[3]]).collect();
    let find = |hash| {
        let store = store.clone();
        async move { store.refresh(hash).await.unwrap().map(|found| (found.hash, found.grant.grant.id)) }
    };
    find(unknown.0).await;
    let others = asked.iter().map(|(hash, _)| Box::pin(find(*hash)) as Pin<Box<dyn Future<Output = _> + Send>>);
    let (first, found, trips) = together(&store, &database, "grants", find(tokens[0].0), others.collect()).await;
    assert_eq!(first, Some(tokens[0]));
    let expected: Vec<_> = asked.iter().map(|token| Some(*token).filter(|token| *token != unknown)).collect();
    assert_eq!((found, trips), (expected, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_access_token_is_told_from_others_of_its_group() {
    let (store, database) = migrated().await;
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    let (_, grant) = code(&store, user, client).await;
    let tokens: Vec<_> = (0..6).map(|_| AccessTokenId::generate(NOW, &Counting)).collect();
    let write = RevokedAccessToken { jti: tokens[2], at: NOW, expires_at: NOW };
    store.revoke_access_token(write).await.unwrap();
    let of_user = |jti| {
        let store = store.clone();
        async move { store.grant(grant, jti).await.unwrap().unwrap().token_revoked }
    };
    let of_client = |jti| {
        let store = store.clone();
        async move { store.access_token_revoked(jti).await.unwrap() }
    };
    let expected = [false, false, true, false, false, false];
    assert!(!of_user(tokens[0]).await && !of_client(tokens[0]).await);
    let others = tokens.iter().map(|jti| Box::pin(of_user(*jti)) as Pin<Box<dyn Future<Output = _> + Send>>);
    let (first, found, _) = together(&store, &database, "grants", of_user(tokens[2]), others.collect()).await;
    assert_eq!((first, found.as_slice()), (true, &expected[..]));
    let others = tokens.iter().map(|jti| Box::pin(of_client(*jti)) as Pin<Box<dyn Future<Output = _> + Send>>);
    let table = "revoked_access_tokens";
    let (first, found, trips) = together(&store, &database, table, of_client(tokens[2]), others.collect()).await;
    assert_eq!((first, found.as_slice(), trips), (true, &expected[..], 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_that_are_issued_together_are_each_as_if_issued_alone() {
    let (store, database) = migrated().await;
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    code(&store, user, client).await;
    let mut writes: Vec<NewAuthorization> = (0..8).map(|_| new_code(user, client)).collect();
    writes[1].grant.scope = ScopeSet::parse("openid profile offline_access").unwrap();
    writes[1].grant.methods = vec![AuthenticationMethod::Pwd];
    writes[2].grant.resources = vec![r#"https://api.example/a,b{}"\x"#.to_owned(), "NULL".to_owned()];
    writes[3].nonce = Some("n-0S6".to_owned());
    writes[3].proof =
        CodeProof::Challenge(CodeChallenge::parse_stored("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap());
    writes[4].grant.scope = ScopeSet::default();
    // An account that is gone, and a session that is not alive: these alone are lost.
    writes[5].grant.user = UserId::generate(NOW, &Counting);
    writes[6].grant.session = Some(SessionId::generate(NOW, &Counting));
    let issue = |write: &NewAuthorization| {
        let (store, write) = (store.clone(), write.clone());
        async move { store.issue_code(write).await.unwrap() }
    };
    let others = writes.iter().map(|write| Box::pin(issue(write)) as Pin<Box<dyn Future<Output = _> + Send>>);
    let (_, answers, trips) =
        together(&store, &database, "grants", issue(&new_code(user, client)), others.collect()).await;
    assert!(trips < 9, "{trips}");
    for (place, (write, answer)) in writes.iter().zip(answers).enumerate() {
        let found = store.code(write.code).await.unwrap();
        if place == 5 || place == 6 {
            assert_eq!((answer, found.is_some()), (Commit::Lost, false), "{place}");
            continue;
        }
        let found = found.unwrap();
        assert_eq!((answer, &found.grant.grant), (Commit::Applied, &write.grant));
        assert_eq!((found.proof, &found.nonce), (write.proof, &write.nonce));
        assert_eq!((found.redirect_uri.as_str(), found.expires_at), (write.redirect_uri.as_str(), write.expires_at));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lookup_whose_connection_has_ended_is_asked_again() {
    let (store, database) = migrated().await;
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    let token = token(&store, user, client).await;
    let killer = database.client().await;
    for _ in 0..5 {
        assert!(store.refresh(token.0).await.unwrap().is_some());
        killer
            .batch_execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            .await
            .unwrap();
    }
    assert!(store.refresh(token.0).await.unwrap().is_some());
}

/// A pooler that refuses settings in the start-up packet, in front of the server of this address.
async fn pooler(url: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config: tokio_postgres::Config = url.parse().unwrap();
    let (host, port) = (config.get_hosts()[0].clone(), config.get_ports().first().copied().unwrap_or(5432));
    let ours = format!(
        "postgresql://{}@{}/{}?sslmode=disable",
        config.get_user().unwrap(),
        listener.local_addr().unwrap(),
        config.get_dbname().unwrap()
    );
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let host = host.clone();
            tokio::spawn(async move {
                let mut packet = vec![0; 4];
                near.read_exact(&mut packet).await.unwrap();
                let length = u32::from_be_bytes(packet[..4].try_into().unwrap());
                packet.resize(usize::try_from(length).unwrap(), 0);
                near.read_exact(&mut packet[4..]).await.unwrap();
                if packet.windows(9).any(|window| window == b"\0options\0") {
                    let fields = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
                    let mut refusal = vec![b'E'];
                    refusal.extend(u32::try_from(fields.len() + 4).unwrap().to_be_bytes());
                    refusal.extend(fields);
                    near.write_all(&refusal).await.unwrap();
                    return;
                }
                match host {
                    Host::Tcp(name) => pass(near, TcpStream::connect((name, port)).await.unwrap(), &packet).await,
                    Host::Unix(folder) => {
                        let socket = folder.join(format!(".s.PGSQL.{port}"));
                        pass(near, UnixStream::connect(socket).await.unwrap(), &packet).await;
                    }
                }
            });
        }
    });
    ours
}

async fn pass(mut near: TcpStream, mut far: impl AsyncRead + AsyncWrite + Unpin, first: &[u8]) {
    far.write_all(first).await.unwrap();
    tokio::io::copy_bidirectional(&mut near, &mut far).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_refuses_settings_at_the_start_is_sent_them_as_statements() {
    let (_, database) = migrated().await;
    let options = PgOptions { lock_timeout: std::time::Duration::from_millis(50), ..PgOptions::default() };
    let store = PgStore::new(&pooler(&database).await, options).unwrap();
    let (user, client) = (account(&store, "ada").await, client(&store, "app").await);
    let token = token(&store, user, client).await;
    let holder = database.client().await;
    holder.batch_execute("BEGIN; SELECT 1 FROM refresh_tokens FOR UPDATE").await.unwrap();
    assert_eq!(store.rotate_refresh(rotation(token)).await.unwrap_err().kind, StoreErrorKind::Busy);
}
