//! G11 and G12 for an application with tenants: its own statements of before work on the table that was added to, and what its
//! people counted there in SQL is what `migrate status` says, on both stores.

use std::collections::BTreeMap;

use authly_legacy_source::Legacy;

use crate::world::{Kind, World, client, dirty};

/// Who signs in how, by tenant, as S001-15 counts it; tenants of one name together.
const BY_TENANT: &str = "
    SELECT t.name, CAST(count(*) FILTER (WHERE u.auth_method IN ('self-auth', 'dual')) AS INTEGER),
           CAST(count(u.migration_completed_at) AS INTEGER)
      FROM users u JOIN tenants t ON t.tenant_id = u.tenant_id
     WHERE u.deleted_at IS NULL GROUP BY t.name ORDER BY t.name";

/// What the application does all day, with the columns that it knows.
const OF_BEFORE: [&str; 5] = [
    "INSERT INTO users (user_id, tenant_id, email, full_name, role, status, password_hash, created_at)
     SELECT '00000000-0000-4000-8000-00000000abcd', tenant_id, 'newcomer@example.org', 'New Comer', 'member', 'active',
            '$2y$10$QksTKjiU2JPuxGeHPbG3oO3WvCDV9bnXiXPo6PEvoFFUQWUafqSpi', CURRENT_TIMESTAMP
       FROM tenants WHERE slug = 'tenant-9'",
    "UPDATE users SET failed_login_attempts = failed_login_attempts + 1 WHERE email = 'newcomer@example.org'",
    "UPDATE users SET failed_login_attempts = 0, locked_until = NULL, last_login_at = CURRENT_TIMESTAMP
      WHERE email = 'newcomer@example.org'",
    "UPDATE users SET password_hash = '$2y$10$GtR0DNdYo1YU8vCQQKOzLu/yaRToC.hsBvVQYUUIFZr.UjBgSqRMK',
            password_changed_at = CURRENT_TIMESTAMP WHERE email = 'newcomer@example.org'",
    "DELETE FROM users WHERE email = 'newcomer@example.org'",
];

async fn counted(world: &World) -> BTreeMap<String, (u64, u64)> {
    let number = |count: i64| u64::try_from(count).unwrap();
    match world.source.strip_prefix("sqlite:") {
        Some(file) => {
            let connection = rusqlite::Connection::open(file).unwrap();
            let mut statement = connection.prepare(BY_TENANT).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
            rows.map(Result::unwrap)
                .map(|(name, linked, completed): (String, i64, i64)| (name, (number(linked), number(completed))))
                .collect()
        }
        None => {
            let rows = client(&world.source).await.query(BY_TENANT, &[]).await.unwrap();
            let count = |row: &tokio_postgres::Row, place| number(i64::from(row.get::<_, i32>(place)));
            rows.iter().map(|row| (row.get(0), (count(row, 1), count(row, 2)))).collect()
        }
    }
}

/// What `migrate status` says, by the names of tenants.
fn told(world: &World) -> BTreeMap<String, (u64, u64)> {
    let names = world.json(&["tenant", "list"]);
    let name = |slug: &str| {
        let tenant = names.as_array().unwrap().iter().find(|tenant| tenant["slug"] == slug).unwrap();
        tenant["name"].as_str().unwrap().to_owned()
    };
    let status = world.json(&["migrate", "status"]);
    let number = |one: &serde_json::Value, member: &str| one[member].as_u64().unwrap();
    let tenants = status["tenants"].as_array().unwrap().iter().filter(|one| one["tenant"].is_string());
    tenants
        .map(|one| {
            let linked = number(one, "dual") + number(one, "oauth");
            (name(one["tenant"].as_str().unwrap()), (linked, number(one, "completed")))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applications_statements_and_counts_of_before_hold_on_the_table_that_was_added_to() {
    for kind in Kind::BOTH {
        let world = World::new(kind, dirty(Legacy::Tenants, 180)).await;
        world.import(&["--execute", "--write-back"]);
        let (theirs, ours) = (counted(&world).await, told(&world));
        assert!(ours.values().map(|(linked, _)| linked).sum::<u64>() > 60, "{kind:?}: {ours:?}");
        for (tenant, counts) in &ours {
            assert_eq!(theirs.get(tenant), Some(counts), "{kind:?}: {tenant}");
        }
        assert!(theirs.iter().all(|(tenant, (linked, _))| *linked == 0 || ours.contains_key(tenant)), "{kind:?}");

        for statement in OF_BEFORE {
            world.change_source(statement).await;
        }
        assert_eq!(counted(&world).await, theirs, "{kind:?}: somebody came and went");
        world.change_source(OF_BEFORE[0]).await;
        let again = world.import(&["--execute", "--write-back"]);
        assert_eq!(again["outcomes"]["import"], 1, "{kind:?}: {again}");
        let (theirs, ours) = (counted(&world).await, told(&world));
        assert!(
            ours.iter().all(|(tenant, counts)| theirs.get(tenant) == Some(counts)),
            "{kind:?}: {theirs:?} {ours:?}"
        );
    }
}
