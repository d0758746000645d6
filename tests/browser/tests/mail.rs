//! The mails, and the pages behind their links.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use authly_browser_tests::{EMAIL, Letters, Person, Server, Window};

const NEW: &str = "another horse and a staple 43";

/// A server that writes its mails into a folder, with one account.
fn mailing(letters: &Letters) -> Server {
    let server = Server::with(&[
        ("AUTHLY_MAIL_OUTBOX", letters.path()),
        ("SMTP_FROM_EMAIL", "no-reply@example.com"),
        ("REGISTRATION_ENABLED", "true"),
    ]);
    server.create_account();
    server
}

async fn forgets_the_password(window: Window) {
    let letters = Letters::new();
    let server = mailing(&letters);
    let person = Person::new(window).await;
    person.open(&server.url("/forgot-password")).await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("forgot-password")).await;
    person.fill("Email or username", EMAIL).await;
    person.press("Send link").await;
    person.sees("Check your mail").await;
    person.finds_the_page_accessible().await;
    let letter = letters.to(EMAIL).await;
    person.open(&letters.page(&letter)).await;
    person.takes_a_picture(&window.named("mail-set-password")).await;
    person.open(&letter.link()).await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("set-password")).await;
    person.fill("New password", "short").await;
    person.press("Set password").await;
    assert!(!person.alert().await.is_empty());
    person.finds_the_page_accessible().await;
    person.fill("New password", NEW).await;
    person.press("Set password").await;
    person.sees("Your password is set").await;
    person.finds_the_page_accessible().await;
    person.press("Go to sign in").await;
    person.sign_in_with(NEW).await;
    person.sees("Your account").await;
    person.open(&letter.link()).await;
    person.sees("This link does not work any more").await;
    person.finds_the_page_accessible().await;
    person.leave().await;
}

#[tokio::test]
async fn a_forgotten_password_is_set_at_a_desk() {
    forgets_the_password(Window::Desktop).await;
}

#[tokio::test]
async fn a_forgotten_password_is_set_on_a_phone_at_night() {
    forgets_the_password(Window::PhoneDark).await;
}

async fn confirms_an_address(window: Window) {
    let letters = Letters::new();
    let server = mailing(&letters);
    let person = Person::new(window).await;
    person.open(&server.url("/register")).await;
    person.fill("Email", "grace@example.com").await;
    person.fill("Username", "grace").await;
    person.fill("Password", NEW).await;
    person.press("Create account").await;
    person.sees("Check your mail").await;
    let letter = letters.to("grace@example.com").await;
    person.open(&letter.link()).await;
    person.sees("Confirm your email address").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("verify-address")).await;
    person.fill("Password", "what it might have been").await;
    person.press("Confirm address").await;
    assert!(person.alert().await.contains("not the password of the account"));
    person.finds_the_page_accessible().await;
    person.takes_a_long_picture(&window.named("verify-address-wrong")).await;
    person.fill("Password", NEW).await;
    person.press("Confirm address").await;
    person.sees("Your address is confirmed").await;
    person.finds_the_page_accessible().await;
    person.leave().await;
}

#[tokio::test]
async fn an_address_is_confirmed_at_a_desk_at_night() {
    confirms_an_address(Window::Dark).await;
}

#[tokio::test]
async fn an_address_is_confirmed_on_a_phone() {
    confirms_an_address(Window::Phone).await;
}

/// Somebody else registered with the address: its owner takes the account.
async fn takes_an_account(window: Window) {
    let letters = Letters::new();
    let server = mailing(&letters);
    let stranger = Person::new(Window::Desktop).await;
    stranger.open(&server.url("/register")).await;
    stranger.fill("Email", "grace@example.com").await;
    stranger.fill("Username", "grace").await;
    stranger.fill("Password", "what the stranger chose").await;
    stranger.press("Create account").await;
    let letter = letters.to("grace@example.com").await;
    stranger.press("Go to sign in").await;
    stranger.sign_in_as("grace", "what the stranger chose").await;
    stranger.sees("Your account").await;
    let owner = Person::new(window).await;
    owner.open(&letter.link()).await;
    owner.press("Set a new password").await;
    owner.sees("Set a password").await;
    assert!(owner.text().await.contains("Your address is confirmed with it"));
    owner.finds_the_page_accessible().await;
    owner.takes_a_long_picture(&window.named("verify-new-password")).await;
    owner.fill("New password", NEW).await;
    owner.press("Set password").await;
    owner.sees("Your password is set").await;
    stranger.open(&server.url("/account")).await;
    stranger.sees("Sign in").await;
    stranger.leave().await;
    owner.leave().await;
}

