//! Which layer wins, where a value came from, and how values are written in each layer.

mod support;

use std::time::Duration;

use authly_config::{Database, Environment, LogFormat, LogLevel, Origin, PasswordHash};
use support::{Setup, setup};

#[test]
fn with_nothing_configured_development_mode_is_complete() {
    let (settings, doubts) = setup().load().into_result().unwrap();
    assert!(doubts.is_empty(), "{doubts:?}");
    assert_eq!(settings.server.environment, Environment::Development);
    assert_eq!(settings.listener.address.to_string(), "127.0.0.1:8000");
    assert_eq!(settings.issuer.url.as_str(), "http://localhost:8000");
    assert_eq!(settings.listener.allowed_hosts, ["localhost", "127.0.0.1", "[::1]"]);
    assert!(matches!(&settings.store.database, Database::Sqlite(path) if path.ends_with("authly-data/authly.db")));
    assert!(settings.store.migrate_on_start);
    assert!(settings.accounts.registration);
    assert!(settings.oauth.enabled.is_none());
    assert!(settings.oauth.pkce_required && settings.oauth.consent_required);
    assert!(settings.legacy.password_grant);
    assert_eq!(settings.tokens.access_lifetime, Duration::from_secs(1_800));
    assert_eq!(settings.tokens.refresh_lifetime, Duration::from_secs(7 * 86_400));
    assert_eq!(settings.tokens.code_lifetime, Duration::from_secs(600));
    assert_eq!(settings.tokens.refresh_retry_window, Duration::from_secs(10));
    assert_eq!(settings.passwords.hash, PasswordHash::Argon2id { memory_kib: 19_456, passes: 2, lanes: 1 });
    assert_eq!(settings.passwords.min_length, 8);
    assert_eq!((settings.limits.max_login_attempts, settings.limits.per_minute), (5, 100));
    assert_eq!(settings.limits.lockout, Duration::from_secs(1_800));
    assert!(settings.mail.is_none());
    assert_eq!(settings.logging.format, LogFormat::Text);
    let admins: Vec<String> = settings.admin.networks.iter().map(ToString::to_string).collect();
    assert_eq!(admins, ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let both = setup().file("[passwords]\nmin_length = 10\nmax_bytes = 500\n").env("PASSWORD_MIN_LENGTH", "12");
    let report = both.load();
    let settings = report.settings().unwrap();
    assert_eq!((settings.passwords.min_length, settings.passwords.max_bytes), (12, 500));
    assert_eq!(settings.passwords.hash_queue, 64);
    let origin = |key: &str| report.rows().iter().find(|row| row.key == key).unwrap().origin.clone();
    assert_eq!(origin("passwords.min_length"), Origin::Environment("PASSWORD_MIN_LENGTH".into()));
    assert_eq!(origin("passwords.max_bytes"), Origin::File("passwords.max_bytes".into()));
    assert_eq!(origin("passwords.hash_queue"), Origin::Default);
}

#[test]
fn a_blank_variable_counts_as_not_set() {
    let report = setup().file("[passwords]\nmin_length = 10\n").env("PASSWORD_MIN_LENGTH", " ").env("DEBUG", "").load();
    assert_eq!(report.settings().unwrap().passwords.min_length, 10);
}

#[test]
fn lists_are_written_with_commas_or_as_arrays() {
    let wanted = ["https://a.example.com", "https://b.example.com"];
    let commas = setup().env("CORS_ORIGINS", " https://a.example.com ,, https://b.example.com,").load();
    assert_eq!(commas.settings().unwrap().listener.cors_origins, wanted);
    let text = setup().file("[listener]\ncors_origins = 'https://a.example.com,https://b.example.com'\n").load();
    assert_eq!(text.settings().unwrap().listener.cors_origins, wanted);
    let array = "[listener]\ncors_origins = ['https://a.example.com', 'https://b.example.com']\n";
    assert_eq!(setup().file(array).load().settings().unwrap().listener.cors_origins, wanted);
}

#[test]
fn an_empty_list_in_the_file_empties_a_default() {
    let report = setup().file("[admin]\nnetworks = []\n").load();
    assert!(report.settings().unwrap().admin.networks.is_empty());
    assert!(setup().env("AUTHLY_ADMIN_NETWORKS", "none").load().settings().unwrap().admin.networks.is_empty());
}

#[test]
fn text_that_looks_like_a_number_stays_as_it_is() {
    let secret = "00093847561029384710592837465019283745";
    let report = setup().env("JWT_SECRET_KEY", secret).load();
    assert_eq!(report.settings().unwrap().legacy.access_secret.as_ref().unwrap().expose(), secret);
}

#[test]
fn bare_numbers_have_the_unit_of_the_name_and_need_one_in_the_file() {
    let report = setup().env("CACHE_TTL", "300").env("AUTHLY_SESSION_IDLE_MINUTES", "90s").load();
    let settings = report.settings().unwrap();
    assert_eq!(settings.store.cache_lifetime, Duration::from_secs(300));
    assert_eq!(settings.sessions.idle_lifetime, Duration::from_secs(90));
    assert!(setup().file("[store]\ncache_lifetime = '2m'\n").load().settings().is_some());
    let bare = setup().file("[store]\ncache_lifetime = 120\n").load();
    assert_eq!(bare.problems()[0].names, ["store.cache_lifetime"]);
}

#[test]
fn a_secret_is_read_from_a_file_without_its_line_end() {
    let secret = "kX0u5mB1qJ8vT3rZ7yW2nL6pD9sF4gH0";
    let by_env = setup().env("JWT_SECRET_KEY_FILE", "/run/jwt").with("/run/jwt", &format!("{secret}\r\n")).load();
    assert_eq!(by_env.settings().unwrap().legacy.access_secret.as_ref().unwrap().expose(), secret);
    let by_file = setup().file("[legacy]\naccess_secret_file = '/run/jwt'\n").with("/run/jwt", &format!("{secret}\n"));
    assert_eq!(by_file.load().settings().unwrap().legacy.access_secret.as_ref().unwrap().expose(), secret);
    let by_url = setup().env("DATABASE_URL_FILE", "/run/db").with("/run/db", "postgresql://me:x@db/a\n").load();
    assert_eq!(by_url.settings().unwrap().store.database.to_string(), "postgresql://me:***@db/a");
}

#[test]
fn a_secret_file_that_is_missing_or_empty_is_an_error() {
    for case in [
        setup().env("ADMIN_PASSWORD_FILE", "/gone"),
        setup().env("ADMIN_PASSWORD_FILE", "/empty").with("/empty", "\n"),
        setup().file("[admin]\npassword_file = '/gone'\n"),
    ] {
        assert!(case.load().settings().is_none());
    }
}

#[test]
fn what_is_no_secret_has_no_file_variant() {
    let report = setup().env("LOG_LEVEL_FILE", "/gone").load();
    assert_eq!(report.settings().unwrap().logging.level, LogLevel::Info);
    assert!(setup().file("[logging]\nlevel_file = '/gone'\n").load().settings().is_none());
}

#[test]
fn log_levels_of_the_programs_before_are_understood() {
    for (word, level) in [("WARNING", LogLevel::Warn), ("critical", LogLevel::Error), ("Info", LogLevel::Info)] {
        assert_eq!(setup().env("LOG_LEVEL", word).load().settings().unwrap().logging.level, level, "{word}");
    }
}

#[test]
fn mail_is_there_when_its_host_is() {
    let mail = setup().env("SMTP_HOST", "mail.example.com").env("SMTP_FROM_EMAIL", "no-reply@example.com");
    let report = mail.env("ENVIRONMENT", "staging").load();
    let settings = report.settings().unwrap();
    assert_eq!(settings.mail.as_ref().unwrap().server().unwrap().port, 587);
    assert!(settings.accounts.registration);
    let without = setup().env("ENVIRONMENT", "staging").load();
    assert!(!without.settings().unwrap().accounts.registration);
}

#[test]
fn a_folder_may_take_the_mails() {
    let report = setup().env("AUTHLY_MAIL_OUTBOX", "mails").env("ENVIRONMENT", "staging").load();
    let settings = report.settings().unwrap();
    assert!(settings.mail.as_ref().unwrap().server().is_none() && settings.accounts.registration);
}

#[test]
fn an_issuer_that_nobody_declared_follows_the_port() {
    let settings = setup().env("AUTHLY_LISTEN", "127.0.0.1:0").load().into_result().unwrap().0.listening_on(41_234);
    assert_eq!(settings.issuer.url.as_str(), "http://localhost:41234");
    let declared =
        setup().env("AUTHLY_ISSUER", "http://localhost:9000/").load().into_result().unwrap().0.listening_on(41_234);
    assert_eq!(declared.issuer.url.as_str(), "http://localhost:9000");
}

#[test]
fn with_tls_of_its_own_the_undeclared_issuer_is_https() {
    let tls = setup().env("AUTHLY_TLS_CERT", "/c.pem").env("AUTHLY_TLS_KEY", "/k.pem");
    let pem = |setup: Setup, path: &str| setup.with(path, "-----BEGIN X-----");
    let report = pem(pem(tls, "/c.pem"), "/k.pem").load();
    assert_eq!(report.settings().unwrap().issuer.url.as_str(), "https://localhost:8000");
}

#[test]
fn the_example_file_is_valid_commented_or_not() {
    let example = authly_config::example_toml();
    let report = setup().file(&example).load();
    assert!(report.problems().is_empty(), "{:?}", report.problems());
    let keys =
        |line: &str| line.starts_with("# ") && line.split_once(" = ").is_some_and(|(key, _)| !key[2..].contains(' '));
    let uncommented: Vec<&str> = example.lines().map(|line| if keys(line) { &line[2..] } else { line }).collect();
    let count = uncommented.iter().filter(|line| line.contains(" = ")).count();
    assert!(count >= authly_config::settings().count(), "{count}");
    let report = setup().file(&uncommented.join("\n")).load();
    assert!(report.settings().is_some(), "{:?}", report.problems());
}

#[test]
fn hashes_of_other_programs_verify_unless_that_is_switched_off() {
    let foreign = |setup: Setup| setup.load().into_result().unwrap().0.passwords.foreign_hashes;
    assert!(foreign(setup()));
    assert!(!foreign(setup().env("AUTHLY_FOREIGN_HASHES_ENABLED", "false")));
}

#[test]
fn peppers_stand_one_in_a_line() {
    let settings = setup().env("AUTHLY_PASSWORD_PEPPERS", "one\r\n\n two \n").load().into_result().unwrap().0;
    let peppers: Vec<_> = settings.passwords.peppers.iter().map(|pepper| pepper.expose().to_owned()).collect();
    assert_eq!(peppers, ["one", " two "]);
    assert!(setup().load().into_result().unwrap().0.passwords.peppers.is_empty());
}
