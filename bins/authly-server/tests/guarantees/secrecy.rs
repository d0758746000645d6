//! G14: nothing that is printed, logged or kept for the record holds a password, a hash or a secret.

use std::{collections::BTreeSet, fs, path::Path};

use authly_legacy_source::{Legacy, Plan};
use serde_json::json;

use crate::{
    snapshot::Snapshot,
    world::{Kind, World, client, dirty},
};

/// Where hashes are at home.
const HOMES: [&str; 1] = ["users"];

#[tokio::test(flavor = "multi_thread")]
async fn no_output_no_log_and_no_record_holds_a_secret() {
    for kind in Kind::BOTH {
        let world = World::new(kind, dirty(Legacy::Tenants, 150)).await;
        fs::write(world.installation.folder().join("canaries.json"), canaries(&world).await).unwrap();
        let server = world.serve();
        let mut told = Vec::new();
        let source = |command: &[&str], more: &[&str]| {
            let words: Vec<String> = world.about_source(command, more).into_iter().map(str::to_owned).collect();
            words
        };
        let mut commands = vec![
            source(&["assess"], &["--canary", "canaries.json"]),
            source(&["assess"], &["--rows", "hash_hostile"]),
            source(&["plan"], &[]),
            source(&["import"], &["--execute"]),
            source(&["export"], &[]),
            source(&["verify"], &["--canary", "canaries.json"]),
        ];
        commands.retain(|words| !words.is_empty());
        let plain = [
            "migrate audit",
            "migrate status",
            "migrate pending",
            "migrate pending --csv",
            "migrate checklist",
            "migrate usage",
            "migrate quarantine list",
            "migrate finalize check",
            "user list",
            "doctor",
            "config show",
            "backup create",
            "migrate rollback --all",
            "migrate rollback --all --execute --yes",
        ];
        commands.extend(plain.iter().map(|line| line.split(' ').map(str::to_owned).collect()));
        for words in &commands {
            let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
            for format in ["json", "table"] {
                let mut words = words.clone();
                match words.iter().position(|word| *word == "--output") {
                    Some(place) => words[place + 1] = format,
                    None => words.extend(["--output", format]),
                }
                if words.contains(&"export") {
                    words.retain(|word| !["--output", "json", "table"].contains(word));
                }
                let done = world.admin(&words);
                assert_ne!(done.code, Some(64), "{words:?}: {done:?}");
                told.push((words.join(" "), done.out + &done.err));
                if words.contains(&"import") {
                    // Somebody signs in, mistypes, and is told nothing but that.
                    for (email, password) in &world.imported().await {
                        assert_eq!(world.sign_in(email, password).await.0, 200);
                        let typo = world.sign_in(email, &format!("{password}-typo")).await;
                        told.push(("a refused sign-in".to_owned(), typo.1.to_string()));
                    }
                }
            }
        }
        let bundle = world.installation.folder().join("bundle.json");
        let log = world.installation.log(world.installation.port);
        let made = [&["support-bundle", "--out"], &[bundle.to_str().unwrap(), "--log", log.to_str().unwrap()][..]];
        world.ok(&made.concat());
        told.push(("the bundle for support".to_owned(), fs::read_to_string(bundle).unwrap()));
        server.stop().unwrap();
        told.push((
            "the server's log".to_owned(),
            fs::read_to_string(world.installation.log(world.installation.port)).unwrap(),
        ));
        for (table, rows) in Snapshot::of(&world).await.0 {
            if !HOMES.contains(&table.as_str()) {
                told.push((format!("the table {table}"), rows.join("\n")));
            }
        }
        manifests(world.installation.folder(), &mut told);
        assert!(told.iter().any(|(place, _)| place.contains("manifest")), "{kind:?}: no manifest was made");

        let secrets = secrets(&world).await;
        assert!(secrets.len() > 15, "{secrets:?}");
        for (place, text) in &told {
            for secret in &secrets {
                assert!(
                    !text.contains(secret.as_str()),
                    "{kind:?}: {place} holds {secret:?}:\n{}",
                    around(text, secret)
                );
            }
        }
        let ledger = Snapshot::of(&world).await.0["migration_items"].join("\n");
        assert!(ledger.contains("(sealed)"), "{kind:?}: the ledger keeps hashes, sealed");
    }
}

async fn canaries(world: &World) -> String {
    let people: serde_json::Map<String, serde_json::Value> =
        world.people.iter().map(|(email, password)| (email.clone(), json!(password))).collect();
    json!(people).to_string()
}

/// Clear passwords, stored hashes and their salts, and the installation's own secrets.
async fn secrets(world: &World) -> BTreeSet<String> {
    let mut secrets: BTreeSet<String> = world.people.iter().map(|(_, password)| password.clone()).collect();
    let hashes: Vec<String> = match world.source.strip_prefix("sqlite:") {
        Some(file) => {
            let connection = rusqlite::Connection::open(file).unwrap();
            let mut statement =
                connection.prepare("SELECT password_hash FROM users WHERE password_hash <> ''").unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        }
        None => {
            let sql = "SELECT password_hash FROM users WHERE password_hash <> ''";
            client(&world.source).await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
        }
    };
    // A part is as bad as the whole.
    secrets.extend(hashes.iter().map(|hash| hash.chars().rev().take(24).collect::<Vec<_>>().iter().rev().collect()));
    for setting in ["JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY", "SECRET_ENCRYPTION_KEY"] {
        secrets.insert(world.installation.setting(setting).unwrap().to_owned());
    }
    secrets
}

/// What a backup says of itself, at any depth.
fn manifests(folder: &Path, told: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            manifests(&path, told);
        } else if path.extension().is_some_and(|ending| ending == "json") && !path.ends_with("canaries.json") {
            told.push((format!("the manifest {}", path.display()), fs::read_to_string(&path).unwrap()));
        }
    }
}

fn around<'a>(text: &'a str, secret: &str) -> &'a str {
    let at = text.find(secret).unwrap_or(0);
    let (mut from, mut to) = (at.saturating_sub(120), (at + 200).min(text.len()));
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    while !text.is_char_boundary(to) {
        to += 1;
    }
    &text[from..to]
}

/// A pass with known secrets in it is found: the test above can fail.
#[tokio::test(flavor = "multi_thread")]
async fn the_home_of_hashes_holds_what_is_looked_for() {
    let world = World::new(Kind::Sqlite, Plan { users: 20, ..Plan::new(Legacy::Tenants) }).await;
    world.import(&["--execute"]);
    let text = Snapshot::of(&world).await.0["users"].join("\n");
    let found = secrets(&world).await.iter().filter(|secret| text.contains(secret.as_str())).count();
    assert!(found > 5, "{found}");
}
