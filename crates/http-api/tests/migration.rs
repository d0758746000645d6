//! The pages of a migration: who sees them, how far they see, and that the numbers are right.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, time::Duration};

use authly_admin_cases::user::UserDraft;
use authly_cutover::{
    account::{AuthMethod, CredentialState, TargetAccount},
    columns,
    memory::MemoryTarget,
    outcome::ReasonCode,
    run::RunId,
    store::{AccountWrite, CutoverStore as _, NewTenant, PenKind},
};
use authly_directory::password::StoredHash;
use authly_testkit::{Browser, Import, Options, Page, SeededRandom, TestApp};
use oauth_core::{
    claims::Profile,
    ids::{TenantId, UserId},
    services::Services as _,
    store::CatalogRepository as _,
    subject::AccountStatus,
    time::Timestamp,
};

const PAGES: [&str; 8] = [
    "/admin/migration",
    "/admin/migration?order=name",
    "/admin/migration/rows",
    "/admin/migration/ledger?row=row-1",
    "/admin/migration/export.csv?what=days",
    "/admin/migration/export.csv?what=tenants",
    "/admin/migration/export.csv?what=logins",
    "/admin/migration/export.csv?what=rows",
];

const PASSWORD: &str = "correct horse";

/// A migration of two tenants: three accounts of `acme`, one of which completed, and five of `globex`, none of which did.
struct World {
    app: TestApp,
    target: MemoryTarget,
    run: RunId,
    globex: Vec<UserId>,
}

impl World {
    async fn new() -> Self {
        let target = MemoryTarget::new();
        let app = TestApp::with(Options { migration: Some(target.clone()), ..Options::default() }).await;
        let draft = |email: &str, tenant: Option<&str>, admin: bool| UserDraft {
            email: email.to_owned(),
            tenant: tenant.map(str::to_owned),
            admin,
            ..UserDraft::default()
        };
        app.user_with(draft("root@example.com", None, true)).await;
        app.user_with(draft("anna@acme.example", Some("acme"), true)).await;
        app.user_with(draft("gus@globex.example", Some("globex"), true)).await;
        app.user_with(draft("somebody@example.com", None, false)).await;
        let records = app.services.store.load_catalog().await.unwrap();
        let tenant = |slug: &str| records.tenants.iter().find(|tenant| tenant.slug == slug).unwrap().id;
        let (acme, globex) = (tenant("acme"), tenant("globex"));
        let (run, globex) = fill(&app, &target, acme, globex).await;
        Self { app, target, run, globex }
    }

    async fn signed_in(&self, email: &str) -> Browser {
        let mut browser = self.app.browser();
        let page = browser.open("/sign-in").await;
        let page = browser.sign_in(&page, email, PASSWORD).await;
        assert_eq!(page.status, 200, "{}", page.body);
        browser
    }
}

async fn fill(app: &TestApp, target: &MemoryTarget, acme: TenantId, globex: TenantId) -> (RunId, Vec<UserId>) {
    let (now, random) = (app.app.engine.now(), SeededRandom::default());
    let mut import = Import::begin(app, target, 8).await;
    for (id, slug) in [(acme, "acme"), (globex, "globex")] {
        let name = format!("The {slug} company");
        import.batch.tenants.push(NewTenant { id, slug: slug.to_owned(), name, active: true });
    }
    let mut of_globex = Vec::new();
    for number in 0..8_u64 {
        let (slug, tenant, kind, why) = match number < 3 {
            true => ("acme", acme, PenKind::Conflict, ReasonCode::EmailTaken),
            false => ("globex", globex, PenKind::Quarantine, ReasonCode::HashMissing),
        };
        let user = UserId::generate(now, &random);
        if tenant == globex {
            of_globex.push(user);
        }
        let account = account(user, tenant, &format!("p{number}@{slug}.example"), now, number == 0);
        import.line(&format!("row-{}", number % 3), user, tenant, columns::of(&account, app.services.sealer()));
        import.batch.accounts.push(AccountWrite::Create(Box::new(account)));
        let label = format!("{slug}-person-{number}@{slug}.example");
        import.waits(&format!("{slug}-{number}"), kind, why, label, tenant);
    }
    let run = import.commit().await;
    let end = authly_cutover::store::RunEnd {
        state: authly_cutover::run::RunState::Finished,
        at: now,
        note: Some("the note of the run".to_owned()),
        audit: None,
    };
    let _ = target.finish_run(run.lease(), end).await.unwrap();
    (run.plan.id, of_globex)
}

