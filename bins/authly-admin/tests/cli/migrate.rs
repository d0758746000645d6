//! The parts of `authly-admin migrate` that move nobody: seed, schema, and the switch with everything that hangs on it.

use authly_pg_fixture::{PgFixture, TestDatabase};

use crate::support::Place;

const OLDER: &str = include_str!("../../../../crates/storage-pg/tests/older/with_oauth.sql");
const PEOPLE: &str = include_str!("../../../../crates/storage-pg/tests/older/people.sql");

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// A place on a PostgreSQL database of its own, which these scripts have filled.
fn postgres(runtime: &tokio::runtime::Runtime, scripts: &[&str]) -> (Place, TestDatabase) {
    let database = runtime.block_on(async {
        let database = PgFixture::empty().await;
        let client = database.client().await;
        for script in scripts {
            client.batch_execute(script).await.unwrap();
        }
        database
    });
    (Place::new().with("DATABASE_URL", database.url().to_owned()), database)
}

fn states(place: &Place) -> Vec<(String, bool)> {
    let clients = place.json(&["client", "list"]);
    let state = |client: &serde_json::Value| {
        (client["client_id"].as_str().unwrap().to_owned(), client["is_active"].as_bool().unwrap())
    };
    clients.as_array().unwrap().iter().map(state).collect()
}

#[test]
fn seeding_twice_changes_nothing_and_shows_no_second_secret() {
    let place = Place::new().with("AUTHLY_MIGRATE_ON_START", "true");
    let first = place.json(&["migrate", "seed"]);
    assert!(first["scopes_created"].as_u64().unwrap() >= 4, "{first}");
    assert_eq!((&first["client"], &first["client_scopes"]), (&"created".into(), &2.into()), "{first}");
    assert!(first["client_secret"].as_str().unwrap().starts_with("cs_test_"), "{first}");
    let order: Vec<bool> =
        first["scopes"].as_array().unwrap().iter().map(|scope| scope["is_default"].as_bool().unwrap()).collect();
    assert!(order.is_sorted_by(|a, b| a >= b), "defaults come first: {first}");
    let client = place.json(&["client", "show", "migration-test-client"]);
    assert_eq!(client["redirect_uris"][1], "http://localhost:3000/callback");
    assert_eq!((&client["require_pkce"], &client["scope"]), (&true.into(), &"read profile".into()), "{client}");
    let second = place.json(&["migrate", "seed"]);
    assert_eq!((&second["scopes_created"], &second["client"]), (&0.into(), &"unchanged".into()), "{second}");
    assert_eq!(second["client_secret"], serde_json::Value::Null);
    assert_eq!(place.json(&["client", "show", "migration-test-client"]), client);
}

#[test]
fn beside_an_older_program_the_secret_is_stored_as_that_one_reads_it() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime, &[OLDER, PEOPLE]);
    place.json(&["migrate", "schema", "up"]);
    let seeded = place.json(&["migrate", "seed"]);
    assert_eq!(seeded["client"], "created", "{seeded}");
    let (hash, fast): (String, i64) = runtime.block_on(async {
        let client = database.client().await;
        let sql = "SELECT c.client_secret_hash::text, (SELECT count(*) FROM client_secrets k WHERE k.client_id = c.id)
                     FROM clients c WHERE c.client_id = 'migration-test-client'";
        let row = client.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    });
    assert!(hash.starts_with("$2b$12$") && hash.len() == 60, "{hash}");
    assert_eq!(fast, 0, "one truth: the fast hash comes from it at the first use");
}

#[test]
fn switching_oauth_off_takes_clients_along_and_on_brings_back_what_was() {
    let place = Place::new();
    for id in ["one", "two"] {
        let uri = "https://app.example.com/callback";
        place.json(&["client", "create", "--client-id", id, "--name", id, "--redirect-uri", uri]);
    }
    place.json(&["client", "deactivate", "two"]);
    let before = states(&place);
    let off = place.json(&["migrate", "oauth", "disable"]);
    assert_eq!((&off["oauth_enabled"], &off["clients_switched"]), (&false.into(), &1.into()), "{off}");
    assert!(states(&place).iter().all(|(_, active)| !active));
    assert_eq!(place.json(&["migrate", "oauth", "disable"])["clients_switched"], 0);
    let on = place.json(&["migrate", "oauth", "enable"]);
    assert_eq!((&on["oauth_enabled"], &on["clients_switched"]), (&true.into(), &1.into()), "{on}");
    assert_eq!(states(&place), before);
}

