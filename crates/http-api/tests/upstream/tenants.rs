//! Groups of the provider and tenants here (S001-41..43).

use authly_directory::{
    tenant::{GroupCreation, GroupRole, NewGroup, TenantGroup, TenantRepository as _},
    upstream::UpstreamRepository as _,
};
use authly_testkit::TestApp;
use authly_upstream::provider::{NewPeople, TenantRule};
use oauth_core::{
    audit::AuditKind,
    ids::{GroupId, TenantId, UserId},
};
use serde_json::json;

use crate::fake::{Fake, rule, sign_in};

/// A tenant with its groups here, and their mapping to groups there.
async fn tenant(app: &TestApp, slug: &str) -> TenantId {
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
    authly_directory::store::AccountRepository::put_tenant(store, &record, now, audit()).await.unwrap();
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

#[tokio::test]
async fn groups_there_are_memberships_here_and_nobody_without_one_gets_in() {
    let fake = Fake::new();
    let mut people = rule();
    (people.new_people, people.tenants) = (NewPeople::Create, TenantRule::Required);
    let app = fake.app_with(people).await;
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
    let store = &app.services.store;
    let key =
        authly_directory::upstream::UpstreamKey { issuer: crate::fake::ISSUER.to_owned(), subject: "alice".to_owned() };
    let user: UserId = store.upstream_matches(&key, None).await.unwrap().linked.unwrap();
    let account = async || authly_directory::store::AccountRepository::account(store, user).await.unwrap().unwrap().0;
    let subject = account().await.subject;
    assert_eq!(subject.tenant.map(|tenant| tenant.id), Some(acme));
    let mut groups = subject.groups;
    groups.sort();
    assert_eq!(groups, ["tenant_acme_admins", "tenant_acme_users"]);
    assert!(!subject.is_admin, "a group makes nobody an administrator of the installation");

    assert_eq!(with(json!(["tenant_acme_users", "tenant_beta_users"])).await.status, 200);
    assert_eq!(account().await.subject.groups, ["tenant_acme_users"], "who is no administrator there is none here");
    let page = with(json!(["tenant_beta_users"])).await;
    assert_eq!(page.status, 403, "the account is of another tenant: {}", page.body);
    assert!(page.body.contains("You are not in any organization here"));
}
