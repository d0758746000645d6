//! `authly-admin user` as scripts use it.

use crate::support::Place;
use serde_json::Value;

const PASSWORD: &str = "correct horse battery staple\n";

fn ada(place: &Place) -> Value {
    let create = [
        "user",
        "create",
        "--email",
        "ada@example.com",
        "--username",
        "ada",
        "--name",
        "Ada Lovelace",
        "--password-stdin",
        "--verified",
        "--admin",
        "--tenant",
        "acme",
    ];
    place.json_with(&create, PASSWORD)
}

#[test]
fn a_user_goes_by_id_address_and_name() {
    let place = Place::new();
    let made = ada(&place);
    assert_eq!(
        (&made["email"], &made["username"], &made["name"]),
        (&"ada@example.com".into(), &"ada".into(), &"Ada Lovelace".into())
    );
    assert_eq!(
        (&made["is_verified"], &made["is_admin"], &made["status"]),
        (&true.into(), &true.into(), &"active".into())
    );
    assert_eq!(made["tenant"], "acme");
    for name in ["ada", "ADA@example.com", made["id"].as_str().unwrap()] {
        assert_eq!(place.json(&["user", "show", name])["id"], made["id"], "{name}");
    }
    assert!(!place.run(&["user", "show", "ada"]).out.contains("argon2"), "hashes stay inside");
}

/// What an address was verified for is not true of another one.
#[test]
fn another_address_is_not_verified_unless_it_is_said() {
    let place = Place::new();
    ada(&place);
    let verified = |more: &[&str]| place.json(&[&["user", "update", "ada"], more].concat())["is_verified"].clone();
    assert_eq!(verified(&["--email", "ADA@example.com"]), true, "the same one");
    assert_eq!(verified(&["--name", "Ada King"]), true);
    assert_eq!(verified(&["--email", "ada@example.org"]), false);
    assert_eq!(verified(&["--email", "ada@example.net", "--verified", "on"]), true);
}

#[test]
fn lists_are_filtered_and_paged() {
    let place = Place::new();
    ada(&place);
    for email in ["b@example.com", "c@example.org"] {
        place.json(&["user", "create", "--email", email]);
    }
    let count = |more: &[&str]| place.json(&[&["user", "list"], more].concat()).as_array().unwrap().len();
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--tenant", "acme"]), 1);
    assert_eq!(count(&["--contains", "EXAMPLE.COM"]), 2);
    let first = place.json(&["user", "list", "--limit", "2"]);
    assert_eq!(first.as_array().unwrap().len(), 2);
    assert_eq!(count(&["--limit", "2", "--after", first[1]["id"].as_str().unwrap()]), 1);
    place.run(&["user", "list", "--tenant", "nobody"]).refused(1);
    place.run(&["user", "list", "--after", "no-id"]).refused(64);
}

#[test]
fn a_user_is_changed_switched_and_removed() {
    let place = Place::new();
    ada(&place);
    let changed = place.json(&["user", "update", "ada", "--name", "Ada King", "--admin", "off", "--role", "auditor"]);
    assert_eq!(
        (&changed["name"], &changed["is_admin"], &changed["roles"][0]),
        (&"Ada King".into(), &false.into(), &"auditor".into())
    );
    assert_eq!(changed["email"], "ada@example.com", "what was not named stays");
    assert_eq!(place.json(&["user", "deactivate", "ada"])["status"], "disabled");
    assert_eq!(place.json(&["user", "activate", "ada"])["status"], "active");
    assert_eq!(place.json(&["user", "unlock", "ada"])["is_locked"], false);
    place.run(&["user", "delete", "ada"]).refused(1);
    assert_eq!(place.json(&["user", "delete", "ada", "--yes"])["email"], "ada@example.com");
}

/// OpenID Connect Core 5.1: what the scopes profile, phone and address open.
#[test]
fn standard_claims_are_set_shown_and_removed() {
    let place = Place::new();
    let made = place.json(&["user", "create", "--email", "bob@example.com", "--claim", "given_name=Bob"]);
    assert_eq!(made["claims"], serde_json::json!({ "given_name": "Bob" }));
    let update = ["user", "update", "bob@example.com", "--claim"];
    place.json(&[update.as_slice(), &["phone_number=+44 20 1", "--claim", "address.locality=London"]].concat());
    let changed = place.json(&[update.as_slice(), &["given_name="]].concat());
    assert_eq!(changed["claims"], serde_json::json!({ "address.locality": "London", "phone_number": "+44 20 1" }));
    let wrong = place.run(&[update.as_slice(), &["email=eve@example.com"]].concat());
    assert!(wrong.refused(1).contains("--claim"));
}

