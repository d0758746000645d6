//! Clients that the administrator of a tenant registers: of that tenant, with what clients of it have been given, and without learning of others.

use authly_admin_cases::client::ClientDraft;
use authly_testkit::{Page, TestApp, TestStore};
use oauth_core::{audit::AuditKind, client::GrantType};
use serde_json::{Value, json};

use crate::{
    stores::{Kind, World, over_every_store},
    world::{Side, side},
};

over_every_store! {
    the_administrator_of_a_tenant_registers_clients_of_that_tenant,
    an_administrator_of_a_tenant_gives_what_its_clients_have_been_given,
    a_client_that_acts_on_its_own_behalf_has_what_others_that_do_were_given,
    nobody_finds_out_which_clients_another_tenant_has,
}

const API: &str = "https://api.a.example";
const FOREIGN: &str = "https://api.b.example";

async fn register<S: TestStore>(app: &TestApp<S>, by: &Side, change: impl FnOnce(&mut Value)) -> Page {
    let mut body = json!({ "client_name": "Mine", "redirect_uris": ["https://mine.example/cb"] });
    change(&mut body);
    app.send(app.http.post(app.at("/admin/oauth/clients")).bearer_auth(by.tokens.access()).json(&body)).await
}

/// A client that the operator of the installation gives to a tenant.
async fn given<S: TestStore>(app: &TestApp<S>, to: &Side, audience: &str, scopes: &[&str], grants: &[GrantType]) {
    let draft = ClientDraft {
        name: "Given".to_owned(),
        tenant: Some(to.id),
        redirect_uris: vec!["https://given.example/cb".to_owned()],
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        grant_types: grants.to_vec(),
        audiences: vec![audience.to_owned()],
        ..ClientDraft::default()
    };
    app.client(draft).await;
}

fn refused(answer: &Page, what: &str) -> String {
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!("invalid_client_metadata")), "{what}");
    answer.json()["error_description"].as_str().unwrap().to_owned()
}

async fn the_administrator_of_a_tenant_registers_clients_of_that_tenant<K: Kind>() {
    let app = World::<K>::start().await;
    let own = side(&app, "a").await;
    let made = register(&app, &own, |_| ()).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.body);
    assert_eq!(made.json()["tenant_id"], own.id.to_string());
    let named = register(&app, &own, |body| body["tenant_id"] = json!(own.id)).await;
    assert_eq!(named.status.as_u16(), 400, "a tenant is not for the asker to name");
}

/// SECURITY.md row 37: "unsafe scopes never self-service".
async fn an_administrator_of_a_tenant_gives_what_its_clients_have_been_given<K: Kind>() {
    let app = World::<K>::start().await;
    let (own, other) = (side(&app, "a").await, side(&app, "b").await);
    let people = [GrantType::AuthorizationCode];
    given(&app, &own, API, &["openid", "write"], &people).await;
    given(&app, &other, FOREIGN, &["openid"], &people).await;
    app.app.admin.create_scope("billing", Default::default()).await.unwrap();
    let with = async |name: &str, value: Value| register(&app, &own, |body| body[name] = value).await;
    for (name, value) in [
        ("scopes", json!(["openid", "email", "phone", "groups", "offline_access", "profile"])),
        ("scopes", json!(["read"])),
        ("scopes", json!(["write"])),
        ("audiences", json!([API])),
    ] {
        let answer = with(name, value.clone()).await;
        assert_eq!(answer.status.as_u16(), 201, "{value}: {}", answer.body);
    }
    // The tenant's own client has it, and the administrator's token holds it: it administers, and is nobody's to give.
    refused(&with("scopes", json!(["admin"])).await, "admin");
    refused(&with("scopes", json!(["openid admin"])).await, "admin behind another");
    refused(&with("scopes", json!(["billing"])).await, "a scope of nobody's here");
    let told = refused(&with("audiences", json!([FOREIGN])).await, "an audience of another tenant's");
    let unknown = refused(&with("audiences", json!(["https://api.c.example"])).await, "one of nobody's");
    assert_eq!(
        told.replace(FOREIGN, ""),
        unknown.replace("https://api.c.example", ""),
        "whether there is one is not told"
    );
    refused(&with("audiences", json!([API, FOREIGN])).await, "one behind another");
}

/// What a client does on its own behalf is bounded by no account of the tenant.
async fn a_client_that_acts_on_its_own_behalf_has_what_others_that_do_were_given<K: Kind>() {
    let app = World::<K>::start().await;
    let own = side(&app, "a").await;
    given(&app, &own, API, &["write"], &[GrantType::AuthorizationCode]).await;
    let machine = async |scope: &str, audience: Option<&str>| {
        let change = |body: &mut Value| {
            body["grant_types"] = json!(["client_credentials"]);
            body["scopes"] = json!([scope]);
            body["audiences"] = audience.map_or(json!([]), |audience| json!([audience]));
        };
        register(&app, &own, change).await
    };
    assert_eq!(machine("read", None).await.status.as_u16(), 201, "the tenant's own client may");
    refused(&machine("write", None).await, "for people only");
    refused(&machine("read", Some(API)).await, "for people only");
    given(&app, &own, API, &["write"], &[GrantType::ClientCredentials]).await;
    assert_eq!(machine("write", Some(API)).await.status.as_u16(), 201);
    refused(&machine("admin", None).await, "never");
}

/// SECURITY.md row 39: a name that is taken is taken by somebody.
async fn nobody_finds_out_which_clients_another_tenant_has<K: Kind>() {
    let app = World::<K>::start().await;
    let (own, other) = (side(&app, "a").await, side(&app, "b").await);
    let mut told = Vec::new();
    for name in [other.client.as_str(), "app-nobody", own.client.as_str(), other.user.as_str()] {
        told.push(refused(&register(&app, &own, |body| body["client_id"] = json!(name)).await, name));
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registered_a_client_is_written_down() {
    let app = TestApp::start().await;
    let own = side(&app, "a").await;
    let made = register(&app, &own, |_| ()).await.json();
    let log = app.services.store.store().audit_log();
    let event = log.iter().find(|event| event.detail["created"] == made["client_id"]).unwrap();
    assert_eq!((event.kind, event.user.unwrap().to_string()), (AuditKind::ClientChanged, own.user.clone()));
    assert_eq!((&event.detail["by"], &event.detail["through"]), (&json!(own.user), &json!(own.client)));
    assert_eq!(event.address.as_deref(), Some("127.0.0.1"));
}
