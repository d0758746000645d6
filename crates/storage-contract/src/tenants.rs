//! Tenants, groups and memberships.

use authly_directory::{
    account::{AccountChange, NewAccount, TenantMove},
    tenant::{Confirmation, Group, GroupCreation, GroupRole, Members, NewGroup, Removal, Tenant, TenantGroup},
};
use oauth_core::{
    audit::AuditKind,
    catalog::TenantRecord,
    client::Client,
    ids::{GroupId, TenantId, UserId},
    store::Commit,
    subject::TenantRef,
};

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

async fn tenant<S: WholeStore>(w: &World<S>, id: TenantId) -> Option<Tenant> {
    w.store.tenants().await.unwrap().into_iter().find(|tenant| tenant.record.id == id)
}

async fn group<S: WholeStore>(w: &World<S>, tenant: Option<TenantId>, name: &str) -> GroupId {
    let id = w.group_id();
    let new = NewGroup { id, tenant, name: name.to_owned(), description: format!("About {name}") };
    w.store.create_groups(creation(w, vec![new], vec![])).await.unwrap();
    id
}

fn creation<S: WholeStore>(w: &World<S>, groups: Vec<NewGroup>, mappings: Vec<TenantGroup>) -> GroupCreation {
    GroupCreation { groups, mappings, at: w.now, audit: w.audit(AuditKind::GroupChanged) }
}

async fn join<S: WholeStore>(w: &World<S>, group: GroupId, user: UserId) -> Commit {
    w.store.add_member(group, user, w.audit(AuditKind::GroupChanged)).await.unwrap()
}

async fn groups_of<S: WholeStore>(w: &World<S>, user: UserId) -> Vec<String> {
    w.store.account(user).await.unwrap().unwrap().0.subject.groups
}

async fn remove<S: WholeStore>(w: &World<S>, id: TenantId) -> Removal {
    w.store.delete_tenant(id, w.now, w.audit(AuditKind::TenantChanged)).await.unwrap()
}

async fn member<S: WholeStore>(w: &World<S>, name: &str, tenant: TenantId) -> UserId {
    w.create(NewAccount { tenant: Some(tenant), ..w.new_account(name) }).await
}

/// Numbers are those of now; deleted accounts are not counted.
pub async fn tenants_are_listed_with_what_they_have<S: WholeStore>(w: World<S>) {
    let (b, a) = (put(&w, "b-corp").await, put(&w, "a-corp").await);
    let (ada, bob) = (member(&w, "ada", b).await, member(&w, "bob", b).await);
    w.user("nobody").await;
    group(&w, Some(b), "staff").await;
    group(&w, None, "everybody").await;
    let _applied = w.store.delete_account(bob, w.now, w.audit(AuditKind::AccountChanged)).await.unwrap();
    let listed = w.store.tenants().await.unwrap();
    let of = |tenant: &Tenant| (tenant.record.slug.clone(), tenant.members, tenant.groups);
    assert_eq!(listed.iter().map(of).collect::<Vec<_>>(), [("a-corp".into(), 0, 0), ("b-corp".into(), 1, 1)]);
    assert_eq!((listed[0].record.id, listed[1].record.id), (a, b));
    assert_eq!((listed[0].created_at, listed[0].updated_at), (w.now, w.now));
    assert_eq!((listed[0].confirmed.clone(), listed[0].deleted_at), (None, None));
    assert!(w.store.account(ada).await.unwrap().is_some());
}

/// S001-56.
pub async fn a_confirmation_is_kept_and_taken_back<S: WholeStore>(w: World<S>) {
    let id = put(&w, "acme").await;
    for said in [Some(Confirmation { by: "Zoë O'Neill".to_owned(), at: w.earlier(5) }), None] {
        let audit = w.audit(AuditKind::TenantChanged);
        let commit = w.store.confirm_tenant(id, said.clone(), w.now, audit).await.unwrap();
        assert_eq!(commit, Commit::Applied);
        assert_eq!(tenant(&w, id).await.unwrap().confirmed, said);
    }
    let unknown = w.store.confirm_tenant(w.tenant_id(), None, w.now, w.audit(AuditKind::TenantChanged)).await;
    assert_eq!(unknown.unwrap(), Commit::Lost);
}

