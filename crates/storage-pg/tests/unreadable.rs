//! Rows of the older program that no rule of ours allows: each is left out and closes nothing but itself.

mod support;

use oauth_core::{catalog::Unreadable, scope::ScopeSet, store::CatalogRepository as _};

#[tokio::test]
async fn a_client_or_scope_that_cannot_be_read_is_left_out_and_named() {
    let database = support::older(support::WITH_OAUTH).await;
    let store = support::store(&database);
    store.migrate().await.unwrap();
    let before = store.load_catalog().await.unwrap();
    assert!(before.unreadable.is_empty() && before.clients.len() > 1, "{:?}", before.unreadable);
    let (broken, other) = (&before.clients[0], &before.clients[1]);
    let client = database.client().await;
    let key = broken.key.uuid();
    client.execute("UPDATE clients SET auth_method = 'by telephone' WHERE id = $1", &[&key]).await.unwrap();
    client.batch_execute("INSERT INTO scopes (scope_name) VALUES ('two words')").await.unwrap();
    let sql =
        "INSERT INTO client_scopes (client_id, scope_id) SELECT $1, id FROM scopes WHERE scope_name = 'two words'";
    client.execute(sql, &[&other.key.uuid()]).await.unwrap();

    let after = store.load_catalog().await.unwrap();
    let row = |table, name: &str, column| Unreadable { table, name: name.to_owned(), column };
    let expected = [row("clients", broken.id.as_str(), "auth_method"), row("scopes", "two words", "scope_name")];
    assert_eq!(after.unreadable, expected);
    assert_eq!(after.clients.len(), before.clients.len() - 1);
    let found = after.clients.iter().find(|client| client.key == other.key).unwrap();
    assert_eq!(found.scopes, other.scopes.iter().cloned().collect::<ScopeSet>(), "its other scopes stay");

    client.execute("UPDATE clients SET auth_method = 'none' WHERE id = $1", &[&key]).await.unwrap();
    assert_eq!(store.load_catalog().await.unwrap().clients.len(), before.clients.len());
}
