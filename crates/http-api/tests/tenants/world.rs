//! Two tenants, each with all that an attacker of one may hold: a session, an access token of scope admin, a legacy token, and a client
//! with its secret.

use authly_admin_cases::{client::ClientDraft, tenant::TenantDraft, user::UserDraft};
use authly_cutover::{
    outcome::ReasonCode,
    run::RunId,
    store::{CutoverStore, NewTenant, PenKind},
};
use authly_testkit::{Browser, CodeFlow, Import, TestApp, TestStore, TokenSet};
use oauth_core::{
    client::GrantType,
    ids::{TenantId, UserId},
};
use serde_json::{Map, Value, json};

const SCOPE: &str = "openid profile email groups offline_access read admin";

/// A tenant with a client of its own, an administrator, and all that they hold.
pub(crate) struct Side {
    pub(crate) slug: &'static str,
    pub(crate) id: TenantId,
    pub(crate) client: String,
    pub(crate) secret: String,
    pub(crate) user: String,
    pub(crate) email: String,
    pub(crate) browser: Browser,
    /// Signed in as the same person.
    pub(crate) elsewhere: Browser,
    pub(crate) tokens: TokenSet,
    pub(crate) legacy: Value,
    /// What its forms call the other session, and the application.
    pub(crate) session: String,
    pub(crate) application: String,
}

impl Side {
    pub(crate) fn flow(&self) -> CodeFlow {
        flow(self.slug, &self.secret)
    }

    /// What must never be seen by anybody else.
    pub(crate) fn marks(&self) -> Vec<String> {
        let group = format!("tenant_{}_users", self.slug);
        vec![self.user.clone(), self.email.clone(), group, self.application_name(), self.company(), self.row()]
    }

    pub(crate) fn application_name(&self) -> String {
        format!("The {} App", self.slug)
    }

    fn company(&self) -> String {
        company(self.slug)
    }

    /// The key of a row of a source that waits, and that the ledger names.
    pub(crate) fn row(&self) -> String {
        format!("row-of-{}", self.slug)
    }
}

fn company(slug: &str) -> String {
    format!("The {slug} company")
}

fn flow(slug: &str, secret: &str) -> CodeFlow {
    CodeFlow {
        client_id: format!("app-{slug}"),
        redirect_uri: format!("https://{slug}.example/cb"),
        ..CodeFlow::confidential(secret, SCOPE)
    }
}

pub(crate) async fn side<S: TestStore>(app: &TestApp<S>, slug: &'static str) -> Side {
    let draft = TenantDraft {
        slug: Some(slug.to_owned()),
        name: Some(company(slug)),
        groups: authly_admin_cases::tenant::WithGroups::Yes,
    };
    app.app.admin.create_tenant(draft).await.unwrap();
    app.services.refresh().await;
    let id = app.app.admin.tenant_by_slug(slug).await.unwrap();
    let email = format!("ada@{slug}.example");
    let user = UserDraft {
        email: email.clone(),
        username: Some(format!("ada-{slug}")),
        tenant: Some(slug.to_owned()),
        admin: true,
        ..UserDraft::default()
    };
    let user = app.user_with(user).await.id;
    let registered = app
        .client(ClientDraft {
            client_id: Some(format!("app-{slug}")),
            name: format!("The {slug} App"),
            tenant: Some(id),
            redirect_uris: vec![format!("https://{slug}.example/cb")],
            scopes: SCOPE.split(' ').map(str::to_owned).collect(),
            grant_types: GrantType::ALL.to_vec(),
            introspect_all: true,
            ..ClientDraft::default()
        })
        .await;
    let secret = registered.secret.unwrap().expose().clone();
    let (mut browser, mut elsewhere) = (app.browser(), app.browser());
    let tokens = flow(slug, &secret).tokens(app, &mut browser, &email).await;
    let page = elsewhere.open("/sign-in").await;
    elsewhere.sign_in(&page, &email, "correct horse").await;
    let account = browser.open("/account").await;
    let (session, application) = (account.button("session"), account.button("application"));
    let legacy = app.post_json("/api/auth/login", &json!({ "email": email, "password": "correct horse" })).await.json();
    let client = format!("app-{slug}");
    Side { slug, id, client, secret, user, email, browser, elsewhere, tokens, legacy, session, application }
}

/// A migration that has made a line of the ledger for each side and left a row of each waiting.
pub(crate) async fn migrate<S: TestStore>(app: &TestApp<S>, target: &impl CutoverStore, sides: [&Side; 2]) -> RunId {
    let (known, _) = target.tenants().await.unwrap();
    let mut import = Import::begin(app, target, 2).await;
    for side in sides {
        // A target in memory is not the store: it has the tenants from the import.
        if !known.iter().any(|tenant| tenant.id == side.id) {
            let tenant = NewTenant { id: side.id, slug: side.slug.to_owned(), name: side.company(), active: true };
            import.batch.tenants.push(tenant);
        }
        import.line(&side.row(), UserId::parse(&side.user).unwrap(), side.id, Map::new());
        import.waits(&side.row(), PenKind::Conflict, ReasonCode::EmailTaken, side.email.clone(), side.id);
    }
    import.commit().await.plan.id
}
