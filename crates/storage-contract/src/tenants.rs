//! Tenants.

use authly_directory::account::NewAccount;
use oauth_core::{audit::AuditKind, catalog::TenantRecord, ids::TenantId, subject::TenantRef};

use crate::{WholeStore, World, world::assert_conflict};

fn record<S: WholeStore>(w: &World<S>, slug: &str) -> TenantRecord {
    TenantRecord {
        id: w.tenant_id(),
        slug: slug.to_owned(),
        name: format!("Firma „{slug}“"),
        active: true,
        legacy_login: true,
    }
}

/// Creates a tenant of that short name.
pub(crate) async fn put<S: WholeStore>(w: &World<S>, slug: &str) -> TenantId {
    let tenant = record(w, slug);
    w.store.put_tenant(&tenant, w.now, w.audit(AuditKind::SettingChanged)).await.unwrap();
    tenant.id
}

/// It stands in the catalog, with a new revision each time.
pub async fn a_tenant_is_created_and_changed<S: WholeStore>(w: World<S>) {
    let mut tenant = record(&w, "acme");
    for name in ["Acme", "Ümläut & Söhne"] {
        let before = w.store.revision().await.unwrap();
        (tenant.name, tenant.active, tenant.legacy_login) = (name.to_owned(), name == "Acme", name != "Acme");
        w.store.put_tenant(&tenant, w.now, w.audit(AuditKind::SettingChanged)).await.unwrap();
        let records = w.store.load_catalog().await.unwrap();
        assert_eq!(records.tenants, [tenant.clone()]);
        assert_ne!(records.revision, before);
        assert_eq!(records.revision, w.store.revision().await.unwrap());
    }
}

/// Short names are unique.
pub async fn a_taken_slug_is_a_conflict<S: WholeStore>(w: World<S>) {
    put(&w, "acme").await;
    let second = record(&w, "acme");
    let answer = w.store.put_tenant(&second, w.now, w.audit(AuditKind::SettingChanged)).await;
    assert_conflict(answer, "tenants.slug");
    assert_eq!(w.store.load_catalog().await.unwrap().tenants.len(), 1);
    assert_eq!(w.logged(AuditKind::SettingChanged).await, 1);
}

/// Closing a tenant closes it for tokens that are out.
pub async fn an_account_shows_its_tenant_as_it_is_now<S: WholeStore>(w: World<S>) {
    let mut tenant = record(&w, "acme");
    w.store.put_tenant(&tenant, w.now, w.audit(AuditKind::SettingChanged)).await.unwrap();
    let user = w.create(NewAccount { tenant: Some(tenant.id), ..w.new_account("ada") }).await;
    let client = w.client("app").await;
    let session = w.begin("ada", w.new_session(user)).await;
    let mut grant = w.new_grant(user, client, Some(session.id));
    grant.tenant = Some(tenant.id);
    let code = w.code(grant).await;
    for active in [true, false] {
        tenant.active = active;
        w.store.put_tenant(&tenant, w.now, w.audit(AuditKind::SettingChanged)).await.unwrap();
        let expected = Some(TenantRef { id: tenant.id, slug: "acme".to_owned(), active });
        assert_eq!(w.store.account(user).await.unwrap().unwrap().0.subject.tenant, expected);
        assert_eq!(w.store.session(session.token).await.unwrap().unwrap().subject.tenant, expected);
        let found = w.store.code(code.0).await.unwrap().unwrap().grant;
        assert_eq!((found.subject.tenant, found.grant.tenant), (expected, Some(tenant.id)));
    }
}
