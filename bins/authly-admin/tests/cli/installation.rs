//! `authly-admin status`, `keys`, `config`, `migrate`, and how the command line itself behaves.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use crate::support::Place;

#[test]
fn the_status_names_version_store_and_numbers() {
    let place = Place::new();
    place.json(&["migrate", "schema", "up"]);
    let status = place.json(&["status"]);
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert!(status["engine"].as_str().unwrap().starts_with("SQLite 3."), "{status}");
    assert_eq!(
        (&status["schema"], &status["oauth"], &status["users"]),
        (&"up to date".into(), &"on".into(), &0.into())
    );
}

#[test]
fn a_command_that_only_reads_makes_no_store_and_says_what_to_do() {
    let place = Place::new();
    for reads in [
        &["status"][..],
        &["client", "list"],
        &["client", "show", "app"],
        &["scope", "list"],
        &["scope", "show", "read"],
        &["user", "list"],
        &["user", "show", "ada"],
        &["keys", "list"],
    ] {
        let done = place.run(reads);
        assert!(done.refused(1).contains("authly-admin migrate schema up"), "{reads:?}: {}", done.err);
        assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0, "{reads:?} left something behind");
    }
}

#[test]
fn the_status_counts_those_who_are_locked_by_wrong_passwords() {
    let place = Place::new();
    place.json_with(&["user", "create", "--email", "ada@example.com", "--password-stdin"], "correct horse battery");
    let status = place.json(&["status"]);
    assert_eq!((&status["locked_users"], &status["users_locked_by_failures"]), (&0.into(), &0.into()));
}

#[test]
fn oauth_is_switched_in_the_store_and_the_environment_wins() {
    let place = Place::new();
    assert_eq!(place.json(&["migrate", "oauth", "disable"])["oauth_enabled"], false);
    let status = place.run(&["status"]);
    assert!(status.err.contains("404"), "{}", status.err);
    assert_eq!(place.json(&["status"])["oauth"], "off");
    let place = place.with("OAUTH_ENABLED", "false");
    let enabled = place.run(&["migrate", "oauth", "enable"]);
    assert_eq!(enabled.code, 0);
    assert!(enabled.err.contains("OAUTH_ENABLED=false"), "{}", enabled.err);
    let status = place.json(&["status"]);
    assert_eq!(
        (&status["oauth"], &status["oauth_decided_by"]),
        (&"off".into(), &"the environment (OAUTH_ENABLED)".into())
    );
}

#[test]
fn generated_secrets_go_into_a_new_file_that_its_owner_alone_reads() {
    let place = Place::new();
    let done = place.run(&["keys", "generate", "--out", "keys.env"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let file = place.folder.path().join("keys.env");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains("=\"")).count(), 5);
    let told = |secret: &str| done.out.contains(secret);
    assert!(told("keys.env") && !text.lines().any(|line| told(line.split('"').nth(1).unwrap())), "{}", done.out);
    let again = place.run(&["keys", "generate", "--out", "keys.env"]);
    assert!(again.code == 1 && again.err.contains("name a file that does not exist yet"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "secrets that are in use are not written over");
    place.json(&["keys", "generate", "--out", "keys.json"]);
    let members: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(place.folder.path().join("keys.json")).unwrap()).unwrap();
    assert_eq!(members.as_object().unwrap().len(), 5);
}

#[test]
fn the_generated_secrets_satisfy_production() {
    let generated = Place::new().run(&["keys", "generate"]);
    assert_eq!((generated.code, generated.err.as_str()), (0, ""));
    let mut variables: Vec<(String, String)> = generated
        .out
        .lines()
        .map(|line| {
            let (name, value) = line.split_once('=').unwrap();
            (name.to_owned(), value.trim_matches('"').to_owned())
        })
        .collect();
    let names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "JWT_SECRET_KEY",
        "JWT_REFRESH_SECRET_KEY",
        "SECRET_ENCRYPTION_KEY",
        "OAUTH2_ENCRYPTION_KEY",
        "RSA_PRIVATE_KEY_PEM",
    ];
    assert_eq!(names, expected);
    let others = [
        ("ENVIRONMENT", "production"),
        ("DATABASE_URL", "postgresql://authly:3lkj4h5kjh@db/authly"),
        ("AUTHLY_ISSUER", "https://auth.example.com"),
        ("ALLOWED_HOSTS", "auth.example.com"),
    ];
    variables.extend(others.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    let report = authly_config::load(variables, no_files);
    assert!(report.settings().is_some(), "{:?}", report.problems());
}

