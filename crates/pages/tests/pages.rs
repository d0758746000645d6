//! What each page must say, and the field names that callers rely on.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the other test file uses the rest")]
mod common;

use authly_pages::*;

use common::frame;

#[test]
fn the_sign_in_form_has_the_fields_that_callers_rely_on() {
    let html = sign_in(
        &SignIn { action: "/sign-in", request: "r1", csrf: "c1", offer_remember: true, ..SignIn::default() },
        &frame(),
    );
    for part in [
        "<form method=\"post\" action=\"/sign-in\">",
        "name=\"request\" value=\"r1\"",
        "name=\"csrf\" value=\"c1\"",
        "name=\"identifier\" type=\"text\"",
        "autocomplete=\"username\"",
        "name=\"password\" type=\"password\" autocomplete=\"current-password\"",
        "name=\"remember\"",
        ">Sign in</button>",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("role=\"alert\"") && !html.contains("Create account") && !html.contains("Forgot"));
}

#[test]
fn a_failed_sign_in_keeps_the_identifier_and_points_to_one_alert() {
    let view = SignIn { identifier: "ada@example.com", notice: Some(SignInNotice::Failed), ..SignIn::default() };
    let html = sign_in(&view, &frame());
    assert_eq!(html.matches("role=\"alert\"").count(), 1);
    assert_eq!(html.matches("aria-describedby=\"alert\"").count(), 2);
    assert_eq!(html.matches("autofocus").count(), 1);
    assert!(html.contains("value=\"ada@example.com\"") && html.contains("<title>Error: Sign in"));
}

#[test]
fn plural_forms_follow_the_language() {
    let say = |seconds, tag| busy(&Busy { seconds, retry_url: None }, &Frame::new(Locale::negotiate([tag]), "N"));
    assert!(say(1, "en").contains("in 1 second.") && say(2, "en").contains("in 2 seconds."));
    assert!(say(1, "de").contains("in 1 Sekunde noch") && say(2, "de").contains("in 2 Sekunden noch"));
}

#[test]
fn when_proving_again_the_account_is_shown_and_cannot_be_changed() {
    let view =
        SignIn { identifier: "ada@example.com", reauthenticate: true, switch_url: Some("/other"), ..SignIn::default() };
    let html = sign_in(&view, &frame());
    assert!(html.contains("readonly") && html.contains("<a href=\"/other\">"));
}

#[test]
fn a_logo_is_only_loaded_from_our_own_host() {
    let page = |logo| {
        consent(
            &Consent { client: Client { name: "A", logo: Some(logo), ..Client::default() }, ..Consent::default() },
            &frame(),
        )
    };
    assert!(page("/logos/1.png").contains("<img class=\"logo\" src=\"/logos/1.png\""));
    for foreign in ["https://evil.example/a.png", "//evil.example/a.png", "data:image/png;base64,", "javascript:1"] {
        assert!(!page(foreign).contains("<img"), "{foreign}");
    }
}

#[test]
fn consent_names_application_account_permissions_and_destination() {
    let scopes = [
        Scope { name: "openid", ..Scope::default() },
        Scope { name: "files", description: "Read your files", ..Scope::default() },
    ];
    let view = Consent {
        client: Client { name: "Acme", policy: HttpsLink::parse("https://acme.example/p"), ..Client::default() },
        account: "ada@example.com",
        scopes: &scopes,
        redirect_host: "acme.example",
        ..Consent::default()
    };
    let html = consent(&view, &frame());
    for part in [
        "<bdi>Acme</bdi> wants to access your account",
        "Signed in as <bdi>ada@example.com</bdi>",
        "Confirm who you are",
        "Read your files",
        "You will be sent to <bdi>acme.example</bdi>",
        "href=\"https://acme.example/p\" target=\"_blank\" rel=\"noopener noreferrer\"",
        "name=\"decision\" value=\"allow\">Allow</button>",
        "name=\"decision\" value=\"deny\">Deny</button>",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("<details"));
}

