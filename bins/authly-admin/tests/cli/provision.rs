//! `authly-admin migrate tenants sync --idp external`: groups and people at a provider, by a program of the operator's.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    sync::mpsc,
};

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

/// What an address was asked: the bearer token and the JSON.
type Asked = (String, Value);

/// A provisioner at an address: it knows the first group, makes what it does not know, is full for some, and sends others away.
fn at_an_address() -> (String, mpsc::Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/provision", listener.local_addr().unwrap());
    let (tell, asked) = mpsc::channel();
    let elsewhere = url.replace("/provision", "/elsewhere");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut length, mut token, mut line) = (0, String::new(), String::new());
            let mut first = String::new();
            stream.read_line(&mut first).unwrap();
            while stream.read_line(&mut line).unwrap() > 2 {
                let (name, value) = line.trim().split_once(": ").unwrap();
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.parse().unwrap(),
                    "authorization" => value.clone_into(&mut token),
                    _ => {}
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            assert!(first.starts_with("POST /provision "), "{first}");
            let wanted: Value = serde_json::from_slice(&body).unwrap();
            let text = wanted.to_string();
            let (status, more, answer) = if text.contains("broken@") {
                ("507 Insufficient Storage", String::new(), "full".to_owned())
            } else if text.contains("nobody@") {
                ("302 Found", format!("Location: {elsewhere}\r\n"), String::new())
            } else if text.contains("tenant_acme_users") && wanted["kind"] == "group" {
                ("200 OK", String::new(), r#"{"id":"g-1"}"#.to_owned())
            } else {
                let name = wanted["email"].as_str().or(wanted["name"].as_str()).unwrap();
                ("201 Created", String::new(), format!(r#"{{"id":"id-of-{name}"}}"#))
            };
            tell.send((token, wanted)).unwrap();
            let head =
                format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
            stream.get_mut().write_all((head + &answer).as_bytes()).unwrap();
        }
    });
    (url, asked)
}

