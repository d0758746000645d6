//! No secret ever gets into anything that is printed; and nothing that comes from outside makes loading panic.

mod support;

use authly_config::{SETTINGS, settings};
use proptest::prelude::*;
use support::{Setup, production, setup};

const MARK: &str = "hunter2secret";

fn printed(setup: &Setup) -> String {
    let report = setup.load();
    let text = report.problems().iter().map(|problem| format!("{problem}\n{problem:?}\n")).collect::<String>();
    let rows = format!("{:?}", report.rows());
    format!("{text}{rows}{report:?}{}", report.clone().into_result().err().map(|e| e.to_string()).unwrap_or_default())
}

#[test]
fn secrets_are_not_printed_whether_valid_or_not() {
    for setting in settings().filter(|setting| setting.is_secret()) {
        for text in [
            MARK.to_owned(),
            format!("{MARK}-kX0u5mB1qJ8vT3rZ7yW2nL6pD9sF4gH0"),
            format!("postgresql://me:{MARK}@db/authly"),
            format!("postgresql://me:{MARK}@tail@db/authly?password={MARK}"),
            format!("postgresql://me:{MARK}/x@db/authly"),
            format!("redis://:{MARK}@cache/0"),
            format!("mysql://me:{MARK}@db"),
            format!("change-me-{MARK}"),
            format!("{MARK}\0"),
        ] {
            for case in [
                setup().env(setting.name(), &text),
                production().env(setting.name(), &text),
                setup().env(&format!("{}_FILE", setting.name()), "/s").with("/s", &text),
                setup().env(setting.name(), &text).env(&format!("{}_FILE", setting.name()), "/s").with("/s", "other"),
            ] {
                let printed = printed(&case);
                assert!(!printed.contains(MARK), "{} {text}: {printed}", setting.key);
            }
        }
    }
}

#[test]
fn a_broken_file_is_reported_by_place_and_not_by_content() {
    for file in [
        format!("[legacy]\naccess_secret = {MARK}\n"),
        format!("[legacy]\naccess_secret = \"{MARK}\n"),
        format!("[legacy]\naccess_secret = \"{MARK}\"\naccess_secret = \"{MARK}\"\n"),
        format!("[legacy]\naccess_secret = [[\"{MARK}\"]]\n"),
        format!("[legacy]\naccess_secret = {{ value = \"{MARK}\" }}\n"),
        format!("legacy = \"{MARK}\"\n"),
        format!("[store]\ndatabase_url = \"{MARK}\"\n"),
    ] {
        let case = setup().file(&file);
        let text = printed(&case);
        assert!(!text.contains(MARK), "{file}: {text}");
        assert!(case.load().settings().is_none(), "{file}");
    }
    let line = setup().file("[legacy]\naccess_secret = nope\n").load().problems().first().unwrap().to_string();
    assert!(line.contains("line 2"), "{line}");
}

#[test]
fn rows_tell_whether_a_secret_is_set_and_mask_passwords() {
    let report = production().load();
    let row = |key: &str| report.rows().iter().find(|row| row.key == key).unwrap().value.clone();
    assert_eq!(row("legacy.access_secret"), "set");
    assert_eq!(row("admin.password"), "not set");
    assert_eq!(row("store.database_url"), "postgresql://authly:***@db/authly");
    assert_eq!(row("issuer.url"), "https://auth.example.com");
    assert_eq!(report.rows().len(), SETTINGS.iter().map(|section| section.settings.len()).sum::<usize>());
}

fn names() -> Vec<String> {
    let known = settings().flat_map(|setting| setting.names).map(|name| name.name.to_owned());
    let files = settings().filter(|setting| setting.is_secret()).map(|setting| format!("{}_FILE", setting.name()));
    known.chain(files).chain(["AUTHLY_".to_owned(), "AUTHLY_\u{1b}[2J".to_owned()]).collect()
}

fn values() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "",
        "0",
        "-1",
        "true",
        "production",
        "99999999999999999999999d",
        "9999999999999d",
        "::",
        "[::1]:0",
        "*",
        "a@b",
        "https://",
        "http://[",
        "https://\u{0}",
        "postgresql://",
        "postgresql://@/?#",
        "sqlite:",
        "sqlite://",
        "redis://@",
        "10.0.0.0/8,",
        "/33",
        "%",
        "%%%",
        "postgresql://u:%@h",
        "é",
        "\u{202e}",
        "-----BEGIN PRIVATE KEY-----",
        "=",
        "====",
    ]);
    prop_oneof![odd.prop_map(str::to_owned), any::<String>(), "[a-z]{1,8}://[ -~]{0,40}", "[0-9]{1,25}[smhd]?"]
}

proptest! {
    #[test]
    fn loading_never_panics_whatever_the_environment_holds(
        variables in prop::collection::vec((prop::sample::select(names()), values()), 0..12),
        content in values(),
    ) {
        let setup = variables.iter().fold(setup(), |setup, (name, value)| setup.env(name, value).with(value, &content));
        let report = setup.load();
        prop_assert_eq!(report.settings().is_none(), report.problems().iter().any(authly_config::Problem::is_error));
    }

    #[test]
    fn loading_never_panics_whatever_the_file_holds(
        entries in prop::collection::vec((prop::sample::select(settings().map(|s| s.key).collect::<Vec<_>>()), values()), 0..12),
        tail in any::<String>(),
    ) {
        let lines: Vec<String> = entries.iter().map(|(key, value)| format!("{key} = {value:?}\n{key} = {value}\n")).collect();
        setup().file(&lines.concat()).load();
        setup().file(&lines.first().cloned().unwrap_or_default()).load();
        setup().file(&format!("{}{tail}", lines.concat())).load();
        setup().file(&tail).load();
    }

    #[test]
    fn a_valid_file_with_any_texts_is_read_key_by_key(
        entries in prop::collection::btree_map(prop::sample::select(settings().map(|s| s.key).collect::<Vec<_>>()), "[ !#-\\[\\]-~]{0,30}", 0..12),
    ) {
        let text: String = entries.iter().map(|(key, value)| format!("{key} = \"{value}\"\n")).collect();
        let report = setup().file(&text).load();
        // Every problem names a setting: the file itself was understood.
        prop_assert!(report.problems().iter().all(|problem| problem.names.iter().all(|name| name != "AUTHLY_CONFIG")));
    }

    #[test]
    fn a_password_of_the_database_is_never_shown(password in "[!-~&&[^#@/?:]]{6,20}", tail in "[a-z@]{0,6}") {
        let url = format!("postgresql://user:{password}{tail}@host/name");
        let text = printed(&setup().env("DATABASE_URL", &url));
        prop_assert!(!text.contains(&password), "{}", text);
    }
}

#[test]
fn a_changed_secret_is_noticed_and_not_shown() {
    let report = |secret: &str| {
        let variables = [("JWT_SECRET_KEY", secret.to_owned()), ("LOG_LEVEL", "INFO".to_owned())];
        authly_config::load(variables, |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into()))
    };
    let (before, after) =
        (report("kl3j45h6lkj34h5l6kj3h45lk6jh3l45kj6h"), report("q8w7e6r5t4z3u2i1o0p9a8s7d6f5g4h3j2k1"));
    let changed: Vec<String> = after.changes_since(&before).into_iter().map(|setting| setting.key).collect();
    assert_eq!(changed, ["legacy.access_secret"]);
    assert!(after.changes_since(&after.clone()).is_empty());
    assert!(!format!("{after:?}").contains("q8w7e6r5"));
}