#[test]
fn tokens_of_clients_die_with_the_switch_and_those_of_the_password_login_live() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime, &[OLDER, PEOPLE]);
    place.json(&["migrate", "schema", "up"]);
    place.json(&["migrate", "seed"]);
    let invalid = |of: &str| -> Vec<String> {
        let sql = format!("SELECT jti::text FROM tokens WHERE invalidated AND {of} ORDER BY 1");
        runtime.block_on(async {
            let client = database.client().await;
            client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
        })
    };
    runtime.block_on(async {
        let client = database.client().await;
        let tokens = "INSERT INTO tokens (jti, user_id, client_id, token_type, expires_at, invalidated)
            SELECT 'of-client-' || n, u.id, c.id, 'access', now() + interval '1 day', n = 2
              FROM generate_series(1, 3) n, (SELECT id FROM users LIMIT 1) u,
                   (SELECT id FROM clients WHERE client_id = 'migration-test-client') c;
            INSERT INTO tokens (jti, user_id, token_type, expires_at)
            SELECT 'of-login', u.id, 'access', now() + interval '1 day' FROM (SELECT id FROM users LIMIT 1) u";
        client.batch_execute(tokens).await.unwrap();
    });
    assert_eq!(place.json(&["migrate", "oauth", "disable"])["tokens_switched"], 2);
    assert_eq!(invalid("client_id IS NOT NULL"), ["of-client-1", "of-client-2", "of-client-3"]);
    assert!(!invalid("client_id IS NULL").contains(&"of-login".to_owned()));
    assert_eq!(place.json(&["migrate", "oauth", "enable"])["tokens_switched"], 2);
    assert_eq!(invalid("client_id IS NOT NULL"), ["of-client-2"]);
    // Who has got a new password meanwhile does not get the old tokens back.
    place.json(&["migrate", "oauth", "disable"]);
    runtime.block_on(async {
        let client = database.client().await;
        let event = "INSERT INTO audit_events (id, at, kind, user_id, detail)
            SELECT gen_random_uuid(), now(), 'password_changed', user_id, '{}' FROM tokens WHERE jti = 'of-client-1'";
        client.batch_execute(event).await.unwrap();
    });
    assert_eq!(place.json(&["migrate", "oauth", "enable"])["tokens_switched"], 0);
    assert_eq!(invalid("client_id IS NOT NULL").len(), 3);
}

#[test]
fn the_schema_is_verified_by_name_and_definition() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime, &[]);
    let pending = place.run(&["migrate", "schema", "verify", "--output", "json"]);
    assert_eq!(pending.code, 11, "{pending:?}");
    place.json(&["migrate", "schema", "up", "--view", "auth_users"]);
    let sound = place.json(&["migrate", "schema", "verify"]);
    assert_eq!((&sound["complete"], &sound["deviations"]), (&true.into(), &serde_json::json!([])));
    runtime.block_on(async {
        let client = database.client().await;
        client.batch_execute("DROP INDEX idx_tokens_client_id; SELECT email, roles FROM auth_users").await.unwrap();
    });
    let broken = place.run(&["migrate", "schema", "verify", "--output", "json"]);
    assert!(broken.code == 10 && broken.out.contains("index tokens.idx_tokens_client_id: is missing"), "{broken:?}");
    place.json(&["migrate", "schema", "up"]);
    assert_eq!(place.run(&["migrate", "schema", "verify"]).code, 0, "it was built again");
    assert_eq!(Place::new().with("AUTHLY_MIGRATE_ON_START", "false").run(&["migrate", "schema", "verify"]).code, 11);
}

