//! `authly-admin tenant`, `group`, `migrate tenants` and `migrate policy` as scripts use them.

use crate::support::Place;
use serde_json::{Value, json};

fn acme(place: &Place) -> Value {
    place.json(&["tenant", "create", "--name", "Acme Corp.", "--with-groups"])
}

fn user(place: &Place, name: &str, tenant: &str) {
    let email = format!("{name}@example.com");
    place.json(&["user", "create", "--email", &email, "--username", name, "--tenant", tenant]);
}

#[test]
fn a_tenant_is_made_listed_shown_and_changed() {
    let place = Place::new();
    let made = acme(&place);
    assert_eq!(
        (&made["slug"], &made["name"], &made["mode"]),
        (&"acme-corp".into(), &"Acme Corp.".into(), &"dual".into())
    );
    assert_eq!(made["groups_by_name"], json!(["tenant_acme-corp_admins", "tenant_acme-corp_users"]));
    assert_eq!(made["mappings"].as_array().unwrap().len(), 2);
    place.json(&["tenant", "create", "--slug", "b", "--name", "Über „B“ & Söhne"]);
    let listed = place.json(&["tenant", "list"]);
    assert_eq!((&listed[0]["slug"], &listed[1]["name"]), (&"acme-corp".into(), &"Über „B“ & Söhne".into()));
    let changed = place.json(&["tenant", "update", "b", "--name", "B", "--active", "off", "--legacy-login", "off"]);
    assert_eq!(
        (&changed["name"], &changed["is_active"], &changed["legacy_login"]),
        (&"B".into(), &false.into(), &false.into())
    );
    assert!(place.run(&["tenant", "create", "--slug", "B"]).refused(1).contains("exists already"));
    for bad in ["日本", "_", &"a".repeat(64)] {
        assert!(place.run(&["tenant", "create", "--slug", bad]).refused(1).contains("--slug"), "{bad}");
    }
    assert!(place.run(&["tenant", "create", "--slug", "c", "--name", "a\u{7}b"]).refused(1).contains("--name"));
    assert_eq!(place.run(&["tenant", "create"]).code, 64);
    place.run(&["tenant", "show", "nobody"]).refused(1);
    assert!(place.run(&["tenant", "list"]).out.contains("acme-corp"));
}

#[test]
fn a_tenant_with_accounts_stays_unless_they_are_to_go_with_it() {
    let place = Place::new();
    acme(&place);
    user(&place, "ada", "acme-corp");
    assert!(
        place
            .run(&["tenant", "delete", "acme-corp", "--yes"])
            .refused(1)
            .contains("--with-members: acme-corp has 1 account;")
    );
    let unasked = place.run(&["tenant", "delete", "acme-corp", "--with-members"]);
    assert_eq!(unasked.code, 1);
    assert!(unasked.err.contains("1 account of acme-corp is deleted with it"), "{}", unasked.err);
    assert_eq!(place.json(&["user", "show", "ada"])["status"], "pending_verification", "nothing happened");
    let gone = place.json(&["tenant", "delete", "acme-corp", "--with-members", "--yes"]);
    assert_eq!(gone, json!({ "deleted": "acme-corp", "accounts_deleted": 1 }));
    place.run(&["user", "show", "ada"]).refused(1);
    assert_eq!(place.json(&["tenant", "list"]), json!([]));
    assert_eq!(place.json(&["group", "list"]), json!([]));
    assert!(place.json(&["tenant", "list", "--removed"])[0]["deleted_at"].is_string());
    assert!(place.run(&["tenant", "create", "--slug", "acme-corp"]).refused(1).contains("of a tenant that is removed"));
    place.run(&["user", "create", "--email", "b@example.com", "--tenant", "acme-corp"]).refused(1);
    place.json(&["tenant", "create", "--slug", "fresh"]);
    place.json(&["tenant", "delete", "fresh", "--yes"]);
    place.json(&["tenant", "create", "--slug", "fresh"]);
}

#[test]
fn members_join_and_leave_groups_of_their_own_tenant() {
    let place = Place::new();
    acme(&place);
    place.json(&["tenant", "create", "--slug", "b"]);
    user(&place, "ada", "acme-corp");
    user(&place, "bob", "b");
    assert_eq!(place.json(&["user", "show", "ada"])["groups"], json!(["tenant_acme-corp_users"]), "everybody's group");
    let admins = "tenant_acme-corp_admins";
    place.json(&["group", "member", "add", admins, "ada"]);
    assert!(place.run(&["group", "member", "add", admins, "bob"]).refused(1).contains("tenant b"));
    assert_eq!(place.json(&["group", "member", "list", admins])[0]["username"], "ada");
    assert_eq!(place.json(&["group", "show", admins])["members"], 1);
    assert!(place.run(&["group", "delete", admins, "--yes"]).refused(1).contains("--with-members"));
    place.json(&["group", "member", "remove", admins, "ada"]);
    place.run(&["group", "member", "remove", admins, "ada"]).refused(1);
    let moved = place.json(&["user", "update", "ada", "--tenant", "b"]);
    assert_eq!((&moved["tenant"], &moved["groups"]), (&"b".into(), &json!([])));
    assert_eq!(place.json(&["user", "update", "ada", "--no-tenant"])["tenant"], Value::Null);
    place.run(&["user", "update", "ada", "--tenant", "nobody"]).refused(1);
}

