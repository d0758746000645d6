//! The server of one test, listening on a port of its own on loopback.

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App as ActixApp, HttpServer, dev::ServerHandle, middleware::from_fn, web};
use authly_admin_cases::{
    Admin, AdminSettings,
    client::{ClientChange, ClientDraft, Registered},
    user::{UserDraft, UserView},
};
use authly_cutover::{board::BoardStore, store::CutoverStore};
use authly_directory::{directory::Directory, memory::MemoryDirectory, password::PasswordPolicy};
use authly_http_api::{App, Development, HttpSettings, configure, edge};
use oauth_core::{
    catalog::KeyState,
    client::{ClientType, GrantType, PkcePolicy},
    crypto::{Algorithm, HmacAlgorithm},
    engine::Engine,
    secret::Secret,
    settings::{Issuer, LegacySettings, Settings},
};

use crate::{
    browser::{Browser, Page, http},
    desk::desk,
    fakes::TestClock,
    options::Options,
    services::{TestServices, TestStore},
};

/// The client of the demo in development mode.
const DEMO_CLIENT: &str = "authly-demo";
/// A key for tests only: making a new RSA key takes longer than most tests.
const RSA: &str = include_str!("rsa-test-key.pem");

/// The server of one test.
pub struct TestApp<S: TestStore = MemoryDirectory> {
    /// Where it listens, such as `http://localhost:41234`; also its issuer unless the test wants an https one.
    pub url: String,
    /// The clock.
    pub clock: TestClock,
    /// Its services.
    pub services: Arc<TestServices<S>>,
    /// The application behind the listener.
    pub app: web::Data<App<TestServices<S>>>,
    /// A client without cookies that follows no redirects.
    pub http: reqwest::Client,
    server: ServerHandle,
}

impl TestApp {
    /// Starts a server with the usual scopes and keys.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// Starts a server with options.
    pub async fn with(mut options: Options) -> Self {
        let target = options.migration.take();
        Self::over(MemoryDirectory::new(), target, options).await
    }
}

impl<S: TestStore> TestApp<S> {
    /// Starts a server over a store that is empty but for its schema, with the pages of the migration to a target, if there is one.
    pub async fn over<T>(store: S, target: Option<T>, mut options: Options) -> Self
    where
        T: CutoverStore + BoardStore + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let url = format!("http://localhost:{port}");
        let issuer = if options.https_issuer { format!("https://localhost:{port}") } else { url.clone() };
        let services = Arc::new(TestServices::over(store));
        let mut settings = Settings::new(Issuer::parse(&issuer).expect("an issuer"));
        settings.legacy = Some(LegacySettings {
            algorithm: HmacAlgorithm::HS256,
            access_secret: Secret::new("an access secret of the old program, 32+".to_owned()),
            refresh_secret: Secret::new("a refresh secret of the old program, 32+".to_owned()),
            access_ttl: Duration::from_secs(1_800),
            refresh_ttl: Duration::from_secs(7 * 86_400),
        });
        if let Some(change) = options.engine.take() {
            change(&mut settings);
        }
        let engine = Engine::new(services.clone(), Arc::new(settings));
        let directory = Directory::new(engine.clone(), Arc::new(options.directory_settings()));
        let admin = admin(&services);
        admin.seed_scopes().await.expect("scopes");
        admin.create_key(Algorithm::ES256, KeyState::Current).await.expect("an ES256 key");
        admin.import_key(&Secret::new(RSA.to_owned()), KeyState::Current).await.expect("an RSA key");
        let mut settings = http_settings(port, &options);
        if options.development {
            let demo_secret = admin.seed_demo(DEMO_CLIENT, &issuer).await.expect("a demo client");
            let (store, demo_client) = ("memory".to_owned(), DEMO_CLIENT.to_owned());
            settings.development = Some(Development { store, demo_client, demo_secret });
        }
        services.refresh().await;
        let mut app = App::new(engine, directory, admin, settings);
        app.upstreams = std::mem::take(&mut options.upstreams);
        app.desk = target.map(|target| desk(&services, target));
        let app = web::Data::new(app);
        let server = serve(listener, app.clone());
        Self { url, clock: services.clock.clone(), services, app, http: http(), server }
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        self.app.engine.settings().issuer.as_str()
    }

    /// The address of `path`.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A visitor without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url, self.issuer())
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        Page::read(request.send().await.expect("an answer")).await
    }

    /// Opens a path without cookies.
    pub async fn get(&self, path: &str) -> Page {
        self.send(self.http.get(self.at(path))).await
    }

    /// Posts a form without cookies.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(self.http.post(self.at(path)).form(fields)).await
    }

    /// Posts JSON.
    pub async fn post_json(&self, path: &str, body: &serde_json::Value) -> Page {
        self.send(self.http.post(self.at(path)).json(body)).await
    }

    /// The status of userinfo for a bearer token.
    pub async fn userinfo(&self, token: &str) -> Page {
        self.send(self.http.get(self.at("/auth/userinfo")).bearer_auth(token)).await
    }

    /// The same server after a restart: everything in memory but the store is new. The old one goes on beside it.
    pub fn restarted(&self) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        let engine = Engine::new(self.services.clone(), self.app.engine.settings().clone());
        let directory = Directory::new(engine.clone(), Arc::new(*self.app.directory.settings()));
        let admin = admin(&self.services);
        let mut settings = self.app.http.clone();
        settings.allowed_hosts.push(format!("localhost:{port}"));
        let app = web::Data::new(App::new(engine, directory, admin, settings));
        let server = serve(listener, app.clone());
        let url = format!("http://localhost:{port}");
        Self { url, clock: self.clock.clone(), services: self.services.clone(), app, http: self.http.clone(), server }
    }

    /// A public client `spa` without consent to remember, for one redirect URI.
    pub async fn public_client(&self, redirect_uri: &str) -> Registered {
        self.client(ClientDraft {
            client_id: Some("spa".to_owned()),
            name: "The Page".to_owned(),
            kind: Some(ClientType::Public),
            redirect_uris: vec![redirect_uri.to_owned()],
            scopes: ["openid", "profile", "offline_access", "read"].map(str::to_owned).to_vec(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            ..ClientDraft::default()
        })
        .await
    }

    /// Changes a client.
    pub async fn change_client(&self, id: &str, change: ClientChange) {
        self.app.admin.update_client(id, change).await.expect("a client");
        self.services.refresh().await;
    }

    /// Registers a client.
    pub async fn client(&self, draft: ClientDraft) -> Registered {
        let registered = self.app.admin.create_client(draft).await.expect("a client");
        self.services.refresh().await;
        registered
    }

    /// A confidential web client `app` with all scopes and grants; returns its secret.
    pub async fn confidential_client(&self) -> String {
        let scopes = "openid profile email address phone groups offline_access read write admin";
        let registered = self
            .client(ClientDraft {
                client_id: Some("app".to_owned()),
                name: "The App".to_owned(),
                redirect_uris: vec!["https://app.example/cb".to_owned()],
                post_logout_redirect_uris: vec!["https://app.example/bye".to_owned()],
                scopes: scopes.split(' ').map(str::to_owned).collect(),
                grant_types: GrantType::ALL.to_vec(),
                ..ClientDraft::default()
            })
            .await;
        registered.secret.expect("a secret").expose().clone()
    }

    /// A user with this address and the password `correct horse`.
    pub async fn user(&self, email: &str) -> UserView {
        self.user_with(UserDraft { email: email.to_owned(), ..UserDraft::default() }).await
    }

    /// A user; address verified, password `correct horse` unless the draft has one.
    pub async fn user_with(&self, draft: UserDraft) -> UserView {
        let draft = UserDraft {
            password: draft.password.or_else(|| Some(Secret::new("correct horse".to_owned()))),
            username: draft.username.or_else(|| draft.email.split('@').next().map(str::to_owned)),
            verified: true,
            ..draft
        };
        let user = self.app.admin.create_user(draft).await.expect("a user");
        self.services.refresh().await;
        user
    }
}

