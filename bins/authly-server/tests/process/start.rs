//! Starts and refusals.

use crate::support::Place;

#[test]
fn nothing_configured_is_development_with_a_password_that_is_shown_once() {
    let place = Place::new();
    let server = place.start();
    assert_eq!(server.status("/health"), 200);
    assert_eq!(server.status("/.well-known/openid-configuration"), 200);
    let issuer = format!("\"issuer\":\"http://localhost:{}\"", server.port);
    assert!(server.get("/.well-known/openid-configuration").contains(&issuer), "the issuer follows the port");
    let first = server.log.text();
    assert!(
        first.contains("development mode") && first.contains("/demo") && first.contains("admin@localhost"),
        "{first}"
    );
    assert!(first.contains("(shown only now)"));
    server.stop();
    let again = place.start();
    assert!(!again.log.text().contains("Password"), "{}", again.log.text());
    again.stop();
}

#[test]
fn a_store_with_users_of_somebody_else_is_refused_in_development() {
    let place = Place::new().with("ENVIRONMENT", "staging");
    assert_eq!(place.admin(&["migrate", "schema", "up"]).code, 0);
    assert_eq!(place.admin(&["user", "create", "--email", "ada@example.com"]).code, 0);
    let mut place = place;
    place.variables.clear();
    let done = place.run(&["--listen", "127.0.0.1:0"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains("ENVIRONMENT is not set"), "{}", done.err);
}

#[test]
fn users_made_by_the_command_line_before_the_first_start_are_developments_own() {
    let place = Place::new();
    assert_eq!(place.admin(&["user", "create", "--email", "ada@example.com"]).code, 0);
    let server = place.start();
    assert!(!server.log.text().contains("Password"), "there is a user already");
    server.stop();
}

#[test]
fn production_names_everything_that_is_missing_at_once() {
    let done = Place::new().with("ENVIRONMENT", "production").run(&[]);
    assert_eq!(done.code, 1);
    for name in ["JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY", "SECRET_ENCRYPTION_KEY", "AUTHLY_ISSUER", "ALLOWED_HOSTS"]
    {
        assert!(done.err.contains(name), "{name} is missing in {}", done.err);
    }
}

#[test]
fn production_waits_for_the_command_that_brings_the_schema_up() {
    let place = Place::production();
    let done = place.run(&["--listen", "127.0.0.1:0"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.err.contains("authly-admin migrate schema up"), "{}", done.err);
    assert!(!place.folder.path().join("authly.db").exists());
    assert_eq!(place.admin(&["migrate", "schema", "up"]).code, 0);
    let server = place.start();
    assert_eq!(server.status("/health"), 200);
    assert!(!place.folder.path().join("data").exists(), "production keeps no secrets in files");
    server.stop();
}

#[test]
fn an_address_that_is_taken_is_told_in_three_parts() {
    let place = Place::new();
    let server = place.start();
    let done = Place::new().run(&["--listen", &format!("127.0.0.1:{}", server.port)]);
    assert_eq!(done.code, 1);
    for part in ["error: cannot listen on", "\n  why: ", "\n  do:  "] {
        assert!(done.err.contains(part), "{}", done.err);
    }
}

#[test]
fn wrong_usage_is_64() {
    let place = Place::new();
    assert_eq!(place.run(&["--nonsense"]).code, 64);
    assert_eq!(place.run(&["--listen", "nowhere"]).code, 64);
    assert_eq!(place.run(&["--help"]).code, 0);
    assert!(place.run(&["--version"]).out.contains(env!("CARGO_PKG_VERSION")));
}
