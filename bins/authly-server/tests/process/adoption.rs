//! A database of the program before, brought under this one by its two programs, with people who do not notice.

use std::{num::NonZeroUsize, time::Duration};

use authly_directory::password::{PasswordService as _, PresentedPassword};
use authly_passwords::{HashPool, PoolSettings};
use authly_pg_fixture::{PgFixture, TestDatabase};
use authly_seal::SystemRandom;
use oauth_core::crypto::{Crypto as _, HmacAlgorithm};
use serde_json::{Value, json};

use crate::support::{Place, Server};

const ACCESS_SECRET: &str = "9f8b1c3de0a74562b18c90d4f3e2a71b-access";
const REFRESH_SECRET: &str = "9f8b1c3de0a74562b18c90d4f3e2a71b-refresh";
const PASSWORD: &str = "the password of before";
const ADA: &str = "6b1f7a3e-0000-4000-8000-000000000001";

/// The tables of the older program, with people and live tokens in them; Ada's password is known.
async fn older() -> TestDatabase {
    let database = PgFixture::empty().await;
    let client = database.client().await;
    client.batch_execute(include_str!("../../../../crates/storage-pg/tests/older/password_only.sql")).await.unwrap();
    client.batch_execute(include_str!("../../../../crates/storage-pg/tests/older/people.sql")).await.unwrap();
    let settings = PoolSettings { older_program_cost: 4, threads: NonZeroUsize::new(1), ..PoolSettings::default() };
    let pool = HashPool::new(&settings, SystemRandom).unwrap();
    let hash = pool.hash_for_older_program(PresentedPassword::parse(PASSWORD).unwrap()).await.unwrap();
    let changed =
        client.execute("UPDATE users SET password_hash = $1 WHERE id::text = $2", &[&hash.expose(), &ADA]).await;
    assert_eq!(changed.unwrap(), 1);
    database
}

/// A token as the older program made it.
fn older_token(kind: &str, jti: &str, secret: &str) -> String {
    let encode = |value: &Value| base64(value.to_string().as_bytes());
    let claims = json!({ "sub": ADA, "jti": jti, "type": kind, "iat": 1_700_000_000, "exp": 4_102_444_800_u64 });
    let input = format!("{}.{}", encode(&json!({ "alg": "HS256", "typ": "JWT" })), encode(&claims));
    let signature = authly_jose::JoseCrypto.hmac(HmacAlgorithm::HS256, secret.as_bytes(), input.as_bytes());
    format!("{input}.{}", base64(&signature))
}

