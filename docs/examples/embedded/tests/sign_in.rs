#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
//! A client signs Ada in, from the authorization request to her notes.

use actix_web::{
    App,
    cookie::Cookie,
    dev::ServiceResponse,
    http::StatusCode,
    test::{self, TestRequest},
    web,
};
use example_embedded::{Application, CLIENT, REDIRECT_URI, configure};
use oauth_core::settings::{Issuer, Settings};
use serde_json::Value;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A browser: an application and cookies.
struct Browser {
    application: web::Data<Application>,
    cookies: Vec<Cookie<'static>>,
}

impl Browser {
    fn new() -> Self {
        let issuer = Issuer::parse("http://127.0.0.1:8090").unwrap();
        let application = Application::new(Settings::new(issuer)).unwrap();
        Self { application: web::Data::new(application), cookies: Vec::new() }
    }

    /// Sends a request with the cookies; gives back status, where it leads, and the body.
    async fn send(&mut self, mut request: TestRequest) -> (StatusCode, String, String) {
        let app =
            test::init_service(App::new().configure(|service| configure(service, self.application.clone()))).await;
        for cookie in &self.cookies {
            request = request.cookie(cookie.clone());
        }
        let answer: ServiceResponse = test::call_service(&app, request.to_request()).await;
        for cookie in answer.response().cookies() {
            self.cookies.retain(|known| known.name() != cookie.name());
            if cookie.max_age().is_none_or(|age| age.is_positive()) {
                self.cookies.push(cookie.into_owned());
            }
        }
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status();
        let body = test::read_body(answer).await;
        (status, location.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let form = ("content-type", "application/x-www-form-urlencoded");
        self.send(TestRequest::post().uri(path).insert_header(form).set_payload(body)).await
    }

    async fn authorize(&mut self) -> (StatusCode, String, String) {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", CLIENT),
                ("redirect_uri", REDIRECT_URI),
                ("scope", "openid notes"),
                ("state", "s"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ])
            .finish();
        self.send(TestRequest::get().uri(&format!("/authorize?{query}"))).await
    }

    async fn sign_in(&mut self, page: &str, password: &str) -> (StatusCode, String, String) {
        let (request, csrf) = (hidden(page, "request"), hidden(page, "csrf"));
        let fields = [("request", &*request), ("csrf", &*csrf), ("email", "ada@example.com"), ("password", password)];
        self.post("/sign-in", &fields).await
    }

    async fn answer(&mut self, page: &str, decision: &str) -> (StatusCode, String, String) {
        let (request, csrf) = (hidden(page, "request"), hidden(page, "csrf"));
        self.post("/consent", &[("request", &*request), ("csrf", &*csrf), ("decision", decision)]).await
    }

    async fn redeem(&mut self, code: &str, verifier: &str) -> (StatusCode, Value) {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", verifier),
        ];
        let (status, _, body) = self.post("/auth/token", &fields).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    async fn notes(&mut self, token: &str) -> (StatusCode, String) {
        let bearer = ("authorization", format!("Bearer {token}"));
        let (status, _, body) = self.send(TestRequest::get().uri("/api/notes").insert_header(bearer)).await;
        (status, body)
    }
}

fn hidden(page: &str, name: &str) -> String {
    let (_, rest) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

fn code(location: &str) -> String {
    assert!(location.starts_with(&format!("{REDIRECT_URI}?code=")) && location.contains("state=s"), "{location}");
    location.split(['=', '&']).nth(1).unwrap().to_owned()
}

#[actix_web::test]
async fn ada_signs_in_consents_and_her_client_reads_her_notes() {
    let mut browser = Browser::new();
    let (_, _, page) = browser.authorize().await;
    let (_, _, page) = browser.sign_in(&page, "correct horse battery").await;
    assert!(page.contains("Notes for phones wants"), "{page}");
    let (status, location, _) = browser.answer(&page, "allow").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (status, tokens) = browser.redeem(&code(&location), VERIFIER).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    assert!(tokens["id_token"].is_string());
    let (status, notes) = browser.notes(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!((status, notes.contains("Ada Lovelace")), (StatusCode::OK, true), "{notes}");

    // She is signed in and has consented: the next request needs no page.
    // She is signed in, and asked all the same: anybody's program could claim to be this client (RFC 8252 8.6).
    let (_, _, page) = browser.authorize().await;
    assert!(page.contains("wants") && !page.contains("name=\"password\""), "{page}");
}

#[actix_web::test]
async fn a_wrong_password_shows_the_form_again_and_begins_no_session() {
    let mut browser = Browser::new();
    let (_, _, page) = browser.authorize().await;
    let (status, _, again) = browser.sign_in(&page, "wrong").await;
    assert_eq!((status, again.contains("is wrong")), (StatusCode::OK, true));
    let (_, _, page) = browser.authorize().await;
    assert!(page.contains("name=\"password\""));
}

#[actix_web::test]
async fn a_refusal_goes_back_to_the_client() {
    let mut browser = Browser::new();
    let (_, _, page) = browser.authorize().await;
    let (_, _, page) = browser.sign_in(&page, "correct horse battery").await;
    let (_, location, _) = browser.answer(&page, "deny").await;
    assert!(location.contains("error=access_denied"), "{location}");
}

#[actix_web::test]
async fn another_verifier_gets_no_tokens_and_a_made_up_token_no_notes() {
    let mut browser = Browser::new();
    let (_, _, page) = browser.authorize().await;
    let (_, _, page) = browser.sign_in(&page, "correct horse battery").await;
    let (_, location, _) = browser.answer(&page, "allow").await;
    let (status, error) = browser.redeem(&code(&location), &"x".repeat(43)).await;
    assert_eq!((status, error["error"].as_str()), (StatusCode::BAD_REQUEST, Some("invalid_grant")));
    assert_eq!(browser.notes("made.up.token").await.0, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn a_form_from_elsewhere_signs_nobody_in() {
    let mut browser = Browser::new();
    let (_, _, page) = browser.authorize().await;
    browser.cookies.retain(|cookie| cookie.name() != "notes-browser");
    let (status, _, _) = browser.sign_in(&page, "correct horse battery").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn the_metadata_names_routes_that_exist() {
    let mut browser = Browser::new();
    let (_, _, body) = browser.send(TestRequest::get().uri("/.well-known/oauth-authorization-server")).await;
    let metadata: Value = serde_json::from_str(&body).unwrap();
    let path = |name: &str| metadata[name].as_str().unwrap().strip_prefix("http://127.0.0.1:8090").unwrap().to_owned();
    let (_, _, keys) = browser.send(TestRequest::get().uri(&path("jwks_uri"))).await;
    assert!(keys.contains("\"ES256\""), "{keys}");
    assert_eq!(path("token_endpoint"), "/auth/token");
}
