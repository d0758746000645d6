//! Signing out asks first, and ends the session for real.

use authly_browser_tests::{Person, Server, Window};

#[tokio::test]
async fn signing_out_asks_and_then_says_so() {
    let server = Server::start();
    server.create_account();
    let person = Person::new(Window::Desktop).await;

    person.open(&server.url("/demo")).await;
    person.press("Sign in").await;
    person.sign_in().await;
    person.press("Allow").await;
    person.sees("Signed in as").await;

    person.open(&server.url("/auth/logout")).await;
    person.sees("Do you want to sign out?").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("sign-out").await;
    person.press("Sign out").await;
    person.sees("You are signed out").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("signed-out").await;

    person.open(&server.url("/demo")).await;
    person.press("Sign in").await;
    person.fill("Password", "the session is gone, so it is asked for").await;
    person.leave().await;
}
