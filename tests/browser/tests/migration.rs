//! The pages on which administrators follow a migration, over a store with a past.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and a past ends at the time of the machine"
)]

use std::time::{SystemTime, UNIX_EPOCH};

use authly_browser_tests::{EMAIL, PASSWORD, Person, Server, Window};
use rusqlite::{Connection, params};

const DAY: i64 = 86_400_000_000;
const TENANTS: [(&str, &str, i64); 6] = [
    ("acme", "Acme Corporation", 420),
    ("globex", "Globex", 310),
    ("initech", "Initech", 120),
    ("soylent", "Soylent Foods", 90),
    ("umbrella", "Umbrella", 40),
    ("hooli", "Hooli", 12),
];

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// Numbers that look random and are the same each time.
fn noise(number: i64, salt: i64) -> i64 {
    (number * 7_919 + salt * 104_729).wrapping_mul(2_654_435_761).rem_euclid(1_000)
}

fn id(kind: i64, number: i64) -> Vec<u8> {
    let mut bytes = vec![0x01, 0x90, 0, 0, 0, 0, 0x70, 0];
    bytes.extend((0x8000_0000_0000_0000_u64 | u64::try_from(kind * 1_000_000 + number).unwrap()).to_be_bytes());
    bytes
}

/// Ninety days of a migration: imported forty days ago, with a wave each week.
fn give_it_a_past(store: &Connection) {
    let now = now();
    store.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut number = 0;
    for (place, (slug, name, accounts)) in (0_i64..).zip(TENANTS) {
        let tenant = id(1, place + 1);
        let row = params![tenant, slug, name, now - 80 * DAY];
        let sql = "INSERT INTO tenants (id, slug, name, active, legacy_login, created_at, updated_at) \
                   VALUES (?1, ?2, ?3, 1, 1, ?4, ?4)";
        store.execute(sql, row).unwrap();
        for _ in 0..accounts {
            number += 1;
            let created = now - (40 + noise(number, 1) % 80) * DAY;
            let imported = now - 40 * DAY + noise(number, 2) * 1_000_000;
            // The tenants are invited one after the other, and not everybody comes.
            let begins = 36 - place * 6;
            let days = begins - noise(number, 3) % 40;
            let completed = (days > 0 && noise(number, 4) < 850 - place * 110).then_some(now - days * DAY);
            let alone = completed.filter(|_| place == 0 && noise(number, 5) < 300).map(|at| (now - 3 * DAY).max(at));
            let waits_alone = place == 5 && noise(number, 6) < 500;
            let method = if alone.is_some() {
                "oauth"
            } else if completed.is_none() && (waits_alone || noise(number, 7) < 150) {
                "password"
            } else {
                "dual"
            };
            let upgraded = (noise(number, 8) < 520).then_some(now - noise(number, 9) % 34 * DAY);
            let (hash, state) = match (upgraded, noise(number, 10)) {
                (Some(_), _) => ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "ok"),
                (None, 0..=599) => ("$2b$12$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyz012345", "legacy_scheme"),
                (None, 600..=849) => {
                    ("pbkdf2_sha256$870000$c2FsdA$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2U=", "legacy_scheme")
                }
                (None, _) => ("{SSHA}WTJpYUtWQ1VWSjJhTGdWYmRqZ0tXQT09c2FsdA==", "legacy_scheme"),
            };
            let last = (noise(number, 11) < 450 - place * 40).then_some(now - noise(number, 12) % 45 * DAY);
            let name = format!("person{number}@{slug}.example");
            let row = params![
                id(2, number),
                tenant,
                name,
                name,
                hash,
                method,
                state,
                created,
                imported,
                completed,
                upgraded,
                last,
                alone
            ];
            let sql = "INSERT INTO users (id, tenant_id, email, email_folded, username, username_folded, password_hash, \
                       status, is_admin, is_verified, is_locked, reset_required, legacy_login, roles, profile, created_at, \
                       updated_at, auth_method, credential_state, imported_at, completed_at, hash_upgraded_at, \
                       last_password_login_at, oauth_at) \
                       VALUES (?1, ?2, ?3, ?4, ?3, ?4, ?5, 'active', 0, 1, 0, 0, 1, '[]', '{}', ?8, ?8, ?6, ?7, ?9, ?10, ?11, \
                       ?12, ?13)";
            store.execute(sql, row).unwrap();
        }
    }
    let run = id(3, 1);
    let sql = "INSERT INTO migration_runs (id, kind, source, profile, profile_digest, options, source_rows, state, fence, \
               started_at, heartbeat_at, finished_at, checkpoint, last_seq, counters, watermark, note) \
               VALUES (?1, 'import', 'old', 'legacy-users', zeroblob(32), '{}', 1030, 'finished', 1, ?2, ?3, ?3, '1030', 3, \
               '{\"outcomes\":{\"import\":992,\"conflict\":21,\"quarantine\":17}}', NULL, NULL)";
    store.execute(sql, params![run, now - 40 * DAY, now - 40 * DAY + 12_000_000]).unwrap();
    for line in 1..=3_i64 {
        let sql = "INSERT INTO migration_items (run, seq, source, source_id, user_id, tenant_id, action, \"before\", \"after\", \
                   outcome, at) VALUES (?1, ?2, 'old', ?3, ?4, ?5, 'create', '{}', '{\"email\":\"x\"}', 'import', ?6)";
        store
            .execute(sql, params![run, line, format!("{}", 100 + line), id(2, line), id(1, 1), now - 40 * DAY])
            .unwrap();
    }
    for row in 1..=38_i64 {
        let (kind, reason) = match row {
            1..=14 => ("conflict", "{\"code\":\"email_taken\"}"),
            15..=21 => ("conflict", "{\"code\":\"username_is_email\"}"),
            22..=34 => (
                "quarantine",
                "{\"code\":\"flawed\",\"detail\":{\"flaws\":[{\"kind\":\"email_invalid\",\"column\":\"email\"}]}}",
            ),
            _ => ("quarantine", "{\"code\":\"hash_unsupported\"}"),
        };
        let sql = "INSERT INTO migration_pen (source, source_id, kind, reason, label, tenant_id, run, at) \
                   VALUES ('old', ?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let label = format!("twin{row}@example.com");
        let row = params![format!("{}", 2_000 + row), kind, reason, label, id(1, 1 + row % 3), run, now - 40 * DAY];
        store.execute(sql, row).unwrap();
    }
    for days in 0..30_i64 {
        for (way, least) in
            [("authorization_code", 40 - days), ("json_login", 12 + days), ("password_grant", 6 + days / 3)]
        {
            let tenant = if way == "json_login" { id(1, 1) } else { vec![0; 16] };
            let sql = "INSERT INTO client_uses (day, way, client, tenant_id, uses, last_at) VALUES (?1, ?2, zeroblob(16), ?3, ?4, ?5)";
            let uses = (least + noise(days, least) % 13).max(0);
            store.execute(sql, params![now / DAY - days, way, tenant, uses, now - days * DAY]).unwrap();
        }
    }
    // Servers read the tenants again.
    store.execute_batch("UPDATE revision SET number = number + 1; COMMIT").unwrap();
}