impl<S: TestStore> Drop for TestApp<S> {
    fn drop(&mut self) {
        // The answer is not awaited: nobody is left to talk to the server.
        drop(self.server.stop(false));
    }
}

fn admin<S: TestStore>(services: &Arc<TestServices<S>>) -> Admin<TestServices<S>> {
    let settings = AdminSettings {
        password_policy: PasswordPolicy { min_characters: 8, max_bytes: 1024 },
        key_retirement: Duration::from_secs(86_400),
        pkce_default: PkcePolicy::Required,
        id_token_alg: oauth_core::crypto::Algorithm::RS256,
    };
    Admin::new(services.clone(), settings)
}

fn http_settings(port: u16, options: &Options) -> HttpSettings {
    let networks = |texts: &[String]| texts.iter().map(|text| text.parse().expect("a network")).collect();
    let loopback = vec!["127.0.0.0/8".to_owned()];
    HttpSettings {
        allowed_hosts: vec![format!("localhost:{port}"), format!("127.0.0.1:{port}")],
        cors_origins: options.cors_origins.clone(),
        trusted_proxies: networks(&options.trusted_proxies),
        admin_networks: networks(if options.admin_networks.is_empty() { &loopback } else { &options.admin_networks }),
        client_failures: options.client_failures,
        legacy_routes: !options.no_legacy_routes,
        body_limit: options.body_limit.unwrap_or(64 * 1024),
        metrics: true,
        health: true,
        registration: !options.closed_registration,
        password_min: 8,
        development: None,
        product: "Authly".to_owned(),
        theme: None,
        logos: authly_http_api::logo::Logos::new(options.logos.clone()),
        security_contact: Some("security@example.com".to_owned()),
        discovery_max_age: Duration::from_secs(3_600),
        jwks_max_age: Duration::from_secs(300),
        version: "test",
        fallback_address: std::net::Ipv4Addr::LOCALHOST.into(),
    }
}

fn serve<S: TestStore>(listener: TcpListener, app: web::Data<App<TestServices<S>>>) -> ServerHandle {
    let server = HttpServer::new(move || {
        let app = app.clone();
        ActixApp::new().wrap(from_fn(edge::edge::<TestServices<S>, _>)).configure(move |config| configure(config, &app))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .expect("a listener")
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    handle
}
