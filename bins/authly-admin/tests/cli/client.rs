//! `authly-admin client` as scripts use it.

use crate::support::Place;

const CALLBACK: &str = "https://app.example.com/callback";

#[test]
fn a_secret_is_shown_at_creation_and_never_again() {
    let place = Place::new();
    let made = place.json(&["client", "create", "--client-id", "app", "--name", "App", "--redirect-uri", CALLBACK]);
    assert_eq!(made["client_id"], "app");
    assert_eq!(made["client_type"], "confidential");
    let secret = made["client_secret"].as_str().unwrap();
    assert!(secret.len() >= 43 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    for arguments in [&["client", "show", "app", "--output", "json"][..], &["client", "list", "--output", "json"]] {
        let shown = place.run(arguments);
        assert_eq!(shown.code, 0);
        assert!(!shown.out.contains(secret) && !shown.out.contains("client_secret\""), "{}", shown.out);
    }
}

#[test]
fn every_flag_that_scripts_rely_on_is_read() {
    let place = Place::new();
    let jwks = place.folder.path().join("jwks.json");
    std::fs::write(
        &jwks,
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    )
    .unwrap();
    let jwks = jwks.display().to_string();
    let made = place.json(&[
        "client",
        "create",
        "--client-id",
        "full",
        "--name",
        "Full",
        "--type",
        "confidential",
        "--redirect-uri",
        CALLBACK,
        "--redirect-uri",
        "https://app.example.com/other",
        "--post-logout-redirect-uri",
        "https://app.example.com/bye",
        "--scope",
        "openid",
        "--scope",
        "read",
        "--grant-type",
        "authorization_code",
        "--grant-type",
        "client_credentials",
        "--auth-method",
        "private_key_jwt",
        "--jwks",
        &jwks,
        "--audience",
        "https://api.example.com",
        "--first-party",
        "--no-pkce",
    ]);
    assert_eq!(made["redirect_uris"].as_array().unwrap().len(), 2);
    assert_eq!(made["post_logout_redirect_uris"][0], "https://app.example.com/bye");
    assert_eq!(made["scope"], "openid read");
    assert_eq!(made["grant_types"].as_array().unwrap().len(), 2);
    assert_eq!(made["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!(made["audiences"][0], "https://api.example.com");
    assert_eq!((&made["first_party"], &made["require_pkce"]), (&true.into(), &false.into()));
    assert!(made.get("client_secret").is_none(), "keys need no secret");
}

#[test]
fn an_existing_secret_is_kept() {
    let place = Place::new();
    let secret = "an-existing-secret-of-another-installation";
    let create = [
        "client",
        "create",
        "--client-id",
        "old",
        "--name",
        "Old",
        "--grant-type",
        "client_credentials",
        "--secret-stdin",
    ];
    assert_eq!(place.json_with(&create, &format!("{secret}\n"))["client_secret"], secret);
}

#[test]
fn a_public_client_has_no_secret() {
    let place = Place::new();
    let made = place.json(&["client", "create", "--name", "Page", "--type", "public", "--redirect-uri", CALLBACK]);
    assert_eq!(made["token_endpoint_auth_method"], "none");
    assert!(made.get("client_secret").is_none());
}

#[test]
fn a_client_is_changed_switched_and_given_another_secret() {
    let place = Place::new();
    let first = place.json(&["client", "create", "--client-id", "app", "--name", "App", "--redirect-uri", CALLBACK]);
    let changed =
        place.json(&["client", "update", "app", "--name", "Better", "--scope", "read", "--first-party", "on"]);
    assert_eq!((&changed["client_name"], &changed["scope"]), (&"Better".into(), &"read".into()));
    assert_eq!(changed["redirect_uris"][0], CALLBACK, "what was not named stays");
    assert_eq!(place.json(&["client", "deactivate", "app"])["is_active"], false);
    assert_eq!(place.json(&["client", "activate", "app"])["is_active"], true);
    let second = place.json(&["client", "rotate-secret", "app", "--overlap", "24h"]);
    assert_ne!(first["client_secret"], second["client_secret"]);
    assert_eq!(second["secrets"], 2);
    assert_eq!(place.json(&["client", "rotate-secret", "app"])["secrets"], 1);
}

/// What the consent page says of the client beside its name.
#[test]
fn a_clients_own_pages_are_told_and_taken_away() {
    let place = Place::new();
    let create = ["client", "create", "--client-id", "app", "--name", "App", "--redirect-uri", CALLBACK];
    let links = ["--client-uri", "https://app.example.com/", "--policy-uri", "https://app.example.com/privacy"];
    let made = place.json(&[create.as_slice(), &links].concat());
    assert_eq!(made["client_uri"], "https://app.example.com/");
    assert_eq!(made["policy_uri"], "https://app.example.com/privacy");
    let terms = "https://app.example.com/terms";
    let changed = place.json(&["client", "update", "app", "--tos-uri", terms, "--policy-uri", ""]);
    assert_eq!((&changed["tos_uri"], &changed["client_uri"]), (&terms.into(), &made["client_uri"]));
    assert_eq!(changed["policy_uri"], serde_json::Value::Null);
    let plain = place.run(&["client", "update", "app", "--policy-uri", "http://app.example.com/"]);
    assert!(plain.refused(1).contains("--policy-uri"));
}

#[test]
fn nothing_is_deleted_unasked() {
    let place = Place::new();
    place.json(&["client", "create", "--client-id", "app", "--name", "App", "--redirect-uri", CALLBACK]);
    assert!(place.run(&["client", "delete", "app"]).refused(1).contains("--yes"));
    assert_eq!(place.json(&["client", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(place.json(&["client", "delete", "app", "--yes"])["deleted"], "app");
    assert_eq!(place.json(&["client", "list"]).as_array().unwrap().len(), 0);
}

#[test]
fn what_cannot_be_is_refused_by_the_option_that_says_it() {
    let place = Place::new();
    let create =
        |more: &[&str]| place.run(&[&["client", "create", "--client-id", "app", "--name", "App"], more].concat());
    assert!(create(&["--redirect-uri", "http://app.example.com/"]).refused(1).contains("--redirect-uri"));
    assert!(create(&["--redirect-uri", CALLBACK, "--scope", "nonsense"]).refused(1).contains("nonsense"));
    assert!(create(&["--type", "public", "--redirect-uri", CALLBACK, "--no-pkce"]).refused(1).contains("--no-pkce"));
    assert!(create(&["--auth-method", "private_key_jwt"]).refused(1).contains("--jwks"));
    assert_eq!(create(&["--redirect-uri", CALLBACK]).code, 0);
    assert!(create(&["--redirect-uri", CALLBACK]).refused(1).contains("exists already"));
    assert!(place.run(&["client", "show", "nobody"]).refused(1).contains("client list"));
}

#[test]
fn scopes_are_created_changed_and_removed() {
    let place = Place::new();
    let made = place.json(&["scope", "create", "--name", "invoices", "--description", "See your invoices"]);
    assert_eq!(
        (&made["name"], &made["is_default"], &made["is_active"]),
        (&"invoices".into(), &false.into(), &true.into())
    );
    assert_eq!(place.json(&["scope", "update", "invoices", "--default", "on"])["is_default"], true);
    assert_eq!(place.json(&["scope", "deactivate", "invoices"])["is_active"], false);
    assert_eq!(place.json(&["scope", "show", "invoices"])["description"], "See your invoices");
    place.json(&["scope", "delete", "invoices", "--yes"]);
    place.run(&["scope", "show", "invoices"]).refused(1);
    assert!(place.run(&["scope", "delete", "openid", "--yes"]).refused(1).contains("deactivate"));
    let names = place.json(&["scope", "list"]);
    let names: Vec<_> = names.as_array().unwrap().iter().map(|scope| scope["name"].as_str().unwrap()).collect();
    for name in ["read", "write", "profile", "admin", "openid", "email", "offline_access"] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(place.run(&["scope", "create", "--name", "two words", "--description", "x"]).refused(1).contains("--name"));
}
