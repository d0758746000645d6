//! A client that is given another secret: the old one ends when it is told to, wherever it came from.

use std::time::Duration;

use authly_testkit::{CodeFlow, Options, TestApp};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    client::Client,
    ids::AuditId,
    limit::Rate,
    secret::Secret,
    store::{CatalogRepository as _, Commit},
};
use serde_json::json;

use crate::world::{parallel, start, start_with};

const DAY: Duration = Duration::from_secs(86_400);
const OLD: &str = "the old secret";
/// What the older program kept of it: bcrypt with the least cost, so that a test need not wait.
const SLOW_HASH: &str = "$2b$04$abcdefghijklmnopqrstuuA4.pXTyvr8qdkAchu9vYpn85tZOM1SC";

async fn stored(app: &TestApp) -> Client {
    let clients = app.services.store.load_catalog().await.unwrap().clients;
    clients.into_iter().find(|client| client.id.as_str() == "app").unwrap()
}

/// The same with a cost at which one hash outlasts the arrival of many requests.
const SLOWER_HASH: &str = "$2b$10$abcdefghijklmnopqrstuuQdfcjmqVIJVcNR4Nw7HhdAdxUZ0q48e";

/// The client as an import leaves it: its secret is known by a slow hash alone.
async fn import(app: &TestApp, hash: &str) {
    let client = Client { secrets: vec![], imported_secret: Some(Secret::new(hash.to_owned())), ..stored(app).await };
    let audit = AuditEvent {
        id: AuditId::from_uuid(uuid::Uuid::from_u128(1)),
        at: app.app.engine.now(),
        kind: AuditKind::ClientChanged,
        user: None,
        client: None,
        address: None,
        detail: json!({}),
    };
    assert_eq!(app.services.store.update_client(&client, audit).await.unwrap(), Commit::Applied);
    app.services.refresh().await;
}

async fn status(app: &TestApp, secret: &str) -> u16 {
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    let request = app.http.post(app.at("/auth/token")).basic_auth("app", Some(secret)).form(&form);
    let status = app.send(request).await.status.as_u16();
    // What its first use leaves behind is noticed within a second.
    app.services.refresh().await;
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_secret_ends_with_its_overlap() {
    let (app, _) = start().await;
    import(&app, SLOW_HASH).await;
    assert_eq!(status(&app, OLD).await, 200);
    let next = app.app.admin.rotate_client_secret("app", DAY).await.unwrap().secret.unwrap();
    app.services.refresh().await;
    assert_eq!((status(&app, OLD).await, status(&app, next.expose()).await), (200, 200), "both for a day");
    app.clock.advance(DAY);
    assert_eq!((status(&app, OLD).await, status(&app, next.expose()).await), (401, 200));
    assert_eq!(status(&app, OLD).await, 401, "and it does not come back");
    let last = app.app.admin.rotate_client_secret("app", DAY).await.unwrap().secret.unwrap();
    app.services.refresh().await;
    assert_eq!((status(&app, OLD).await, status(&app, last.expose()).await), (401, 200));
}

/// No end can be given to a secret of which nothing but a slow hash is known.
#[tokio::test(flavor = "multi_thread")]
async fn an_imported_secret_that_was_never_used_ends_at_once_or_not_by_this() {
    let (app, _) = start().await;
    import(&app, SLOW_HASH).await;
    let refused = app.app.admin.rotate_client_secret("app", DAY).await.unwrap_err().to_string();
    assert!(refused.contains("never used here"), "{refused}");
    assert!(stored(&app).await.imported_secret.is_some(), "nothing was changed");
    let next = app.app.admin.rotate_client_secret("app", Duration::ZERO).await.unwrap().secret.unwrap();
    app.services.refresh().await;
    assert_eq!((status(&app, OLD).await, status(&app, next.expose()).await), (401, 200));
}

/// Guesses that come at once cost no more hashes than those that come one by one; whoever has the secret is charged nothing.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_an_imported_secret_are_charged_before_they_are_hashed() {
    let options = Options { client_failures: Some(Rate::per_minute(5)), ..Options::default() };
    let (app, flow) = start_with(options).await;
    import(&app, SLOWER_HASH).await;
    let ask = async |secret: &str| {
        let form = [("grant_type", "client_credentials"), ("scope", "read")];
        let request = app.http.post(app.at("/auth/token")).basic_auth("app", Some(secret)).form(&form);
        app.send(request).await.status.as_u16()
    };
    for _ in 0..8 {
        assert_eq!(ask(OLD).await, 200, "nothing has told the server of the faster hash yet");
    }
    let flow = CodeFlow { secret: Some("wrong".to_owned()), ..flow };
    let form = [("grant_type".to_owned(), "client_credentials".to_owned())];
    let mut answers = Vec::new();
    for answer in parallel(&app, &flow, &form, 25) {
        answers.push(answer.await.unwrap().0);
    }
    answers.sort_unstable();
    assert_eq!(answers, [[401; 5].as_slice(), &[429; 20]].concat());
    app.clock.advance(Duration::from_secs(12));
    assert_eq!((ask(OLD).await, ask("wrong").await, ask("wrong").await), (200, 401, 429));
}