/// An installation with a past, and an administrator of it.
fn prepared() -> (Server, Connection) {
    let server = Server::start();
    let arguments =
        ["user", "create", "--email", EMAIL, "--username", "ada", "--name", "Ada Lovelace", "--verified", "--admin"];
    server.admin(&[&arguments[..], &["--password-stdin"]].concat(), Some(PASSWORD));
    let store = Connection::open(server.store()).unwrap();
    give_it_a_past(&store);
    (server, store)
}

async fn signed_in(server: &Server, window: Window) -> Person {
    let person = Person::new(window).await;
    person.open(&server.url("/admin/migration")).await;
    person.sign_in().await;
    person.sees("Migration").await;
    assert!(person.address().await.ends_with("/admin/migration"), "back on the page that asked for it");
    person
}

fn count(store: &Connection, condition: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM users WHERE status <> 'deleted' AND {condition}");
    store.query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn spaced(number: i64) -> String {
    let digits = number.to_string();
    if digits.len() > 3 {
        format!("{}\u{202f}{}", &digits[..digits.len() - 3], &digits[digits.len() - 3..])
    } else {
        digits
    }
}

#[tokio::test]
async fn an_administrator_follows_a_migration_at_a_desk() {
    let (server, store) = prepared();
    let person = signed_in(&server, Window::Desktop).await;
    person.open(&server.url("/admin/migration")).await;
    person.sees("Migration").await;
    person.finds_the_page_accessible().await;
    person.takes_a_long_picture("migration").await;
    let text = person.text().await;
    for (name, condition) in [
        ("Password only", "auth_method = 'password'"),
        ("Both, OAuth unused", "auth_method = 'dual' AND completed_at IS NULL"),
        ("Both, OAuth used", "auth_method = 'dual' AND completed_at IS NOT NULL"),
        ("OAuth only", "auth_method = 'oauth'"),
    ] {
        let shown = format!("{name}\n{} ", spaced(count(&store, condition)));
        assert!(text.contains(&shown), "{shown:?} is not in:\n{text}");
    }
    let completed =
        format!("{} / {} accounts", spaced(count(&store, "completed_at IS NOT NULL")), spaced(count(&store, "true")));
    assert!(text.contains(&completed), "{completed:?} is not in:\n{text}");
    for words in ["Acme Corporation", "The address belongs to another account", "Before you finalize", "bcrypt"] {
        assert!(text.contains(words), "{words:?} is not in:\n{text}");
    }
    person.open(&server.url("/admin/migration/rows?kind=conflict")).await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("migration-rows").await;
    let text = person.text().await;
    assert!(text.contains("t•••@example.com") && text.contains("initech"), "{text}");
    person.open(&server.url("/admin/migration/ledger?row=101")).await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("migration-ledger").await;
    assert!(person.text().await.contains("Account created"));
    person.open(&server.url("/admin/migration/rollback?target=tenant&name=acme")).await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("migration-rollback").await;
    person.leave().await;
}

#[tokio::test]
async fn the_pages_look_right_in_the_dark_and_on_a_phone() {
    let (server, _store) = prepared();
    for (window, name) in [
        (Window::Dark, "migration-dark"),
        (Window::Phone, "migration-phone"),
        (Window::PhoneDark, "migration-phone-dark"),
    ] {
        let person = signed_in(&server, window).await;
        person.open(&server.url("/admin/migration")).await;
        person.finds_the_page_accessible().await;
        person.takes_a_long_picture(name).await;
        if name == "migration-phone" {
            assert_eq!(person.columns().await, [1, 1, 1], "tenants, hashes and rows that wait");
            for page in ["rows?kind=conflict", "ledger?row=101"] {
                person.open(&server.url(&format!("/admin/migration/{page}"))).await;
                person.finds_the_page_accessible().await;
                assert_eq!(person.columns().await, [1], "{page}");
            }
            person.takes_a_picture("migration-ledger-phone").await;
        }
        person.leave().await;
    }
}

#[tokio::test]
async fn before_a_migration_the_page_says_how_to_begin() {
    let server = Server::start();
    let arguments =
        ["user", "create", "--email", EMAIL, "--username", "ada", "--verified", "--admin", "--password-stdin"];
    server.admin(&arguments, Some(PASSWORD));
    let person = signed_in(&server, Window::Desktop).await;
    person.open(&server.url("/account")).await;
    person.press("Migration").await;
    person.sees("Migration").await;
    assert!(person.text().await.contains("No migration yet"));
    person.finds_the_page_accessible().await;
    person.takes_a_picture("migration-empty").await;
    person.leave().await;
}