fn base64(bytes: &[u8]) -> String {
    openssl::base64::encode_block(bytes).replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_the_older_program_go_on_and_oauth_comes_when_it_is_switched_on() {
    let database = older().await;
    let place = Place::new()
        .with("DATABASE_URL", database.url())
        .with("ENVIRONMENT", "staging")
        .with("JWT_SECRET_KEY", ACCESS_SECRET)
        .with("JWT_REFRESH_SECRET_KEY", REFRESH_SECRET);
    assert!(place.admin(&["client", "list"]).err.contains("authly-admin migrate schema up"));
    assert_eq!(place.admin(&["migrate", "schema", "verify"]).code, 11, "fit, with steps pending");
    let up = place.admin(&["migrate", "schema", "up", "--output", "json"]);
    assert_eq!(up.code, 0, "{up:?}");
    let status = place.admin(&["status", "--output", "json"]);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(
        (&status["oauth"], &status["users"], &status["shared_with_older_program"]),
        (&"off".into(), &2.into(), &true.into())
    );

    let server = place.start();
    assert_eq!(server.status("/.well-known/openid-configuration"), 404, "OAuth is off on an adopted database");
    let signed_in = json!({ "grant_type": "password", "username": "Ada@Example.org", "password": PASSWORD });
    let (code, tokens) = server.post("/auth/token", &signed_in);
    assert!(code == 200 && tokens["access_token"].is_string(), "{code} {tokens}\n{}", server.log.text());
    let refresh = json!({ "grant_type": "refresh_token", "refresh_token": older_token("refresh", "live-refresh", REFRESH_SECRET) });
    let (code, tokens) = server.post("/auth/token", &refresh);
    assert!(code == 200 && tokens["refresh_token"].is_string(), "{code} {tokens}\n{}", server.log.text());
    let spent = json!({ "grant_type": "refresh_token", "refresh_token": older_token("refresh", "spent-refresh", REFRESH_SECRET) });
    assert_ne!(server.post("/auth/token", &spent).0, 200);

    assert_eq!(place.admin(&["migrate", "oauth", "enable"]).code, 0);
    server.within(Duration::from_millis(2_500), |server| server.status("/.well-known/openid-configuration") == 200);
    assert_eq!(server.post("/auth/token", &signed_in).0, 200, "the old door stays open");
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_shape_is_refused_with_a_list_and_left_untouched() {
    let database = older().await;
    let client = database.client().await;
    client.batch_execute("ALTER TABLE tokens DROP CONSTRAINT IF EXISTS tokens_jti_key CASCADE").await.unwrap();
    client.batch_execute("ALTER TABLE users ALTER COLUMN username TYPE jsonb USING to_jsonb(username)").await.unwrap();
    let place = Place::new().with("DATABASE_URL", database.url()).with("ENVIRONMENT", "staging");
    let verify = place.admin(&["migrate", "schema", "verify", "--output", "json"]);
    assert_eq!(verify.code, 10, "{verify:?}");
    let report: Value = serde_json::from_str(&verify.out).unwrap();
    assert!(report["differences"].as_array().unwrap().len() >= 2, "{report}");
    assert_eq!(place.admin(&["migrate", "schema", "up"]).code, 1);
    let done = place.with("AUTHLY_MIGRATE_ON_START", "true").run(&["--listen", "127.0.0.1:0"]);
    assert!(done.code == 1 && done.err.contains("left untouched"), "{done:?}");
    let ours = client.query_one("SELECT to_regclass('signing_keys') IS NULL", &[]).await.unwrap();
    assert!(ours.get::<_, bool>(0), "nothing of ours was created");
}

/// A start that nobody has told what installation this is must not change a database with people in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_environment_a_database_with_people_is_refused_and_left_untouched() {
    let database = older().await;
    let place = Place::new().with("DATABASE_URL", database.url());
    let start = place.run(&["--listen", "127.0.0.1:0"]);
    let check = place.run(&["--check"]);
    let admin = place.admin(&["scope", "create", "--name", "invoices", "--description", "Invoices"]);
    for done in [(start.code, start.err), (check.code, check.err), (admin.code, admin.err)] {
        assert!(done.0 == 1 && done.1.contains("ENVIRONMENT is not set"), "{done:?}");
    }
    let client = database.client().await;
    let ours = client.query_one("SELECT to_regclass('settings') IS NULL", &[]).await.unwrap();
    assert!(ours.get::<_, bool>(0), "nothing of ours was created");
    // Who asks for it by name gets it.
    assert_eq!(place.admin(&["migrate", "schema", "up"]).code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_that_start_at_once_adopt_a_database_once() {
    let database = older().await;
    let place = Place::new()
        .with("DATABASE_URL", database.url())
        .with("ENVIRONMENT", "staging")
        .with("AUTHLY_MIGRATE_ON_START", "true")
        .with("AUTHLY_ISSUER", "http://localhost:8000")
        .with("JWT_SECRET_KEY", ACCESS_SECRET)
        .with("JWT_REFRESH_SECRET_KEY", REFRESH_SECRET);
    let nodes: Vec<Server> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(|| place.start())).collect();
        starting.into_iter().map(|node| node.join().unwrap()).collect()
    });
    let steps: Vec<usize> = nodes.iter().map(|node| node.log.text().matches("brought up to date").count()).collect();
    assert_eq!(steps.iter().filter(|count| **count > 0).count(), 1, "one of them did it: {steps:?}");
    let signed_in = json!({ "grant_type": "password", "username": "Ada@Example.org", "password": PASSWORD });
    for node in &nodes {
        let (code, answer) = node.post("/auth/token", &signed_in);
        assert_eq!(code, 200, "{answer}");
    }
    nodes.into_iter().for_each(Server::stop);
}
