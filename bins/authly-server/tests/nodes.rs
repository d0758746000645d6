#![expect(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
//! Server processes under parallel requests for the same code or refresh token: one alone on each store, and two over one
//! PostgreSQL, which share nothing but the database (SECURITY.md rows 6, 7, 13 and 14).

mod programs;

use std::collections::HashSet;
use std::sync::Arc;

use authly_bench::browser::Browser;
use authly_bench::exchange::{Connection, Request};
use authly_bench::installation::{HOST, ISSUER, Installation, Store, free_port};
use authly_bench::server::Server;
use authly_bench::site::{Site, authorize_path, redemption, refreshment, sign_in, signed_in};
use authly_pg_fixture::PgFixture;
use tokio::sync::Barrier;

/// How many ask at once.
const CALLERS: usize = 50;
/// How often each race is run.
const ROUNDS: usize = 2;

/// Servers of one installation.
struct Nodes {
    _installation: Installation,
    site: Site,
    servers: Vec<(u16, Server)>,
}

impl Nodes {
    fn start(store: Store, count: usize, window: &str) -> Self {
        let installation = Installation::new(programs::programs(), store).unwrap();
        let installation = installation.with("AUTHLY_REFRESH_RETRY_WINDOW_SECONDS", window);
        let site = Site::prepare(&installation, 1).unwrap();
        let ports = (0..count).map(|position| if position == 0 { installation.port } else { free_port().unwrap() });
        let start = |port| (port, Server::start_node(&installation, port).unwrap());
        let servers = ports.map(start).collect();
        Self { _installation: installation, site, servers }
    }

    /// Asks all at once, each caller on a connection of its own, the servers in turn: statuses with `refresh_token` or `error`.
    async fn together(&self, request: &Request) -> Vec<(u16, String)> {
        let gate = Arc::new(Barrier::new(CALLERS));
        let ports = self.servers.iter().map(|(port, _)| *port).cycle();
        let callers: Vec<_> = ports
            .take(CALLERS)
            .map(|port| {
                let (gate, request) = (gate.clone(), request.clone());
                tokio::spawn(async move {
                    let mut connection = Connection::new(port);
                    // The connection stands before the race begins.
                    connection.exchange(&Request::get(HOST, "/health/live", &[])).await.unwrap();
                    gate.wait().await;
                    let answer = connection.exchange(&request).await.unwrap();
                    let told = answer.member("refresh_token").or_else(|| answer.member("error"));
                    (answer.status, told.unwrap_or_default().to_owned())
                })
            })
            .collect();
        let mut answers = Vec::new();
        for caller in callers {
            answers.push(caller.await.unwrap());
        }
        answers
    }

    /// Presents a refresh token at each server in turn, from the last one on.
    async fn refresh(&self, token: &str) -> Vec<(u16, String)> {
        let mut answers = Vec::new();
        for (port, _) in self.servers.iter().rev() {
            let mut connection = Connection::new(*port);
            let answer = connection.exchange(&refreshment(&self.site.web, token)).await.unwrap();
            let told = answer.member("refresh_token").or_else(|| answer.member("error"));
            answers.push((answer.status, told.unwrap_or_default().to_owned()));
        }
        answers
    }

    fn stop(self) {
        self.servers.into_iter().for_each(|(_, server)| server.stop().unwrap());
    }
}

fn split(answers: Vec<(u16, String)>) -> (Vec<String>, usize) {
    let mut won = Vec::new();
    for (status, told) in answers {
        match (status, told.as_str()) {
            (200, _) => won.push(told),
            (400, "invalid_grant") => {}
            other => panic!("{other:?}"),
        }
    }
    let lost = CALLERS - won.len();
    (won, lost)
}

/// RFC 6749 4.1.2: "If an authorization code is used more than once, the authorization server MUST deny the request and SHOULD
/// revoke (when possible) all tokens previously issued based on that authorization code."
async fn redeem(nodes: &Nodes) {
    for _ in 0..ROUNDS {
        let (mut browser, mut connection) = (Browser::new(ISSUER), nodes.site.connect());
        let path = authorize_path(&nodes.site.web);
        let code = sign_in(&mut browser, &mut connection, &path, nodes.site.person(0)).await.unwrap();
        let (won, lost) = split(nodes.together(&redemption(&nodes.site.web, &code)).await);
        assert_eq!((won.len(), lost), (1, CALLERS - 1));
        for dead in nodes.refresh(&won[0]).await {
            assert_eq!(dead, (400, "invalid_grant".to_owned()), "the replay revoked the grant at every server");
        }
    }
}

/// With the window of ten seconds each caller gets the one successor.
async fn refresh_within_the_window(nodes: &Nodes) {
    for _ in 0..ROUNDS {
        let first = signed_in(&nodes.site, &nodes.site.web, 0).await.unwrap().refresh_token;
        let (won, _) = split(nodes.together(&refreshment(&nodes.site.web, &first)).await);
        assert_eq!(won.len(), CALLERS, "each gets an answer");
        let successors: HashSet<_> = won.into_iter().collect();
        assert_eq!(successors.len(), 1, "and the same one");
        let successor = successors.into_iter().next().unwrap();
        let next = nodes.refresh(&successor).await;
        assert!(next.iter().all(|(status, token)| *status == 200 && *token == next[0].1), "{next:?}");
        // The successor was used, so the first token is a replay, and the end of the grant (RFC 9700 4.14.2).
        for token in [&first, &next[0].1] {
            for dead in nodes.refresh(token).await {
                assert_eq!(dead, (400, "invalid_grant".to_owned()));
            }
        }
    }
}

/// Without a window exactly one caller succeeds, and all others are replays.
async fn refresh_without_a_window(nodes: &Nodes) {
    for _ in 0..ROUNDS {
        let first = signed_in(&nodes.site, &nodes.site.web, 0).await.unwrap().refresh_token;
        let (won, lost) = split(nodes.together(&refreshment(&nodes.site.web, &first)).await);
        assert_eq!((won.len(), lost), (1, CALLERS - 1));
        for dead in nodes.refresh(&won[0]).await {
            assert_eq!(dead, (400, "invalid_grant".to_owned()), "the replays revoked the grant");
        }
    }
}

async fn all_races(store: impl Fn() -> Store, count: usize) {
    let nodes = Nodes::start(store(), count, "10");
    redeem(&nodes).await;
    refresh_within_the_window(&nodes).await;
    nodes.stop();
    let strict = Nodes::start(store(), count, "0");
    refresh_without_a_window(&strict).await;
    strict.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_on_sqlite_lets_one_of_fifty_win() {
    all_races(|| Store::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_on_postgresql_lets_one_of_fifty_win() {
    let databases = [PgFixture::empty().await, PgFixture::empty().await];
    let urls = std::sync::Mutex::new(databases.iter().map(|database| database.url().to_owned()).collect::<Vec<_>>());
    all_races(|| Store::Postgres { url: urls.lock().unwrap().pop().unwrap(), process: None }, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_over_one_postgresql_let_one_of_fifty_win() {
    let databases = [PgFixture::empty().await, PgFixture::empty().await];
    let urls = std::sync::Mutex::new(databases.iter().map(|database| database.url().to_owned()).collect::<Vec<_>>());
    all_races(|| Store::Postgres { url: urls.lock().unwrap().pop().unwrap(), process: None }, 2).await;
}