#[test]
fn thirty_permissions_fold_and_sensitive_ones_never_do() {
    let names: Vec<String> = (0..30).map(|n| format!("scope-{n}-end")).collect();
    let scopes: Vec<Scope<'_>> =
        names.iter().map(|name| Scope { name, sensitive: name == "scope-29-end", ..Scope::default() }).collect();
    let html = consent(&Consent { scopes: &scopes, ..Consent::default() }, &frame());
    let (open, folded) = html.split_once("<details>").unwrap();
    assert!(folded.contains("Show 24 more"));
    assert!(open.contains("scope-29-end") && open.contains("Sensitive"));
    for name in &names {
        assert!(html.contains(name.as_str()), "{name}");
    }
}

/// What was allowed reads on the account page as it did when it was asked for, in every language.
#[test]
fn consent_and_account_have_the_same_words_for_a_scope() {
    let scopes = [
        Scope { name: "openid", description: "Sign you in", ..Scope::default() },
        Scope { name: "offline_access", description: "Offline", ..Scope::default() },
        Scope { name: "files", description: "Read your files", ..Scope::default() },
        Scope { name: "bare", ..Scope::default() },
    ];
    let connections = [Connection { permissions: &scopes, ..Connection::default() }];
    for (tag, words) in [
        ("en", ["Confirm who you are", "Keep this access while you are away", "Read your files", "bare"]),
        ("de", ["Bestätigen, wer Sie sind", "", "Read your files", "bare"]),
    ] {
        let frame = Frame::new(Locale::negotiate([tag]), "N");
        let asked = consent(&Consent { scopes: &scopes, ..Consent::default() }, &frame);
        let allowed = account(&Account { connections: &connections, ..Account::default() }, &frame);
        for word in words {
            assert!(asked.contains(word) && allowed.contains(word), "{tag}: {word}");
        }
        assert!(!asked.contains("Sign you in") && !allowed.contains("Sign you in"));
    }
}

#[test]
fn a_fold_never_hides_a_single_permission() {
    let scopes = [Scope { name: "a", ..Scope::default() }; 7];
    assert!(!consent(&Consent { scopes: &scopes, ..Consent::default() }, &frame()).contains("<details"));
}

#[test]
fn every_problem_says_whose_turn_it_is_and_which_request_it_was() {
    for problem in Problem::ALL {
        let html = error_page(&ErrorPage { problem, code: None, way_on: Some("/") }, &frame());
        let turn = match problem.turn() {
            Turn::Administrator => "tell your administrator",
            Turn::Application => "The makers of the application",
            Turn::You => "You can start again",
        };
        assert!(
            html.contains(turn) && html.contains("<code>req-1</code>") && html.contains("href=\"/\""),
            "{problem:?}"
        );
        assert!(!html.contains("problem-"), "{problem:?} has no words");
    }
}

