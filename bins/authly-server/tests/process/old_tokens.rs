//! Tokens of the password grant as an older program's resource servers know them (HS256), over restarts of the server.

use serde_json::{Value, json};

use crate::support::{Place, Server};

/// A place with somebody who has a password.
fn place(place: Place) -> Place {
    let account = json!({ "email": "ada@example.org", "username": "ada", "password": "correct horse battery" });
    let server = place.start();
    let (status, answer) = server.post("/auth/register", &account);
    assert_eq!(status, 201, "{answer}");
    server.stop();
    place.admin(&["user", "update", "ada", "--verified", "on"]);
    place
}

fn sign_in(server: &Server) -> (String, String) {
    let asked = json!({ "grant_type": "password", "username": "ada", "password": "correct horse battery" });
    let (status, answer) = server.post("/auth/token", &asked);
    assert_eq!(status, 200, "{answer}");
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap()
}

#[test]
fn a_token_stays_valid_over_a_restart_and_its_refresh_token_too() {
    let configured = Place::new()
        .with("JWT_SECRET_KEY", "9f8b1c3de0a74562b18c90d4f3e2a71b-access")
        .with("JWT_REFRESH_SECRET_KEY", "9f8b1c3de0a74562b18c90d4f3e2a71b-refresh");
    // In development the server may have made the secrets itself: they have to last as well.
    for place in [place(configured), place(Place::new())] {
        let server = place.start();
        let (access, refresh) = sign_in(&server);
        let header = access.split('.').next().unwrap();
        assert_eq!(header, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "HS256, and no kid");
        let before = server.get_as("/api/v1/users/me", &access);
        assert_eq!(status(&before), "200", "{before}");
        server.stop();
        let server = place.start();
        let after = server.get_as("/api/v1/users/me", &access);
        assert_eq!(status(&after), "200", "{after}");
        assert!(after.contains("ada@example.org"), "{after}");
        let (renewed, answer) = server.post("/auth/refresh", &json!({ "refresh_token": refresh }));
        assert_eq!(renewed, 200, "{answer}");
        assert_eq!(server.post("/auth/refresh", &json!({ "refresh_token": refresh })).0, 400, "spent before or after");
        server.stop();
    }
}

#[test]
fn a_token_of_another_secret_is_none_after_a_restart() {
    let place = place(Place::new().with("JWT_SECRET_KEY", "9f8b1c3de0a74562b18c90d4f3e2a71b-access"));
    let server = place.start();
    let (access, _) = sign_in(&server);
    server.stop();
    let place = place.with("JWT_SECRET_KEY", "b17a2e3f4d09c81b26547a0ed3c1b8f9-access");
    let server = place.start();
    assert_eq!(status(&server.get_as("/api/v1/users/me", &access)), "401");
    server.stop();
}
