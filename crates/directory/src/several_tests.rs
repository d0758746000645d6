//! Tests of signing in where several accounts have one name.

use super::*;
use crate::choose::Offer;

fn several<T: std::fmt::Debug>(result: Result<T, SignInRefused>) -> Vec<Choice> {
    match result {
        Err(SignInRefused::Several(choices)) => choices,
        other => panic!("{other:?}"),
    }
}

/// MIGRATION.md 3.4: of several accounts with one name, those whose password verifies count.
#[test]
fn of_several_accounts_the_one_that_fits_signs_in() {
    let world = World::new();
    world.put(&account(1, "shared@example.com", "one"), hash("first"));
    world.put(&account(2, "Shared@example.com", "two"), hash("second"));
    let signed_in = page(&world, "SHARED@example.com", "second").unwrap();
    assert_eq!(signed_in.account.username, "two");
    failed(page(&world, "SHARED@example.com", "third"));
    world.put(&account(1, "shared@example.com", "one"), hash("second"));
    let names: Vec<_> = several(page(&world, "SHARED@example.com", "second"))
        .into_iter()
        .map(|choice| choice.account.username)
        .collect();
    assert_eq!(names, ["one", "two"]);
    assert!(page(&world, "shared@example.com", "second").is_ok(), "the exact spelling means one of them");
}

/// C-28: who signs in does not lock a namesake out.
#[test]
fn the_sign_ins_of_one_account_are_not_held_against_its_namesake() {
    let world = World::new();
    world.put(&account(1, "shared@example.com", "one"), hash("first"));
    world.put(&account(2, "Shared@example.com", "two"), hash("second"));
    for _ in 0..20 {
        assert!(page(&world, "SHARED@example.com", "first").is_ok());
    }
    assert!(page(&world, "SHARED@example.com", "second").is_ok());
    for _ in 0..4 {
        failed(page(&world, "SHARED@example.com", "guess"));
        assert!(page(&world, "SHARED@example.com", "first").is_ok());
    }
    failed(page(&world, "SHARED@example.com", "guess"));
    failed(page(&world, "SHARED@example.com", "second"));
    assert!(
        page(&world, "SHARED@example.com", "first").is_ok(),
        "guesses at one are guesses at both, and only they count"
    );
}

/// SECURITY.md row 34: whoever makes each guess the own password first, and signs in with it under the name that both have, guesses at the
/// namesake's, and is counted.
#[test]
fn a_guess_that_was_made_ones_own_password_first_is_counted() {
    let world = World::new();
    let ada = account(1, "shared@example.com", "one");
    world.put(&ada, hash("correct horse"));
    let mut later = 0;
    let mut guess = |password: &str| {
        later += 60;
        world.set_time(later);
        let own = Account { is_verified: false, updated_at: at(later), ..account(2, "Shared@example.com", "two") };
        world.put(&own, hash(password));
        page(&world, "SHARED@example.com", password)
    };
    for number in 1..=5 {
        assert_eq!(guess(&format!("guess {number}")).unwrap().account.username, "two");
    }
    assert_eq!(guess("correct horse").unwrap().account.username, "two", "the sixth guess hits, and nobody is told");
    failed(page(&world, "shared@example.com", "correct horse"));
}