#[test]
fn registration_errors_stand_beside_their_fields_and_secrets_are_not_kept() {
    let errors = [RegisterError::EmailInvalid, RegisterError::PasswordShort];
    let html =
        register(&Register { email: "ada@", password_min: 12, errors: &errors, ..Register::default() }, &frame());
    assert!(html.contains("id=\"email-problem\"") && html.contains("aria-describedby=\"email-problem\""));
    assert!(html.contains("Use at least 12 characters") && html.contains("<a href=\"#password\">"));
    assert!(html.contains("value=\"ada@\"") && !html.contains("id=\"username-problem\""));
    let password = html.split("id=\"password\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(!password.contains("value="));
    assert_eq!(html.matches("autofocus").count(), 1);
}

#[test]
fn form_post_carries_every_field_and_works_without_script() {
    let fields = [("code", "abc"), ("state", "\"><script>"), ("iss", "https://issuer.example")];
    let target = FormTarget::parse("https://app.example/cb?a=b&c=d").unwrap();
    let html = form_post(&FormPost { target, fields: &fields, client: "Acme" }, &frame());
    assert!(html.contains("action=\"https://app.example/cb?a=b&#38;c=d\""));
    assert!(html.contains("name=\"state\" value=\"&#34;&#62;&#60;script&#62;\""));
    assert!(html.contains("<button class=\"primary\">Continue</button>"));
    // The script calls form.submit(), which a field of that name would hide.
    assert!(!html.contains("name=\"submit\""));
}

#[test]
fn the_demo_explains_well_known_claims_and_shows_the_others() {
    let claims = [
        Claim { name: "auth_time", value: "1", note: None },
        Claim { name: "https://x.example/y", value: "2", note: None },
    ];
    let tokens = [Token { kind: TokenKind::Id, raw: "a.b.c", header: &[], claims: &claims }];
    let html = demo_result(&DemoResult { tokens: &tokens, ..DemoResult::default() }, &frame());
    assert!(html.contains("When the password was entered") && html.contains("https://x.example/y"));
}

#[test]
fn a_theme_is_linked_after_the_stylesheet_under_the_same_prefix() {
    let theme = Accent::parse("#123456").unwrap().theme();
    let html = not_found(None, &Frame { theme: Some(&theme), asset_prefix: "/x", ..frame() });
    let stylesheet = html.find("/authly.css\"").unwrap();
    assert!(html.find(&format!("href=\"/x{}\"", theme.path())).unwrap() > stylesheet);
}

#[test]
fn the_field_that_was_refused_is_the_one_that_is_marked() {
    let marked = |error| {
        let notice = Some(AccountNotice::PasswordRefused(error));
        let html = account(&Account { has_password: true, notice, ..Account::default() }, &frame());
        assert!(html.contains("<title>Error: Your account"));
        let field =
            |id: &str| html.split(&format!("id=\"{id}\"")).nth(1).unwrap().split('>').next().unwrap().to_owned();
        ["current_password", "new_password"].map(|id| field(id).contains("aria-invalid=\"true\""))
    };
    assert_eq!(marked(AccountPasswordError::Wrong), [true, false]);
    assert_eq!(marked(AccountPasswordError::Short), [false, true]);
}

fn found(found: GateFound, locale: &'static Locale) -> String {
    let gate = [GateLine { name: "quiet", wants: "", found, met: false }];
    let view = Migration { phase: MigrationPhase::Under, gate: &gate, ..Migration::default() };
    let html = migration(&view, &Frame::new(locale, "Authly"));
    html.rsplit_once("<p class=\"note\">").unwrap().1.split("</p>").next().unwrap().to_owned()
}

#[test]
fn what_the_gate_found_shows_its_instants_as_times() {
    let used = |tenants| GateFound::Used {
        last: "2027-01-14T08:00:00Z".to_owned(),
        tenants,
        others: false,
        over: "2027-02-13T08:00:00Z".to_owned(),
    };
    let time = |day| format!("<time datetime=\"2027-{day}T08:00:00Z\">2027-{day} 08:00 UTC</time>");
    let (last, over) = (time("01-14"), time("02-13"));
    let english = Locale::negotiate(["en"]);
    assert_eq!(found(used(1), english), format!("last used {last}, in 1 tenant; the 30 days are over {over}"));
    assert_eq!(
        found(used(0), english),
        format!("last used {last}, by accounts of no tenant; the 30 days are over {over}")
    );
}

#[test]
fn what_the_gate_found_is_said_in_the_language_of_the_page() {
    let german = Locale::negotiate(["de"]);
    assert_eq!(found(GateFound::Completed([1, 300, 2]), german), "1 von 300 noch nicht, 2 ausgenommen");
    assert_eq!(found(GateFound::Alive([1, 0, 2]), german), "1 Refresh-Token, 0 API-Schlüssel, 2 Sitzungen");
    let doubts = vec![
        GateDoubt { source: "<shop>".to_owned(), why: GateDoubtReason::Never },
        GateDoubt { source: "b".to_owned(), why: GateDoubtReason::Never },
    ];
    let said = "<bdi>&#60;shop&#62;</bdi>: noch nie geprüft; <bdi>b</bdi>: noch nie geprüft";
    assert_eq!(found(GateFound::Unverified(doubts), german), said);
    let names = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
    assert_eq!(found(GateFound::Unconfirmed(names), german), "6 sind es nicht: <bdi>a, b, c, d, e, …</bdi>");
}

#[test]
fn a_row_that_cannot_be_read_says_why_in_words() {
    let row = |flaws| WaitingRow { kind: "quarantine", reason: "flawed", flaws, ..WaitingRow::default() };
    let rows = [row(&[("email_missing", "email"), ("of_tomorrow", "x")])];
    let html = migration_rows(&MigrationRows { rows: &rows, ..MigrationRows::default() }, &frame());
    assert!(html.contains("Quarantine · no address (email), of_tomorrow (x)"), "{html}");
}