#[test]
fn groups_go_by_name_and_tenant() {
    let place = Place::new();
    acme(&place);
    place.json(&["group", "create", "--name", "Küche", "--tenant", "acme-corp", "--description", "Wo es duftet"]);
    place.json(&["group", "create", "--name", "Küche"]);
    assert!(place.run(&["group", "show", "Küche"]).refused(1).contains("several groups"));
    let theirs = place.json(&["group", "show", "Küche", "--tenant", "acme-corp"]);
    assert_eq!((&theirs["tenant"], &theirs["description"]), (&"acme-corp".into(), &"Wo es duftet".into()));
    let id = theirs["id"].as_str().unwrap();
    assert_eq!(place.json(&["group", "update", id, "--description", ""])["description"], "");
    assert!(place.run(&["group", "create", "--name", "Küche"]).refused(1).contains("exists already"));
    assert_eq!(place.json(&["group", "delete", id, "--yes"])["members_released"], 0);
    assert_eq!(place.json(&["group", "list", "--tenant", "acme-corp"]).as_array().unwrap().len(), 2);
}

/// S001-32.
#[test]
fn missing_groups_are_made_once_and_only_on_request() {
    let place = Place::new();
    acme(&place);
    for slug in ["b", "off"] {
        place.json(&["tenant", "create", "--slug", slug]);
    }
    place.json(&["tenant", "update", "off", "--active", "off"]);
    place.json(&["group", "create", "--name", "tenant_b_users", "--tenant", "b"]);
    let sync = |more: &[&str]| place.json(&[&["migrate", "tenants", "sync"], more].concat());
    let numbers = |report: &Value| {
        ["tenants", "created", "mapped", "existing", "refused"].map(|name| report[name].as_u64().unwrap())
    };
    let told = sync(&[]);
    assert_eq!((numbers(&told), &told["executed"]), ([2, 1, 1, 2, 0], &false.into()));
    assert_eq!(place.json(&["group", "list"]).as_array().unwrap().len(), 3, "a dry run writes nothing");
    let done = sync(&["--execute"]);
    assert_eq!(done["rows"], told["rows"], "the dry run told the truth");
    assert_eq!(numbers(&sync(&["--execute"])), [2, 0, 0, 4, 0], "the second run finds nothing to do");
    let group = place.json(&["group", "show", "tenant_b_admins"]);
    assert_eq!((&group["tenant"], &group["description"]), (&"b".into(), &"b Admins".into()));
}

#[test]
fn a_group_of_that_name_elsewhere_is_a_collision() {
    let place = Place::new();
    place.json(&["tenant", "create", "--slug", "b"]);
    place.json(&["group", "create", "--name", "tenant_b_users"]);
    let done = place.run(&["migrate", "tenants", "sync", "--execute", "--output", "json"]);
    assert_eq!(done.code, 2, "{done:?}");
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&report["created"], &report["refused"]), (&1.into(), &1.into()));
    assert_eq!(place.run(&["migrate", "tenants", "sync"]).code, 10);
}

/// S001-56.
#[test]
fn a_confirmation_says_who_and_when() {
    let place = Place::new();
    acme(&place);
    let said = place.json(&["migrate", "tenants", "confirm", "acme-corp", "--by", "Zoë O'Neill"]);
    assert_eq!(said["confirmed_by"], "Zoë O'Neill");
    assert!(said["confirmed_at"].is_string());
    assert_eq!(place.json(&["migrate", "tenants", "confirm", "acme-corp", "--withdraw"])["confirmed_by"], Value::Null);
    assert!(place.run(&["migrate", "tenants", "confirm", "acme-corp", "--by", " "]).refused(1).contains("--by"));
    place.run(&["migrate", "tenants", "confirm", "nobody", "--by", "me"]).refused(1);
}

