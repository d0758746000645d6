//! G16: people and administrators act on accounts while an import runs over their rows. Who acted last wins, and nobody is
//! doubled.

use authly_legacy_source::{Legacy, Plan};
use serde_json::json;

use crate::world::{Dice, Kind, World, outcomes};

const ROWS: u32 = 120;

/// What one person did while the import ran.
#[derive(Debug)]
enum Act {
    /// A new password, by the owner.
    Changed(String),
    /// The account was removed.
    Deleted,
    /// Somebody registered the address that the row was about to give its account.
    Registered,
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_who_act_while_an_import_runs_over_their_rows_have_the_last_word() {
    for kind in Kind::BOTH {
        let plan = Plan { users: ROWS, ..Plan::new(Legacy::LegacyUsers) };
        let world = World::new(kind, plan).await.with("REGISTRATION_ENABLED", "true");
        world.import(&["--execute"]);
        // From now on each row has another address and another password.
        let other = "$2y$10$QksTKjiU2JPuxGeHPbG3oO3WvCDV9bnXiXPo6PEvoFFUQWUafqSpi";
        world
            .change_source(&format!("UPDATE legacy_users SET email = 'new.' || email, password_hash = '{other}'"))
            .await;
        let server = world.serve();
        let people = addresses(&world).await;
        let mut import = world.start_import(&["--batch", "4", "--max-rate", "40"], None);

        // Everybody who acts is chosen so that some rows are behind the import, some under it and some before it.
        let (mut dice, mut acts) = (Dice(0xdead_beef), Vec::new());
        let mut during = 0;
        for turn in 0..18_u32 {
            let row = usize::try_from(dice.below(u64::from(ROWS))).unwrap();
            if acts.iter().any(|(done, _)| *done == row) {
                continue;
            }
            let (id, old, password) = &people[row];
            let new = format!("new.{old}");
            let act = match turn % 3 {
                0 => change(&world, old, &new, password).await,
                1 => world.admin(&["user", "delete", id, "--yes"]).code.filter(|code| *code == 0).map(|_| Act::Deleted),
                _ => {
                    let body =
                        json!({ "email": new, "username": format!("own-{row}"), "password": "registered first 1" });
                    let (status, _) = world.post("/auth/register", None, &body).await;
                    assert_eq!(status, 201);
                    Some(Act::Registered)
                }
            };
            during += u32::from(import.try_wait().unwrap().is_none());
            acts.extend(act.map(|act| (row, act)));
        }
        let status = import.wait().unwrap();
        assert!(matches!(status.code(), Some(0 | 2)), "{kind:?}: {status}");
        assert!(during >= 6, "{kind:?}: the import was over after {during} acts");

        // Once more: the import has seen all there is to see, and still nobody's word is overruled.
        let last = world.import(&["--execute"]);
        assert_eq!(last["reconciles"], true, "{last}");
        assert!(outcomes(&last).iter().all(|(name, _)| name != "failed"), "{kind:?}: {last}");
        for (row, act) in &acts {
            let (id, old, _) = &people[*row];
            let new = format!("new.{old}");
            let count = world.number(&format!("SELECT count(*) FROM users WHERE lower(email) = lower('{new}')")).await;
            match act {
                Act::Changed(own) => {
                    let signed_in = [world.sign_in(&new, own).await.0, world.sign_in(old, own).await.0];
                    assert!(signed_in.contains(&200), "{kind:?}: row {row}: the new password of {old} is gone");
                    let given = world.sign_in(&new, "Legacy-pass-1").await.0;
                    assert_eq!(given, 400, "{kind:?}: row {row}: the source's password took the place of the owner's");
                }
                Act::Deleted => {
                    let there = world.admin(&["user", "show", id]);
                    let gone = there.code != Some(0) || there.out.contains("deleted");
                    assert!(gone, "{kind:?}: row {row} was deleted and is back: {there:?}");
                }
                Act::Registered => assert_eq!(count, 1, "{kind:?}: row {row}: {new}"),
            }
        }
        let twice =
            "SELECT count(*) FROM (SELECT lower(email) FROM users GROUP BY lower(email) HAVING count(*) > 1) twice";
        assert_eq!(world.number(twice).await, 0, "{kind:?}: addresses are unique");
        server.stop().unwrap();
    }
}

/// The owner changes the password; either name may be the account's at this moment, and either password, if the import has just
/// carried over what the row says.
async fn change(world: &World, old: &str, new: &str, password: &str) -> Option<Act> {
    for (name, password) in [(old, password), (new, password), (new, "Legacy-pass-1"), (old, "Legacy-pass-1")] {
        let (status, body) = world.sign_in(name, password).await;
        if status != 200 {
            continue;
        }
        let own = format!("my own new words {}", old.len());
        let change = json!({ "current_password": password, "new_password": own });
        let (status, _) = world.post("/api/v1/auth/change-password", body["access_token"].as_str(), &change).await;
        return (status == 200).then_some(Act::Changed(own));
    }
    None
}

/// The account, the address and the password of each row, in order.
async fn addresses(world: &World) -> Vec<(String, String, String)> {
    let users = world.json(&["user", "list", "--limit", "1000"]);
    let mut people: Vec<_> = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| {
            let text = |name: &str| user[name].as_str().unwrap().to_owned();
            let email = text("email");
            let row: u32 =
                email.split('@').next().unwrap().trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
            (row, text("id"), email)
        })
        .collect();
    people.sort_unstable();
    // The passwords of the first ten are told; the others' follow the same turn (eight of them, but for every tenth row).
    people.into_iter().map(|(row, id, email)| (id, email, format!("Legacy-pass-{}", row % 8 + 1))).collect()
}

/// Two imports of one source at once: the second is told so, changes nothing, and the first goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_is_refused_on_both_stores() {
    for kind in Kind::BOTH {
        let world = World::new(kind, Plan { users: 200, ..Plan::new(Legacy::LegacyUsers) }).await;
        let mut first = world.start_import(&["--batch", "5", "--max-rate", "60"], None);
        while world.number("SELECT COALESCE(max(last_seq), 0) FROM migration_runs").await == 0 {
            assert!(first.try_wait().unwrap().is_none(), "{kind:?}: the first import ended too early");
        }
        let second = world.admin(&world.about_source(&["import", "--execute"], &[]));
        assert_eq!(second.code, Some(1), "{kind:?}: {second:?}");
        assert!(second.err.contains("is under way"), "{second:?}");
        assert!(matches!(first.wait().unwrap().code(), Some(0)), "{kind:?}");
        assert_eq!(world.number("SELECT count(*) FROM users WHERE imported_at IS NOT NULL").await, 200, "{kind:?}");
    }
}
