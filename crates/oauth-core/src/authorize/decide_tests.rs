//! Tests of decide.

use std::time::Duration;

use super::*;
use crate::{
    authorize::{
        prompt::{Pages, Prompt},
        response::ResponseMode,
    },
    ids::UserId,
    pkce::CodeProof,
    redirect::TrustedRedirect,
    session::AuthenticationMethod,
    subject::AccountStatus,
    testing::{World, at, client, scopes, subject},
};

const STRANGER: &str = "018f4c1e-0000-7000-8000-0000000000b2";

fn request() -> AuthorizationRequest {
    AuthorizationRequest {
        client: client("app").id,
        redirect: TrustedRedirect::new("https://app.example.com/callback".into()),
        mode: ResponseMode::Query,
        state: None,
        scope: scopes("openid read"),
        nonce: None,
        proof: CodeProof::None,
        prompt: Prompt::AsNeeded,
        max_age: None,
        login_hint: None,
        expected_user: None,
        resources: vec![],
        ui_locales: None,
    }
}

/// Signed in 100 seconds before the request, which begins at 0; the decision falls at 10.
fn session() -> Session {
    Session {
        id: SessionId::from_uuid(uuid::Uuid::from_u128(1)),
        authenticated_at: Some(at(-100)),
        methods: vec![AuthenticationMethod::Pwd],
        created_at: at(-100),
        last_seen_at: at(-5),
        idle_expires_at: at(1_000),
        expires_at: at(2_000),
        remembered: false,
        ended_at: None,
        user_agent: None,
        address: None,
        grants_end_at: None,
        subject: subject(),
    }
}

struct Case {
    request: AuthorizationRequest,
    client: Client,
    session: Option<Session>,
    consent: ScopeSet,
    chosen: Option<SessionId>,
    answer: Option<Answer>,
    policy: Policy,
}

impl Case {
    /// A signed-in user who has allowed the client everything it asks for.
    fn new() -> Self {
        Self {
            request: request(),
            client: client("app"),
            session: Some(session()),
            consent: scopes("openid read"),
            chosen: None,
            answer: None,
            policy: Policy::AskConsent,
        }
    }

    fn prompt(mut self, text: &str) -> Self {
        self.request.prompt = Prompt::parse(Some(text)).unwrap();
        self
    }

    fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn signed_in_at(self, seconds: i64) -> Self {
        self.change(|case| case.session.as_mut().unwrap().authenticated_at = Some(at(seconds)))
    }

    fn next(&self) -> Next {
        let world = World::new();
        let situation = Situation {
            request: &self.request,
            client: &self.client,
            catalog: &world.engine.catalog(),
            started_at: at(0),
            chosen: self.chosen,
            answer: self.answer,
        };
        let snapshot = AuthorizeSnapshot { session: self.session.clone(), consent: self.consent.clone(), first: false };
        decide(&situation, &snapshot, at(10), self.policy)
    }
}

fn issue(scope: &str) -> Next {
    Next::Issue { scope: scopes(scope), remember: None }
}

fn consent(scope: &str, remembered: &str) -> Next {
    Next::Consent { scope: scopes(scope), remembered: scopes(remembered) }
}

/// oidcc-prompt-none-logged-in; OpenID Connect Core 3.1.2.1.
#[test]
fn a_known_user_and_a_known_client_need_no_page() {
    assert_eq!(Case::new().next(), issue("openid read"));
    assert_eq!(Case::new().prompt("none").next(), issue("openid read"));
}

/// oidcc-prompt-none-not-logged-in; OpenID Connect Core 3.1.2.6.
#[test]
fn without_a_session_the_user_signs_in_or_the_client_gets_login_required() {
    let nobody = || Case::new().change(|case| case.session = None);
    assert_eq!(nobody().next(), Next::SignIn(SignInReason::SignedOut));
    assert_eq!(nobody().prompt("login").next(), Next::SignIn(SignInReason::SignedOut));
    assert_eq!(nobody().prompt("select_account").next(), Next::SignIn(SignInReason::SignedOut));
    assert_eq!(nobody().prompt("none").next(), Next::Error(Problem::LoginRequired));
}

#[test]
fn a_session_counts_until_the_instant_it_ends() {
    let ends = |change: fn(&mut Session)| Case::new().change(|case| change(case.session.as_mut().unwrap())).next();
    assert_eq!(ends(|session| session.idle_expires_at = at(11)), issue("openid read"));
    assert_eq!(ends(|session| session.expires_at = at(11)), issue("openid read"));
    for dead in [
        ends(|session| session.idle_expires_at = at(10)),
        ends(|session| session.expires_at = at(10)),
        ends(|session| session.ended_at = Some(at(3))),
        ends(|session| session.subject.status = AccountStatus::Disabled),
        ends(|session| session.subject.status = AccountStatus::Deleted),
    ] {
        assert_eq!(dead, Next::SignIn(SignInReason::SignedOut));
    }
}