#[test]
fn a_rotation_signs_with_the_key_that_was_published() {
    let place = Place::new();
    let first = place.json(&["keys", "rotate", "--alg", "ES256"]);
    let find = |keys: &serde_json::Value, state: &str| {
        let keys = keys.as_array().unwrap();
        keys.iter().find(|key| key["state"] == state && key["alg"] == "ES256").map(|key| key["kid"].clone())
    };
    let second = place.json(&["keys", "rotate"]);
    assert_eq!(find(&second, "current"), find(&first, "next"));
    assert_eq!(find(&second, "retired"), find(&first, "current"));
    assert!(find(&second, "next").is_some());
    assert_eq!(place.json(&["keys", "list"]), second);
    // Without its encryption key nothing is sealed under another one.
    std::fs::remove_file(place.folder.path().join("data/secret-encryption.key")).unwrap();
    assert!(place.run(&["keys", "rotate"]).refused(1).contains("SECRET_ENCRYPTION_KEY"));
    assert_eq!(place.json(&["keys", "list"]), second);
}

#[test]
fn a_rotation_at_once_says_what_it_costs() {
    let place = Place::new();
    let kid = |keys: &serde_json::Value, state: &str| {
        keys.as_array().unwrap().iter().find(|key| key["state"] == state).map(|key| key["kid"].clone())
    };
    let first = place.json(&["keys", "rotate", "--alg", "ES256"]);
    let at_once = place.run(&["keys", "rotate", "--alg", "ES256", "--now"]);
    assert!(at_once.code == 0 && at_once.err.contains("until they fetch it again"), "{at_once:?}");
    let forced = place.json(&["keys", "list"]);
    assert_ne!(kid(&forced, "current"), kid(&first, "next"), "nobody knows the key that signs");
    assert_eq!(kid(&forced, "next"), kid(&first, "next"), "the one that waited still waits");
}

#[test]
fn a_key_of_before_is_imported_once_and_signs_after_a_rotation() {
    let place = Place::new();
    let generated = place.json(&["keys", "generate"]);
    let pem = generated["RSA_PRIVATE_KEY_PEM"].as_str().unwrap();
    place.json(&["keys", "rotate", "--alg", "ES256"]);
    let imported = place.json_with(&["keys", "import"], pem);
    assert_eq!((&imported["alg"], &imported["state"]), (&"RS256".into(), &"next".into()));
    assert_eq!(place.json_with(&["keys", "import", "--current"], pem)["kid"], imported["kid"], "it is there already");
    let keys = place.json(&["keys", "rotate", "--alg", "RS256"]);
    let current = keys.as_array().unwrap().iter().find(|key| key["kid"] == imported["kid"]).unwrap();
    assert_eq!(current["state"], "current");
    assert!(place.run_with(&["keys", "import"], "no key at all").refused(1).contains("PEM"));
    place.run(&["keys", "import"]).refused(1);
}

#[test]
fn the_schema_waits_for_the_command_where_it_must() {
    let place = Place::new().with("AUTHLY_MIGRATE_ON_START", "false");
    let pending = place.json(&["migrate", "schema", "status"]);
    assert_eq!(pending["current"], false);
    assert!(!pending["pending"].as_array().unwrap().is_empty());
    assert!(place.run(&["client", "list"]).refused(1).contains("authly-admin migrate schema up"));
    assert!(!place.folder.path().join("authly.db").exists(), "nothing was touched");
    assert_eq!(place.json(&["migrate", "schema", "up"])["current"], true);
    assert_eq!(place.json(&["migrate", "schema", "up"])["applied"].as_array().unwrap().len(), 0);
    assert_eq!(place.json(&["client", "list"]).as_array().unwrap().len(), 0);
    assert_eq!(place.run(&["migrate", "schema", "verify"]).code, 0);
}

