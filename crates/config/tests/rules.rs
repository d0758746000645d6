//! What is refused, what is doubted, and that everything is named at once.

mod support;

use authly_config::Severity;
use support::{is_error, production, setup};

#[test]
fn a_complete_production_has_no_problems() {
    let report = production().load();
    assert!(report.problems().is_empty(), "{:?}", report.problems());
    assert!(report.settings().is_some());
}

#[test]
fn everything_that_production_lacks_is_named_at_once() {
    let report = setup().env("ENVIRONMENT", "production").env("OAUTH_ENABLED", "TRUE").load();
    assert!(report.settings().is_none());
    for name in [
        "DATABASE_URL",
        "JWT_SECRET_KEY",
        "JWT_REFRESH_SECRET_KEY",
        "SECRET_ENCRYPTION_KEY",
        "CORS_ORIGINS",
        "ALLOWED_HOSTS",
        "AUTHLY_ISSUER",
    ] {
        let about: Vec<_> = report.problems().iter().filter(|problem| problem.names == [name]).collect();
        assert_eq!(about.len(), 1, "{name}: {about:?}");
        assert!(about[0].is_error() && about[0].what.contains("not set"));
    }
    assert_eq!(report.problems().len(), 7);
}

#[test]
fn origins_are_required_only_when_oauth_is_enabled_here() {
    let without = production().without("CORS_ORIGINS");
    assert!(is_error(&without.about("CORS_ORIGINS")));
    assert!(without.clone().env("OAUTH_ENABLED", "false").load().settings().is_some());
    assert!(without.without("OAUTH_ENABLED").load().settings().is_some());
}

#[test]
fn production_refuses_conveniences() {
    for (name, value) in [
        ("DEBUG", "true"),
        ("AUTHLY_ISSUER", "http://auth.example.com"),
        ("AUTHLY_TRUSTED_PROXIES", ""),
        ("AUTHLY_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("JWT_SECRET_KEY", "change-me"),
        ("JWT_SECRET_KEY", "kX0u5mB1qJ8vT3rZ7yW2nL6pD9sF4gH"),
        ("JWT_REFRESH_SECRET_KEY", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("DATABASE_URL", "postgresql://authly:password@db/authly"),
        ("SECRET_ENCRYPTION_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "other.example.com"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", " , "),
        ("ALLOWED_HOSTS", ","),
    ] {
        assert!(production().env(name, value).load().settings().is_none(), "{name}={value}");
    }
}

#[test]
fn a_listener_on_loopback_needs_no_proxy_in_production() {
    let local = production().env("AUTHLY_LISTEN", "127.0.0.1:8000").without("AUTHLY_TRUSTED_PROXIES");
    assert!(local.load().problems().is_empty());
}

#[test]
fn development_stays_on_loopback() {
    assert!(is_error(&setup().env("AUTHLY_LISTEN", "0.0.0.0:8000").about("ENVIRONMENT")));
    assert!(setup().env("AUTHLY_LISTEN", "[::1]:8000").load().settings().is_some());
    let staging = setup().env("AUTHLY_LISTEN", "0.0.0.0:8000").env("ENVIRONMENT", "staging");
    let problems = staging.about("AUTHLY_LISTEN");
    assert_eq!((problems.len(), problems[0].severity), (1, Severity::Warning));
}

#[test]
fn an_issuer_with_more_than_a_host_is_refused_everywhere() {
    for issuer in ["https://a.example.com/auth", "https://a.example.com?x", "https://a.example.com#x", "a.example.com"]
    {
        assert!(is_error(&setup().env("AUTHLY_ISSUER", issuer).about("AUTHLY_ISSUER")), "{issuer}");
    }
}

#[test]
fn two_names_of_one_setting_must_agree() {
    for (first, second, same, different) in [
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "JWT_ACCESS_TOKEN_EXPIRE_MINUTES", ("15", "15"), ("30", "15")),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "JWT_REFRESH_TOKEN_EXPIRE_DAYS", ("7", "168h"), ("7", "30")),
        ("AUTHORIZATION_CODE_EXPIRE_MINUTES", "AUTHORIZATION_CODE_EXPIRE_SECONDS", ("10", "600"), ("10", "60")),
        ("SMTP_USERNAME", "SMTP_USER", ("me", "me"), ("me", "you")),
    ] {
        let agree = setup().env(first, same.0).env(second, same.1);
        assert!(!is_error(&agree.about(first)), "{first}");
        let problems = setup().env(first, different.0).env(second, different.1).about(first);
        assert!(is_error(&problems), "{first}");
        assert!(problems[0].names.contains(&second.to_owned()), "{problems:?}");
    }
}

