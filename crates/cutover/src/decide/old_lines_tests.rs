//! Lines of the ledger that name every column, hold hashes in hexadecimal and repeat the link: written by an older import, and
//! taken back like those that leave out what every new account has alike.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::ids::{TenantId, UserId};

use super::{
    testing::{Mirror, World, person, with},
    *,
};
use crate::{
    columns::{self, SEALED},
    ledger::LedgerItem,
    rollback::{self, Later, Restored},
};

/// The same line as it was written before.
fn in_full(line: &LedgerItem, user: UserId) -> LedgerItem {
    let mut after = columns::whole(user, &line.after);
    for name in SEALED {
        let Some(text) = line.after.get(name).and_then(Value::as_str) else { continue };
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix("sealed:").unwrap()).unwrap();
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        after[name] = json!({ "sealed": digits });
    }
    let profile = after["profile"].as_object().unwrap();
    let all = serde_json::to_value(oauth_core::claims::Profile::default()).unwrap();
    let all = all.as_object().unwrap().iter().chain(profile).map(|(name, value)| (name.clone(), value.clone()));
    after["profile"] = Value::Object(all.collect());
    let link = json!({ "user": user, "base": { "email": "a@example.com" }, "run": line.key.run, "at": 1 });
    after.insert("link".to_owned(), link);
    assert_eq!(after.len(), 30, "every column, and the link");
    LedgerItem { after, ..line.clone() }
}

/// Something that happens to an account after its import.
type Afterwards = (&'static str, fn(&mut TargetAccount), Restored);

const LATER: [Afterwards; 9] = [
    ("nothing", |_| {}, Restored::Removed),
    ("signed in", |account| account.last_login_at = Some(Timestamp::from_seconds(9)), Restored::Removed),
    ("administrator", |account| account.is_admin = true, Restored::KeptChanged),
    ("disabled", |account| account.status = AccountStatus::Disabled, Restored::KeptChanged),
    (
        "tenant",
        |account| account.tenant = TenantId::parse("0191f2a0-0000-7000-8000-000000000001"),
        Restored::KeptChanged,
    ),
    ("name", |account| account.profile.name = Some("Ada".to_owned()), Restored::KeptChanged),
    ("address", |account| account.email = "b@example.com".to_owned(), Restored::KeptChanged),
    ("doors", |account| account.legacy_login = false, Restored::KeptChanged),
    (
        "password",
        |account| {
            account.hash = Some(authly_directory::password::StoredHash::new("current:mine".to_owned()));
            account.password_set_at = Some(Timestamp::from_seconds(9));
        },
        Restored::KeptChanged,
    ),
];

#[test]
fn a_line_that_names_every_column_and_one_that_does_not_take_back_the_same() {
    let mut world = World::new();
    let plain = with(person("1", "a@example.com"), |person| person.roles.clear());
    let rich = with(person("2", "z@example.com"), |person| {
        person.profile.nickname = Some("Z".to_owned());
        person.is_verified = true;
    });
    world.import(&[plain, rich]);
    for line in world.target.lines() {
        let user = line.user.unwrap();
        let imported = world.target.accounts().into_iter().find(|account| account.user == user).unwrap();
        let older = in_full(&line, user);
        for form in [&line, &older] {
            assert_eq!(columns::account(user, &form.after, &Mirror).unwrap(), imported);
        }
        for (what, change, result) in LATER {
            let mut account = imported.clone();
            change(&mut account);
            for later in [Later::Keep, Later::Overwrite] {
                let [short, long] = [&line, &older]
                    .map(|line| rollback::decide(std::slice::from_ref(line), Some(&account), later, &Mirror).unwrap());
                assert_eq!(short, long, "{what}");
                let overwritten = later == Later::Overwrite;
                assert_eq!(short.result, if overwritten { Restored::Removed } else { result }, "{what}");
                assert_eq!(short.conflicts.is_empty(), result == Restored::Removed, "{what}");
                assert_eq!(short.links.len(), usize::from(short.result == Restored::Removed), "{what}");
            }
        }
    }
}
