//! G15: hashes that are made to cost hours or terabytes cost neither, at a sign-in and in an import.

use std::time::{Duration, Instant};

use authly_bench::usage;
use authly_legacy_source::{Legacy, Plan};

use crate::world::{Kind, World};

/// Stored hashes that nobody should compute.
const HOSTILE: [&str; 7] = [
    "$2b$31$QksTKjiU2JPuxGeHPbG3oO3WvCDV9bnXiXPo6PEvoFFUQWUafqSpi",
    "$argon2id$v=19$m=4294967295,t=2,p=1$aGE4NVk1dEFybUtRUEZaZA$sFx/2TsqeshwbjjOvjvAzqo/SrcGMLP+qEddtUsP0Io",
    "$argon2id$v=19$m=65536,t=4294967295,p=1$aGE4NVk1dEFybUtRUEZaZA$sFx/2TsqeshwbjjOvjvAzqo/SrcGMLP+qEddtUsP0Io",
    "$scrypt$ln=40,r=8,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "pbkdf2_sha256$2147483647$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "$6$rounds=999999999$saltsalt01$3/YebrR4BdV3tib1JA7B20tQcCms5XnzazLfJIkP/v7cM9Ksh/mHRyt.7HI9Bd0ckpTGG8g1PvX0kVwm44wqT.",
    "$2b$10$\u{f6}\u{f6}\u{f6}",
];

/// An answer comes within this, on a machine that other tests load as well.
const LIMIT: Duration = Duration::from_millis(1_500);

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_against_a_hostile_hash_is_answered_soon_and_in_little_memory() {
    for kind in Kind::BOTH {
        let world = World::new(kind, Plan { users: 20, ..Plan::new(Legacy::LegacyUsers) }).await;
        world.import(&["--execute"]);
        let server = world.serve();
        let (email, password) = &world.people[0];
        assert_eq!(world.sign_in(&world.people[1].0, &world.people[1].1).await.0, 200);
        let before = usage::memory(server.id()).now;
        usage::forget_peak(server.id());
        for hash in HOSTILE {
            let sql =
                format!("UPDATE users SET password_hash = '{hash}', upgraded_hash = NULL WHERE email = '{email}'");
            world.change(&sql, &sql).await;
            let began = Instant::now();
            let (status, body) = world.sign_in(email, password).await;
            assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()), "{kind:?}: {hash}");
            assert!(began.elapsed() < LIMIT, "{kind:?}: {hash} took {:?}", began.elapsed());
        }
        let grown = usage::memory(server.id()).peak - before;
        assert!(grown < 80.0, "{kind:?}: {grown} MiB more");
        server.stop().unwrap();
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
        let mut import = world.start_import(&[], None);
        let mut peak: f64 = 0.0;
        let status = loop {
            peak = peak.max(usage::memory(import.id()).peak);
            if let Some(status) = import.try_wait().unwrap() {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert!(matches!(status.code(), Some(0 | 2)), "{status}");
        // All of them together would be 80 MB.
        assert!(peak > 5.0 && peak < 80.0, "{kind:?}: {peak} MiB");
        assert_eq!(world.number("SELECT count(*) FROM users WHERE reset_required = (1 = 1)").await, 400, "{kind:?}");
        assert_eq!(world.number("SELECT count(*) FROM users WHERE password_hash IS NOT NULL").await, 0, "{kind:?}");
    }
}
