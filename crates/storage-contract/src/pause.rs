//! OAuth switched off and on again (C-42).

use std::time::Duration;

use oauth_core::{
    audit::{AuditEvent, AuditKind},
    catalog::CatalogRecords,
    client::{Client, ClientState},
    store::{Commit, Paused},
};

use crate::{WholeStore, World};

async fn states<S: WholeStore>(w: &World<S>) -> Vec<(String, bool)> {
    let records = w.store.load_catalog().await.unwrap();
    let mut states: Vec<_> =
        records.clients.iter().map(|client| (client.id.as_str().to_owned(), client.is_active())).collect();
    states.sort();
    states
}

async fn switch<S: WholeStore>(w: &World<S>) -> Option<String> {
    w.store.load_catalog().await.unwrap().settings.remove(CatalogRecords::OAUTH_ENABLED)
}

async fn register<S: WholeStore>(w: &World<S>, name: &str, state: ClientState) {
    let client = Client { state, ..w.new_client(name) };
    w.store.create_client(&client, w.audit(AuditKind::ClientChanged)).await.unwrap();
}

/// The clients that were on come back, those that were off stay off.
pub async fn switching_off_and_on_restores_exactly_what_was<S: WholeStore>(w: World<S>) {
    register(&w, "one", ClientState::Active).await;
    register(&w, "two", ClientState::Inactive).await;
    register(&w, "three", ClientState::Active).await;
    let before = states(&w).await;
    let revision = w.store.revision().await.unwrap();
    let paused = w.store.pause_oauth(w.audit(AuditKind::SettingChanged)).await.unwrap();
    assert_eq!(paused, Paused { clients: 2, tokens: 0 });
    assert!(states(&w).await.iter().all(|(_, active)| !active));
    assert_eq!(switch(&w).await.as_deref(), Some("false"));
    assert!(w.store.revision().await.unwrap() > revision, "running servers notice");
    let resumed = w.store.resume_oauth(w.audit(AuditKind::SettingChanged)).await.unwrap();
    assert_eq!(resumed, paused);
    assert_eq!(states(&w).await, before);
    assert_eq!(switch(&w).await.as_deref(), Some("true"));
}

/// Repeating either does not lose what was remembered.
pub async fn switching_off_twice_remembers_the_first_time<S: WholeStore>(w: World<S>) {
    register(&w, "one", ClientState::Active).await;
    register(&w, "two", ClientState::Inactive).await;
    let before = states(&w).await;
    w.store.pause_oauth(w.audit(AuditKind::SettingChanged)).await.unwrap();
    let again = w.store.pause_oauth(w.audit(AuditKind::SettingChanged)).await.unwrap();
    assert_eq!(again, Paused::default());
    w.store.resume_oauth(w.audit(AuditKind::SettingChanged)).await.unwrap();
    assert_eq!(states(&w).await, before);
    let again = w.store.resume_oauth(w.audit(AuditKind::SettingChanged)).await.unwrap();
    assert_eq!(again, Paused::default(), "what was restored is forgotten");
    assert_eq!(states(&w).await, before);
}

/// A client that was removed meanwhile does not stand in the way, one that was registered meanwhile stays, and one that somebody switched
/// off meanwhile stays off.
pub async fn clients_that_come_and_go_meanwhile_are_let_be<S: WholeStore>(w: World<S>) {
    let gone = w.client("gone").await;
    register(&w, "stays", ClientState::Active).await;
    register(&w, "stolen", ClientState::Active).await;
    w.store.pause_oauth(w.audit(AuditKind::SettingChanged)).await.unwrap();
    assert_eq!(w.store.delete_client(gone, w.audit(AuditKind::ClientChanged)).await.unwrap(), Commit::Applied);
    register(&w, "came", ClientState::Active).await;
    let clients = w.store.load_catalog().await.unwrap().clients;
    for (name, detail) in
        [("stolen", serde_json::json!({ "active": false })), ("stays", serde_json::json!({ "updated": true }))]
    {
        let client = clients.iter().find(|client| client.id.as_str() == name).unwrap();
        let by_hand = w.audit(AuditKind::ClientChanged);
        let by_hand =
            AuditEvent { client: Some(client.key), detail, at: w.now.plus(Duration::from_secs(1)), ..by_hand };
        assert_eq!(w.store.update_client(client, by_hand).await.unwrap(), Commit::Applied);
    }
    let resumed = w.store.resume_oauth(w.audit(AuditKind::SettingChanged)).await.unwrap();
    assert_eq!(resumed, Paused { clients: 1, tokens: 0 });
    assert_eq!(states(&w).await, [("came".to_owned(), true), ("stays".to_owned(), true), ("stolen".to_owned(), false)]);
}
