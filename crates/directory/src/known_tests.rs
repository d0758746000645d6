//! Tests of browsers in which an account is known.

use oauth_core::ids::UserId;

use super::*;
use crate::store::{PasswordChange, Replace};

fn mark(signed_in: &PageSignIn) -> Option<KnownDevice> {
    KnownDevice::open(&signed_in.device, &crate::testing::TestSealer, at(0), Duration::from_secs(60))
}

/// Somebody else sets Alice's password.
fn set_password(world: &World, password: &str, at: Timestamp) {
    let (user, hash) = (alice().subject.id, hash(password).unwrap());
    let write = PasswordChange { user, replaces: Replace::Any, hash, older_hash: None, at, audit: None };
    assert_eq!(now_or_never(world.memory().set_password(write)).unwrap(), Commit::Applied);
}

/// A world in which so many attempts a minute are allowed at one account, and more from one address.
fn bounded(burst: u32) -> World {
    let rate = Rate { burst, every: Duration::from_secs(60) };
    let limits = Limits { account: rate, address: rate.burst(100), registration: rate, password_change: rate };
    let world = World::with(|settings| settings.limits = Some(limits), |_| {});
    world.put(&alice(), hash("correct horse"));
    world
}

fn in_browser(world: &World, known_device: Option<KnownDevice>, password: &str) -> Result<PageSignIn, SignInRefused> {
    in_browser_as(world, known_device, "alice", password)
}

fn in_browser_as(
    world: &World,
    known_device: Option<KnownDevice>,
    name: &str,
    password: &str,
) -> Result<PageSignIn, SignInRefused> {
    on_page(world, &SignInRequest { known_device, ..request(name, password) }, &Browser::default())
}

fn limited(result: &Result<PageSignIn, SignInRefused>) -> bool {
    matches!(result, Err(SignInRefused::TooMany(_)))
}

/// C-28: a stranger who locks an account does not lock out the browser that has signed in before.
#[test]
fn a_known_browser_is_counted_apart() {
    let world = world();
    let known = mark(&page(&world, "alice", "correct horse").unwrap());
    for _ in 0..6 {
        failed(page(&world, "alice", "guess"));
    }
    failed(page(&world, "alice", "correct horse"));
    let own = SignInRequest { known_device: known, ..request("alice", "correct horse") };
    let signed_in = on_page(&world, &own, &Browser::default()).unwrap();
    assert_eq!(mark(&signed_in), known, "the mark stays the same");
    let guess = SignInRequest { password: secret("guess"), ..own.clone() };
    for _ in 0..5 {
        failed(on_page(&world, &guess, &Browser::default()));
    }
    failed(on_page(&world, &own, &Browser::default()));
}

/// C-28: whoever had the former password is a stranger like any other.
#[test]
fn a_browser_is_known_as_long_as_the_password() {
    let world = world();
    let known = mark(&page(&world, "alice", "correct horse").unwrap());
    world.set_time(1);
    set_password(&world, "battery staple", at(1));
    let lock = || (0..5).for_each(|_| failed(page(&world, "alice", "guess")));
    let by = |known_device| {
        let own = SignInRequest { known_device, ..request("alice", "battery staple") };
        on_page(&world, &own, &Browser::default())
    };
    lock();
    failed(by(known));
    world.set_time(30 * 60 + 1);
    let anew = mark(&by(known).unwrap());
    assert_ne!(anew.unwrap().mark, known.unwrap().mark);
    lock();
    assert!(by(anew).is_ok(), "and it is known by the new one");
}

#[test]
fn a_mark_of_another_account_opens_no_counter_of_its_own() {
    let world = world();
    world.put(&account(2, "eve@example.com", "eve"), hash("eves password"));
    let of_eve = mark(&page(&world, "eve", "eves password").unwrap());
    let guess = SignInRequest { known_device: of_eve, ..request("alice", "guess") };
    for _ in 0..5 {
        failed(on_page(&world, &guess, &Browser::default()));
    }
    failed(page(&world, "alice", "correct horse"));
}

#[test]
fn a_mark_is_read_only_unaltered_and_in_time() {
    let world = world();
    let signed_in = page(&world, "alice", "correct horse").unwrap();
    let open = |text: &str, seconds| {
        KnownDevice::open(text, &crate::testing::TestSealer, at(seconds), Duration::from_secs(60)).is_some()
    };
    assert!(open(&signed_in.device, 59));
    assert!(!open(&signed_in.device, 60));
    for text in ["", "AAAA", &signed_in.device[1..], &"A".repeat(300)] {
        assert!(!open(text, 0), "{text}");
    }
}

