//! Signing in and out with another provider, which is another Authly, and what is shown while it is away.

use authly_browser_tests::{EMAIL, PASSWORD, Person, Server, Window, free_port};

/// What the account has here; the one there has [`PASSWORD`].
const OWN: &str = "another horse and a staple 43";

/// A server in front of the provider at this address.
fn in_front_of(issuer: &str) -> Server {
    let server = Server::with(&[
        ("AUTHLY_UPSTREAM_ISSUER", issuer),
        ("AUTHLY_UPSTREAM_NAME", "corp"),
        ("AUTHLY_UPSTREAM_LABEL", "The Corp"),
        ("AUTHLY_UPSTREAM_CLIENT_ID", "front"),
        ("AUTHLY_UPSTREAM_PRIVATE_NETWORK", "true"),
    ]);
    server.create_person(EMAIL, "ada", "Ada Lovelace", OWN);
    server
}

async fn signs_in_and_out_with_the_provider(window: Window) {
    let behind = Server::elsewhere();
    behind.create_account();
    let front = in_front_of(behind.url("").as_str());
    let (back, bye) = (front.url("/sign-in/upstream/corp/callback"), front.url("/signed-out"));
    let client =
        ["client", "create", "--client-id", "front", "--name", "Front", "--type", "public", "--scope", "openid"];
    let scopes =
        ["--scope", "email", "--scope", "profile", "--redirect-uri", &back, "--post-logout-redirect-uri", &bye];
    behind.admin(&[&client[..], &scopes[..]].concat(), None);
    let person = Person::new(window).await;
    person.open(&front.url("/account")).await;
    person.sees("Sign in").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("upstream-sign-in")).await;
    person.press("Continue with The Corp").await;
    assert!(person.address().await.starts_with(&behind.url("/")), "{}", person.address().await);
    person.sign_in_with(PASSWORD).await;
    person.sees("wants to access your account").await;
    person.press("Allow").await;
    person.sees("Your account").await;
    assert!(person.address().await.starts_with(&front.url("/account")), "{}", person.address().await);

    person.open(&front.url("/auth/logout")).await;
    person.press("Sign out").await;
    person.sees("You are signed out").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture(&window.named("upstream-signed-out")).await;
    person.press("Sign out of The Corp").await;
    person.sees("You are signed out").await;
    assert_eq!(person.address().await, bye);
    person.open(&behind.url("/account")).await;
    person.sees("Sign in").await;
    person.leave().await;
}

#[tokio::test]
async fn somebody_signs_in_and_out_with_the_provider_at_a_desk() {
    signs_in_and_out_with_the_provider(Window::Desktop).await;
}

#[tokio::test]
async fn somebody_signs_in_and_out_with_the_provider_at_a_desk_at_night() {
    signs_in_and_out_with_the_provider(Window::Dark).await;
}

#[tokio::test]
async fn somebody_signs_in_and_out_with_the_provider_on_a_phone() {
    signs_in_and_out_with_the_provider(Window::Phone).await;
}

#[tokio::test]
async fn somebody_signs_in_and_out_with_the_provider_on_a_phone_at_night() {
    signs_in_and_out_with_the_provider(Window::PhoneDark).await;
}

async fn signs_in_while_the_provider_is_away(window: Window) {
    let front = in_front_of(&format!("http://127.0.0.1:{}", free_port()));
    let person = Person::new(window).await;
    person.open(&front.url("/account")).await;
    person.press("Continue with The Corp").await;
    assert!(person.alert().await.contains("The Corp does not answer at the moment"));
    person.finds_the_page_accessible().await;
    person.takes_a_long_picture(&window.named("upstream-away")).await;
    // Three failures in a row: now every page says so, before anybody tries.
    person.press("Continue with The Corp").await;
    person.press("Continue with The Corp").await;
    person.open(&front.url("/sign-in")).await;
    assert!(person.text().await.contains("The Corp does not answer at the moment"), "{}", person.text().await);
    person.finds_the_page_accessible().await;
    person.takes_a_long_picture(&window.named("upstream-down")).await;
    person.sign_in_with(OWN).await;
    person.sees("Your account").await;
    person.leave().await;
}

#[tokio::test]
async fn the_password_works_while_the_provider_is_away_at_a_desk() {
    signs_in_while_the_provider_is_away(Window::Desktop).await;
}

#[tokio::test]
async fn the_password_works_while_the_provider_is_away_at_a_desk_at_night() {
    signs_in_while_the_provider_is_away(Window::Dark).await;
}

#[tokio::test]
async fn the_password_works_while_the_provider_is_away_on_a_phone() {
    signs_in_while_the_provider_is_away(Window::Phone).await;
}

#[tokio::test]
async fn the_password_works_while_the_provider_is_away_on_a_phone_at_night() {
    signs_in_while_the_provider_is_away(Window::PhoneDark).await;
}