/// Nothing of the tenant is touched.
pub async fn a_tenant_with_accounts_stays<S: WholeStore>(w: World<S>) {
    let id = put(&w, "acme").await;
    let ada = member(&w, "ada", id).await;
    let staff = group(&w, Some(id), "staff").await;
    assert_eq!(join(&w, staff, ada).await, Commit::Applied);
    assert_eq!(remove(&w, id).await, Removal::HasMembers(1));
    let kept = tenant(&w, id).await.unwrap();
    assert_eq!((kept.record.active, kept.deleted_at, kept.members, kept.groups), (true, None, 1, 1));
    assert_eq!(groups_of(&w, ada).await, ["staff"]);
}

/// A mistake while setting up can be undone.
pub async fn a_tenant_that_was_never_used_goes_without_a_trace<S: WholeStore>(w: World<S>) {
    let id = put(&w, "acme").await;
    group(&w, Some(id), "staff").await;
    let before = w.store.revision().await.unwrap();
    assert_eq!(remove(&w, id).await, Removal::Removed { members: 0 });
    assert!(w.store.revision().await.unwrap() > before, "servers notice");
    assert_eq!(tenant(&w, id).await, None);
    assert!(w.store.groups(None).await.unwrap().is_empty());
    assert_eq!(remove(&w, id).await, Removal::Unknown);
    put(&w, "acme").await;
}

/// SECURITY.md row 39: no name of somebody else's is ever given again.
pub async fn a_used_tenant_keeps_its_short_name_and_closes_its_clients<S: WholeStore>(w: World<S>) {
    let id = put(&w, "acme").await;
    let client = Client { tenant: Some(id), ..w.new_client("app") };
    w.store.create_client(&client, w.audit(AuditKind::ClientChanged)).await.unwrap();
    let ada = member(&w, "ada", id).await;
    let _applied = w.store.delete_account(ada, w.now, w.audit(AuditKind::AccountChanged)).await.unwrap();
    assert_eq!(remove(&w, id).await, Removal::Removed { members: 0 });
    let buried = tenant(&w, id).await.unwrap();
    assert_eq!((buried.record.active, buried.deleted_at), (false, Some(w.now)));
    let catalog = w.store.load_catalog().await.unwrap();
    assert!(!catalog.clients[0].is_active());
    assert_eq!(remove(&w, id).await, Removal::Unknown);
    let commit = w.store.confirm_tenant(id, None, w.now, w.audit(AuditKind::TenantChanged)).await.unwrap();
    assert_eq!(commit, Commit::Lost);
    let again = w.store.put_tenant(&record(&w, "acme"), w.now, w.audit(AuditKind::TenantChanged)).await;
    assert_conflict(again, "tenants.slug");
}

/// Everything of it reads back.
pub async fn a_group_is_made_described_and_removed<S: WholeStore>(w: World<S>) {
    let acme = put(&w, "acme").await;
    let id = group(&w, Some(acme), "Kaffeeküche").await;
    let other = group(&w, None, "everybody").await;
    let expected = Group {
        id,
        tenant: Some(acme),
        name: "Kaffeeküche".to_owned(),
        description: "About Kaffeeküche".to_owned(),
        created_at: w.now,
        members: 0,
    };
    assert_eq!(w.store.groups(Some(acme)).await.unwrap(), std::slice::from_ref(&expected));
    let all: Vec<GroupId> = w.store.groups(None).await.unwrap().iter().map(|group| group.id).collect();
    assert_eq!(all, [id, other]);
    let (text, audit) = ("Wo es duftet".to_owned(), w.audit(AuditKind::GroupChanged));
    assert_eq!(w.store.describe_group(id, text.clone(), w.now, audit).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.groups(Some(acme)).await.unwrap(), [Group { description: text.clone(), ..expected }]);
    let gone = || w.store.delete_group(id, Members::Protect, w.audit(AuditKind::GroupChanged));
    assert_eq!(gone().await.unwrap(), Removal::Removed { members: 0 });
    assert_eq!(gone().await.unwrap(), Removal::Unknown);
    let audit = w.audit(AuditKind::GroupChanged);
    assert_eq!(w.store.describe_group(id, text, w.now, audit).await.unwrap(), Commit::Lost);
}