/// SECURITY.md row 34: a mark is given at each sign-in, so that a bucket for each would be as many as somebody likes.
#[test]
fn browsers_that_know_an_account_share_a_bucket() {
    let world = bounded(4);
    let marks: Vec<_> = (0..3).map(|_| mark(&page(&world, "alice", "correct horse").unwrap())).collect();
    let mut guesses = marks.iter().cycle().map(|known| in_browser(&world, *known, "guess"));
    for _ in 0..4 {
        failed(guesses.next().unwrap());
    }
    assert!(limited(&guesses.next().unwrap()));
}

/// SECURITY.md row 34: neither whoever had the former password nor whoever has an account of their own guesses in a bucket apart, and they
/// leave that of the browsers that are known alone.
#[test]
fn a_mark_that_counts_for_nothing_has_the_bucket_of_everybody() {
    let world = bounded(4);
    world.put(&account(2, "eve@example.com", "eve"), hash("eves password"));
    let of_eve = mark(&page(&world, "eve", "eves password").unwrap());
    let former = mark(&page(&world, "alice", "correct horse").unwrap());
    set_password(&world, "battery staple", at(1));
    world.set_time(2);
    let known = mark(&page(&world, "alice", "battery staple").unwrap());
    for stranger in [former, of_eve] {
        failed(in_browser(&world, stranger, "guess"));
    }
    for stranger in [former, of_eve, None] {
        assert!(limited(&in_browser(&world, stranger, "guess")), "{stranger:?}");
    }
    assert!(in_browser(&world, known, "battery staple").is_ok());
}

/// A mark is sealed, so that its bucket is asked before the store is: whoever it turns away writes nothing there.
#[test]
fn a_mark_is_charged_before_anything_is_asked_of_the_store() {
    let world = bounded(2);
    world.put(&account(2, "eve@example.com", "eve"), hash("eves password"));
    let known = mark(&page(&world, "alice", "correct horse").unwrap());
    let of_eve = mark(&page(&world, "eve", "eves password").unwrap());
    for (own, name) in [(known, "alice"), (of_eve, "nobody")] {
        let guess = || in_browser_as(&world, own, name, "guess");
        failed(guess());
        failed(guess());
        world.memory().take_down();
        for _ in 0..10 {
            assert!(limited(&guess()), "{name}");
        }
        world.memory().bring_up();
    }
}

/// Browsers that are known by one password share a bucket; those that were known by the former one have another.
#[test]
fn a_bucket_is_of_an_account_and_a_password() {
    let known = |user: u128, mark, set_at: Option<i64>| KnownDevice {
        user: UserId::from_uuid(uuid::Uuid::from_u128(user)),
        mark: [mark; 16],
        made_at: at(100),
        password_set_at: set_at.map(at),
    };
    let own = known(1, 1, Some(10)).bucket();
    assert_eq!(known(1, 2, Some(10)).bucket(), own);
    for other in [known(2, 1, Some(10)), known(1, 1, Some(11)), known(1, 1, None)] {
        assert_ne!(other.bucket(), own, "{other:?}");
    }
    for one in [known(1, 1, Some(10)), known(1, 1, None)] {
        let opened = KnownDevice::open(
            &one.seal(&crate::testing::TestSealer),
            &crate::testing::TestSealer,
            at(101),
            Duration::from_secs(60),
        );
        assert_eq!(opened, Some(one));
    }
}

/// Whoever is told to wait has not guessed, and finds no locked account afterwards.
#[test]
fn what_a_bucket_turns_away_counts_as_no_failure() {
    let world = bounded(2);
    let known = mark(&page(&world, "alice", "correct horse").unwrap());
    failed(in_browser(&world, known, "guess"));
    failed(in_browser(&world, known, "guess"));
    world.cost();
    for _ in 0..10 {
        assert!(limited(&in_browser(&world, known, "correct horse")));
    }
    assert_eq!(world.cost(), (0, 0), "no password was looked at");
    world.set_time(59);
    assert!(in_browser(&world, known, "correct horse").is_err());
    world.set_time(60);
    assert!(in_browser(&world, known, "correct horse").is_ok());
}
