//! G8: whoever signs in gets the own account, whatever names are alike and whatever passwords are shared, on both stores.

use std::collections::BTreeSet;

use authly_legacy_source::{Legacy, Plan};
use serde_json::{Value, json};

use crate::world::{Kind, World, client, dirty};

/// Two passwords for everybody, so that many have the one of somebody else.
const PASSWORDS: [(&str, &str); 2] = [
    ("Legacy-pass-1", "$2y$10$QksTKjiU2JPuxGeHPbG3oO3WvCDV9bnXiXPo6PEvoFFUQWUafqSpi"),
    ("Legacy-pass-2", "$2y$10$GtR0DNdYo1YU8vCQQKOzLu/yaRToC.hsBvVQYUUIFZr.UjBgSqRMK"),
];

/// Somebody who was imported.
#[derive(Clone, Debug)]
struct Account {
    id: String,
    names: [String; 2],
    tenant: Option<String>,
    password: &'static str,
    /// Nothing but another name would keep them out.
    is_open: bool,
}

/// Every account of the store, as it was imported.
async fn accounts(world: &World) -> Vec<Account> {
    let id = match world.kind {
        Kind::Postgres => "u.id::text",
        Kind::Sqlite => "lower(hex(u.id))",
    };
    let sql = format!(
        "SELECT {id}, u.email, u.username, t.slug, u.password_hash,
                CASE WHEN u.status = 'active' AND NOT u.is_locked
                      AND NOT EXISTS (SELECT 1 FROM login_failures f WHERE f.user_id = u.id) THEN 'open' END
           FROM users u LEFT JOIN tenants t ON t.id = u.tenant_id WHERE u.imported_at IS NOT NULL ORDER BY 1"
    );
    let rows: Vec<[Option<String>; 6]> = match world.kind {
        Kind::Postgres => {
            let rows = client(world.url()).await.query(&sql, &[]).await.unwrap();
            rows.iter().map(|row| std::array::from_fn(|place| row.get(place))).collect()
        }
        Kind::Sqlite => {
            let connection = rusqlite::Connection::open(world.file()).unwrap();
            let mut statement = connection.prepare(&sql).unwrap();
            let read = |row: &rusqlite::Row<'_>| Ok(std::array::from_fn(|place| row.get_unwrap(place)));
            statement.query_map([], read).unwrap().map(Result::unwrap).collect()
        }
    };
    let account = |[id, email, username, tenant, hash, open]: [Option<String>; 6]| {
        let known = PASSWORDS.iter().find(|(_, known)| Some(*known) == hash.as_deref());
        let is_in_operation = tenant.as_ref().is_none_or(|slug| slug.starts_with("tenant-"));
        Account {
            id: id.unwrap().replace('-', ""),
            names: [email.unwrap_or_default(), username.unwrap_or_default()],
            tenant,
            password: known.map_or("", |(password, _)| password),
            is_open: open.is_some() && known.is_some() && is_in_operation,
        }
    };
    rows.into_iter().map(account).collect()
}

/// Whom a name means in a tenant or everywhere: who is called exactly so, otherwise who is but for case.
fn meant<'a>(accounts: &'a [Account], name: &str, tenant: Option<&str>) -> Vec<&'a Account> {
    let of_tenant = || accounts.iter().filter(|one| tenant.is_none() || one.tenant.as_deref() == tenant);
    let exact: Vec<_> = of_tenant().filter(|one| one.names.iter().any(|own| own == name)).collect();
    let folded = |one: &&Account| one.names.iter().any(|own| own.to_lowercase() == name.to_lowercase());
    if exact.is_empty() { of_tenant().filter(folded).collect() } else { exact }
}

