//! Pages that anyone may open.

use authly_browser_tests::{Person, Server, Window};

#[tokio::test]
async fn the_first_page_tells_what_runs_here() {
    let server = Server::start();
    let person = Person::new(Window::Desktop).await;
    person.open(&server.url("/")).await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("home").await;
    assert!(person.text().await.contains("/.well-known/openid-configuration"));
    person.leave().await;
}

#[tokio::test]
async fn a_page_that_does_not_exist_has_the_same_frame() {
    let server = Server::start();
    let person = Person::new(Window::Phone).await;
    person.open(&server.url("/nothing-here")).await;
    person.finds_the_page_accessible().await;
    person.takes_a_picture("not-found").await;
    person.leave().await;
}

#[tokio::test]
async fn a_request_of_an_unknown_client_stays_on_our_page() {
    let server = Server::start();
    let person = Person::new(Window::Desktop).await;
    person
        .open(&server.url("/authorize?response_type=code&client_id=nobody&redirect_uri=https%3A%2F%2Fevil.example%2F"))
        .await;
    assert!(person.address().await.starts_with(&server.url("/")), "{}", person.address().await);
    person.finds_the_page_accessible().await;
    person.takes_a_picture("error").await;
    person.leave().await;
}