fn account(user: UserId, tenant: TenantId, email: &str, now: Timestamp, completed: bool) -> TargetAccount {
    TargetAccount {
        user,
        tenant: Some(tenant),
        email: email.to_owned(),
        username: email.to_owned(),
        profile: Profile::default(),
        hash: Some(StoredHash::new("{SSHA}abc".to_owned())),
        upgraded_hash: None,
        password_set_at: None,
        hash_upgraded_at: None,
        status: AccountStatus::Active,
        is_admin: false,
        is_verified: true,
        is_locked: false,
        reset_required: false,
        legacy_login: true,
        roles: Vec::new(),
        groups: BTreeSet::new(),
        failures: 0,
        locked_until: None,
        auth_method: AuthMethod::Dual,
        credential_state: CredentialState::LegacyScheme,
        external_subject: None,
        imported_at: Some(now),
        invited_at: None,
        completed_at: completed.then_some(now),
        last_password_login_at: None,
        last_login_at: None,
        created_at: now.minus(Duration::from_secs(86_400)),
        updated_at: now,
    }
}

fn with_spaces(page: &Page) -> String {
    page.body.replace('\u{202f}', " ")
}

#[tokio::test]
async fn administrators_see_the_pages_and_nobody_else_knows_of_them() {
    let world = World::new().await;
    let mut root = world.signed_in("root@example.com").await;
    let mut other = world.signed_in("somebody@example.com").await;
    let mut nobody = world.app.browser();
    for path in PAGES.iter().chain(&["/admin/migration/rollback"]) {
        assert_eq!(root.get(path).await.status, 200, "{path}");
        assert_eq!(other.get(path).await.status, 404, "{path}");
        assert!(nobody.get(path).await.location().ends_with("/sign-in"), "{path}");
    }
    assert!(root.get("/account").await.body.contains("href=\"/admin/migration\""));
    assert!(!other.get("/account").await.body.contains("/admin/migration"));
    let without = TestApp::start().await;
    assert_eq!(without.get("/admin/migration").await.status, 404);
}