#[test]
fn an_audit_tells_what_is_there_before_anything_is_changed_and_no_secret() {
    let runtime = runtime();
    let (place, database) = postgres(&runtime, &[OLDER, PEOPLE]);
    let url = database.url().replacen("postgres@", "postgres:p%40ss-w0rd@", 1);
    let place = place.with("DATABASE_URL", url).with("JWT_SECRET_KEY", "a-s3cr3t-of-more-than-32-letters-in-all");
    let audit = place.json(&["migrate", "audit"]);
    let counted = runtime.block_on(async {
        let client = database.client().await;
        let sql = "SELECT (SELECT count(*) FROM users WHERE is_verified), (SELECT count(*) FROM users),
                          (SELECT count(*) FROM tokens WHERE expires_at > now()),
                          EXISTS (SELECT FROM pg_class WHERE relname = 'settings')";
        let row = client.query_one(sql, &[]).await.unwrap();
        assert!(!row.get::<_, bool>(3), "nothing was changed");
        [row.get::<_, i64>(0), row.get(1), row.get(2)]
    });
    assert!(counted[0] > 0 && counted[0] < counted[1], "{counted:?}");
    assert_eq!([&audit["active_users"], &audit["users"], &audit["total_tokens"]].map(|n| n.as_i64().unwrap()), counted);
    assert_eq!((&audit["jwt_secret_key"], &audit["jwt_refresh_secret_key"]), (&"SET".into(), &"NOT SET".into()));
    assert_eq!((&audit["password_grant"], &audit["admin_interface"]), (&"ENABLED".into(), &"NONE".into()));
    assert_eq!(audit["tables"], serde_json::json!(["tokens", "users"]));
    assert_eq!(audit["tables_in_all"], audit["all_tables"].as_array().unwrap().len());
    assert!(audit["all_tables"].as_array().unwrap().contains(&"users".into()), "{audit}");
    assert!(audit["database_url"].as_str().unwrap().contains("postgres:***@"), "{audit}");
    let (report, others) =
        (place.folder.path().join("migration_config_audit.txt"), place.folder.path().join("somebody-elses"));
    std::fs::write(&others, "untouched").unwrap();
    std::os::unix::fs::symlink(&others, &report).unwrap();
    for _again in 0..2 {
        let written = place.run(&["migrate", "audit", "--out"]);
        assert_eq!((written.code, written.out.trim()), (0, "migration_config_audit.txt"));
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::symlink_metadata(&report).unwrap().permissions());
        assert_eq!(mode, 0o100_600, "a file of its own, for its owner alone");
    }
    assert_eq!(std::fs::read_to_string(&others).unwrap(), "untouched");
    let text = std::fs::read_to_string(&report).unwrap();
    assert!(text.starts_with("Authly configuration audit, ") && text.contains("  JWT_SECRET_KEY: SET\n"), "{text}");
    for secret in ["ss-w0rd", "s3cr3t"] {
        assert!(!text.contains(secret) && !audit.to_string().contains(secret), "{text}");
    }
}

#[test]
fn an_address_in_the_environment_does_not_keep_from_an_audit() {
    let place = Place::new().with("AUTHLY_SOURCE", "sqlite:old.db");
    assert_eq!(place.run(&["migrate", "audit"]).code, 0);
    assert!(place.run(&["migrate", "audit", "--source", "sqlite:other.db"]).refused(64).contains("--profile"));
}

#[test]
fn hashes_are_calibrated_without_a_store() {
    let place = Place::new().with("DATABASE_URL", "nonsense");
    let proposed = place.json(&["hash", "calibrate", "--target-ms", "60"]);
    let number = |pointer: &str| proposed.pointer(pointer).and_then(serde_json::Value::as_f64).unwrap();
    assert!(number("/argon2id/memory_kib") >= 19_456.0 && number("/argon2id/passes") >= 2.0, "{proposed}");
    assert!((10.0..=14.0).contains(&number("/bcrypt/cost")) && number("/bcrypt/measured_ms") > 0.0, "{proposed}");
    assert_eq!(place.run(&["hash", "calibrate", "--target-ms", "0"]).code, 64);
}

#[test]
fn the_doctor_tells_what_is_left_and_its_exit_code_how_bad_it_is() {
    let place = Place::new();
    let found = |place: &Place, code: i32| -> String {
        let done = place.run(&["doctor", "--output", "json"]);
        assert_eq!(done.code, code, "{done:?}");
        done.out
    };
    assert!(found(&place, 10).contains("the schema lacks V1__structure"));
    assert!(!place.folder.path().join("authly.db").exists(), "it only looks");
    place.json(&["migrate", "schema", "up"]);
    let left = found(&place, 11);
    assert!(left.contains("no verified backup") && left.contains("no signing keys"), "{left}");
    place.json(&["backup", "create", "--dir", "backups"]);
    assert!(!found(&place, 11).contains("backup"));
}
