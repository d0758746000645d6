//! The same programs over PostgreSQL.

use std::{cell::Cell, time::Duration};

use authly_pg_fixture::PgFixture;
use serde_json::{Value, json};

use crate::support::{Place, Server};

const SOON: Duration = Duration::from_millis(2_500);

/// How often a server has said that it follows a change of the catalog.
fn changes_seen(server: &Server) -> usize {
    server.log.text().matches("clients, scopes, keys or switches have changed").count()
}

#[tokio::test]
async fn a_server_and_the_command_line_share_a_database() {
    let database = PgFixture::empty().await;
    let place = Place::new().with("DATABASE_URL", database.url());
    let server = place.start();
    assert_eq!(server.status("/health"), 200);
    let status = place.admin(&["status", "--output", "json"]);
    assert!(status.out.contains("\"engine\": \"PostgreSQL "), "{status:?}");
    let advertised = |server: &Server| server.get("/.well-known/oauth-authorization-server").contains("\"invoices\"");
    assert!(!advertised(&server));
    assert_eq!(place.admin(&["scope", "create", "--name", "invoices", "--description", "Invoices"]).code, 0);
    server.within(SOON, advertised);
    assert_eq!(place.run(&["--check"]).code, 0);
    server.stop();
}

#[tokio::test]
async fn three_nodes_that_start_at_once_agree() {
    let database = PgFixture::empty().await;
    let place = Place::new().with("DATABASE_URL", database.url()).with("AUTHLY_ISSUER", "http://localhost:8000");
    let nodes: Vec<Server> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(|| place.start())).collect();
        starting.into_iter().map(|node| node.join().unwrap()).collect()
    });
    let keys = |server: &Server| server.get("/.well-known/jwks.json").split("\r\n\r\n").nth(1).unwrap().to_owned();
    let [first, others @ ..] = nodes.as_slice() else { panic!("three nodes") };
    for other in others {
        other.within(SOON, |other| keys(other) == keys(first));
    }
    let passwords: usize = nodes.iter().map(|node| node.log.text().matches("shown only now").count()).sum();
    assert_eq!(passwords, 1, "there is one first administrator");
    nodes.into_iter().for_each(Server::stop);
}

/// S001-55: who was here before the day keeps the older doors, and who came since has none, at each node.
#[tokio::test]
async fn two_nodes_follow_a_policy_for_new_users_within_a_second() {
    const PASSWORD: &str = "correct horse battery";
    let database = PgFixture::empty().await;
    let place = Place::new().with("DATABASE_URL", database.url()).with("AUTHLY_ISSUER", "http://localhost:8000");
    let nodes = [place.start(), place.start()];
    let [ada, eve] = ["ada", "eve"].map(|name| {
        let email = format!("{name}@example.org");
        let account = json!({ "email": email, "username": name, "password": PASSWORD });
        let (status, answer) = nodes[0].post("/auth/register", &account);
        assert_eq!(status, 201, "{answer}");
        let told = place.admin(&["user", "update", name, "--verified", "on", "--output", "json"]);
        let user: Value = serde_json::from_str(&told.out).unwrap();
        (email, user["created_at"].as_str().unwrap().to_owned())
    });
    let answers = |server: &Server| {
        [&ada, &eve]
            .map(|(email, _)| server.post("/api/auth/login", &json!({ "email": email, "password": PASSWORD })).0)
    };
    for node in &nodes {
        assert_eq!(answers(node), [200, 200]);
    }
    for (from, told) in [(eve.1.as_str(), [200, 401]), ("2100-01-01", [200, 200]), (ada.1.as_str(), [401, 401])] {
        let set = ["migrate", "policy", "set", "--all", "--new-users", "oauth-only", "--from", from];
        let changes = nodes.each_ref().map(|node| Cell::new(changes_seen(node)));
        let done = place.admin(&set);
        assert_eq!(done.code, 0, "{done:?}");
        for (node, changes) in nodes.iter().zip(&changes) {
            // Whoever asks again and again is told 429 before long.
            node.within(SOON, |node| {
                let before = changes.replace(changes_seen(node));
                before < changes.get() && answers(node) == told
            });
        }
    }
    nodes.into_iter().for_each(Server::stop);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_without_its_password() {
    let place = Place::new().with("DATABASE_URL", "postgresql://authly:s3cr3t-w0rd@127.0.0.1:9/authly");
    let done = place.run(&["--listen", "127.0.0.1:0"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("DATABASE_URL") && done.err.contains("127.0.0.1:9"), "{}", done.err);
    assert!(!done.err.contains("s3cr3t"), "{}", done.err);
    let told = place.admin(&["client", "list"]);
    assert!(told.code == 1 && !told.err.contains("s3cr3t"), "{told:?}");
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_told_with_the_command_that_makes_it() {
    let database = PgFixture::empty().await;
    let name = format!("{database:?}");
    let place = Place::new().with("DATABASE_URL", database.url().replace(&name, &format!("absent_{name}")));
    let done = place.run(&["--listen", "127.0.0.1:0"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains(&format!("the server has no database called \"absent_{name}\"")), "{}", done.err);
    assert!(done.err.contains("createdb ") && done.err.contains(&format!(" absent_{name}`;")), "{}", done.err);
}
