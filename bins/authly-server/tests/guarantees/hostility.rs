//! G15: hashes that are made to cost hours or terabytes cost neither, at a sign-in and in an import; and an import takes no more
//! memory for many rows than for few.

use std::{
    collections::BTreeMap,
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use authly_bench::{
    exchange::{Connection, Request},
    installation::HOST,
    usage,
};
use authly_legacy_source::{Legacy, Plan};

use crate::world::{Kind, World, long};

/// Stored hashes that nobody should compute, by what metrics call them and why: far beyond the bounds of MIGRATION.md 3.4 and just
/// beyond them. Computed, each would take seconds, or memory that is seen.
const HOSTILE: [(&str, &str, &str); 16] = [
    ("bcrypt", "limit", "$2b$31$QksTKjiU2JPuxGeHPbG3oO3WvCDV9bnXiXPo6PEvoFFUQWUafqSpi"),
    ("bcrypt", "limit", "$2b$15$QksTKjiU2JPuxGeHPbG3oO3WvCDV9bnXiXPo6PEvoFFUQWUafqSpi"),
    ("unknown", "format", "$2b$10$\u{f6}\u{f6}\u{f6}"),
    (
        "argon2",
        "limit",
        "$argon2id$v=19$m=4294967295,t=2,p=1$aGE4NVk1dEFybUtRUEZaZA$sFx/2TsqeshwbjjOvjvAzqo/SrcGMLP+qEddtUsP0Io",
    ),
    // 1 GiB.
    (
        "argon2",
        "limit",
        "$argon2id$v=19$m=1048576,t=1,p=1$aGE4NVk1dEFybUtRUEZaZA$sFx/2TsqeshwbjjOvjvAzqo/SrcGMLP+qEddtUsP0Io",
    ),
    (
        "argon2",
        "limit",
        "$argon2id$v=19$m=65537,t=1,p=1$aGE4NVk1dEFybUtRUEZaZA$sFx/2TsqeshwbjjOvjvAzqo/SrcGMLP+qEddtUsP0Io",
    ),
    (
        "argon2",
        "limit",
        "$argon2id$v=19$m=65536,t=4294967295,p=1$aGE4NVk1dEFybUtRUEZaZA$sFx/2TsqeshwbjjOvjvAzqo/SrcGMLP+qEddtUsP0Io",
    ),
    (
        "argon2",
        "limit",
        "$argon2id$v=19$m=65536,t=5,p=1$aGE4NVk1dEFybUtRUEZaZA$sFx/2TsqeshwbjjOvjvAzqo/SrcGMLP+qEddtUsP0Io",
    ),
    ("scrypt", "limit", "$scrypt$ln=40,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    // 1 GiB, and 128 MiB.
    ("scrypt", "limit", "$scrypt$ln=20,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ("scrypt", "limit", "$scrypt$ln=17,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ("scrypt", "limit", "$scrypt$ln=16,r=8,p=5$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ("pbkdf2-django", "limit", "pbkdf2_sha256$2147483647$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    (
        "sha512-crypt",
        "limit",
        "$6$rounds=999999999$saltsalt01$3/YebrR4BdV3tib1JA7B20tQcCms5XnzazLfJIkP/v7cM9Ksh/mHRyt.7HI9Bd0ckpTGG8g1PvX0kVwm44wqT.",
    ),
    ("phpass", "limit", "$P$Saaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("yescrypt", "limit", "$y$jIT$salt$0123456789012345678901234567890123456789012"),
];

/// An answer comes within this, on a machine that other tests load as well.
const LIMIT: Duration = Duration::from_millis(1_500);

/// No import takes more memory, in MiB; that of 100,000 people takes less (`cargo xtask bench migrate`).
const IMPORT: f64 = 128.0;

/// Lines of `/metrics` that begin so, with their values.
async fn counted(world: &World, start: &str) -> BTreeMap<String, u64> {
    let mut connection = Connection::new(world.installation.port);
    let answer = connection.exchange(&Request::get(HOST, "/metrics", &[])).await.unwrap();
    assert_eq!(answer.status, 200);
    let lines = std::str::from_utf8(answer.body).unwrap().lines().filter_map(|line| line.strip_prefix(start));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(of, count)| (of.to_owned(), count.parse().unwrap()))
        .collect()
}

/// How many hashes of each scheme were computed for a sign-in.
async fn computed(world: &World) -> BTreeMap<String, u64> {
    counted(world, "authly_password_verify_duration_seconds_count").await
}

/// Waits for a process; its end, and its memory at its peak in MiB.
async fn peak_of(mut process: Child) -> (ExitStatus, f64) {
    let mut peak: f64 = 0.0;
    loop {
        peak = peak.max(usage::memory(process.id()).peak);
        if let Some(status) = process.try_wait().unwrap() {
            return (status, peak);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_against_a_hostile_hash_is_answered_soon_and_in_little_memory() {
    for kind in Kind::BOTH {
        let world = World::new(kind, Plan { users: 20, ..Plan::new(Legacy::LegacyUsers) }).await;
        world.import(&["--execute"]);
        let server = world.serve();
        assert_eq!(world.sign_in(&world.people[0].0, &world.people[0].1).await.0, 200);
        let before = usage::memory(server.id()).now;
        let computed_before = computed(&world).await;
        assert_eq!(computed_before.values().sum::<u64>(), 1, "{kind:?}: {computed_before:?}");
        usage::forget_peak(server.id());
        let mut refused = BTreeMap::new();
        for (place, (scheme, why, hash)) in HOSTILE.into_iter().enumerate() {
            // Who fails five times is locked out, and then no hash is looked at.
            let (email, password) = &world.people[1 + place / 2];
            let sql =
                format!("UPDATE users SET password_hash = '{hash}', upgraded_hash = NULL WHERE email = '{email}'");
            world.change(&sql, &sql).await;
            // A hash that is computed takes long each time; a machine that looks away does so once.
            let mut took = Vec::new();
            while took.len() < 2 && took.last().is_none_or(|took| *took >= LIMIT) {
                let began = Instant::now();
                let (status, body) = world.sign_in(email, password).await;
                assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()), "{kind:?}: {hash}");
                took.push(began.elapsed());
                *refused.entry(format!("{{scheme=\"{scheme}\",kind=\"{why}\"}}")).or_insert(0) += 1;
            }
            assert!(took.iter().any(|took| *took < LIMIT), "{kind:?}: {hash} took {took:?}");
        }
        assert_eq!(counted(&world, "authly_password_verify_errors_total").await, refused, "{kind:?}");
        assert_eq!(computed(&world).await, computed_before, "{kind:?}: none of them was computed");
        let grown = usage::memory(server.id()).peak - before;
        assert!(grown < 80.0, "{kind:?}: {grown} MiB more");
        server.stop().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_hashes_of_a_source_become_no_password_and_none_is_computed() {
    for kind in Kind::BOTH {
        let users = u32::try_from(HOSTILE.len()).unwrap();
        let world = World::new(kind, Plan { users, ..Plan::new(Legacy::LegacyUsers) }).await;
        let rows = "(SELECT id, row_number() OVER (ORDER BY id) AS place FROM legacy_users)";
        for (place, (_, _, hash)) in (1..).zip(HOSTILE) {
            let row = format!("(SELECT id FROM {rows} AS rows WHERE place = {place})");
            world.change_source(&format!("UPDATE legacy_users SET password_hash = '{hash}' WHERE id = {row}")).await;
        }
        let (status, peak) = peak_of(world.start_import(&[], None)).await;
        assert_eq!(status.code(), Some(0), "{kind:?}");
        assert!(peak > 5.0 && peak < IMPORT, "{kind:?}: {peak} MiB");
        let count = async |of: &str| world.number(&format!("SELECT count(*) FROM {of}")).await;
        let all = i64::from(users);
        let reset = "users WHERE reset_required = (1 = 1) AND credential_state = 'reset_required'";
        assert_eq!(count(reset).await, all, "{kind:?}");
        assert_eq!(count("users WHERE password_hash IS NOT NULL OR upgraded_hash IS NOT NULL").await, 0, "{kind:?}");
        let told = "migration_items WHERE outcome = 'import_reset_required' AND CAST(reason AS TEXT)";
        let malformed = all - i64::try_from(HOSTILE.iter().filter(|(_, why, _)| *why == "limit").count()).unwrap();
        assert_eq!(count(&format!("{told} LIKE '%hash_hostile%'")).await, all - malformed, "{kind:?}");
        assert_eq!(count(&format!("{told} LIKE '%hash_unsupported%'")).await, malformed, "{kind:?}");

        let server = world.serve();
        for (email, password) in &world.people {
            let (status, body) = world.sign_in(email, password).await;
            assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()), "{kind:?}: {email}");
        }
        assert_eq!(computed(&world).await, BTreeMap::new(), "{kind:?}: there is nothing to compute");
        server.stop().unwrap();
    }
}

/// Rows of 8 kB each: all of them together are more than the import may take, whether they are 20,000 or 100,000.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_takes_no_more_memory_for_many_rows_than_for_few() {
    let users = long(100_000).unwrap_or(0).max(20_000);
    assert!(f64::from(users) * 8_000.0 > IMPORT * 1_048_576.0);
    for kind in Kind::BOTH {
        let world = World::new(kind, Plan { users, ..Plan::new(Legacy::LegacyUsers) }).await;
        let long = match kind {
            Kind::Postgres => "'$2b$10$' || repeat('x', 8000)",
            Kind::Sqlite => "'$2b$10$' || hex(zeroblob(4000))",
        };
        world.change_source(&format!("UPDATE legacy_users SET password_hash = {long}")).await;
        let (status, peak) = peak_of(world.start_import(&["--pace", "full"], None)).await;
        assert_eq!(status.code(), Some(0), "{kind:?}");
        println!("{kind:?}: {users} rows imported in {peak} MiB");
        assert!(peak > 5.0 && peak < IMPORT, "{kind:?}: {peak} MiB");
        assert_eq!(world.number("SELECT count(*) FROM users").await, i64::from(users), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_of_two_hundred_kilobytes_are_read_in_little_memory_and_become_no_password() {
    for kind in Kind::BOTH {
        let world = World::new(kind, Plan { users: 400, ..Plan::new(Legacy::LegacyUsers) }).await;
        let huge = match kind {
            Kind::Postgres => "'$2b$10$' || repeat('x', 200000)",
            Kind::Sqlite => "'$2b$10$' || hex(zeroblob(100000))",
        };
        world.change_source(&format!("UPDATE legacy_users SET password_hash = {huge}")).await;
        let (status, peak) = peak_of(world.start_import(&[], None)).await;
        assert!(matches!(status.code(), Some(0 | 2)), "{status}");
        // All of them together would be 80 MB.
        assert!(peak > 5.0 && peak < 80.0, "{kind:?}: {peak} MiB");
        assert_eq!(world.number("SELECT count(*) FROM users WHERE reset_required = (1 = 1)").await, 400, "{kind:?}");
        assert_eq!(world.number("SELECT count(*) FROM users WHERE password_hash IS NOT NULL").await, 0, "{kind:?}");
    }
}
