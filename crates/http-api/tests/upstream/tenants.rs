//! Groups of the provider and tenants here (S001-41..43), whatever the store.

use authly_admin_cases::client::ClientDraft;
use authly_directory::{
    account::Account,
    tenant::{GroupCreation, GroupRole, NewGroup, TenantGroup},
    upstream::{UpstreamKey, UpstreamRepository as _},
};
use authly_testkit::{CodeFlow, TestApp, TestStore};
use authly_upstream::provider::{NewPeople, PeopleRule, TenantRule};
use oauth_core::{
    audit::AuditKind,
    client::GrantType,
    ids::{GroupId, TenantId, UserId},
};
use serde_json::json;

use crate::{
    fake::{Fake, ISSUER, come_back, leave, rule, sign_in},
    logout::logout_token,
    stores::{Kind, over_every_store},
};

over_every_store! {
    groups_there_are_memberships_here_and_nobody_without_one_gets_in,
    what_is_said_there_of_somebody_does_nothing_to_another_tenant,
}

/// New people come in by the groups that they are in.
fn by_groups() -> PeopleRule {
    PeopleRule { new_people: NewPeople::Create, tenants: TenantRule::Required, ..rule() }
}

/// Whose account somebody there is.
async fn user<S: TestStore>(app: &TestApp<S>, subject: &str) -> Option<UserId> {
    let key = UpstreamKey { issuer: ISSUER.to_owned(), subject: subject.to_owned() };
    app.services.store.upstream_matches(&key, None).await.unwrap().linked
}

async fn account<S: TestStore>(app: &TestApp<S>, user: UserId) -> Account {
    app.services.store.account(user).await.unwrap().unwrap().0
}

/// A tenant with its groups here, and their mapping to groups there.
async fn tenant<S: TestStore>(app: &TestApp<S>, slug: &str) -> TenantId {
    let engine = &app.app.engine;
    let (now, random) = (engine.now(), oauth_core::services::Services::random(app.services.as_ref()));
    let id = TenantId::generate(now, random);
    let record = oauth_core::catalog::TenantRecord {
        id,
        slug: slug.to_owned(),
        name: slug.to_owned(),
        active: true,
        legacy_login: true,
    };
    let store = &app.services.store;
    let audit = || engine.audit(AuditKind::TenantChanged, None, now);
    store.put_tenant(&record, now, audit()).await.unwrap();
    let group = |role: GroupRole| NewGroup {
        id: GroupId::generate(now, random),
        tenant: Some(id),
        name: role.group_name(slug),
        description: String::new(),
    };
    let mapping = |role: GroupRole| TenantGroup {
        tenant: id,
        provider: "corp".to_owned(),
        group: format!("id-of-{}", role.group_name(slug)),
        name: role.group_name(slug),
        role,
    };
    let groups = GroupRole::ALL.map(group).to_vec();
    let mappings = GroupRole::ALL.map(mapping).to_vec();
    store.create_groups(GroupCreation { groups, mappings, at: now, audit: audit() }).await.unwrap();
    app.services.refresh().await;
    id
}

async fn groups_there_are_memberships_here_and_nobody_without_one_gets_in<K: Kind>() {
    let fake = Fake::new();
    let app = fake.world_with::<K>(by_groups()).await;
    let acme = tenant(&app, "acme").await;
    tenant(&app, "beta").await;
    let with = async |groups: serde_json::Value| {
        fake.set(|state| state.claims["groups"] = groups);
        sign_in(&fake, &app).await.1
    };
    for none in [json!([]), json!(["staff"]), json!(null)] {
        let page = with(none.clone()).await;
        assert_eq!(page.status, 403, "{none}");
        assert!(page.body.contains("You are not in any organization here"), "{}", page.body);
    }
    let page = with(json!(["staff", "tenant_acme_users", "id-of-tenant_acme_admins"])).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let user = user(&app, "alice").await.unwrap();
    let subject = account(&app, user).await.subject;
    assert_eq!(subject.tenant.map(|tenant| tenant.id), Some(acme));
    let mut groups = subject.groups;
    groups.sort();
    assert_eq!(groups, ["tenant_acme_admins", "tenant_acme_users"]);
    assert!(!subject.is_admin, "a group makes nobody an administrator of the installation");

    assert_eq!(with(json!(["tenant_acme_users", "tenant_beta_users"])).await.status, 200);
    assert_eq!(
        account(&app, user).await.subject.groups,
        ["tenant_acme_users"],
        "who is no administrator there is none here"
    );
    let page = with(json!(["tenant_beta_users"])).await;
    assert_eq!(page.status, 403, "the account is of another tenant: {}", page.body);
    assert!(page.body.contains("You are not in any organization here"));
}

