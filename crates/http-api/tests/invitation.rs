//! Invitations: looking at one uses nothing up, following it leads to the sign-in page with the address filled in, and it sets a
//! password for those alone whose old one could not be carried over (S001-54, SECURITY.md rows 33 and 58).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use authly_admin_cases::{
    invite::{InviteOptions, Words},
    migrate::{Silent, Stop},
};
use authly_directory::{
    invite::{InvitationRepository as _, Lane, Verdict},
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
    ids::{LeaseId, UserId},
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
    let report = app.app.admin.invite(&options(), &Catalogue, &Stop::default(), &mut Silent).await.unwrap();
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

/// Lets the account need a new password.
async fn forget_the_password(app: &TestApp) {
    let memory = app.app.engine.services().accounts();
    let user = memory.invitees(authly_directory::invite::InviteeAsk { limit: 1, ..Default::default() }).await.unwrap();
    let id: UserId = user.first().unwrap().user;
    let (mut account, _) = memory.account(id).await.unwrap().unwrap();
    account.reset_required = true;
    memory.put_account(account, None);
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
