//! Tests of authorize.

use super::*;
use crate::{
    authorize::response::ResponseMode,
    browser::SessionCookie,
    client::{ClientState, ClientType, ConsentPolicy, PkcePolicy},
    crypto::Algorithm,
    engine::session::{Remember, SessionStart},
    jws::{compact, date::NumericDate, id_token::IdClaims},
    session::AuthenticationMethod,
    store::{RevocationReason, SessionRepository as _},
    subject::{AccountStatus, Subject},
    testing::{FakeKey, World, at, client, now_or_never, scopes, subject},
};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// OpenID requests have to name it.
const REDIRECT: &str = "&redirect_uri=https://app.example.com/callback";

/// A browser as the edge sees it: it keeps what it is told to keep.
struct Surfer {
    world: World,
    browser: Browser,
}

impl Surfer {
    /// A browser in which nobody is signed in, 1000 seconds after the beginning.
    fn new() -> Self {
        Self::in_world(World::new())
    }

    fn in_world(world: World) -> Self {
        world.set_time(1_000);
        Self { world, browser: Browser::default() }
    }

    fn time(&self, seconds: i64) -> &Self {
        self.world.set_time(seconds);
        self
    }

    fn sign_in(&mut self) -> &mut Self {
        let (session, cookie) = self.world.engine.new_session(SessionStart {
            user: subject().id,
            methods: vec![AuthenticationMethod::Pwd],
            authenticated_at: Some(self.world.engine.now()),
            remember: Remember::BrowserSession,
            user_agent: None,
            address: None,
            replaces: None,
        });
        self.world.memory.begin_session(session).unwrap();
        self.browser.session = Some(cookie);
        self
    }

    fn ask(&mut self, more: &str) -> Result<Step, AuthorizeFailure> {
        self.ask_as("app", Arrival::Get, more)
    }

    fn ask_as(&mut self, client: &str, arrival: Arrival, more: &str) -> Result<Step, AuthorizeFailure> {
        let redirect = if more.contains("redirect_uri=") { "" } else { REDIRECT };
        let query = format!(
            "response_type=code&client_id={client}&code_challenge={CHALLENGE}&code_challenge_method=S256&state=s1\
             {redirect}{more}"
        );
        let params = Params::parse(query.as_bytes()).unwrap();
        let progress = now_or_never(self.world.engine.begin_authorization(&params, arrival, &self.browser));
        progress.map(|progress| self.keep(progress))
    }

    fn resume(&mut self, id: PendingId) -> Result<Step, AuthorizeFailure> {
        let progress = now_or_never(self.world.engine.resume_authorization(id, &self.browser));
        progress.map(|progress| self.keep(progress))
    }

    fn answer(&mut self, id: PendingId, answer: Answer, csrf: &str) -> Result<Step, AuthorizeFailure> {
        let progress = now_or_never(self.world.engine.answer_consent(id, answer, csrf, &self.browser));
        progress.map(|progress| self.keep(progress))
    }

    fn choose(&mut self, id: PendingId, csrf: &str) -> Result<Step, AuthorizeFailure> {
        let progress = now_or_never(self.world.engine.choose_account(id, csrf, &self.browser));
        progress.map(|progress| self.keep(progress))
    }

    fn keep(&mut self, progress: Progress) -> Step {
        self.browser.pending.retain(|cookie| !progress.drop.contains(&cookie.id));
        if let Some(kept) = progress.keep {
            self.browser.pending.retain(|cookie| cookie.id != kept.id);
            self.browser.pending.push(kept);
        }
        progress.step
    }

    /// Allows the scopes that are asked for, from start to code.
    fn consent_to(&mut self, more: &str) -> AuthorizationResponse {
        let (id, csrf) = consent(self.ask(more));
        respond(self.answer(id, Answer::Allow, &csrf))
    }

    fn grant_of(&self, response: &AuthorizationResponse) -> Grant {
        let code = OpaqueToken::presented(response.field("code").expect("a code")).unwrap();
        now_or_never(self.world.memory.code(code.hash())).unwrap().expect("the code is stored").grant.grant
    }
}

fn respond(step: Result<Step, AuthorizeFailure>) -> AuthorizationResponse {
    match step {
        Ok(Step::Respond(response)) => response,
        other => panic!("no answer: {other:?}"),
    }
}