/// oidcc-prompt-login: asked again even though somebody is signed in, and once is enough.
#[test]
fn prompt_login_wants_a_proof_since_the_request_began() {
    let signed_in = |seconds| Case::new().prompt("login").signed_in_at(seconds).next();
    assert_eq!(signed_in(-1), Next::SignIn(SignInReason::Again));
    assert_eq!(signed_in(0), issue("openid read"));
    assert_eq!(signed_in(5), issue("openid read"));
}

/// oidcc-max-age-1, oidcc-max-age-10000: "greater than".
#[test]
fn max_age_counts_from_the_sign_in_to_the_start_of_the_request() {
    let aged = |max_age, text: &str| {
        Case::new().prompt(text).change(|case| case.request.max_age = Some(Duration::from_secs(max_age))).next()
    };
    assert_eq!(aged(10_000, ""), issue("openid read"));
    assert_eq!(aged(100, ""), issue("openid read"));
    assert_eq!(aged(99, ""), Next::SignIn(SignInReason::TooLongAgo));
    assert_eq!(aged(0, ""), Next::SignIn(SignInReason::TooLongAgo));
    assert_eq!(aged(99, "none"), Next::Error(Problem::LoginRequired));
    let fresh = Case::new().signed_in_at(5).change(|case| case.request.max_age = Some(Duration::ZERO));
    assert_eq!(fresh.next(), issue("openid read"), "one sign-in satisfies max_age=0");
}

/// A session of which nobody has said when it was proven is a fresh proof of nothing, and serves whoever asks for none.
#[test]
fn a_proof_of_unknown_time_is_not_fresh() {
    let untold = || Case::new().change(|case| case.session.as_mut().unwrap().authenticated_at = None);
    assert_eq!(untold().next(), issue("openid read"));
    assert_eq!(untold().prompt("login").next(), Next::SignIn(SignInReason::Again));
    for max_age in [0, 10_000, u64::MAX] {
        let asked = untold().change(|case| case.request.max_age = Some(Duration::from_secs(max_age)));
        assert_eq!(asked.next(), Next::SignIn(SignInReason::TooLongAgo), "{max_age}");
    }
}

/// oidcc-id-token-hint; OpenID Connect Core 3.1.2.1.
#[test]
fn an_id_token_hint_names_the_only_user_who_will_do() {
    let hinted = |text: &str, user: &str, signed_in: i64| {
        let user = UserId::parse(user);
        Case::new().prompt(text).signed_in_at(signed_in).change(|case| case.request.expected_user = user).next()
    };
    assert_eq!(hinted("none", crate::testing::ALICE, -100), issue("openid read"));
    assert_eq!(hinted("none", STRANGER, -100), Next::Error(Problem::LoginRequired));
    assert_eq!(hinted("", STRANGER, -100), Next::SignIn(SignInReason::OtherAccount));
    assert_eq!(hinted("", STRANGER, 5), Next::Error(Problem::LoginRequired), "not asked for ever");
}

#[test]
fn select_account_is_satisfied_by_choosing_or_by_signing_in() {
    let case = || Case::new().prompt("select_account");
    assert_eq!(case().next(), Next::ChooseAccount);
    assert_eq!(case().signed_in_at(1).next(), issue("openid read"));
    let session = |number| Some(SessionId::from_uuid(uuid::Uuid::from_u128(number)));
    assert_eq!(case().change(|case| case.chosen = session(1)).next(), issue("openid read"));
    assert_eq!(case().change(|case| case.chosen = session(2)).next(), Next::ChooseAccount);
}

#[test]
fn consent_is_remembered_for_the_scopes_that_were_allowed() {
    let remembered =
        |text: &str, prompt: &str| Case::new().prompt(prompt).change(|case| case.consent = scopes(text)).next();
    assert_eq!(remembered("openid read write", ""), issue("openid read"));
    assert_eq!(remembered("openid", ""), consent("openid read", "openid"));
    assert_eq!(remembered("", ""), consent("openid read", ""));
    assert_eq!(remembered("", "none"), Next::Error(Problem::ConsentRequired));
    assert_eq!(remembered("openid read", "consent"), consent("openid read", "openid read"));
}