/// S001-50..53.
#[test]
fn policies_are_set_shown_and_removed() {
    let place = Place::new();
    acme(&place);
    let set = |more: &[&str]| place.json(&[&["migrate", "policy", "set", "--yes"], more].concat());
    set(&["--mode", "dual", "--new-users", "oauth-only"]);
    set(&["--tenant", "acme-corp", "--mode", "password", "--until", "2099-03-01", "--wave", "pilot"]);
    let shown = place.json(&["migrate", "policy", "show"]);
    assert_eq!((&shown[0]["tenant"], &shown[0]["new_users"]), (&Value::Null, &"oauth-only".into()));
    assert_eq!((&shown[1]["tenant"], &shown[1]["until"]), (&"acme-corp".into(), &"2099-03-01T00:00:00Z".into()));
    let tenant = place.json(&["tenant", "show", "acme-corp"]);
    assert_eq!((&tenant["mode"], &tenant["until"]), (&"password".into(), &"2099-03-01T00:00:00Z".into()));
    place.json(&["migrate", "policy", "clear", "--tenant", "acme-corp"]);
    assert_eq!(place.json(&["tenant", "show", "acme-corp"])["mode"], "dual");
    for wrong in [
        &["--mode", "oauth-only", "--until", "2099-03-01"][..],
        &["--mode", "dual", "--until", "2001-03-01"],
        &["--mode", "dual", "--tenant", "nobody"],
    ] {
        place.run(&[&["migrate", "policy", "set", "--yes"], wrong].concat()).refused(1);
    }
}

/// S001-55.
#[test]
fn new_users_have_a_rule_of_their_own_from_a_day_on() {
    let place = Place::new();
    acme(&place);
    let set = |more: &[&str]| place.json(&[&["migrate", "policy", "set", "--yes"], more].concat());
    set(&["--mode", "dual", "--until", "2099-03-01", "--wave", "pilot"]);
    let day = "2098-01-01T00:00:00Z";
    let made = set(&["--tenant", "acme-corp", "--new-users", "oauth-only", "--from", "2098-01-01"]);
    assert_eq!((&made["new_users"], &made["since"]), (&"oauth-only".into(), &day.into()));
    assert_eq!(
        (&made["mode"], &made["until"]),
        (&"dual".into(), &"2099-03-01T00:00:00Z".into()),
        "as it counted before"
    );
    assert_eq!(place.json(&["migrate", "policy", "show"])[1], made);
    let shown = place.run(&["migrate", "policy", "show"]).out;
    assert!(shown.contains(day) && shown.contains("New users"), "{shown}");
    let tenant = place.json(&["tenant", "show", "acme-corp"]);
    assert_eq!((&tenant["new_users"], &tenant["new_users_since"]), (&"oauth-only".into(), &day.into()));
    let past = set(&["--new-users", "oauth-only", "--from", "2020-01-01T12:00:00Z"]);
    assert_eq!((&past["since"], &past["wave"]), (&"2020-01-01T12:00:00Z".into(), &"pilot".into()));
    let told = place.run(&["migrate", "policy", "set", "--all", "--new-users", "oauth-only", "--from", "2098-01-01"]);
    assert!(told.err.contains(&format!("created from {day} on")), "{}", told.err);
    for (wrong, option) in [
        (&["--new-users", "dual", "--from", "2098-01-01"][..], "--new-users"),
        (&["--new-users", "oauth-only", "--from", "2099-03-01"], "--from"),
    ] {
        assert!(
            place.run(&[&["migrate", "policy", "set", "--yes"], wrong].concat()).refused(1).contains(option),
            "{option}"
        );
    }
    for unclear in [&["--mode", "dual", "--from", "2098-01-01"][..], &["--from", "2098-01-01"], &[]] {
        assert_eq!(place.run(&[&["migrate", "policy", "set", "--yes"], unclear].concat()).code, 64, "{unclear:?}");
    }
}

#[test]
fn a_client_belongs_to_a_tenant() {
    let place = Place::new();
    let id = acme(&place)["id"].clone();
    let create =
        |tenant| ["client", "create", "--name", "App", "--redirect-uri", "https://a.example/cb", "--tenant", tenant];
    let made = place.json(&create("acme-corp"));
    assert_eq!(made["tenant_id"], id);
    assert_eq!(place.json(&["tenant", "show", "acme-corp"])["clients"][0], made["client_id"]);
    place.run(&create("nobody")).refused(1);
}

#[test]
fn an_account_has_a_policy_of_its_own() {
    let place = Place::new();
    place.json_with(&["user", "create", "--email", "ada@example.com", "--password-stdin"], "correct horse battery");
    let policy = ["migrate", "policy"];
    let run = |arguments: &[&str]| place.json(&[&policy[..], arguments].concat());
    assert_eq!(run(&["show", "--user", "ada@example.com"]), serde_json::json!([]));
    let set = run(&["set", "--user", "ada@example.com", "--mode", "oauth-only", "--wave", "pilot"]);
    assert_eq!((&set["user"], &set["mode"]), (&"ada@example.com".into(), &"oauth-only".into()));
    assert_eq!(run(&["show", "--user", "ada@example.com"])[0]["wave"], "pilot");
    assert_eq!(run(&["show"]), serde_json::json!([]), "it is nobody else's");
    run(&["clear", "--user", "ada@example.com"]);
    assert_eq!(run(&["show", "--user", "ada@example.com"]), serde_json::json!([]));
    assert_eq!(place.run(&["migrate", "policy", "set", "--user", "eve", "--mode", "dual"]).code, 1);
}
