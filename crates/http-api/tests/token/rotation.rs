//! A client that is given another secret: the old one ends when it is told to, wherever it came from.

use std::time::Duration;

use authly_testkit::TestApp;
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    client::Client,
    ids::AuditId,
    secret::Secret,
    store::{CatalogRepository as _, Commit},
};
use serde_json::json;

use crate::world::start;

const DAY: Duration = Duration::from_secs(86_400);
const OLD: &str = "the old secret";
/// What the older program kept of it: bcrypt with the least cost, so that a test need not wait.
const SLOW_HASH: &str = "$2b$04$abcdefghijklmnopqrstuuA4.pXTyvr8qdkAchu9vYpn85tZOM1SC";

async fn stored(app: &TestApp) -> Client {
    let clients = app.services.store.load_catalog().await.unwrap().clients;
    clients.into_iter().find(|client| client.id.as_str() == "app").unwrap()
}

/// The client as an import leaves it: its secret is known by a slow hash alone.
async fn import(app: &TestApp) {
    let client =
        Client { secrets: vec![], imported_secret: Some(Secret::new(SLOW_HASH.to_owned())), ..stored(app).await };
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
    import(&app).await;
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
    import(&app).await;
    let refused = app.app.admin.rotate_client_secret("app", DAY).await.unwrap_err().to_string();
    assert!(refused.contains("never used here"), "{refused}");
    assert!(stored(&app).await.imported_secret.is_some(), "nothing was changed");
    let next = app.app.admin.rotate_client_secret("app", Duration::ZERO).await.unwrap().secret.unwrap();
    app.services.refresh().await;
    assert_eq!((status(&app, OLD).await, status(&app, next.expose()).await), (401, 200));
}
