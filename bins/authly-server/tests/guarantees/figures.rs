//! The figures of a migration that other programs watch (MIGRATION.md 3.6): each is told, with what it is counted by, on both
//! stores.

use std::time::{Duration, Instant};

use authly_bench::{
    exchange::{Connection, Request},
    installation::HOST,
};
use authly_legacy_source::Legacy;
use serde_json::json;

use crate::world::{Kind, World, dirty};

/// How lines begin after an import of which one account was taken back, sign-ins and a refresh.
const TOLD: [&str; 19] = [
    "authly_migration_users{tenant=\"tenant-9\",auth_method=\"dual\"} ",
    "authly_migration_outcome_total{profile=\"tenants\",outcome=\"import\"} ",
    "authly_migration_outcome_total{profile=\"tenants\",outcome=\"conflict\"} ",
    "authly_migration_run_state 2",
    "authly_migration_rows_per_second 0",
    "authly_migration_checkpoint_age_seconds 0",
    "authly_migration_quarantine{reason=\"",
    "authly_password_hashes{scheme=\"bcrypt\"} ",
    "authly_password_hashes{scheme=\"argon2\"} ",
    "authly_password_verify_duration_seconds_bucket{scheme=\"bcrypt\",",
    "authly_password_verify_errors_total{scheme=\"bcrypt\",kind=\"mismatch\"} ",
    "authly_password_upgrades_total{from=\"bcrypt\",to=\"argon2\",result=\"",
    "authly_logins_total{method=\"password_grant\",",
    "authly_legacy_tokens_accepted_total{use=\"refresh\"} 1",
    "authly_last_password_login_timestamp_seconds{tenant=\"",
    "# TYPE authly_invitations_total ",
    "authly_rollbacks_total{scope=\"user\",result=\"",
    "authly_users{state=\"total\"} ",
    "authly_users{state=\"unverified\"} ",
];

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_watched_is_told() {
    for kind in Kind::BOTH {
        let world = World::new(kind, dirty(Legacy::Tenants, 120)).await;
        world.import(&["--execute"]);
        let people = world.imported().await;
        world.rollback(&["--user", &people[0].0]);
        // What one server wrote down, the next one tells.
        let server = world.serve();
        assert_eq!(world.sign_in(&people[1].0, &people[1].1).await.0, 200);
        server.stop().unwrap();
        let server = world.serve();
        assert_eq!(world.sign_in(&people[2].0, "mistyped").await.0, 400);
        let (status, pair) = world.sign_in(&people[2].0, &people[2].1).await;
        assert_eq!(status, 200, "{pair}");
        let refresh = json!({ "refresh_token": pair["refresh_token"] });
        assert_eq!(world.post("/auth/refresh", None, &refresh).await.0, 200);

        let begin = Instant::now();
        loop {
            let told = scraped(&world).await;
            let line = |start: &str| told.lines().any(|line| line.starts_with(start));
            let missing: Vec<&str> = TOLD.into_iter().filter(|start| !line(start)).collect();
            if missing.is_empty() {
                break;
            }
            // Some are gathered now and then.
            assert!(begin.elapsed() < Duration::from_secs(40), "{kind:?}: {missing:?} in\n{told}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        server.stop().unwrap();
    }
}

async fn scraped(world: &World) -> String {
    let mut connection = Connection::new(world.installation.port);
    let answer = connection.exchange(&Request::get(HOST, "/metrics", &[])).await.unwrap();
    assert_eq!(answer.status, 200);
    String::from_utf8(answer.body.to_vec()).unwrap()
}