#[test]
fn the_second_of_two_names_works_alone() {
    let report = setup().env("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "15").env("JWT_REFRESH_TOKEN_EXPIRE_DAYS", "30").load();
    let tokens = report.settings().map(|settings| settings.tokens.clone());
    let spans = tokens.map(|tokens| (tokens.access_lifetime.as_secs(), tokens.refresh_lifetime.as_secs()));
    assert_eq!(spans, Some((900, 30 * 86_400)));
}

#[test]
fn a_secret_and_its_file_must_agree() {
    let secret = "kX0u5mB1qJ8vT3rZ7yW2nL6pD9sF4gH0";
    let both = setup().env("JWT_SECRET_KEY", secret).env("JWT_SECRET_KEY_FILE", "/run/jwt");
    assert!(both.clone().with("/run/jwt", &format!("{secret}\n")).load().settings().is_some());
    let problems = both.with("/run/jwt", "another-secret-of-some-length-1234").about("JWT_SECRET_KEY_FILE");
    assert!(is_error(&problems));
}

#[test]
fn the_password_of_the_database_is_completed_and_not_contradicted() {
    let url = "postgresql://authly@db/authly";
    let report = setup().env("DATABASE_URL", url).env("DB_PASSWORD", "kP4vQ9wX").load();
    assert_eq!(
        report.settings().map(|s| s.store.database.to_string()).as_deref(),
        Some("postgresql://authly:***@db/authly")
    );
    let two = setup().env("DATABASE_URL", "postgresql://authly:one@db/authly").env("DB_PASSWORD", "two");
    assert!(is_error(&two.about("DB_PASSWORD")));
}

#[test]
fn unknown_keys_of_the_file_are_all_named_with_what_was_meant() {
    let file = "surprise = 1\n[tokens]\naces_lifetime = '5m'\n[token]\nx = 1\n[listener.tls]\ncert = 'x'\n";
    let report = setup().file(file).load();
    let named: Vec<&str> = report.problems().iter().map(|problem| problem.names[0].as_str()).collect();
    assert_eq!(named, ["listener.tls", "surprise", "token", "tokens.aces_lifetime"]);
    assert!(report.problems()[3].hint.contains("tokens.access_lifetime"), "{:?}", report.problems());
    assert!(report.problems()[2].hint.contains("tokens"));
    assert!(report.settings().is_none());
}

#[test]
fn an_unknown_name_of_ours_in_the_environment_is_doubted() {
    let report =
        setup().env("AUTHLY_LISEN", "127.0.0.1:1").env("AUTHLY_SERVICE_HOST", "10.0.0.1").env("PATH", "/bin").load();
    assert_eq!(report.problems().len(), 1);
    assert_eq!(report.problems()[0].severity, Severity::Warning);
    assert!(report.problems()[0].hint.contains("AUTHLY_LISTEN"));
}

#[test]
fn short_secrets_are_doubted_outside_production_and_examples_refused() {
    let short = setup().env("JWT_SECRET_KEY", "kX0u5mB1qJ8v").about("JWT_SECRET_KEY");
    assert_eq!((short.len(), short[0].severity), (1, Severity::Warning));
    assert!(is_error(&setup().env("JWT_SECRET_KEY", "your-secret-key").about("JWT_SECRET_KEY")));
}

#[test]
fn tls_needs_both_of_its_files_and_they_must_be_readable() {
    assert!(is_error(
        &setup().env("AUTHLY_TLS_CERT", "/c.pem").with("/c.pem", "-----BEGIN X-----").about("AUTHLY_TLS_KEY")
    ));
    let gone = setup().env("AUTHLY_TLS_CERT", "/c.pem").env("AUTHLY_TLS_KEY", "/k.pem");
    assert!(is_error(&gone.about("AUTHLY_TLS_CERT")) && is_error(&gone.about("AUTHLY_TLS_KEY")));
}

#[test]
fn links_are_handed_over_protected_or_on_this_machine() {
    let mail = |host: &str| {
        let setup = setup().env("SMTP_HOST", host).env("SMTP_FROM_EMAIL", "a@example.com");
        setup.env("AUTHLY_SMTP_ENCRYPTION", "none").about("AUTHLY_SMTP_ENCRYPTION")
    };
    assert!(is_error(&mail("mail.example.com")) && is_error(&mail("10.0.0.9")));
    assert!(!is_error(&mail("localhost")) && !is_error(&mail("127.0.0.1")));
}

#[test]
fn mail_needs_a_sender_and_parts_of_it_alone_are_doubted() {
    assert!(is_error(&setup().env("SMTP_HOST", "mail.example.com").about("SMTP_FROM_EMAIL")));
    let alone = setup().env("SMTP_PASSWORD", "kP4vQ9wX").about("SMTP_PASSWORD");
    assert_eq!((alone.len(), alone[0].severity), (1, Severity::Warning));
}

#[test]
fn lifetimes_that_never_count_are_doubted() {
    let code = setup().env("AUTHORIZATION_CODE_EXPIRE_MINUTES", "11").about("AUTHORIZATION_CODE_EXPIRE_MINUTES");
    assert_eq!((code.len(), code[0].severity), (1, Severity::Warning));
    let absolute =
        setup().env("AUTHLY_REFRESH_ABSOLUTE_LIFETIME_DAYS", "1").about("AUTHLY_REFRESH_ABSOLUTE_LIFETIME_DAYS");
    assert_eq!(absolute[0].severity, Severity::Warning);
    let unlimited = setup().env("AUTHLY_REFRESH_ABSOLUTE_LIFETIME_DAYS", "0").load();
    assert!(unlimited.problems().is_empty());
}

#[test]
fn half_an_administrator_is_doubted_and_a_short_password_refused() {
    let half = setup().env("ADMIN_EMAIL", "root@example.com").about("ADMIN_PASSWORD");
    assert_eq!((half.len(), half[0].severity), (1, Severity::Warning));
    let short = setup().env("ADMIN_EMAIL", "root@example.com").env("ADMIN_PASSWORD", "kP4vQ9w");
    assert!(is_error(&short.about("ADMIN_PASSWORD")));
}

#[test]
fn a_misspelt_production_is_refused_and_does_not_pass_for_development() {
    let report = setup().env("ENVIRONMENT", "prod").env("AUTHLY_LISTEN", "0.0.0.0:8000").load();
    assert!(report.settings().is_none());
    assert!(!report.problems().iter().any(|problem| problem.what.contains("development mode")));
}

#[test]
fn errors_come_before_warnings_and_read_as_lines() {
    let report = setup().env("AUTHORIZATION_CODE_EXPIRE_MINUTES", "11").env("PASSWORD_MIN_LENGTH", "x").load();
    let lines: Vec<String> = report.problems().iter().map(ToString::to_string).collect();
    assert_eq!(lines[0], "error: PASSWORD_MIN_LENGTH: is not a whole number (write a whole number from 1 to 128)");
    assert!(lines[1].starts_with("warning: AUTHORIZATION_CODE_EXPIRE_MINUTES: "));
}

#[test]
fn a_configuration_file_that_is_named_must_be_there() {
    assert!(is_error(&setup().env("AUTHLY_CONFIG", "/gone.toml").about("AUTHLY_CONFIG")));
}

#[cfg(unix)]
#[test]
fn bytes_that_are_not_text_are_an_error_for_known_names_only() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;

    let odd = || OsString::from_vec(vec![b'a', 0xff]);
    let load = |name: OsString| {
        authly_config::load([(name, odd())], |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into()))
    };
    assert!(load("LANG".into()).problems().is_empty());
    assert!(load(odd()).problems().is_empty());
    let report = load("ADMIN_PASSWORD".into());
    assert!(report.settings().is_none());
    assert_eq!(report.problems()[0].names, ["ADMIN_PASSWORD"]);
}

#[test]
fn later_variables_win_over_earlier_ones_of_the_same_name() {
    let twice = [("PASSWORD_MIN_LENGTH", "9"), ("PASSWORD_MIN_LENGTH", "11")];
    let report = authly_config::load(twice, |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into()));
    assert_eq!(report.settings().map(|settings| settings.passwords.min_length), Some(11));
}
