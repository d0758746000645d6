//! `authly-admin` beside a running server, which sees each change within a second.

use std::time::Duration;

use crate::support::Place;

/// A second, and what a busy machine adds to it.
const SOON: Duration = Duration::from_millis(2_500);

#[test]
fn a_scope_is_published_and_withdrawn_within_a_second() {
    let place = Place::new();
    let server = place.start();
    let advertised = |server: &crate::support::Server| {
        server.get("/.well-known/oauth-authorization-server").contains("\"invoices\"")
    };
    assert!(!advertised(&server));
    assert_eq!(place.admin(&["scope", "create", "--name", "invoices", "--description", "Invoices"]).code, 0);
    server.within(SOON, advertised);
    assert_eq!(place.admin(&["scope", "deactivate", "invoices"]).code, 0);
    server.within(SOON, |server| !advertised(server));
    server.stop();
}

#[test]
fn oauth_is_switched_off_and_on_while_the_server_runs() {
    let place = Place::new();
    let server = place.start();
    let status = |server: &crate::support::Server| server.status("/.well-known/openid-configuration");
    assert_eq!(status(&server), 200);
    assert_eq!(place.admin(&["migrate", "oauth", "disable"]).code, 0);
    server.within(SOON, |server| status(server) == 404);
    assert_eq!(server.status("/health"), 200, "what is not OAuth stays");
    assert_eq!(place.admin(&["migrate", "oauth", "enable"]).code, 0);
    server.within(SOON, |server| status(server) == 200);
    server.stop();
}

#[test]
fn a_rotated_key_is_published_without_a_restart() {
    let place = Place::new();
    let server = place.start();
    let keys = |server: &crate::support::Server| server.get("/.well-known/jwks.json").matches("\"kid\"").count();
    // A current and a next one of each algorithm.
    assert_eq!(keys(&server), 6);
    assert_eq!(place.admin(&["keys", "rotate", "--alg", "ES256"]).code, 0);
    server.within(SOON, |server| keys(server) == 7);
    server.stop();
}
