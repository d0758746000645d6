//! The account page, with somebody who has signed in at an application.

use authly_browser_tests::{Person, Server, Window};

async fn connected(window: Window) -> (Server, Person) {
    let server = Server::start();
    server.create_account();
    let person = Person::new(window).await;
    person.open(&server.url("/demo")).await;
    person.press("Sign in").await;
    person.sign_in().await;
    person.press("Allow").await;
    person.sees("Signed in as").await;
    person.open(&server.url("/account")).await;
    person.finds_the_page_accessible().await;
    (server, person)
}

#[tokio::test]
async fn the_account_shows_what_applications_may_do_in_the_words_of_the_consent_page() {
    let (_server, person) = connected(Window::Desktop).await;
    person.takes_a_long_picture("account").await;
    let text = person.text().await;
    for word in ["Ada Lovelace", "Confirm who you are", "Keep this access while you are away", "This browser"] {
        assert!(text.contains(word), "{word} is not in:\n{text}");
    }
    person.leave().await;
}

#[tokio::test]
async fn the_account_fits_a_phone_at_night() {
    let (_server, person) = connected(Window::PhoneDark).await;
    person.takes_a_picture("account-phone-dark").await;
    person.scrolls_down().await;
    person.takes_a_picture("account-phone-dark-end").await;
    person.fill("Current password", "not the password at all").await;
    person.fill("New password", "a new password that is long enough").await;
    person.press("Change password").await;
    assert!(!person.alert().await.is_empty());
    person.finds_the_page_accessible().await;
    person.takes_a_picture("password-refused-phone-dark").await;
    person.leave().await;
}