/// SECURITY.md row 39 for the provider's three paths: there, back, and told that somebody signed out.
async fn what_is_said_there_of_somebody_does_nothing_to_another_tenant<K: Kind>() {
    let fake = Fake::new();
    let app = fake.world_with::<K>(by_groups()).await;
    let acme = tenant(&app, "acme").await;
    tenant(&app, "beta").await;
    let is_now = |who: &str, email: &str, slug: &str| {
        fake.set(|state| {
            (state.claims["sub"], state.claims["sid"]) = (json!(who), json!(format!("of-{who}")));
            (state.claims["email"], state.claims["groups"]) = (json!(email), json!([format!("tenant_{slug}_users")]));
        });
    };
    is_now("alice", "alice@acme.example", "acme");
    let (mut alice, page) = sign_in(&fake, &app).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let hers = user(&app, "alice").await.unwrap();
    let before = account(&app, hers).await;
    is_now("bob", "bob@beta.example", "beta");
    let (mut bob, page) = sign_in(&fake, &app).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let his = user(&app, "bob").await.unwrap();

    // Somebody of beta who has her address there does not come to her account.
    is_now("eve", "alice@acme.example", "beta");
    let (mut eve, page) = sign_in(&fake, &app).await;
    assert_eq!(page.status, 403, "{}", page.body);
    assert!(eve.open("/account").await.is_sign_in());
    assert_eq!(user(&app, "eve").await, None);
    assert_eq!(app.services.store.upstream_links(hers).await.unwrap().len(), 1);

    // Nor does a client of acme get a code of whoever is of beta.
    let draft = ClientDraft {
        name: "The acme App".to_owned(),
        tenant: Some(acme),
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        scopes: vec!["openid".to_owned()],
        grant_types: vec![GrantType::AuthorizationCode],
        ..ClientDraft::default()
    };
    let client = app.client(draft).await;
    let secret = client.secret.as_ref().unwrap().expose();
    let flow = CodeFlow { client_id: client.client.client_id.clone(), ..CodeFlow::confidential(secret, "openid") };
    let through_it = async || {
        let mut browser = app.browser();
        let page = browser.open(&flow.path()).await;
        let there = leave(&mut browser, &page).await;
        fake.expect(&there);
        come_back(&mut browser, &there.state).await
    };
    is_now("bob", "bob@beta.example", "beta");
    let page = through_it().await;
    assert_eq!((page.query("error").as_deref(), page.query("code")), (Some("access_denied"), None));
    is_now("alice", "alice@acme.example", "acme");
    assert!(through_it().await.is_consent());

    // And who signs out there signs nobody else out here.
    let told = logout_token(&fake, |it| (it["sub"], it["sid"]) = (json!("bob"), json!("of-bob")));
    assert_eq!(app.post("/sign-in/upstream/logout", &[("logout_token", &told)]).await.status, 200);
    assert!(bob.open("/account").await.is_sign_in(), "the session is over");
    assert_eq!(alice.get("/account").await.status, 200, "hers is not");
    let after = account(&app, hers).await;
    assert_eq!((after.subject.tenant, after.subject.groups), (before.subject.tenant, before.subject.groups));
    assert_ne!(hers, his);
}
