//! Signing in at the demo application, and every way in which that fails.

use authly_browser_tests::{EMAIL, PASSWORD, Person, Server, Window};

#[tokio::test]
async fn the_demo_signs_in_and_shows_the_tokens() {
    let server = Server::start();
    server.create_account();
    let person = Person::new(Window::Desktop).await;

    person.open(&server.url("/demo")).await;
    person.sees("Demo application").await;
    person.finds_the_page_accessible().await;
    person.press("Sign in").await;
    person.sees("Sign in to").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("sign-in").await;
    person.sign_in().await;
    person.sees("wants to access your account").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("consent").await;
    person.press("Allow").await;
    person.sees("Signed in as").await;
    person.finds_the_page_accessible().await;
    person.takes_a_long_picture("demo").await;
    let text = person.text().await;
    for word in ["ID token", "Access token", "nonce", "code_verifier"] {
        assert!(text.contains(word), "{word} is not shown");
    }
    person.press("User info").await;
    assert!(person.text().await.contains("Answered with 200"));
    person.press("Revoke").await;
    person.press("Introspect").await;
    assert!(person.text().await.contains("\"active\": false"), "{}", person.text().await);
    person.leave().await;
}

#[tokio::test]
async fn a_refused_consent_goes_back_with_an_error() {
    let server = Server::start();
    server.create_account();
    let person = Person::new(Window::Desktop).await;

    person.open(&server.url("/demo")).await;
    person.press("Sign in").await;
    person.sign_in().await;
    person.press("Deny").await;
    person.sees("Demo application").await;
    assert!(person.alert().await.contains("access_denied"));
    person.finds_the_page_accessible().await;
    person.takes_a_picture("denied").await;
    person.leave().await;
}

#[tokio::test]
async fn a_wrong_password_is_said_in_an_alert_and_can_be_corrected() {
    let server = Server::start();
    server.create_account();
    let person = Person::new(Window::Desktop).await;

    person.open(&server.url("/demo")).await;
    person.press("Sign in").await;
    person.sign_in_with("not the password at all").await;
    assert!(person.alert().await.starts_with("That did not work."));
    person.finds_the_page_accessible().await;
    person.takes_a_picture("wrong-password").await;
    person.sign_in().await;
    person.sees("wants to access your account").await;
    person.leave().await;
}

#[tokio::test]
async fn a_locked_account_reads_like_a_wrong_password() {
    let server = Server::with(&[("MAX_LOGIN_ATTEMPTS", "3"), ("RATE_LIMIT_ENABLED", "false")]);
    server.create_account();
    let person = Person::new(Window::Desktop).await;

    person.open(&server.url("/demo")).await;
    person.press("Sign in").await;
    person.sign_in_with("wrong password number one").await;
    let wrong = person.alert().await;
    for _ in 0..3 {
        person.sign_in_with("wrong password number two").await;
    }
    person.sign_in().await;
    assert_eq!(person.alert().await, wrong);
    person.takes_a_picture("locked").await;
    assert!(person.address().await.contains("/sign-in"), "{}", person.address().await);
    person.leave().await;
}

/// One person's address is another account's user name, and both have the same password.
#[tokio::test]
async fn whoever_has_the_password_of_several_accounts_says_which_one_is_meant() {
    let server = Server::start();
    server.create_account();
    server.create_person("ada@work.example", EMAIL, "Ada at work", PASSWORD);
    let person = Person::new(Window::Phone).await;

    person.open(&server.url("/demo")).await;
    person.press("Sign in").await;
    person.sign_in().await;
    person.sees("Choose an account").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("choose-account-phone").await;
    person.press_part("ada@work.example").await;
    person.sees("wants to access your account").await;
    assert!(person.text().await.contains("Signed in as ada@work.example"));
    person.leave().await;
}

#[tokio::test]
async fn the_whole_way_works_on_a_small_phone() {
    let server = Server::start();
    server.create_account();
    let person = Person::new(Window::Phone).await;

    person.open(&server.url("/demo")).await;
    person.press("Sign in").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("sign-in-phone").await;
    person.sign_in().await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("consent-phone").await;
    person.press("Allow").await;
    person.sees("Signed in as").await;
    person.leave().await;
}

#[tokio::test]
async fn a_phone_at_night_shows_the_same() {
    let server = Server::start();
    server.create_account();
    let person = Person::new(Window::PhoneDark).await;

    person.open(&server.url("/demo")).await;
    assert!(person.prefers_dark_colours().await);
    person.press("Sign in").await;
    person.finds_the_page_accessible().await;
    person.sign_in_with("not the password at all").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("wrong-password-phone-dark").await;
    person.sign_in().await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("consent-phone-dark").await;
    person.leave().await;
}

#[tokio::test]
async fn dark_colours_are_as_readable_as_light_ones() {
    let server = Server::start();
    server.create_account();
    let person = Person::new(Window::Dark).await;

    person.open(&server.url("/demo")).await;
    assert!(person.prefers_dark_colours().await);
    person.finds_the_page_accessible().await;
    person.press("Sign in").await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("sign-in-dark").await;
    person.sign_in_with("not the password at all").await;
    person.finds_the_page_accessible().await;
    person.sign_in().await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("consent-dark").await;
    person.press("Allow").await;
    person.finds_the_page_accessible().await;
    person.takes_a_long_picture("demo-dark").await;
    person.leave().await;
}