/// Whoever was sent to sign in comes back, with what was asked for, once; whoever was sent by another page since does not.
#[tokio::test]
async fn a_sign_in_leads_back_to_the_page_that_asked_for_it() {
    let world = World::new().await;
    let sign_in = async |browser: &mut Browser, from: &str| {
        let page = browser.open(from).await;
        assert!(page.is_sign_in(), "{}", page.body);
        let (csrf, identifier) = (page.hidden("csrf"), "root@example.com");
        let fields = [("csrf", csrf.as_str()), ("identifier", identifier), ("password", PASSWORD)];
        browser.post("/sign-in", &fields).await
    };
    let mut root = world.app.browser();
    let back = sign_in(&mut root, "/admin/migration/rows?reason=hash_missing").await;
    assert!(back.location().ends_with("/admin/migration/rows?reason=hash_missing"), "{}", back.location());
    assert!(sign_in(&mut root, "/sign-in").await.location().ends_with("/account"), "once");
    let mut other = world.app.browser();
    other.get("/admin/migration").await;
    assert!(sign_in(&mut other, "/account").await.location().ends_with("/account"));
    for elsewhere in ["aHR0cHM6Ly9ldmlsLmV4YW1wbGUv", "Ly9ldmlsLmV4YW1wbGU", "L2xvZ291dA", "\\", ""] {
        let mut browser = world.app.browser();
        let page = browser.open("/sign-in").await;
        browser.cookies.insert("authly-landing".to_owned(), elsewhere.to_owned());
        let fields = [
            ("csrf", page.hidden("csrf")),
            ("identifier", "root@example.com".to_owned()),
            ("password", PASSWORD.into()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = browser.post("/sign-in", &fields).await;
        assert!(page.location().ends_with("/account"), "{elsewhere}: {}", page.location());
    }
}

#[tokio::test]
async fn the_network_of_administration_is_asked_first() {
    let networks = vec!["10.0.0.0/8".to_owned()];
    let migration = Some(MemoryTarget::new());
    let app = TestApp::with(Options { migration, admin_networks: networks, ..Options::default() }).await;
    assert_eq!(app.get("/admin/migration").await.status, 403);
}

#[tokio::test]
async fn the_numbers_of_the_page_are_those_of_the_accounts() {
    let world = World::new().await;
    let mut root = world.signed_in("root@example.com").await;
    let page = with_spaces(&root.get("/admin/migration").await);
    for text in [
        "<p class=\"big\">12.5 %</p>",
        "1 / 8 accounts",
        "The acme company",
        "The globex company",
        "the note of the run",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    let table = root.get("/admin/migration/export.csv?what=tenants").await.body;
    assert!(table.contains("\r\nglobex,The globex company,5,0,5,0,0,0.00,0,,5\r\n"), "{table}");
    assert!(table.contains("\r\nacme,The acme company,3,0,3,0,1,33.33,0,,3\r\n"), "{table}");
    let days = root.get("/admin/migration/export.csv?what=days").await.body;
    assert!(days.ends_with(",0,7,1,0\r\n") && days.contains(",8,0,0,0\r\n") && days.contains(",0,0,0,0\r\n"), "{days}");
    let rows = root.get("/admin/migration/rows?kind=conflict&reason=email_taken").await.body;
    assert_eq!(rows.matches("a•••@acme.example").count(), 3, "{rows}");
    assert!(!rows.contains("globex"), "{rows}");
}

/// SECURITY.md row 39.
#[tokio::test]
async fn an_administrator_of_a_tenant_sees_that_tenant_and_no_other() {
    let world = World::new().await;
    let mut boss = world.signed_in("anna@acme.example").await;
    let mut paths: Vec<String> = PAGES.map(str::to_owned).to_vec();
    paths.push(format!("/admin/migration/ledger?run={}", world.run));
    paths.push(format!("/admin/migration/ledger?account={}", world.globex.first().unwrap()));
    paths.push("/admin/migration/rows?kind=quarantine".to_owned());
    for path in &paths {
        let page = boss.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let body = if path.contains("account=") {
            page.body.replace(&world.globex.first().unwrap().to_string(), "")
        } else {
            page.body
        };
        for foreign in ["globex", "hash_missing", "the note of the run", "Before you finalize"] {
            assert!(!body.contains(foreign), "{path} shows {foreign}: {body}");
        }
        for user in &world.globex {
            assert!(!body.contains(&user.to_string()), "{path} shows {user}");
        }
    }
    let page = with_spaces(&boss.get("/admin/migration").await);
    assert!(page.contains("1 / 3 accounts"), "{page}");
    let lines = boss.get(&format!("/admin/migration/ledger?run={}", world.run)).await.body;
    assert_eq!(lines.matches("Account created").count(), 3, "{lines}");
    // Whether there is an account elsewhere reads as if there were none.
    let known = boss.get("/admin/migration/ledger?account=gus%40globex.example").await.body;
    let unknown = boss.get("/admin/migration/ledger?account=nobody%40globex.example").await.body;
    assert_eq!(known.replace("gus%40", "nobody%40").replace("gus@", "nobody@"), unknown);
    for (path, fields) in [
        ("/admin/migration/rollback?target=tenant&name=globex", None),
        ("/admin/migration/rollback", Some([("target", "tenant"), ("name", "acme")])),
    ] {
        let page = match fields {
            None => boss.get(path).await,
            Some(fields) => boss.post(path, &fields).await,
        };
        assert_eq!(page.status, 404, "{path}");
    }
    assert_eq!(world.target.accounts().len(), 8);
}

#[tokio::test]
async fn taking_back_asks_for_the_word_the_form_and_a_recent_sign_in() {
    let world = World::new().await;
    let mut root = world.signed_in("root@example.com").await;
    let path = "/admin/migration/rollback";
    let look = format!("{path}?target=tenant&name=globex");
    let page = root.get(&look).await;
    assert!(page.body.contains("Removed: the import made them</th><td>5</td>"), "{}", page.body);
    assert_eq!(world.target.accounts().len(), 8, "looking writes nothing");
    let csrf = page.hidden("csrf");
    let form = |csrf: &str, name: &str, confirm: &str| {
        [
            ("csrf", csrf.to_owned()),
            ("target", "tenant".to_owned()),
            ("name", name.to_owned()),
            ("confirm", confirm.to_owned()),
        ]
    };
    for fields in [form(&csrf, "globex", "acme"), form("", "globex", "globex"), form(&csrf, "acme", "acme")] {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = root.post(path, &fields).await;
        assert_eq!(page.status, 400, "{fields:?}");
        assert_eq!(world.target.accounts().len(), 8, "{fields:?}");
    }
    world.app.clock.advance(Duration::from_secs(601));
    let page = root.get(&look).await;
    assert!(page.body.contains("Sign in again") && !page.body.contains("name=\"confirm\""), "{}", page.body);
    let again = root.open("/sign-in").await;
    let page = root.sign_in(&again, "root@example.com", PASSWORD).await;
    assert!(page.body.contains("5</td>"), "back where the question was asked: {}", page.body);
    let csrf = page.hidden("csrf");
    let fields = form(&csrf, "globex", "globex");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = root.post(path, &fields).await;
    assert!(page.location().ends_with("/admin/migration/rollback?done=1"), "{}", page.body);
    assert_eq!(world.target.accounts().len(), 3, "those of the other tenant stay");
    assert!(world.target.accounts().iter().all(|account| !world.globex.contains(&account.user)));
}

#[tokio::test]
async fn before_a_migration_the_page_says_how_to_begin() {
    let app = TestApp::with(Options { migration: Some(MemoryTarget::new()), ..Options::default() }).await;
    app.user_with(UserDraft { email: "root@example.com".to_owned(), admin: true, ..UserDraft::default() }).await;
    let mut root = app.browser();
    let page = root.open("/sign-in").await;
    root.sign_in(&page, "root@example.com", PASSWORD).await;
    let page = root.get("/admin/migration").await;
    assert!(page.body.contains("No migration yet") && !page.body.contains("<svg class=\"shapes\""), "{}", page.body);
}

/// Every metric that the alerts name is exported, and what is exported is gathered once for many scrapes.
#[tokio::test]
async fn the_metrics_of_a_migration_are_exported_and_gathered_now_and_then() {
    let world = World::new().await;
    let text = world.app.get("/metrics").await.body;
    for line in [
        "authly_migration_users{tenant=\"globex\",auth_method=\"dual\"} 5",
        "authly_migration_users{tenant=\"acme\",auth_method=\"dual\"} 3",
        "authly_migration_run_state 2",
        "authly_migration_rows_per_second 0",
        "authly_migration_checkpoint_age_seconds 0",
        "authly_migration_quarantine{reason=\"hash_missing\"} 5",
        "authly_password_hashes{scheme=\"other\"} 8",
        "authly_users{state=\"total\"} 4",
        "authly_legacy_tokens_accepted_total{use=\"access\"} 0",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line} is not in {text}");
    }
    world.target.remove(*world.globex.first().unwrap());
    let again = world.app.get("/metrics").await.body;
    assert!(
        again.contains("authly_migration_users{tenant=\"globex\",auth_method=\"dual\"} 5\n"),
        "not asked again at once"
    );
    world.app.clock.advance(Duration::from_secs(31));
    let later = world.app.get("/metrics").await.body;
    assert!(later.contains("authly_migration_users{tenant=\"globex\",auth_method=\"dual\"} 4\n"), "{later}");
}