fn page(step: Result<Step, AuthorizeFailure>) -> Interaction {
    match step {
        Ok(Step::Ask(interaction)) => *interaction,
        other => panic!("no page: {other:?}"),
    }
}

fn consent(step: Result<Step, AuthorizeFailure>) -> (PendingId, String) {
    let page = page(step);
    match page.ask {
        Ask::Consent { csrf, .. } => (page.request, csrf),
        other => panic!("no consent page: {other:?}"),
    }
}

fn sign_in_reason(step: Result<Step, AuthorizeFailure>) -> (PendingId, SignInReason) {
    let page = page(step);
    match page.ask {
        Ask::SignIn { reason, .. } => (page.request, reason),
        other => panic!("no sign-in page: {other:?}"),
    }
}

fn error(step: Result<Step, AuthorizeFailure>) -> String {
    let response = respond(step);
    assert_eq!(response.field("state"), Some("s1"));
    assert_eq!(response.field("iss"), Some("https://auth.example.com"));
    response.field("error").expect("an error").to_owned()
}

/// oidcc-server: sign in, consent, code; RFC 6749 4.1.2, RFC 9207 2.
#[test]
fn a_user_signs_in_consents_and_the_client_gets_a_code() {
    let mut surfer = Surfer::new();
    let (id, reason) = sign_in_reason(surfer.ask("&scope=openid+read&nonce=n1"));
    assert_eq!(reason, SignInReason::SignedOut);
    surfer.time(1_010);
    let (again, csrf) = consent(surfer.sign_in().resume(id));
    assert_eq!(again, id);
    let response = respond(surfer.answer(id, Answer::Allow, &csrf));
    assert!(response.location().starts_with("https://app.example.com/callback?code="));
    assert_eq!(response.field("state"), Some("s1"));
    assert_eq!(response.field("iss"), Some("https://auth.example.com"));
    let grant = surfer.grant_of(&response);
    assert_eq!(grant.scope, scopes("openid read"));
    assert_eq!(grant.authenticated_at, Some(at(1_010)));
    assert!(surfer.browser.pending.is_empty(), "a request that was answered is over");
    assert!(matches!(surfer.resume(id), Err(AuthorizeFailure::Page(PageError::RequestExpired))));
}

/// oidcc-prompt-none-logged-in, oidcc-max-age-10000.
#[test]
fn a_second_request_is_answered_silently_with_the_same_sign_in() {
    let mut surfer = Surfer::new();
    let first = surfer.sign_in().consent_to("&scope=openid+read");
    surfer.time(1_500);
    for more in ["&scope=openid&prompt=none", "&scope=openid+read&max_age=10000", "&scope=read"] {
        let response = respond(surfer.ask(more));
        assert_eq!(surfer.grant_of(&response).authenticated_at, surfer.grant_of(&first).authenticated_at, "{more}");
    }
}

/// oidcc-prompt-none-not-logged-in.
#[test]
fn a_silent_request_without_a_session_gets_login_required_at_once() {
    let mut surfer = Surfer::new();
    assert_eq!(error(surfer.ask("&scope=openid&prompt=none")), "login_required");
    assert_eq!(error(surfer.sign_in().ask("&scope=openid&prompt=none")), "consent_required");
}

/// oidcc-prompt-login, oidcc-max-age-1.
#[test]
fn an_old_sign_in_is_repeated_and_the_new_one_counts() {
    for (more, why) in [("&prompt=login", SignInReason::Again), ("&max_age=1", SignInReason::TooLongAgo)] {
        let mut surfer = Surfer::new();
        surfer.sign_in().consent_to("&scope=openid");
        surfer.time(1_100);
        let (id, reason) = sign_in_reason(surfer.ask(&format!("&scope=openid{more}")));
        assert_eq!(reason, why);
        assert_eq!(sign_in_reason(surfer.resume(id)).1, why, "loading the page again does not help");
        surfer.time(1_110);
        let response = respond(surfer.sign_in().resume(id));
        assert_eq!(surfer.grant_of(&response).authenticated_at, Some(at(1_110)));
    }
}