/// MIGRATION.md 3.4: what a refusal costs does not tell how many accounts have the name.
#[test]
fn a_refusal_costs_the_same_however_many_accounts_have_the_name() {
    let shared = |world: &World| {
        for (number, email) in (1..).zip(["shared@example.com", "Shared@example.com", "SHARED@example.com"]) {
            world.put(&account(number, email, &format!("u{number}")), hash(&format!("p{number}")));
        }
        world.put(&account(4, "alone@example.com", "alone"), hash("p4"));
    };
    let costs = |world: &World| {
        ["sHARED@example.com", "alone", "nobody", "\0"].map(|name| {
            failed(page(world, name, "wrong"));
            world.cost()
        })
    };
    let world = World::new();
    shared(&world);
    let alone = (page(&world, "alone", "wrong").is_err(), world.cost());
    assert_eq!(alone, (true, (1, 0)), "where addresses are unique, one hash is enough");
    let [several, ..] = costs(&world);
    assert_eq!(several, (3, 0));
    assert_eq!(costs(&world), [(3, 0); 4], "until a name has meant several accounts");

    let world = World::new();
    let event = world.directory.engine().audit(AuditKind::SignedIn, None, at(0));
    let uniqueness = crate::uniqueness::EmailUniqueness::PerTenant;
    now_or_never(world.memory().set_email_uniqueness(uniqueness, event)).unwrap();
    shared(&world);
    assert_eq!(costs(&world), [(3, 0); 4], "where each tenant has its own, from the first attempt on");
    assert!(page(&world, "alone", "p4").is_ok());
    assert_eq!(world.cost(), (1, 0), "a success need not hide anything");
}

/// MIGRATION.md 3.4: several that fit are refused in JSON, and counted as a failure there.
#[test]
fn the_legacy_doors_refuse_when_several_accounts_fit() {
    let world = World::with(|_| {}, |records| records.tenants = vec![tenant(1, true), tenant(2, true)]);
    for number in [1, 2] {
        let mut account = account(number, "shared@example.com", &format!("u{number}"));
        account.subject.tenant = tenant_ref(&tenant(number, true));
        world.put(&account, hash("same"));
    }
    for door in [Door::JsonLogin, Door::PasswordGrant] {
        assert_eq!(several(legacy(&world, "shared@example.com", "same", door)).len(), 2);
    }
    assert_eq!(world.audit(), ["sign_in_failed"; 2]);
    let mint = |account: &Account, now| Ok((pair(account.subject.id, now), ()));
    let named = SignInRequest { tenant: Some(tenant(2, true).id), ..request("shared@example.com", "same") };
    let (account, ()) = now_or_never(world.directory.sign_in_legacy(&named, Door::JsonLogin, mint)).unwrap();
    assert_eq!(account.username, "u2", "the tenant decides");
}

/// MIGRATION.md 3.4: the page asks which one is meant; the answer counts while the password is the same.
#[test]
fn whoever_has_the_password_of_several_accounts_chooses() {
    let world = World::new();
    let two = account(2, "Shared@example.com", "two");
    world.put(&account(1, "shared@example.com", "one"), hash("same"));
    world.put(&two, hash("same"));
    let choices = several(page(&world, "SHARED@example.com", "same"));
    let offer = Offer { proven_at: at(0) };
    let choose = |choice: &Choice| {
        let browser = Browser::default();
        let visit =
            PageVisit { door: Door::Page, browser: &browser, remember: Remember::BrowserSession, user_agent: None };
        now_or_never(world.directory.sign_in_chosen(choice, offer, None, None, visit))
    };
    world.set_time(30);
    let signed_in = choose(&choices[1]).unwrap();
    assert_eq!(signed_in.account.username, "two");
    let session = now_or_never(world.memory().session(signed_in.cookie.hash())).unwrap().unwrap();
    assert_eq!((session.authenticated_at, session.created_at), (Some(at(0)), at(30)), "the password was typed before");
    assert_eq!(world.audit(), ["signed_in"], "the password was right, so nothing failed");
    let offered = now_or_never(world.directory.choice(two.subject.id)).unwrap().unwrap();
    assert_eq!(offered.proof, choices[1].proof);
    world.put(&two, hash("changed"));
    failed(choose(&choices[1]));
    world.put(&two, None);
    failed(choose(&choices[1]));
    assert!(now_or_never(world.directory.choice(two.subject.id)).unwrap().is_none());
    let mut disabled = two;
    disabled.subject.status = AccountStatus::Disabled;
    world.put(&disabled, hash("same"));
    failed(choose(&choices[1]));
    assert!(now_or_never(world.directory.choice(disabled.subject.id)).unwrap().is_none());
}
