//! Invitations: looking at one uses nothing up, following it leads to the sign-in page with the address filled in, and it sets a
//! password for those alone whose old one could not be carried over (S001-54, SECURITY.md rows 33 and 58).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use authly_admin_cases::{
    invite::{InviteOptions, Words},
    migrate::{Silent, Stop},
};
use authly_directory::{
    account::{Account, Credential},
    invite::{InvitationRepository as _, InviteeAsk, Lane, Verdict},
    mail::{
        letter::{Invitation, Letter, MailKind, OwnWords},
        outbox::Hold,
        store::MailRepository as _,
    },
    services::DirectoryServices as _,
    settings::{DirectorySettings, MailSending},
    store::AccountRepository as _,
};
use authly_testkit::{Browser, Options, Page, TestApp};
use oauth_core::{
    ids::LeaseId,
    policy::Policies,
    services::{Clock as _, Services as _},
};

const EMAIL: &str = "ada+x@example.org";
const PASSWORD: &str = "correct horse";
const NEW: &str = "a brand new one";

struct Catalogue;

impl Words for Catalogue {
    fn words(&self, _: MailKind, _: &Letter) -> Result<Option<OwnWords>, String> {
        Ok(None)
    }
}

fn options() -> InviteOptions {
    InviteOptions {
        tenant: None,
        wave: None,
        wave_size: None,
        limit: None,
        remind: false,
        unverified: false,
        remind_after: Duration::from_secs(14 * 86_400),
        lifetime: Duration::from_secs(30 * 86_400),
        kind: MailKind::Invitation,
        lane: Lane::Servers,
        execute: true,
        language: "en".to_owned(),
        says: Invitation::default(),
        policies: Policies::default(),
    }
}

async fn start() -> TestApp {
    let directory: fn(&mut DirectorySettings) = |settings| settings.mail.sending = MailSending::On;
    let app = TestApp::with(Options { directory: Some(Box::new(directory)), ..Options::default() }).await;
    app.user(EMAIL).await;
    app
}

/// Invites everybody; returns the path of the newest letter's link.
async fn invite(app: &TestApp) -> String {
    invite_with(app, &options()).await
}

async fn invite_with(app: &TestApp, options: &InviteOptions) -> String {
    let report = app.app.admin.invite(options, &Catalogue, &Stop::default(), &mut Silent).await.unwrap();
    assert!(report.reconciles && report.of(Verdict::Invited) == 1, "{report:?}");
    let services = app.app.engine.services();
    let now = services.clock().now();
    let hold = Hold {
        lease: LeaseId::generate(now, services.random()),
        now,
        until: now.plus(Duration::from_secs(1)),
        limit: 99,
    };
    let mail = services.accounts().hold_mails(hold).await.unwrap().pop().unwrap();
    let letter = Letter::open(&mail.sealed, mail.entry.id, services.sealer()).unwrap();
    assert_eq!((mail.entry.kind, mail.entry.to.as_str()), (MailKind::Invitation, EMAIL));
    format!("/invitation?token={}", letter.link.unwrap().0.expose())
}

async fn account(app: &TestApp) -> (Account, Credential) {
    let memory = app.app.engine.services().accounts();
    let user = memory.invitees(InviteeAsk { limit: 1, ..InviteeAsk::default() }).await.unwrap();
    memory.account(user.first().unwrap().user).await.unwrap().unwrap()
}

/// Lets the account need a new password.
async fn forget_the_password(app: &TestApp) {
    let (account, _) = account(app).await;
    app.app.engine.services().accounts().put_account(Account { reset_required: true, ..account }, None);
}

/// Invites the account after nobody has verified its address, whoever chose its password.
async fn invite_unverified(app: &TestApp) -> String {
    let (account, credential) = account(app).await;
    app.app.engine.services().accounts().put_account(Account { is_verified: false, ..account }, credential.hash);
    invite_with(app, &InviteOptions { unverified: true, ..options() }).await
}

async fn is_verified(app: &TestApp) -> bool {
    account(app).await.0.is_verified
}

async fn opened(app: &TestApp) -> u64 {
    app.app.engine.services().accounts().invitation_figures().await.unwrap().iter().map(|one| one.opened).sum()
}

