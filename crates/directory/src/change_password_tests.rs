//! Tests of change password.

use oauth_core::{
    browser::{Browser, SessionCookie},
    engine::session::{Remember, SessionStart},
    ids::UserId,
    limit::Rate,
    session::AuthenticationMethod,
};

use super::*;
use crate::{
    settings::Limits,
    testing::{World, account, hash, now_or_never, secret},
};

fn sign_in(world: &World, user: UserId) -> (Session, SessionCookie) {
    let (session, cookie) = world.directory.engine().new_session(SessionStart {
        user,
        methods: vec![AuthenticationMethod::Pwd],
        authenticated_at: Some(world.directory.engine().now()),
        remember: Remember::BrowserSession,
        user_agent: None,
        address: None,
        replaces: None,
    });
    world.memory().store().begin_session(session).unwrap();
    (now_or_never(world.memory().session(cookie.hash())).unwrap().unwrap(), cookie)
}

fn alice(world: &World) -> (Session, SessionCookie) {
    let alice = account(1, "alice@example.com", "alice");
    world.put(&alice, hash("correct horse"));
    sign_in(world, alice.subject.id)
}

fn change(world: &World, session: &Session, present: &str, new: &str) -> Result<(), ChangeRefused> {
    let request = PasswordChangeRequest { present: secret(present), new: secret(new), address: None };
    now_or_never(world.directory.change_password(session, &request)).map(drop)
}

#[test]
fn a_new_password_ends_every_other_session() {
    let world = World::new();
    let (session, own) = alice(&world);
    let (_, other) = sign_in(&world, session.subject.id);
    change(&world, &session, "correct horse", "battery staple").unwrap();
    let alive = |cookie: &SessionCookie| {
        let browser = Browser { session: Some(cookie.clone()), ..Browser::default() };
        now_or_never(world.directory.engine().session(&browser)).unwrap().is_some()
    };
    assert_eq!((alive(&own), alive(&other)), (true, false));
    let (_, credential) = now_or_never(world.memory().account(session.subject.id)).unwrap().unwrap();
    assert_eq!(credential.hash, hash("battery staple"));
    assert_eq!(world.audit(), ["password_changed"]);
}

#[test]
fn the_present_password_and_the_policy_are_checked() {
    let world = World::new();
    let (session, _) = alice(&world);
    for wrong in ["wrong", "", "nul\0"] {
        let refused = change(&world, &session, wrong, "battery staple");
        assert!(matches!(refused, Err(ChangeRefused::WrongPassword)), "{wrong}");
    }
    for bad in ["short", "alice@example.com", &"x".repeat(1_025)] {
        assert!(matches!(change(&world, &session, "correct horse", bad), Err(ChangeRefused::Policy(_))), "{bad}");
    }
    let (_, credential) = now_or_never(world.memory().account(session.subject.id)).unwrap().unwrap();
    assert_eq!(credential.hash, hash("correct horse"));
}

#[test]
fn a_stolen_session_is_no_oracle_for_the_password() {
    let rate = Rate { burst: 2, every: Duration::from_secs(60) };
    let limits = Limits { account: rate, address: rate, registration: rate, password_change: rate };
    let world = World::with(|settings| settings.limits = Some(limits), |_| {});
    let (session, _) = alice(&world);
    for guess in ["a", "b"] {
        assert!(matches!(change(&world, &session, guess, "battery staple"), Err(ChangeRefused::WrongPassword)));
    }
    let refused = change(&world, &session, "correct horse", "battery staple");
    assert!(matches!(refused, Err(ChangeRefused::TooMany(_))));
}

#[test]
fn two_changes_at_once_do_not_overwrite_each_other() {
    let world = World::new();
    let (session, _) = alice(&world);
    let (memory, alice) = (world.memory().clone(), account(1, "alice@example.com", "alice"));
    let put = move || memory.put_account(alice, hash("changed elsewhere"));
    *world.services().passwords.meanwhile.lock().unwrap() = Some(Box::new(put));
    let refused = change(&world, &session, "correct horse", "battery staple");
    assert!(matches!(refused, Err(ChangeRefused::Contended)));
}
