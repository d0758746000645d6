//! Tests of what the pages of an authorization request are told.

use super::*;

#[test]
fn a_refused_consent_is_access_denied() {
    let mut surfer = Surfer::new();
    let (id, csrf) = consent(surfer.sign_in().ask("&scope=openid"));
    assert_eq!(error(surfer.answer(id, Answer::Deny, &csrf)), "access_denied");
}

/// SECURITY.md row 30: no consent but from the page that asked, for this session, this request and these scopes.
#[test]
fn a_consent_counts_only_from_the_page_that_asked() {
    let mut surfer = Surfer::new();
    let (first, token) = consent(surfer.sign_in().ask("&scope=openid"));
    let (second, _) = consent(surfer.ask("&scope=openid+read"));
    let refused = |step| matches!(step, Err(AuthorizeFailure::Page(PageError::Form)));
    assert!(refused(surfer.answer(first, Answer::Allow, "")));
    assert!(refused(surfer.answer(first, Answer::Deny, "forged")));
    assert!(refused(surfer.answer(second, Answer::Allow, &token)), "another request");
    let session = surfer.browser.session.clone();
    surfer.sign_in();
    assert!(refused(surfer.answer(first, Answer::Allow, &token)), "another session");
    surfer.browser.session = session;
    assert!(respond(surfer.answer(first, Answer::Allow, &token)).field("code").is_some());
}

#[test]
fn a_consent_does_not_cover_what_was_not_shown() {
    let mut surfer = Surfer::new();
    let (id, token) = consent(surfer.sign_in().ask("&scope=openid+admin"));
    surfer.world.memory.put_subject(Subject { is_admin: true, ..subject() });
    assert!(matches!(surfer.answer(id, Answer::Allow, &token), Err(AuthorizeFailure::Page(PageError::Form))));
    let (_, token) = consent(surfer.resume(id));
    let response = respond(surfer.answer(id, Answer::Allow, &token));
    assert_eq!(surfer.grant_of(&response).scope, scopes("openid admin"));
}

#[test]
fn choosing_the_account_is_remembered_for_this_request_only() {
    let mut surfer = Surfer::new();
    surfer.sign_in().consent_to("&scope=openid");
    surfer.time(1_100);
    let chooser = page(surfer.ask("&scope=openid&prompt=select_account"));
    let Ask::ChooseAccount { csrf, account } = chooser.ask else { panic!() };
    assert_eq!(account.id, subject().id);
    assert!(matches!(surfer.choose(chooser.request, "forged"), Err(AuthorizeFailure::Page(PageError::Form))));
    assert!(respond(surfer.choose(chooser.request, &csrf)).field("code").is_some());
    assert!(matches!(page(surfer.ask("&scope=openid&prompt=select_account")).ask, Ask::ChooseAccount { .. }));
}

#[test]
fn choosing_and_consenting_come_one_after_the_other() {
    let mut surfer = Surfer::new();
    surfer.sign_in();
    surfer.time(1_100);
    let chooser = page(surfer.ask("&scope=openid&prompt=select_account+consent"));
    let Ask::ChooseAccount { csrf, .. } = chooser.ask else { panic!() };
    let (id, _) = consent(surfer.choose(chooser.request, &csrf));
    let (id, csrf) = consent(surfer.resume(id));
    assert!(respond(surfer.answer(id, Answer::Allow, &csrf)).field("code").is_some());
}

/// Form post plan: the answer is posted, errors too.
#[test]
fn form_post_carries_the_same_fields() {
    let mut surfer = Surfer::new();
    let response = surfer.sign_in().consent_to("&scope=openid&response_mode=form_post");
    assert_eq!(response.mode, ResponseMode::FormPost);
    let names: Vec<_> = response.fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    let denied = respond(surfer.ask("&scope=openid+read&response_mode=form_post&prompt=none"));
    assert_eq!((denied.mode, denied.field("error")), (ResponseMode::FormPost, Some("consent_required")));
}

#[test]
fn a_page_knows_where_its_form_will_lead() {
    let mut surfer = Surfer::new();
    let page = page(surfer.ask("&scope=openid&login_hint=a@b.example&ui_locales=de"));
    assert_eq!(page.redirect_host, "app.example.com");
    assert_eq!(page.form_action.as_deref(), Some("https://app.example.com"));
    assert_eq!(page.ui_locales.as_deref(), Some("de"));
    let Ask::SignIn { login_hint, account, .. } = page.ask else { panic!() };
    assert_eq!((login_hint.as_deref(), account), (Some("a@b.example"), None));
    surfer.sign_in();
    let other = surfer.world.engine.sign_in_page(page.request, &surfer.browser).unwrap();
    assert!(matches!(other.ask, Ask::SignIn { reason: SignInReason::OtherAccount, .. }));
}