async fn post(browser: &mut Browser, page: &Page, more: &[(&str, &str)]) -> Page {
    let (csrf, token) = (page.hidden("csrf"), page.hidden("token"));
    let fields = [&[("csrf", &csrf[..]), ("token", &token[..])], more].concat();
    browser.post("/invitation", &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_leads_to_the_sign_in_page_with_the_address_filled_in() {
    let app = start().await;
    let link = invite(&app).await;
    // Programs that open mails look at links before people do.
    for _ in 0..3 {
        let looked = app.browser().open(&link).await;
        assert_eq!((looked.status.as_u16(), looked.header("referrer-policy")), (200, Some("no-referrer")));
        assert!(!looked.body.contains("type=\"password\""));
    }
    assert_eq!(opened(&app).await, 0);
    let mut browser = app.browser();
    let page = browser.open(&link).await;
    let answer = post(&mut browser, &page, &[]).await;
    assert_eq!(answer.status, 303);
    let target = format!("{}/sign-in?login_hint=ada%2Bx%40example.org", app.issuer());
    assert_eq!(answer.location(), target);
    assert_eq!(opened(&app).await, 1);
    let page = browser.open("/sign-in?login_hint=ada%2Bx%40example.org").await;
    assert!(page.body.contains(&format!("value=\"{EMAIL}\"")), "{}", page.body);
    assert_eq!(browser.sign_in(&page, EMAIL, PASSWORD).await.status, 200);
    // It worked once; whoever comes again is sent to the sign-in page.
    let over = browser.open(&link).await;
    assert_eq!(over.status, 410);
    assert!(over.body.contains("href=\"/sign-in\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_replaces_no_password_that_works() {
    let app = start().await;
    let link = invite(&app).await;
    let mut browser = app.browser();
    let page = browser.open(&link).await;
    assert_eq!(post(&mut browser, &page, &[("password", NEW)]).await.status, 303);
    let mut owner = app.browser();
    let page = owner.open("/sign-in").await;
    assert_eq!(owner.sign_in(&page, EMAIL, NEW).await.status, 400);
    let page = owner.open("/sign-in").await;
    assert_eq!(owner.sign_in(&page, EMAIL, PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_sets_a_password_where_there_is_none() {
    let app = start().await;
    forget_the_password(&app).await;
    let link = invite(&app).await;
    let mut browser = app.browser();
    let page = browser.open(&link).await;
    assert!(page.body.contains("autocomplete=\"new-password\"") && page.body.contains("could not be carried over"));
    let poor = post(&mut browser, &page, &[("password", "short")]).await;
    assert_eq!(poor.status, 422);
    assert!(poor.body.contains("role=\"alert\"") && !poor.body.contains("value=\"short\""));
    let done = post(&mut browser, &poor, &[("password", NEW)]).await;
    assert_eq!(done.status, 200);
    assert!(done.body.contains("/sign-in?login_hint=ada%2Bx%40example.org"), "{}", done.body);
    assert_eq!(opened(&app).await, 1);
    assert_eq!(post(&mut browser, &poor, &[("password", "yet another one")]).await.status, 410);
    let page = browser.open("/sign-in").await;
    assert_eq!(browser.sign_in(&page, EMAIL, NEW).await.status, 200);
}

/// SECURITY.md row 55: somebody made an account in the older system with a stranger's address and a password of their own. Nothing of
/// theirs outlives the moment in which the owner of the address takes the account.
#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_to_an_unverified_address_leaves_nothing_to_whoever_chose_the_password() {
    let app = start().await;
    let link = invite_unverified(&app).await;
    let mut stranger = app.browser();
    let page = stranger.open("/sign-in").await;
    assert_eq!(stranger.sign_in(&page, EMAIL, PASSWORD).await.status, 200);
    let mut owner = app.browser();
    let page = owner.open(&link).await;
    assert!(page.body.contains("autocomplete=\"current-password\"") && page.body.contains("Set a new password"));
    // A click is no consent to a password that somebody else chose, and neither is a wrong one.
    let clicked = post(&mut owner, &page, &[]).await;
    assert!(clicked.status == 200 && clicked.body.contains("current-password"), "{}", clicked.body);
    let wrong = post(&mut owner, &page, &[("current_password", "what I use elsewhere")]).await;
    assert!(wrong.status == 400 && wrong.body.contains("role=\"alert\"") && !wrong.body.contains("I use elsewhere"));
    assert!(!is_verified(&app).await && opened(&app).await == 0);

    let form = owner.open(&format!("{link}&password=new")).await;
    assert!(form.body.contains("autocomplete=\"new-password\"") && form.body.contains("signed out everywhere"));
    let poor = post(&mut owner, &form, &[("password", "short")]).await;
    assert!(poor.status == 422 && poor.body.contains("autocomplete=\"new-password\""));
    let done = post(&mut owner, &poor, &[("password", NEW)]).await;
    assert!(done.status == 200 && done.body.contains("/sign-in?login_hint=ada%2Bx%40example.org"), "{}", done.body);
    assert!(is_verified(&app).await && opened(&app).await == 1);
    assert!(stranger.open("/account").await.is_sign_in());
    for (password, status) in [(PASSWORD, 400), (NEW, 200)] {
        let mut browser = app.browser();
        let page = browser.open("/sign-in").await;
        assert_eq!(browser.sign_in(&page, EMAIL, password).await.status, status, "{password}");
    }
    assert_eq!(owner.open(&link).await.status, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_to_an_unverified_address_is_followed_with_the_password_or_a_session() {
    for by_session in [false, true] {
        let app = start().await;
        let link = invite_unverified(&app).await;
        let mut browser = app.browser();
        if by_session {
            let page = browser.open("/sign-in").await;
            assert_eq!(browser.sign_in(&page, EMAIL, PASSWORD).await.status, 200);
        }
        let page = browser.open(&link).await;
        assert_eq!(page.body.contains("current-password"), !by_session);
        let proof: &[(&str, &str)] = if by_session { &[] } else { &[("current_password", PASSWORD)] };
        let answer = post(&mut browser, &page, proof).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        assert!(answer.location().ends_with("/sign-in?login_hint=ada%2Bx%40example.org"));
        assert!(is_verified(&app).await && opened(&app).await == 1, "{by_session}");
    }
}

/// The form for a new password is for unverified addresses alone, whatever the address of the page says.
#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_the_page_makes_no_invitation_set_a_password() {
    let app = start().await;
    let link = invite(&app).await;
    let page = app.browser().open(&format!("{link}&password=new")).await;
    assert!(page.status == 200 && !page.body.contains("type=\"password\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_browser_follows_nothing() {
    let app = start().await;
    let link = invite(&app).await;
    let page = app.browser().open(&link).await;
    let mut other = app.browser();
    other.open(&link).await;
    assert_eq!(post(&mut other, &page, &[]).await.status, 400);
    assert_eq!(opened(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_good_for_as_long_as_it_says() {
    let app = start().await;
    let link = invite(&app).await;
    app.clock.advance(Duration::from_secs(30 * 86_400 - 60));
    assert_eq!(app.browser().open(&link).await.status, 200);
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(app.browser().open(&link).await.status, 410);
    assert_eq!(app.browser().open("/invitation?token=nothing").await.status, 410);
    assert_eq!(app.browser().open("/invitation").await.status, 410);
}

/// One link must not do what another is for.
#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_an_invitation_opens_no_other_page() {
    let app = start().await;
    let link = invite(&app).await;
    let token = link.split_once('=').unwrap().1;
    for page in ["/reset-password", "/verify-email"] {
        assert_eq!(app.browser().open(&format!("{page}?token={token}")).await.status, 410, "{page}");
    }
}

/// What is filled in comes from whoever made the link.
#[tokio::test(flavor = "multi_thread")]
async fn a_hint_is_no_markup_and_no_sign_of_an_account() {
    let app = start().await;
    let hint = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let page = app.browser().open(&format!("/sign-in?login_hint={hint}")).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<script>alert"));
    let long = format!("/sign-in?login_hint={}", "a".repeat(400));
    assert_eq!(app.browser().open(&long).await.status, 400);
}