#[tokio::test]
async fn an_account_of_a_stranger_is_taken_at_a_desk() {
    takes_an_account(Window::Desktop).await;
}

#[tokio::test]
async fn an_account_of_a_stranger_is_taken_on_a_phone_at_night() {
    takes_an_account(Window::PhoneDark).await;
}

async fn follows_an_invitation(window: Window) {
    let (letters, own) = (Letters::new(), Letters::new());
    let server = mailing(&own);
    let guide =
        ["--guide", "https://help.example.com/sign-in", "--support", "help@example.com", "--ends", "2027-03-01"];
    let invite = ["migrate", "invite", "--all", "--outbox", letters.path(), "--execute"];
    server.admin(&[&invite[..], &guide[..]].concat(), None);
    let letter = letters.to(EMAIL).await;
    for words in ["Hello Ada Lovelace,", "Your password still works", "2027-03-01", "help.example.com/sign-in"] {
        assert!(letter.text.contains(words), "{words} is not in:\n{}", letter.text);
    }
    let person = Person::new(window).await;
    person.open(&letters.page(&letter)).await;
    person.takes_a_long_picture(&window.named("mail-invitation")).await;
    person.open(&letter.link()).await;
    person.sees("Welcome to the new sign-in").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("invitation")).await;
    person.press("Continue to sign in").await;
    assert!(person.address().await.contains("login_hint="), "{}", person.address().await);
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("invitation-sign-in")).await;
    person.sign_in().await;
    person.sees("Your account").await;
    person.open(&letter.link()).await;
    person.sees("This link does not work any more").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("invitation-over")).await;
    person.leave().await;
}

#[tokio::test]
async fn an_invitation_is_followed_at_a_desk() {
    follows_an_invitation(Window::Desktop).await;
}

#[tokio::test]
async fn an_invitation_is_followed_at_a_desk_at_night() {
    follows_an_invitation(Window::Dark).await;
}

#[tokio::test]
async fn an_invitation_is_followed_on_a_phone() {
    follows_an_invitation(Window::Phone).await;
}

#[tokio::test]
async fn an_invitation_is_followed_on_a_phone_at_night() {
    follows_an_invitation(Window::PhoneDark).await;
}

/// An account whose password could not be carried over sets one by the invitation, and signs in with it.
async fn sets_a_password_by_invitation(window: Window) {
    let (letters, own) = (Letters::new(), Letters::new());
    let server = mailing(&own);
    let store = rusqlite::Connection::open(server.store()).unwrap();
    store.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    store.execute("UPDATE users SET password_hash = NULL, reset_required = 1", []).unwrap();
    server.admin(&["migrate", "invite", "--all", "--outbox", letters.path(), "--execute"], None);
    let letter = letters.to(EMAIL).await;
    assert!(!letter.text.contains("Your password still works"), "{}", letter.text);
    let person = Person::new(window).await;
    person.open(&letters.page(&letter)).await;
    person.takes_a_long_picture(&window.named("mail-invitation-new-password")).await;
    person.open(&letter.link()).await;
    person.sees("Set a password").await;
    assert!(person.text().await.contains(EMAIL));
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("invitation-set-password")).await;
    person.fill("New password", "short").await;
    person.press("Set password").await;
    assert!(!person.alert().await.is_empty());
    person.finds_the_page_accessible().await;
    person.takes_a_long_picture(&window.named("invitation-set-password-short")).await;
    person.fill("New password", NEW).await;
    person.press("Set password").await;
    person.sees("Your password is set").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("invitation-password-set")).await;
    person.press("Go to sign in").await;
    person.fill("Password", NEW).await;
    person.press("Sign in").await;
    person.sees("Your account").await;
    person.open(&letter.link()).await;
    person.sees("This link does not work any more").await;
    person.leave().await;
}

#[tokio::test]
async fn a_password_is_set_by_invitation_at_a_desk() {
    sets_a_password_by_invitation(Window::Desktop).await;
}

#[tokio::test]
async fn a_password_is_set_by_invitation_at_a_desk_at_night() {
    sets_a_password_by_invitation(Window::Dark).await;
}

#[tokio::test]
async fn a_password_is_set_by_invitation_on_a_phone() {
    sets_a_password_by_invitation(Window::Phone).await;
}

#[tokio::test]
async fn a_password_is_set_by_invitation_on_a_phone_at_night() {
    sets_a_password_by_invitation(Window::PhoneDark).await;
}
