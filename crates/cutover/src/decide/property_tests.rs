//! Properties of the decision: over rows that collide, break and change.

use authly_directory::password::StoredHash;
use proptest::prelude::*;

use super::{
    testing::{Act, Mirror, World, with},
    *,
};
use crate::{profile::rules::Collision, rollback::Later, source::SourceId};

/// E-mail address, user name, hash, activity, administrator.
type Row = (Option<&'static str>, Option<&'static str>, Option<&'static str>, Activity, bool);

/// Rows with few different names, so that they collide.
fn rows() -> impl Strategy<Value = Vec<Person>> {
    let email = prop_oneof![
        Just(None),
        Just(Some("a@example.com")),
        Just(Some("A@Example.com")),
        Just(Some("b@example.com")),
        Just(Some("c@example.com")),
        Just(Some("no address")),
    ];
    let username = prop_oneof![Just(None), Just(Some("ann")), Just(Some("Ann")), Just(Some("b@example.com"))];
    let hash = prop_oneof![Just(None), Just(Some("foreign:1")), Just(Some("hostile:1")), Just(Some("weak:1"))];
    let activity =
        prop_oneof![Just(Activity::Active), Just(Activity::Inactive), Just(Activity::Deleted), Just(Activity::Pending)];
    let one = (email, username, hash, activity, any::<bool>());
    proptest::collection::vec(one, 0..12).prop_map(|rows| {
        let make = |(place, (email, username, hash, activity, admin)): (usize, Row)| {
            with(Person::unknown(SourceId::parse(&format!("{:03}", place + 1)).unwrap()), |person| {
                person.email = email.map(str::to_owned);
                person.username = username.map(str::to_owned);
                person.hash = hash.map(|hash| StoredHash::new(hash.to_owned()));
                (person.activity, person.is_admin) = (activity, admin);
            })
        };
        rows.into_iter().enumerate().map(make).collect()
    })
}

proptest! {
    #[test]
    fn every_row_has_one_outcome_and_a_dry_run_tells_the_truth(
        first in rows(),
        second in rows(),
        rule in prop_oneof![Just(Collision::Conflict), Just(Collision::Oldest), Just(Collision::MostRecentlyUsed)],
    ) {
        let mut world = World::new();
        world.rules.collision = rule;
        for rows in [&first, &second] {
            let untouched = world.target.accounts();
            let dry = world.pass(rows, Act::Dry);
            prop_assert_eq!(&world.target.accounts(), &untouched);
            let run = world.import(rows);
            prop_assert_eq!(&dry, &run);
            prop_assert_eq!(run.counters.rows(), rows.len() as u64);
        }
        // A name that a later row sets free is taken by the next run; after that nothing changes any more (G3).
        for _ in 0..second.len() {
            world.import(&second);
        }
        let (accounts, lines) = (world.target.accounts(), world.target.lines().len());
        let again = world.import(&second);
        prop_assert_eq!(&world.target.accounts(), &accounts);
        prop_assert_eq!(world.target.lines().len(), lines, "{:?}", again);
    }

    #[test]
    fn a_second_run_changes_nothing(rows in rows()) {
        let mut world = World::new();
        let first = world.import(&rows);
        let (accounts, lines) = (world.target.accounts(), world.target.lines().len());
        let second = world.import(&rows);
        prop_assert_eq!(&world.target.accounts(), &accounts);
        prop_assert_eq!(world.target.lines().len(), lines, "{:?}", second);
        for (before, after) in first.rows.iter().zip(&second.rows) {
            let imported = matches!(before.outcome, Outcome::Import | Outcome::ImportDisabled | Outcome::ImportResetRequired);
            prop_assert_eq!(after.outcome, if imported { Outcome::Unchanged } else { before.outcome });
        }
    }

    #[test]
    fn a_rollback_of_everything_leaves_nothing(first in rows(), second in rows()) {
        let mut world = World::new();
        world.import(&first);
        world.import(&second);
        world.roll_back(Later::Keep);
        prop_assert_eq!(world.target.accounts(), []);
    }

    #[test]
    fn replaying_the_ledger_gives_the_final_state(first in rows(), second in rows()) {
        let mut world = World::new();
        world.import(&first);
        world.import(&second);
        let mut replayed = std::collections::BTreeMap::new();
        for line in world.target.lines() {
            let Some(user) = line.user else { continue };
            match line.action {
                crate::ledger::Action::Create => {
                    replayed.insert(user, crate::columns::account(user, &line.after, &Mirror).unwrap());
                }
                _ => {
                    let account = replayed.get_mut(&user).unwrap();
                    for (name, value) in line.after.iter().filter(|(name, _)| *name != "link") {
                        crate::columns::put(account, name, value, &Mirror).unwrap();
                    }
                }
            }
        }
        let replayed: Vec<_> = replayed.into_values().collect();
        prop_assert_eq!(replayed, world.target.accounts());
    }
}