#[test]
fn an_address_is_asked_with_its_token_and_answers_by_status() {
    let (url, asked) = at_an_address();
    let place = place().with("AUTHLY_PROVISIONER_TOKEN", "only for the provisioner");
    let run = |execute: &[&str], code| sync(&place, &[&["--url", url.as_str()], execute].concat(), code);
    assert_eq!(numbers(&run(&[], 0)), [6, 0, 6, 0, 0, 0]);
    assert!(asked.try_recv().is_err(), "a dry run asks nobody");
    let done = run(&["--execute"], 2);
    assert_eq!(numbers(&done), [6, 0, 0, 1, 3, 2]);
    let rows = done["rows"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(
        (&row("tenant_acme_users")["action"], &row("tenant_acme_users")["id"]),
        (&"found".into(), &"g-1".into())
    );
    assert_eq!(row("ada@acme.example")["id"], "id-of-ada@acme.example");
    assert!(row("broken@acme.example")["reason"].as_str().unwrap().contains("507"));
    assert!(row("nobody@acme.example")["reason"].as_str().unwrap().contains("302"), "a token follows no redirect");
    let all: Vec<Asked> = asked.try_iter().collect();
    assert_eq!(all.len(), 6);
    assert!(all.iter().all(|(token, _)| token == "Bearer only for the provisioner"));
    let again = run(&["--execute"], 2);
    assert_eq!(numbers(&again), [6, 4, 0, 0, 0, 2], "what is known is not asked for again");
    assert_eq!(asked.try_iter().count(), 2);
    let links = place.json(&["user", "link", "list", "--user", "ada@acme.example"]);
    assert_eq!(links[0]["subject"], "id-of-ada@acme.example", "and linked");
    assert!(!done.to_string().contains("only for the provisioner"));
}

/// S001-23: the names of the script that came before are read, and the configuration is told first, without a secret.
#[test]
fn the_names_of_the_script_before_do_their_job() {
    let (url, asked) = at_an_address();
    let (_, behind) = url.split_once("://").unwrap();
    let with_password = format!("http://admin:hunter2@{behind}");
    let mut place = place().with("SELF_AUTH_ADMIN_TOKEN", "token of before").with("SELF_AUTH_URL", with_password);
    let refused = place.run(SYNC);
    assert!(refused.code == 1 && refused.err.contains("leave them out of the address"), "{refused:?}");
    place.variables.pop();
    let place = place.with("SELF_AUTH_URL", url.clone());
    let told = place.run(SYNC);
    assert_eq!(told.code, 0, "{told:?}");
    for word in ["provider: corp", "issuer: https://idp.example", "provisioner set by: SELF_AUTH_URL", "dry run: true"]
    {
        assert!(told.err.contains(word), "{word}: {told:?}");
    }
    assert!(
        told.err.contains("token: SET by SELF_AUTH_ADMIN_TOKEN") && told.err.contains("store: sqlite:"),
        "{told:?}"
    );
    let first = told.err.lines().position(|line| line.contains("token: SET")).unwrap();
    assert!(first < told.err.lines().position(|line| line.contains("in all")).unwrap(), "{told:?}");
    assert!(asked.try_recv().is_err(), "a dry run asks nobody");
    let done = place.run(&[SYNC, &["--execute", "--output", "json"]].concat());
    assert_eq!(done.code, 2, "{done:?}");
    assert!(asked.try_iter().all(|(token, _)| token == "Bearer token of before"));
    for done in [&refused, &told, &done] {
        for secret in ["hunter2", "token of before"] {
            assert!(!done.out.contains(secret) && !done.err.contains(secret), "{done:?}");
        }
    }
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(report["configuration"]["token"], "SET by SELF_AUTH_ADMIN_TOKEN");
    // What this program calls them goes before, and an option before both.
    let place =
        place.with("AUTHLY_PROVISIONER_TOKEN", "own token").with("AUTHLY_PROVISIONER_URL", "http://127.0.0.1:9/nobody");
    let nobody = sync(&place, &["--execute"], 2);
    assert_eq!(nobody["configuration"]["provisioner_set_by"], "AUTHLY_PROVISIONER_URL");
    assert!(asked.try_recv().is_err());
    sync(&place, &["--url", &url, "--execute"], 2);
    let tokens: Vec<String> = asked.try_iter().map(|(token, _)| token).collect();
    assert!(!tokens.is_empty() && tokens.iter().all(|token| token == "Bearer own token"), "{tokens:?}");
    let program = sync(&place, PROGRAM_IS, 0);
    assert_eq!(program["configuration"]["provisioner"], "./provision.sh");
}

/// The script stopped without its token, and so does this, in a dry run as well; DRY_RUN is heard where it says that nothing is to be done.
#[test]
fn without_a_token_nobody_is_asked_and_dry_run_wins() {
    let (url, asked) = at_an_address();
    let place = place().with("SELF_AUTH_URL", url);
    for more in [&[][..], &["--execute"]] {
        let done = place.run(&[SYNC, more].concat());
        assert_eq!((done.code, done.out.as_str()), (1, ""), "{done:?}");
        assert!(done.err.contains("SELF_AUTH_ADMIN_TOKEN") && done.err.contains("without a token"), "{done:?}");
        assert!(done.err.contains("token: NOT SET"), "{done:?}");
    }
    let mut place = place.with("SELF_AUTH_ADMIN_TOKEN", "token of before").with("DRY_RUN", "true");
    let dry = place.run(&[SYNC, &["--execute"]].concat());
    assert!(dry.code == 0 && dry.err.contains("DRY_RUN is set, so nothing was written."), "{dry:?}");
    place.variables.pop();
    let place = place.with("DRY_RUN", "false");
    let silent = place.run(SYNC);
    assert!(silent.err.contains("DRY_RUN=false alone does not change that. Add --execute"), "{silent:?}");
    assert!(asked.try_recv().is_err());
    assert_eq!(sync(&place, &["--execute"], 2)["created"], 3);
}

#[test]
fn without_a_provider_or_a_provisioner_nothing_happens() {
    let bare = Place::new();
    assert!(bare.run(SYNC).refused(1).contains("there is no store yet"), "a dry run makes none");
    bare.json(&["migrate", "schema", "up"]);
    bare.run(SYNC).refused(64);
    let place = place();
    place.run(&[SYNC, &["--execute"]].concat()).refused(64);
    place.run(&[SYNC, &["--provider", "other"]].concat()).refused(64);
    let told = place.run(&[SYNC, &["--url", "http://idp.example/provision", "--execute"]].concat());
    assert!(told.code == 1 && told.err.contains("not https"), "{told:?}");
}
