//! `authly-admin migrate tenants sync --idp external`: groups and people at a provider, by a program of the operator's.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::Place;

/// Finds what it has made before and makes the rest; fails for whom it is told to, and notes what it was asked.
const PROGRAM: &str = r#"#!/bin/sh
asked=$(cat)
echo "$asked" >> asked.log
case "$asked" in
*broken@*) echo "the directory is full" >&2; exit 3 ;;
*nobody@*) echo '{"id":"null"}'; exit 0 ;;
esac
name=$(echo "$asked" | sed 's/.*"\(account\|name\)":"\([^"]*\)".*/\2/')
id="id-of-$(echo "$asked" | cksum | cut -d' ' -f1)"
if [ -e "made-$id" ]; then echo "{\"id\":\"$id\"}"; else touch "made-$id"; echo "{\"id\":\"$id\",\"created\":true}"; fi
"#;

fn place() -> Place {
    let place = Place::new()
        .with("AUTHLY_UPSTREAM_ISSUER", "https://idp.example")
        .with("AUTHLY_UPSTREAM_NAME", "corp")
        .with("AUTHLY_UPSTREAM_CLIENT_ID", "authly");
    let program = place.folder.path().join("provision.sh");
    std::fs::write(&program, PROGRAM).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    place.json(&["tenant", "create", "--slug", "acme", "--with-groups"]);
    for (email, tenant) in [
        ("ada@acme.example", true),
        ("broken@acme.example", true),
        ("nobody@acme.example", true),
        ("zoe@example.com", false),
    ] {
        let name = email.split('@').next().unwrap();
        let mut arguments =
            vec!["user", "create", "--email", email, "--username", name, "--password-stdin", "--verified"];
        if tenant {
            arguments.extend(["--tenant", "acme"]);
        }
        place.json_with(&arguments, "correct horse battery\n");
    }
    place
}

const SYNC: &[&str] = &["migrate", "tenants", "sync", "--idp", "external", "--people"];
const PROGRAM_IS: &[&str] = &["--command", "./provision.sh"];

fn sync(place: &Place, more: &[&str], code: i32) -> Value {
    let done = place.run(&[SYNC, more, &["--output", "json"]].concat());
    assert_eq!(done.code, code, "{done:?}");
    serde_json::from_str(&done.out).unwrap()
}

fn numbers(report: &Value) -> [u64; 6] {
    let numbers = ["total", "exists", "provide", "found", "created", "refused"];
    let numbers = numbers.map(|name| report[name].as_u64().unwrap());
    assert_eq!(numbers[0], numbers[1..].iter().sum::<u64>(), "the outcomes add up: {report}");
    assert_eq!(numbers[0], report["rows"].as_array().unwrap().len() as u64);
    numbers
}

#[test]
fn groups_and_people_are_found_or_made_once() {
    let place = place();
    let asked = || std::fs::read_to_string(place.folder.path().join("asked.log")).unwrap_or_default();
    let dry = sync(&place, PROGRAM_IS, 0);
    assert_eq!((numbers(&dry), &dry["executed"]), ([6, 0, 6, 0, 0, 0], &false.into()));
    assert_eq!(asked(), "", "a dry run asks nobody");

    let done = sync(&place, &[PROGRAM_IS, &["--execute"]].concat(), 2);
    assert_eq!(numbers(&done), [6, 0, 0, 0, 4, 2]);
    let reason = |email: &str| {
        let rows = done["rows"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == email).unwrap()["reason"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(reason("broken@acme.example"), "the directory is full");
    assert!(reason("nobody@acme.example").contains("an id that is none"), "null is no id");
    let person = asked().lines().find(|line| line.contains("ada@acme.example")).unwrap().to_owned();
    let person: Value = serde_json::from_str(&person).unwrap();
    assert_eq!((&person["kind"], &person["groups"]), (&"person".into(), &serde_json::json!(["tenant_acme_users"])));

    let before = asked().lines().count();
    let again = sync(&place, &[PROGRAM_IS, &["--execute"]].concat(), 2);
    assert_eq!(numbers(&again), [6, 4, 0, 0, 0, 2], "a second run does only what is left");
    assert_eq!(asked().lines().count() - before, 2);
}

#[test]
fn without_a_provider_or_a_provisioner_nothing_happens() {
    let bare = Place::new();
    bare.run(SYNC).refused(64);
    let place = place();
    place.run(&[SYNC, &["--execute"]].concat()).refused(64);
    place.run(&[SYNC, &["--provider", "other"]].concat()).refused(64);
    let told = place.run(&[SYNC, &["--url", "http://idp.example/provision", "--execute"]].concat());
    assert!(told.refused(1).contains("not https"));
}