/// Two tenants may use one name, and so may the installation.
pub async fn a_taken_group_name_is_a_conflict_within_its_tenant_and_leaves_no_trace<S: WholeStore>(w: World<S>) {
    let (a, b) = (put(&w, "a").await, put(&w, "b").await);
    for tenant in [None, Some(a), Some(b)] {
        group(&w, tenant, "staff").await;
    }
    for tenant in [None, Some(a)] {
        let new = |name: &str| {
            let id = w.group_id();
            NewGroup { id, tenant, name: name.to_owned(), description: String::new() }
        };
        let answer = w.store.create_groups(creation(&w, vec![new("fresh"), new("staff")], vec![])).await;
        assert_conflict(answer, "groups.name");
    }
    assert_eq!(w.store.groups(None).await.unwrap().len(), 3);
}

/// Names come in order, and a session shows them at once.
pub async fn an_account_shows_the_groups_it_is_in<S: WholeStore>(w: World<S>) {
    let acme = put(&w, "acme").await;
    let ada = member(&w, "ada", acme).await;
    let (z, a) = (group(&w, Some(acme), "z").await, group(&w, None, "a").await);
    let session = w.begin("ada", w.new_session(ada)).await;
    for id in [z, a, a] {
        assert_eq!(join(&w, id, ada).await, Commit::Applied, "joining twice is joining");
    }
    assert_eq!(groups_of(&w, ada).await, ["a", "z"]);
    assert_eq!(w.store.session(session.token).await.unwrap().unwrap().subject.groups, ["a", "z"]);
    let leave = || w.store.remove_member(z, ada, w.audit(AuditKind::GroupChanged));
    assert_eq!(leave().await.unwrap(), Commit::Applied);
    assert_eq!(leave().await.unwrap(), Commit::Lost);
    assert_eq!(groups_of(&w, ada).await, ["a"]);
}

/// SECURITY.md row 39.
pub async fn a_group_of_another_tenant_takes_nobody_in<S: WholeStore>(w: World<S>) {
    let (a, b) = (put(&w, "a").await, put(&w, "b").await);
    let (ada, nobody, gone) = (member(&w, "ada", a).await, w.user("nobody").await, member(&w, "gone", b).await);
    let _applied = w.store.delete_account(gone, w.now, w.audit(AuditKind::AccountChanged)).await.unwrap();
    let staff = group(&w, Some(b), "staff").await;
    for user in [ada, nobody, gone, w.user_id()] {
        assert_eq!(join(&w, staff, user).await, Commit::Lost);
    }
    assert_eq!(join(&w, w.group_id(), ada).await, Commit::Lost);
    assert!(w.store.group_members(staff, None, 10).await.unwrap().is_empty());
}

/// Groups of the former tenant, and legacy tokens; groups of none stay.
pub async fn a_move_to_another_tenant_ends_what_hung_on_the_former<S: WholeStore>(w: World<S>) {
    let (a, b) = (put(&w, "a").await, put(&w, "b").await);
    let ada = member(&w, "ada", a).await;
    let (staff, everybody) = (group(&w, Some(a), "staff").await, group(&w, None, "everybody").await);
    for id in [staff, everybody] {
        assert_eq!(join(&w, id, ada).await, Commit::Applied);
    }
    for (step, expected) in [(TenantMove::Into(b), Some(b)), (TenantMove::Out, None), (TenantMove::Into(a), Some(a))] {
        let change = AccountChange { tenant: Some(step), ..AccountChange::default() };
        let commit = w.store.change_account(ada, change, w.now, w.audit(AuditKind::AccountChanged)).await.unwrap();
        assert_eq!(commit, Commit::Applied);
        let now = w.store.account(ada).await.unwrap().unwrap().0.subject;
        assert_eq!((now.tenant.map(|tenant| tenant.id), now.groups), (expected, vec!["everybody".to_owned()]));
    }
    assert!(w.store.group_members(staff, None, 10).await.unwrap().is_empty(), "coming back brings nothing back");
}

