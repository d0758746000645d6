//! Tests of logout.

use super::*;
use crate::{
    engine::session::{Remember, SessionStart},
    session::AuthenticationMethod,
    testing::{World, now_or_never, subject},
};

fn signed_in() -> (World, Browser) {
    let world = World::new();
    let (session, cookie) = world.engine.new_session(SessionStart {
        user: subject().id,
        methods: vec![AuthenticationMethod::Pwd],
        authenticated_at: Some(world.engine.now()),
        remember: Remember::Device,
        user_agent: Some("Browser\n1".repeat(100)),
        address: None,
        replaces: None,
    });
    assert_eq!(session.user_agent.as_ref().map(|text| (text.len(), text.contains('\n'))), Some((255, false)));
    world.memory.begin_session(session).unwrap();
    (world, Browser { session: Some(cookie), ..Browser::default() })
}

fn logout(world: &World, browser: &Browser, arrival: Arrival) -> LogoutStep {
    now_or_never(world.engine.logout(&Params::default(), arrival, browser)).unwrap()
}

fn alive(world: &World, browser: &Browser) -> bool {
    now_or_never(world.engine.session(browser)).unwrap().is_some()
}

/// SECURITY.md rows 30, 47 and 48.
#[test]
fn a_session_ends_when_its_user_says_so_and_a_copied_cookie_is_dead() {
    let (world, browser) = signed_in();
    let LogoutStep::Ask { csrf, account, client } = logout(&world, &browser, Arrival::Get) else { panic!() };
    assert_eq!((account.id, client.is_none()), (subject().id, true));
    let forged = now_or_never(world.engine.confirm_logout("forged", &browser));
    assert!(matches!(forged, Err(LogoutFailure::Page(PageError::Form))));
    assert!(alive(&world, &browser));
    let done = now_or_never(world.engine.confirm_logout(&csrf, &browser)).unwrap();
    assert!(matches!(done, LogoutStep::SignedOut { redirect: None }));
    assert!(!alive(&world, &browser.clone()));
    assert!(matches!(logout(&world, &browser, Arrival::Get), LogoutStep::SignedOut { redirect: None }));
}

#[test]
fn a_post_is_continued_by_our_own_get() {
    let (world, browser) = signed_in();
    assert!(matches!(logout(&world, &browser, Arrival::Post), LogoutStep::Continue { .. }));
    assert!(alive(&world, &browser));
}