#[test]
fn a_deleted_user_leaves_an_id_and_its_address_is_free() {
    let place = Place::new();
    let id = ada(&place)["id"].clone();
    let id = id.as_str().unwrap();
    place.json(&["user", "delete", "ada", "--yes"]);
    assert_eq!(place.json(&["user", "list"]).as_array().unwrap().len(), 0);
    let left = place.json(&["user", "list", "--deleted"]);
    assert_eq!((&left[0]["id"], &left[0]["status"]), (&id.into(), &"deleted".into()));
    // An id is in hexadecimal digits, of which a name may be made as well.
    let rest = left.to_string().replace(id, "");
    assert!(!rest.contains("ada") && !rest.contains("Ada"), "{left}");
    for change in [
        &["user", "activate", id][..],
        &["user", "update", id, "--admin", "on"],
        &["user", "unlock", id],
        &["user", "delete", id, "--yes"],
    ] {
        assert!(place.run(change).refused(1).contains("is deleted"), "{change:?}");
    }
    assert_ne!(ada(&place)["id"], id, "the id is never given again");
    let status = place.json(&["status"]);
    assert_eq!(status["users"], 1);
}

#[test]
fn passwords_come_from_standard_input_and_are_judged() {
    let place = Place::new();
    ada(&place);
    place.json_with(&["user", "set-password", "ada", "--password-stdin"], "another good password\n");
    let short = place.run_with(&["user", "set-password", "ada", "--password-stdin"], "short\n");
    assert!(
        short.refused(1).contains("--password-stdin: ") && short.err.contains("at least 8 characters"),
        "{}",
        short.err
    );
    assert!(!short.err.contains("\"short\""));
    place.run_with(&["user", "set-password", "ada", "--password-stdin"], "").refused(1);
    assert!(place.run(&["user", "set-password", "ada"]).refused(1).contains("--password-stdin"));
    let own_name = ["user", "create", "--email", "somebody@example.com", "--password-stdin"];
    place.run_with(&own_name, "Somebody@Example.com\n").refused(1);
}

#[test]
fn addresses_and_names_are_taken_once() {
    let place = Place::new();
    ada(&place);
    assert!(place.run(&["user", "create", "--email", "ADA@example.com"]).refused(1).contains("exists already"));
    place.run(&["user", "create", "--email", "x@example.com", "--username", "Ada"]).refused(1);
    assert!(place.run(&["user", "create", "--email", "no address"]).refused(1).contains("--email"));
    assert!(
        place
            .run(&["user", "create", "--email", "y@example.com", "--tenant", "No Slug"])
            .refused(1)
            .contains("--tenant")
    );
}

#[test]
fn each_tenant_has_its_own_addresses_where_it_is_so_decided() {
    let place = Place::new().with("AUTHLY_EMAIL_UNIQUENESS", "per_tenant");
    let create = |tenant: &str| place.json(&["user", "create", "--email", "zoe@example.com", "--tenant", tenant]);
    let (acme, beta) = (create("acme"), create("beta"));
    assert_ne!(acme["id"], beta["id"]);
    assert_eq!((&acme["username"], &beta["username"]), (&"zoe@example.com".into(), &"beta/zoe@example.com".into()));
    let again = ["user", "create", "--email", "ZOE@example.com", "--tenant", "acme", "--username", "other"];
    assert!(place.run(&again).refused(1).contains("exists already"));
    assert!(place.run(&["user", "deactivate", "zoe@example.com"]).refused(1).contains("several users"));
    let place = place.with("AUTHLY_EMAIL_UNIQUENESS", "global");
    let refused = place.run(&["user", "update", "beta/zoe@example.com", "--name", "Zoe"]);
    let why = refused.refused(1);
    assert!(why.contains(acme["id"].as_str().unwrap()) && why.contains(beta["id"].as_str().unwrap()), "{why}");
}
