//! Clients and settings.

use authly_directory::store::SignIn;
use oauth_core::{
    audit::AuditKind,
    client::{
        AssertionAudience, AuthMethod, Client, ClientSecret, ClientState, ClientType, ConsentPolicy, GrantType,
        IntrospectionPolicy, JwksUri, PkcePolicy,
    },
    crypto::Algorithm,
    ids::{ClientId, ClientKey},
    redirect::{ApplicationType, RedirectUri},
    scope::ScopeSet,
    secret::Secret,
    store::{Commit, NewAuthorization},
};

use crate::{WholeStore, World, world::assert_conflict};

/// A client of which no field is empty.
fn full<S: WholeStore>(w: &World<S>, id: &str) -> Client {
    let uri = |text: &str| RedirectUri::stored(text.to_owned());
    Client {
        name: "Größe \u{1f511} <b>'\"\\".to_owned(),
        kind: ClientType::Confidential,
        application: ApplicationType::Native,
        auth_method: AuthMethod::PrivateKeyJwt,
        secrets: vec![
            ClientSecret { hash: w.hash(), created_at: w.earlier(9), expires_at: Some(w.later(9)) },
            ClientSecret { hash: w.hash(), created_at: w.earlier(1), expires_at: None },
        ],
        imported_secret: Some(Secret::new("$2b$12$abc".to_owned())),
        jwks: Some(r#"{"keys":[{"kty":"EC","x":"é"}]}"#.to_owned()),
        jwks_uri: JwksUri::parse("https://app.example/jwks.json?x=1"),
        redirect_uris: vec![uri("https://b.example/cb,1"), uri("com.example.app:/cb"), uri("https://a.example/\"x\"")],
        post_logout_redirect_uris: vec![uri("https://a.example/bye")],
        grant_types: vec![GrantType::RefreshToken, GrantType::AuthorizationCode, GrantType::ClientCredentials],
        scopes: ScopeSet::parse("write read openid").unwrap(),
        audiences: vec!["https://api.example/ü".to_owned(), "urn:a".to_owned()],
        pkce: PkcePolicy::Exempt,
        consent: ConsentPolicy::Skipped,
        introspection: IntrospectionPolicy::All,
        assertion_audience: AssertionAudience::TokenEndpoint,
        tenant: None,
        id_token_alg: Algorithm::EdDSA,
        client_uri: Some("https://app.example/".to_owned()),
        logo_uri: Some("/logos/1".to_owned()),
        policy_uri: Some("https://app.example/policy".to_owned()),
        tos_uri: Some("https://app.example/tos".to_owned()),
        state: ClientState::Inactive,
        created_at: w.earlier(50),
        updated_at: w.earlier(40),
        ..w.new_client(id)
    }
}

async fn put_scopes<S: WholeStore>(w: &World<S>) {
    for name in ["openid", "read", "write"] {
        let scope = oauth_core::catalog::ScopeRecord {
            key: w.scope_key(),
            name: oauth_core::scope::Scope::parse(name).unwrap(),
            description: String::new(),
            is_default: false,
            is_active: true,
        };
        w.store.put_scope(&scope, w.audit(AuditKind::SettingChanged)).await.unwrap();
    }
}

async fn find<S: WholeStore>(w: &World<S>, key: ClientKey) -> Option<Client> {
    w.store.load_catalog().await.unwrap().clients.into_iter().find(|client| client.key == key)
}

#[track_caller]
fn assert_same(found: &Client, expected: &Client) {
    let sorted = |client: &Client| {
        let mut client = client.clone();
        client.secrets.sort_by_key(|secret| secret.hash);
        format!("{client:#?}")
    };
    assert_eq!(sorted(found), sorted(expected));
    let clear = |client: &Client| client.imported_secret.as_ref().map(|secret| secret.expose().clone());
    assert_eq!(clear(found), clear(expected));
}

async fn create<S: WholeStore>(w: &World<S>, client: &Client) {
    w.store.create_client(client, w.audit(AuditKind::ClientChanged)).await.unwrap();
}

/// All fields come back, lists in their order.
pub async fn a_client_reads_back_as_it_was_registered<S: WholeStore>(w: World<S>) {
    put_scopes(&w).await;
    let client = full(&w, "app ~!\"'");
    create(&w, &client).await;
    assert_same(&find(&w, client.key).await.unwrap(), &client);
}

/// What is absent stays absent.
pub async fn a_bare_client_reads_back_as_it_was_registered<S: WholeStore>(w: World<S>) {
    let client = Client { redirect_uris: Vec::new(), ..w.new_client("app") };
    create(&w, &client).await;
    assert_same(&find(&w, client.key).await.unwrap(), &client);
}

/// Nothing of the old registration stays, secrets included.
pub async fn an_update_replaces_the_whole_registration<S: WholeStore>(w: World<S>) {
    put_scopes(&w).await;
    let old = full(&w, "app");
    create(&w, &old).await;
    let kept = Client { key: old.key, ..w.new_client("renamed") };
    let commit = w.store.update_client(&kept, w.audit(AuditKind::ClientChanged)).await.unwrap();
    assert_eq!(commit, Commit::Applied);
    assert_same(&find(&w, old.key).await.unwrap(), &kept);
    let back = Client { key: old.key, ..full(&w, "app") };
    let commit = w.store.update_client(&back, w.audit(AuditKind::ClientChanged)).await.unwrap();
    assert_eq!(commit, Commit::Applied);
    assert_same(&find(&w, old.key).await.unwrap(), &back);
    assert_eq!(w.store.load_catalog().await.unwrap().clients.len(), 1);
}

/// There is nothing to update.
pub async fn an_update_of_an_unknown_client_is_lost<S: WholeStore>(w: World<S>) {
    let client = w.new_client("app");
    let commit = w.store.update_client(&client, w.audit(AuditKind::ClientChanged)).await.unwrap();
    assert_eq!(commit, Commit::Lost);
    let commit = w.store.delete_client(client.key, w.audit(AuditKind::ClientChanged)).await.unwrap();
    assert_eq!(commit, Commit::Lost);
    assert!(find(&w, client.key).await.is_none());
}

/// Identifiers are unique, case included.
pub async fn a_taken_client_id_is_a_conflict_and_leaves_no_trace<S: WholeStore>(w: World<S>) {
    let first = w.new_client("app");
    create(&w, &first).await;
    create(&w, &w.new_client("APP")).await;
    let twin = full(&w, "app");
    let answer = w.store.create_client(&twin, w.audit(AuditKind::ClientChanged)).await;
    assert_conflict(answer, "clients.client_id");
    assert!(find(&w, twin.key).await.is_none());

    let other = w.new_client("other");
    create(&w, &other).await;
    let taken = Client { id: ClientId::parse("app").unwrap(), name: "New".to_owned(), ..other.clone() };
    assert_conflict(w.store.update_client(&taken, w.audit(AuditKind::ClientChanged)).await, "clients.client_id");
    assert_same(&find(&w, other.key).await.unwrap(), &other);
}

/// What a removed client was allowed is over; what others were allowed is not.
pub async fn a_removed_client_takes_its_grants_along<S: WholeStore>(w: World<S>) {
    let user = w.user("ada").await;
    let session = w.new_session(user);
    let sign_in = SignIn { session: Some(session.clone()), ..w.new_sign_in(user, "ada") };
    assert_eq!(w.store.complete_sign_in(sign_in).await.unwrap(), Commit::Applied);
    put_scopes(&w).await;
    let (gone, stays) = (full(&w, "gone"), w.client("stays").await);
    create(&w, &gone).await;
    let write = NewAuthorization {
        consent: Some(ScopeSet::parse("read").unwrap()),
        ..w.new_authorization(w.new_grant(user, gone.key, Some(session.id)))
    };
    let code = (write.code, write.grant.id);
    assert_eq!(w.store.issue_code(write).await.unwrap(), Commit::Applied);
    let token = w.token(code).await;
    assert_eq!(w.store.spend_assertion(w.assertion(gone.key)).await.unwrap(), Commit::Applied);
    let other = w.token(w.code(w.new_grant(user, stays, None)).await).await;

    let commit = w.store.delete_client(gone.key, w.audit(AuditKind::ClientChanged)).await.unwrap();
    assert_eq!(commit, Commit::Applied);
    assert!(find(&w, gone.key).await.is_none());
    assert!(w.store.code(code.0).await.unwrap().is_none());
    assert!(w.store.refresh(token.0).await.unwrap().is_none());
    assert!(w.store.grant(code.1, w.jti()).await.unwrap().is_none());
    assert!(w.store.refresh(other.0).await.unwrap().is_some());
    let again = Client { key: gone.key, ..w.new_client("gone") };
    create(&w, &again).await;
    assert!(w.store.authorize_snapshot(Some(session.token), gone.key).await.unwrap().consent.is_empty());
}

/// The hash of the older program stays until somebody removes it.
pub async fn an_imported_secret_stays_beside_its_fast_hash<S: WholeStore>(w: World<S>) {
    put_scopes(&w).await;
    let client = Client { secrets: Vec::new(), ..full(&w, "app") };
    create(&w, &client).await;
    let secret = ClientSecret { hash: w.hash(), created_at: w.now, expires_at: None };
    for _ in 0..2 {
        w.store.upgrade_client_secret(client.key, secret.clone()).await.unwrap();
    }
    let expected = Client { secrets: vec![secret.clone()], ..client };
    assert_same(&find(&w, expected.key).await.unwrap(), &expected);
    w.store.upgrade_client_secret(w.client_key(), secret).await.unwrap();
}

/// A client is given another secret: its imported one ends when it is told to, and not with the hash that it came from.
pub async fn a_replaced_imported_secret_lives_to_its_end<S: WholeStore>(w: World<S>) {
    put_scopes(&w).await;
    let client = Client { secrets: Vec::new(), ..full(&w, "app") };
    create(&w, &client).await;
    let first = ClientSecret { hash: w.hash(), created_at: w.earlier(5), expires_at: None };
    w.store.upgrade_client_secret(client.key, first.clone()).await.unwrap();
    let ending = ClientSecret { expires_at: Some(w.later(9)), ..first };
    let second = ClientSecret { hash: w.hash(), created_at: w.now, expires_at: None };
    let replaced = Client { secrets: vec![ending, second], imported_secret: None, ..client };
    let updated = w.store.update_client(&replaced, w.audit(AuditKind::ClientChanged)).await.unwrap();
    assert_eq!(updated, Commit::Applied);
    assert_same(&find(&w, replaced.key).await.unwrap(), &replaced);
}

/// A running server notices every change.
pub async fn every_write_raises_the_revision<S: WholeStore>(w: World<S>) {
    let mut seen = vec![w.store.revision().await.unwrap()];
    let mut changed = async |what: &str| {
        let revision = w.store.revision().await.unwrap();
        assert!(!seen.contains(&revision), "{what} did not change the revision");
        assert_eq!(w.store.load_catalog().await.unwrap().revision, revision);
        seen.push(revision);
    };
    let audit = || w.audit(AuditKind::ClientChanged);
    let client = w.new_client("app");
    create(&w, &client).await;
    changed("create_client").await;
    assert_eq!(w.store.update_client(&client, audit()).await.unwrap(), Commit::Applied);
    changed("update_client").await;
    let secret = ClientSecret { hash: w.hash(), created_at: w.now, expires_at: None };
    w.store.upgrade_client_secret(client.key, secret).await.unwrap();
    changed("upgrade_client_secret").await;
    put_scopes(&w).await;
    changed("put_scope").await;
    let scope = w.store.load_catalog().await.unwrap().scopes.remove(0);
    assert_eq!(w.store.delete_scope(scope.key, audit()).await.unwrap(), Commit::Applied);
    changed("delete_scope").await;
    w.store.put_setting("oauth_enabled", "false", audit()).await.unwrap();
    changed("put_setting").await;
    crate::tenants::put(&w, "acme").await;
    changed("put_tenant").await;
    assert_eq!(w.store.delete_client(client.key, audit()).await.unwrap(), Commit::Applied);
    changed("delete_client").await;
    let key = oauth_core::catalog::SigningKeyRecord {
        id: oauth_core::ids::KeyId("a".to_owned()),
        algorithm: "ES256".to_owned(),
        public_jwk: "{}".to_owned(),
        sealed_private_jwk: vec![1],
        state: oauth_core::catalog::KeyState::Next,
        created_at: w.now,
        activated_at: None,
        retired_at: None,
        remove_at: None,
    };
    w.store.insert_key(&key, w.now, audit()).await.unwrap();
    changed("insert_key").await;
    let retired = oauth_core::catalog::KeyState::Retired;
    assert_eq!(w.store.set_key_state(&key.id, retired, w.now, w.now, audit()).await.unwrap(), Commit::Applied);
    changed("set_key_state").await;
    assert_eq!(w.store.reseal_key(&key.id, vec![2]).await.unwrap(), Commit::Applied);
    changed("reseal_key").await;
    assert_eq!(w.store.delete_key(&key.id, audit()).await.unwrap(), Commit::Applied);
    changed("delete_key").await;
}

/// The log tells of what happened, not of what was tried.
pub async fn a_lost_or_refused_write_keeps_the_audit_log_clean<S: WholeStore>(w: World<S>) {
    let client = w.new_client("app");
    create(&w, &client).await;
    let before = w.logged(AuditKind::SettingChanged).await;
    let audit = || w.audit(AuditKind::SettingChanged);
    assert!(w.store.create_client(&w.new_client("app"), audit()).await.is_err());
    assert_eq!(w.store.update_client(&w.new_client("x"), audit()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.delete_client(w.client_key(), audit()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.delete_scope(w.scope_key(), audit()).await.unwrap(), Commit::Lost);
    assert_eq!(w.logged(AuditKind::SettingChanged).await, before);
}

/// Settings are JSON texts by name.
pub async fn settings_are_created_and_replaced<S: WholeStore>(w: World<S>) {
    for value in ["true", r#"{"a":"ü"}"#, "1700000000123457"] {
        w.store.put_setting("legacy_tokens_until", value, w.audit(AuditKind::SettingChanged)).await.unwrap();
        w.store.put_setting("other", "false", w.audit(AuditKind::SettingChanged)).await.unwrap();
        let records = w.store.load_catalog().await.unwrap();
        assert_eq!(records.settings["legacy_tokens_until"].replace(' ', ""), value);
        assert_eq!((records.settings["other"].as_str(), records.settings.len()), ("false", 2));
    }
}