/// Whom an access token is about.
fn subject(answer: &Value) -> String {
    let claims = answer["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let mut claims = claims.replace('-', "+").replace('_', "/");
    claims.extend(std::iter::repeat_n('=', (4 - claims.len() % 4) % 4));
    let claims: Value = serde_json::from_slice(&openssl::base64::decode_block(&claims).unwrap()).unwrap();
    claims["sub"].as_str().unwrap().replace('-', "")
}

/// Tries every name of every account with both passwords, with and without a tenant, and looks at whom each success is about.
async fn everybody_gets_in_as_nobody_else(world: &World, everybody: &[Account]) {
    let mut tried = BTreeSet::new();
    for account in everybody {
        let [email, username] = &account.names;
        let (own, foreign) = (account.tenant.as_deref(), everybody.iter().find(|one| one.tenant != account.tenant));
        for (name, tenant) in [
            (email.clone(), None),
            (email.clone(), own),
            (email.to_uppercase(), own),
            (username.clone(), own),
            (username.to_uppercase(), None),
            (email.clone(), foreign.and_then(|one| one.tenant.as_deref())),
        ] {
            // Names of one spelling only: what folds beyond case waits in the import, or is tried elsewhere.
            if !name.is_empty() && name.is_ascii() {
                tried.extend(PASSWORDS.map(|(password, _)| (name.clone(), tenant, password)));
            }
        }
    }
    let grant = |(name, tenant, password): &(String, Option<&str>, &str)| json!({ "grant_type": "password", "username": name, "password": password, "tenant": tenant });
    let asked: Vec<Value> = tried.iter().map(grant).collect();
    let (mut opened, mut refused) = (BTreeSet::new(), 0_u32);
    for ((name, tenant, password), (status, answer)) in tried.iter().zip(world.grants(&asked).await) {
        let candidates = meant(everybody, name.trim(), *tenant);
        let whose: Vec<&&Account> = candidates.iter().filter(|one| one.password == *password).collect();
        let what = format!("{:?}, {}: {name:?} in {tenant:?} with {password}", world.kind, world.profile);
        if status == 200 {
            let subject = subject(&answer);
            assert!(whose.iter().any(|one| one.id == subject), "{what}: got in as {subject}, meant {candidates:?}");
            // At most three are tried; of more, one may be chosen that is not alone.
            let others = whose.iter().filter(|one| one.is_open && one.id != subject).count();
            assert!(others == 0 || candidates.len() > 3, "{what}: {whose:?} have that name and password");
            opened.insert(subject);
        } else {
            assert_eq!(status, 400, "{what}: {answer}");
            let alone = candidates.len() <= 3 && whose.len() == 1 && whose[0].is_open;
            assert!(!alone, "{what}: kept out, although {whose:?} is meant: {answer}");
            refused += 1;
        }
    }
    let open = everybody.iter().filter(|account| account.is_open).count();
    assert!(opened.len() > 15 && opened.len() + 5 >= open, "{} of {open} got in", opened.len());
    assert!(refused > 20, "{refused} were refused");
}

/// Every other person has the one password, the others have the other.
async fn share_passwords(world: &World, table: &str, key: &str) {
    for (place, (_, hash)) in PASSWORDS.iter().enumerate() {
        let half = format!(
            "UPDATE {table} SET password_hash = '{hash}' WHERE password_hash LIKE '$2y$10$%' AND {key} IN (
                 SELECT {key} FROM (SELECT {key}, row_number() OVER (ORDER BY {key}) AS place FROM {table}) turns
                  WHERE place % 2 = {place})"
        );
        world.change_source(&half).await;
    }
}

/// User names that are another's address, addresses that differ in case, quotes, blanks.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_alike_open_nobody_elses_account() {
    for kind in Kind::BOTH {
        let world = World::new(kind, dirty(Legacy::LegacyUsers, 56)).await.with("MAX_LOGIN_ATTEMPTS", "100");
        share_passwords(&world, "legacy_users", "id").await;
        world.import(&["--execute"]);
        let everybody = accounts(&world).await;
        let server = world.serve();
        everybody_gets_in_as_nobody_else(&world, &everybody).await;
        server.stop().unwrap();
    }
}

/// One address in two, three and five tenants, with one password and with another.
#[tokio::test(flavor = "multi_thread")]
async fn one_address_in_several_tenants_opens_nobody_elses_account() {
    for kind in Kind::BOTH {
        let plan = Plan { tenants: Some(20), ..dirty(Legacy::Tenants, 56) };
        let world = World::new(kind, plan).await;
        let world = world.with("MAX_LOGIN_ATTEMPTS", "100").with("AUTHLY_EMAIL_UNIQUENESS", "per_tenant");
        share_passwords(&world, "users", "user_id").await;
        for shared in [2, 3, 5] {
            let one_of_each = "SELECT min(CAST(u.user_id AS TEXT)) FROM users u JOIN tenants t ON t.tenant_id = u.tenant_id
                                WHERE u.status = 'active' AND u.deleted_at IS NULL AND u.email NOT LIKE 'shared%'
                                  AND u.password_hash LIKE '$2y$10$%' AND t.slug LIKE 'tenant-%' GROUP BY t.slug ORDER BY 1";
            let change = format!(
                "UPDATE users SET email = 'shared.{shared}@example.org'
                  WHERE CAST(user_id AS TEXT) IN ({one_of_each} LIMIT {shared})"
            );
            world.change_source(&change).await;
        }
        // The setting is put into the store by the first server that has it. New tenants are known to a server within a second.
        world.serve().stop().unwrap();
        world.import(&["--execute"]);
        let everybody = accounts(&world).await;
        let count = |address: &str| everybody.iter().filter(|one| one.names[0] == address).count();
        let shared = ["shared.2@example.org", "shared.3@example.org", "shared.5@example.org"].map(count);
        assert!(shared.iter().all(|accounts| *accounts > 1), "{kind:?}: {shared:?}");
        let server = world.serve();
        everybody_gets_in_as_nobody_else(&world, &everybody).await;
        server.stop().unwrap();
    }
}