#[test]
fn the_users_word_is_final() {
    let said = |answer| {
        Case::new().change(|case| {
            case.consent = scopes("write");
            case.answer = Some(answer);
        })
    };
    let remember = Some(scopes("write openid read"));
    assert_eq!(said(Answer::Allow).next(), Next::Issue { scope: scopes("openid read"), remember });
    assert_eq!(said(Answer::Deny).next(), Next::Error(Problem::Denied));
    let already_allowed = Case::new().change(|case| case.answer = Some(Answer::Deny));
    assert_eq!(already_allowed.next(), Next::Error(Problem::Denied), "a no counts though nobody had to ask");
    let signed_out = said(Answer::Allow).change(|case| case.session = None);
    assert_eq!(signed_out.next(), Next::SignIn(SignInReason::SignedOut), "a yes does not replace a sign-in");
}

#[test]
fn first_party_clients_are_not_asked_about_unless_they_want_it() {
    let first = |prompt: &str| {
        Case::new().prompt(prompt).change(|case| {
            case.client.consent = ConsentPolicy::Skipped;
            case.consent = ScopeSet::default();
            case.request.scope = scopes("openid offline_access");
        })
    };
    assert_eq!(first("").next(), issue("openid offline_access"));
    assert_eq!(first("none").next(), issue("openid offline_access"));
    assert_eq!(first("consent").next(), consent("openid offline_access", ""));
}

/// OpenID Connect Core 11.
#[test]
fn offline_access_needs_the_users_word_even_where_consent_is_assumed() {
    let assumed = |scope: &str, remembered: &str| {
        Case::new()
            .change(|case| {
                case.policy = Policy::AssumeConsent;
                case.request.scope = scopes(scope);
                case.consent = scopes(remembered);
            })
            .next()
    };
    assert_eq!(assumed("openid read", ""), issue("openid read"));
    assert_eq!(assumed("openid offline_access", ""), consent("openid offline_access", ""));
    assert_eq!(assumed("openid offline_access", "offline_access"), issue("openid offline_access"));
}

#[test]
fn nobody_gets_what_they_may_not_have() {
    let admin = |is_admin| {
        Case::new().change(|case| {
            case.session.as_mut().unwrap().subject.is_admin = is_admin;
            case.request.scope = scopes("read admin");
            case.consent = scopes("read admin");
        })
    };
    assert_eq!(admin(true).next(), issue("read admin"));
    assert_eq!(admin(false).next(), issue("read"));
    let only = admin(false).change(|case| case.request.scope = scopes("admin"));
    assert_eq!(only.next(), Next::Error(Problem::AccessDenied));
    let withdrawn = Case::new().change(|case| case.client.scopes = scopes("openid"));
    assert_eq!(withdrawn.next(), issue("openid"), "the registration of now counts");
    let no_refresh = Case::new().change(|case| {
        case.client.grant_types = vec![GrantType::AuthorizationCode];
        case.request.scope = scopes("openid offline_access");
    });
    assert_eq!(no_refresh.next(), issue("openid"));
}

/// RFC 8252 8.6.
#[test]
fn a_client_that_nobody_can_identify_is_never_answered_silently() {
    let native = |redirect: &str, policy: ConsentPolicy| {
        Case::new().change(|case| {
            case.client.kind = ClientType::Public;
            case.client.application = ApplicationType::Native;
            case.client.consent = policy;
            case.request.redirect = TrustedRedirect::new(redirect.into());
        })
    };
    let asked = consent("openid read", "openid read");
    for redirect in ["http://127.0.0.1:51004/cb", "com.example.app:/cb"] {
        let case = native(redirect, ConsentPolicy::Asked);
        assert_eq!(case.next(), asked, "{redirect}");
        assert_eq!(case.prompt("none").next(), Next::Error(Problem::ConsentRequired), "{redirect}");
        let fresh = native(redirect, ConsentPolicy::Asked).signed_in_at(1);
        assert_eq!(fresh.next(), issue("openid read"), "{redirect}: the sign-in named the client");
        let assumed = native(redirect, ConsentPolicy::Asked).change(|case| case.policy = Policy::AssumeConsent);
        assert_eq!(assumed.next(), asked, "{redirect}");
    }
    assert_eq!(native("com.example.app:/cb", ConsentPolicy::Skipped).next(), asked);
    assert_eq!(native("http://127.0.0.1:51004/cb", ConsentPolicy::Skipped).next(), issue("openid read"));
    assert_eq!(native("https://app.example.com/cb", ConsentPolicy::Asked).next(), issue("openid read"));
    let secret =
        native("com.example.app:/cb", ConsentPolicy::Asked).change(|case| case.client.kind = ClientType::Confidential);
    assert_eq!(secret.next(), issue("openid read"));
}

#[test]
fn pages_that_are_asked_for_come_one_after_another() {
    let all = || Case::new().prompt("login consent select_account");
    assert_eq!(all().next(), Next::SignIn(SignInReason::Again));
    assert_eq!(all().signed_in_at(1).next(), consent("openid read", "openid read"));
    assert_eq!(all().request.prompt.pages(), Pages { login: true, consent: true, select_account: true });
}