/// oidcc-id-token-hint; SECURITY.md row 47.
#[test]
fn an_id_token_hint_is_verified_and_enforced() {
    let token = |key: &FakeKey, client: &Client| {
        let at = NumericDate::new(at(0));
        let claims = IdClaims {
            iss: "https://auth.example.com",
            sub: subject().id,
            aud: &client.id,
            azp: &client.id,
            iat: at,
            exp: at,
            auth_time: Some(at),
            nonce: None,
            acr: "1",
            amr: vec![],
            at_hash: None,
            sid: None,
        };
        compact::sign(key, "JWT", &claims).unwrap()
    };
    let ours = FakeKey::new("rs", Algorithm::RS256);
    let mut surfer = Surfer::new();
    surfer.sign_in().consent_to("&scope=openid");
    let mut hinted = |hint: String| surfer.ask(&format!("&scope=openid&prompt=none&id_token_hint={hint}"));
    assert!(respond(hinted(token(&ours, &client("app")))).field("code").is_some());
    assert_eq!(error(hinted(token(&ours, &client("other")))), "invalid_request");
    let foreign = FakeKey { secret: b"foreign".to_vec(), ..ours };
    assert_eq!(error(hinted(token(&foreign, &client("app")))), "invalid_request");
}

/// SECURITY.md row 3; S000-62; RFC 9700 4.11.2.
#[test]
fn an_error_goes_to_the_client_only_after_a_sign_in() {
    let mut surfer = Surfer::new();
    let (id, reason) = sign_in_reason(surfer.ask("&scope=nonsense"));
    assert_eq!(reason, SignInReason::SignedOut);
    assert_eq!(error(surfer.sign_in().resume(id)), "invalid_scope");
    assert_eq!(error(surfer.ask("&scope=nonsense")), "invalid_scope", "somebody is signed in already");
    surfer.browser.session = None;
    assert_eq!(error(surfer.ask("&scope=nonsense&prompt=none")), "invalid_scope", "no page is allowed");
}

/// SECURITY.md rows 1, 2 and 5.
#[test]
fn a_request_without_a_trusted_redirect_stays_on_a_page() {
    let mut surfer = Surfer::new();
    for (client, more) in [
        ("app", "&redirect_uri=https://evil.example/&prompt=none"),
        ("nobody", "&prompt=none"),
        ("app", "&client_id=app&prompt=none"),
    ] {
        let step = surfer.ask_as(client, Arrival::Get, more);
        assert!(matches!(step, Err(AuthorizeFailure::Page(_))), "{step:?}");
    }
    assert!(surfer.browser.pending.is_empty());
}

#[test]
fn a_request_that_is_too_long_stays_on_a_page_whoever_is_signed_in() {
    let mut surfer = Surfer::new();
    let long = format!("&scope=openid&login_hint=a&nonce={}&resource=", "n".repeat(500));
    let stateful = |surfer: &mut Surfer| {
        let query = format!(
            "response_type=code&client_id=app&code_challenge={CHALLENGE}&code_challenge_method=S256&state={}{long}\
             {REDIRECT}",
            "s".repeat(3_000)
        );
        let params = Params::parse(query.as_bytes()).unwrap();
        now_or_never(surfer.world.engine.begin_authorization(&params, Arrival::Get, &surfer.browser)).map(|_| ())
    };
    assert!(matches!(stateful(&mut surfer), Err(AuthorizeFailure::Page(PageError::TooLong))));
    surfer.sign_in();
    assert!(matches!(stateful(&mut surfer), Err(AuthorizeFailure::Page(PageError::TooLong))));
}

/// oidcc-ensure-post-request-succeeds; DESIGN.md 4.
#[test]
fn a_post_from_another_site_is_continued_by_our_own_get() {
    let mut surfer = Surfer::new();
    surfer.sign_in().consent_to("&scope=openid");
    let session = surfer.browser.session.take();
    let Ok(Step::Continue(id)) = surfer.ask_as("app", Arrival::Post, "&scope=openid&prompt=none") else { panic!() };
    surfer.browser.session = session;
    assert!(respond(surfer.resume(id)).field("code").is_some());
}

/// SECURITY.md row 32: only the browser that began a request can go on with it.
#[test]
fn a_request_belongs_to_the_browser_that_began_it() {
    let mut surfer = Surfer::new();
    let (id, _) = sign_in_reason(surfer.ask("&scope=openid"));
    surfer.browser.pending.clear();
    assert!(matches!(surfer.sign_in().resume(id), Err(AuthorizeFailure::Page(PageError::RequestExpired))));
}

