//! Lost races at the authorization endpoint.

use std::sync::atomic::Ordering;

use super::*;
use crate::{
    client::ConsentPolicy,
    engine::session::{Remember, SessionStart},
    session::AuthenticationMethod,
    testing::{Fate, LosingStore, World, client, now_or_never, subject},
};

/// A first-party client and a browser in which Alice is signed in, over a store with this fate.
fn signed_in(fate: Fate) -> (World<LosingStore>, Browser) {
    let mut app = client("app");
    app.consent = ConsentPolicy::Skipped;
    let world = World::over(|memory| LosingStore::new(memory, fate), vec![app], |_| {});
    let (session, cookie) = world.engine.new_session(SessionStart {
        user: subject().id,
        methods: vec![AuthenticationMethod::Pwd],
        authenticated_at: Some(world.engine.now()),
        remember: Remember::BrowserSession,
        user_agent: None,
        address: None,
        replaces: None,
    });
    world.memory.begin_session(session).unwrap();
    (world, Browser { session: Some(cookie), ..Browser::default() })
}

fn ask(world: &World<LosingStore>, browser: &Browser) -> Result<Step, AuthorizeFailure> {
    let query = "response_type=code&client_id=app&scope=openid&code_challenge_method=S256&redirect_uri=https://app.example.com/callback\
                 &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let params = Params::parse(query.as_bytes()).unwrap();
    now_or_never(world.engine.begin_authorization(&params, Arrival::Get, browser)).map(|progress| progress.step)
}

fn trips(world: &World<LosingStore>) -> usize {
    world.engine.services().store.trips.swap(0, Ordering::SeqCst)
}

#[test]
fn a_silent_answer_takes_one_load_and_one_commit() {
    let (world, browser) = signed_in(Fate::Fair);
    assert!(matches!(ask(&world, &browser), Ok(Step::Respond(response)) if response.field("code").is_some()));
    assert_eq!(trips(&world), 2);
}

/// DESIGN.md 4: an unauthenticated request neither reads nor writes the store.
#[test]
fn a_request_without_a_session_leaves_the_store_alone() {
    let (world, _) = signed_in(Fate::Down);
    assert!(matches!(ask(&world, &Browser::default()), Ok(Step::Ask(_))));
    assert_eq!(trips(&world), 0);
}

#[test]
fn a_session_that_ends_before_the_commit_gives_no_code() {
    let (world, browser) = signed_in(Fate::Beaten);
    let Ok(Step::Ask(page)) = ask(&world, &browser) else { panic!() };
    assert!(matches!(page.ask, Ask::SignIn { reason: SignInReason::SignedOut, .. }));
    assert_eq!(trips(&world), 3, "load, commit lost, load again");
}

#[test]
fn two_lost_races_in_a_row_are_contention() {
    let (world, browser) = signed_in(Fate::Unlucky);
    assert!(matches!(ask(&world, &browser), Err(AuthorizeFailure::Contended)));
    assert_eq!(trips(&world), 4);
}

#[test]
fn a_store_that_is_down_is_told_on_a_page_and_not_to_the_client() {
    let (world, browser) = signed_in(Fate::Down);
    assert!(matches!(ask(&world, &browser), Err(AuthorizeFailure::Store(_))));
}