#[test]
fn a_file_that_is_no_store_of_ours_is_left_untouched() {
    let place = Place::new();
    let path = place.folder.path().join("authly.db");
    std::fs::write(&path, b"this is not a database, it is a letter of more than one hundred bytes, so that nobody takes it for an empty file").unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = place.run(&["migrate", "schema", "up"]);
    assert!(refused.refused(1).contains("not an SQLite database"), "{}", refused.err);
    assert!(refused.err.contains("name another file in DATABASE_URL"), "{}", refused.err);
    place.run(&["client", "list"]).refused(1);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn wrong_usage_is_64_and_what_was_asked_for_is_0() {
    let place = Place::new();
    for wrong in [&["nonsense"][..], &["client"], &["client", "create"], &["client", "create", "--nmae", "x"], &[]] {
        let done = place.run(wrong);
        assert_eq!((done.code, done.out.as_str()), (64, ""), "{wrong:?}: {}", done.err);
    }
    for asked in [&["--help"][..], &["client", "create", "--help"], &["help", "user"], &["--version"]] {
        let done = place.run(asked);
        assert_eq!((done.code, done.err.as_str()), (0, ""), "{asked:?}");
    }
    assert!(place.run(&["client", "create", "--help"]).out.contains("Examples:"));
    assert!(place.run(&["--version"]).out.contains(env!("CARGO_PKG_VERSION")));
    assert!(!place.folder.path().join("authly.db").exists());
}

#[test]
fn the_command_line_can_be_switched_off() {
    let place = Place::new().with("ADMIN_CLI_ENABLED", "false");
    assert!(place.run(&["client", "list"]).refused(1).contains("ADMIN_CLI_ENABLED"));
}

#[test]
fn a_configuration_check_names_everything_at_once() {
    let place = Place::new().with("ENVIRONMENT", "production").with("JWT_SECRET_KEY", "changeme");
    let done = place.run(&["config", "check"]);
    assert_eq!(done.code, 1);
    for name in ["JWT_SECRET_KEY", "JWT_REFRESH_SECRET_KEY", "SECRET_ENCRYPTION_KEY", "AUTHLY_ISSUER", "ALLOWED_HOSTS"]
    {
        assert!(done.out.contains(name), "{name} is missing in {}", done.out);
    }
    assert!(!done.out.contains("changeme"));
    assert_eq!(Place::new().run(&["config", "check"]).code, 0);
    let file = place.folder.path().join("authly.toml");
    std::fs::write(&file, "[server]\nenvironmnt = \"x\"\n").unwrap();
    let done = Place::new().run(&["config", "check", "--config", &file.display().to_string()]);
    assert_eq!(done.code, 1);
    assert!(done.out.contains("environmnt"), "{}", done.out);
    let provider = |name: &str| format!("[upstream.{name}]\nissuer = \"https://{name}.example\"\nclient_id = \"c\"\n");
    std::fs::write(&file, format!("{}{}[server]\nenvironmnt = \"x\"\n", provider("a"), provider("b"))).unwrap();
    let done = Place::new().run(&["config", "check", "--config", &file.display().to_string()]);
    assert!(done.out.contains("environmnt") && done.out.contains("upstream.b.link, upstream.a.link"), "{}", done.out);
}

#[test]
fn the_configuration_is_shown_without_secrets() {
    let place = Place::new().with("JWT_SECRET_KEY", "kl3j45h6lkj34h5l6kj3h45lk6jh3l45kj6h");
    let rows = place.json(&["config", "show", "--redacted"]);
    let row = rows.as_array().unwrap().iter().find(|row| row["name"] == "JWT_SECRET_KEY").unwrap();
    assert_eq!(row["origin"]["from"], "environment");
    assert!(!rows.to_string().contains("kl3j45h6"), "{rows}");
    assert!(!place.run(&["config", "show"]).out.contains("kl3j45h6"));
}

#[test]
fn references_and_completions_need_no_store() {
    let place = Place::new().with("DATABASE_URL", "nonsense");
    for page in ["configuration", "endpoints", "errors", "cli"] {
        let done = place.run(&["reference", page]);
        assert!(done.code == 0 && done.out.starts_with("# ") && done.out.lines().count() > 20, "{page}");
    }
    assert!(place.run(&["completion", "bash"]).out.contains("authly-admin"));
}

#[test]
fn a_reader_that_has_gone_is_no_failure_and_a_full_disk_is_one() {
    use std::process::{Command, Stdio};
    for words in [&["completion", "bash"][..], &["--help"], &["migrate", "profile", "show", "tenants"]] {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_authly-admin"));
            command.args(words).stderr(Stdio::null());
            command
        };
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(command().stdout(writer).status().unwrap().code(), Some(0), "{words:?}");
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        assert_eq!(command().stdout(full).status().unwrap().code(), Some(1), "{words:?}");
    }
}