#[test]
fn a_request_ends_with_its_time_its_client_or_its_redirect() {
    let under_way = || {
        let mut surfer = Surfer::new();
        let (id, _) = sign_in_reason(surfer.ask("&scope=openid"));
        (surfer, id)
    };
    let (mut late, id) = under_way();
    late.time(1_000 + 3_600);
    assert!(matches!(late.sign_in().resume(id), Err(AuthorizeFailure::Page(PageError::RequestExpired))));
    let (mut off, id) = under_way();
    off.world.administer(|records| records.clients[0].state = ClientState::Inactive);
    assert!(matches!(off.sign_in().resume(id), Err(AuthorizeFailure::Page(PageError::ClientUnknown))));
    let (mut moved, id) = under_way();
    moved.world.administer(|records| {
        records.clients[0].redirect_uris = vec![RedirectUri::stored("https://moved.example.com/cb".into())];
    });
    assert!(matches!(moved.sign_in().resume(id), Err(AuthorizeFailure::Page(PageError::RedirectUnregistered))));
}

/// SECURITY.md rows 16 and 48.
#[test]
fn an_ended_session_or_a_disabled_account_gets_nothing() {
    let mut surfer = Surfer::new();
    surfer.sign_in().consent_to("&scope=openid");
    surfer.world.memory.put_subject(Subject { status: AccountStatus::Disabled, ..subject() });
    assert_eq!(error(surfer.ask("&scope=openid&prompt=none")), "login_required");
    surfer.world.memory.put_subject(subject());
    let session = now_or_never(surfer.world.engine.session(&surfer.browser)).unwrap().unwrap();
    let ended = surfer.world.memory.end_session(session.id, at(1_000), RevocationReason::SignedOut, None);
    now_or_never(ended).unwrap();
    assert_eq!(error(surfer.ask("&scope=openid&prompt=none")), "login_required");
}

#[test]
fn public_and_exempted_clients_get_codes_with_the_proof_they_asked_for() {
    let mut native = client("native");
    native.kind = ClientType::Public;
    native.consent = ConsentPolicy::Skipped;
    let mut exempt = client("exempt");
    exempt.pkce = PkcePolicy::Exempt;
    exempt.consent = ConsentPolicy::Skipped;
    let mut surfer = Surfer::in_world(World::with(vec![native, exempt], |_| {}));
    surfer.sign_in();
    let code_of = |surfer: &Surfer, response: &AuthorizationResponse| {
        let code = OpaqueToken::presented(response.field("code").unwrap()).unwrap();
        now_or_never(surfer.world.memory.code(code.hash())).unwrap().unwrap()
    };
    let response = respond(surfer.ask_as("native", Arrival::Get, "&scope=read"));
    let code = code_of(&surfer, &response);
    assert!(matches!(code.proof, crate::pkce::CodeProof::Challenge(_)));
    assert_eq!(code.expires_at, at(1_600));
    let params = Params::parse(
        b"response_type=code&client_id=exempt&scope=openid&nonce=n&redirect_uri=https://app.example.com/callback",
    )
    .unwrap();
    let progress = now_or_never(surfer.world.engine.begin_authorization(&params, Arrival::Get, &surfer.browser));
    let code = code_of(&surfer, &respond(progress.map(|progress| progress.step)));
    assert_eq!((code.proof, code.nonce.as_deref()), (crate::pkce::CodeProof::None, Some("n")));
}

#[test]
fn the_use_of_a_session_is_noted_at_most_once_a_minute() {
    let mut surfer = Surfer::new();
    surfer.sign_in();
    let seen = |surfer: &Surfer, seconds| {
        surfer.time(seconds);
        now_or_never(surfer.world.engine.session(&surfer.browser)).unwrap().unwrap();
        let hash = surfer.browser.session.as_ref().map(SessionCookie::hash).unwrap();
        now_or_never(surfer.world.memory.session(hash)).unwrap().unwrap().last_seen_at
    };
    assert_eq!(seen(&surfer, 1_059), at(1_000));
    assert_eq!(seen(&surfer, 1_060), at(1_060));
    assert_eq!(seen(&surfer, 1_070), at(1_060));
}

#[test]
fn a_browser_keeps_four_requests_at_once() {
    let mut surfer = Surfer::new();
    let mut ids = Vec::new();
    for second in 0..6 {
        surfer.time(1_000 + second);
        ids.push(sign_in_reason(surfer.ask("&scope=openid")).0);
    }
    assert_eq!(surfer.browser.pending.iter().map(|cookie| cookie.id).collect::<Vec<_>>(), ids[2..]);
}

#[path = "authorize_page_tests.rs"]
mod pages;