/// The intent must be plain.
pub async fn a_group_with_members_stays_unless_they_are_released<S: WholeStore>(w: World<S>) {
    let ada = w.user("ada").await;
    let id = group(&w, None, "staff").await;
    assert_eq!(join(&w, id, ada).await, Commit::Applied);
    let remove = |members| w.store.delete_group(id, members, w.audit(AuditKind::GroupChanged));
    assert_eq!(remove(Members::Protect).await.unwrap(), Removal::HasMembers(1));
    assert_eq!(groups_of(&w, ada).await, ["staff"]);
    assert_eq!(remove(Members::Release).await.unwrap(), Removal::Removed { members: 1 });
    assert!(groups_of(&w, ada).await.is_empty());
}

/// In id order, without gap.
pub async fn members_are_listed_in_pages<S: WholeStore>(w: World<S>) {
    let id = group(&w, None, "staff").await;
    let mut users = Vec::new();
    for place in 0..5 {
        users.push(w.user(&format!("user{place}")).await);
        assert_eq!(join(&w, id, users[place]).await, Commit::Applied);
    }
    users.sort();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = w.store.group_members(id, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.subject.id);
        seen.extend(page.iter().map(|account| account.subject.id));
    }
    assert_eq!(seen, users);
    assert_eq!(w.store.groups(None).await.unwrap()[0].members, 5);
}

/// S001-32.
pub async fn mappings_are_listed_replaced_and_go_with_their_group<S: WholeStore>(w: World<S>) {
    let (a, b) = (put(&w, "a").await, put(&w, "b").await);
    let id = group(&w, Some(a), "tenant_a_users").await;
    let of = |tenant, provider: &str, group: &str, role| TenantGroup {
        tenant,
        provider: provider.to_owned(),
        group: group.to_owned(),
        name: "tenant_a_users".to_owned(),
        role,
    };
    let own = of(a, TenantGroup::OWN, &id.to_string(), GroupRole::Member);
    let upstream = of(b, "upstream", "g-1", GroupRole::Member);
    for role in [GroupRole::Member, GroupRole::Admin] {
        let upstream = TenantGroup { role, ..upstream.clone() };
        w.store.create_groups(creation(&w, vec![], vec![own.clone(), upstream])).await.unwrap();
    }
    assert_eq!(w.store.tenant_groups(Some(a)).await.unwrap(), [own]);
    let role = w.store.tenant_groups(Some(b)).await.unwrap()[0].role;
    assert_eq!(role, GroupRole::Admin);
    let audit = w.audit(AuditKind::GroupChanged);
    let _gone = w.store.delete_group(id, Members::Protect, audit).await.unwrap();
    assert_eq!(w.store.tenant_groups(None).await.unwrap().len(), 1);
}

/// It is the installation's, or a tenant's.
pub async fn a_client_of_a_tenant_reads_back<S: WholeStore>(w: World<S>) {
    let acme = put(&w, "acme").await;
    for (id, tenant) in [("ours", None), ("theirs", Some(acme))] {
        let client = Client { tenant, ..w.new_client(id) };
        w.store.create_client(&client, w.audit(AuditKind::ClientChanged)).await.unwrap();
        let commit = w.store.update_client(&client, w.audit(AuditKind::ClientChanged)).await.unwrap();
        assert_eq!(commit, Commit::Applied);
    }
    let clients = w.store.load_catalog().await.unwrap().clients;
    let found = |id: &str| clients.iter().find(|client| client.id.as_str() == id).unwrap().tenant;
    assert_eq!((found("ours"), found("theirs")), (None, Some(acme)));
}
