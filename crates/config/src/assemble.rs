//! From values to [`Settings`]: which value goes where, and what follows from others when it is not set.
//!
//! Every default stands in the table. The zeros here are only reached for a value that could not be read, and then the
//! settings are not given out.

use std::time::Duration;

use crate::parse::database::{self, Database};
use crate::parse::environment::Environment;
use crate::parse::issuer::{IssuerUrl, Scheme};
use crate::problem::Fault;
use crate::secret::SecretText;
use crate::settings::{
    Accounts, Admin, Bootstrap, Issuer, Keys, Legacy, Limits, Listener, Logging, Mail, MailCarrier, MailServer, OAuth,
    Operations, Pages, Passwords, Server, Sessions, Settings, Store, Tls, Tokens,
};
use crate::upstream::Upstream;
use crate::value::Values;
use crate::words::{
    EmailUniqueness, HmacAlgorithm, LogFormat, LogLevel, MailEncryption, PasswordHash, SigningAlgorithm,
};

/// Puts the settings together. The fault is a contradiction between the database URL and the separate password.
pub(crate) fn assemble(values: &Values, upstreams: Vec<Upstream>) -> (Settings, Option<Fault>) {
    let server = server(values);
    let development = server.environment.is_development();
    let mail = mail(values);
    let (listener, issuer) = listener(values, development);
    let (store, fault) = store(values, &server);
    let settings = Settings {
        store,
        issuer,
        listener,
        keys: keys(values),
        tokens: tokens(values),
        oauth: OAuth {
            enabled: values.flag("oauth.enabled"),
            pkce_required: flag(values, "oauth.pkce_required"),
            consent_required: flag(values, "oauth.consent_required"),
            first_party_challenge: flag(values, "oauth.first_party_challenge"),
        },
        legacy: Legacy {
            password_grant: flag(values, "legacy.password_grant"),
            routes: flag(values, "legacy.routes"),
            algorithm: HmacAlgorithm::from_word(word(values, "legacy.algorithm")),
            access_secret: values.secret("legacy.access_secret"),
            refresh_secret: values.secret("legacy.refresh_secret"),
        },
        accounts: Accounts {
            registration: values.flag("accounts.registration").unwrap_or(development || mail.is_some()),
            email_uniqueness: values.word("accounts.email_uniqueness").map(|word| match word {
                "per_tenant" => EmailUniqueness::PerTenant,
                _ => EmailUniqueness::Global,
            }),
        },
        passwords: passwords(values),
        sessions: Sessions {
            idle_lifetime: span(values, "sessions.idle_lifetime"),
            absolute_lifetime: span(values, "sessions.absolute_lifetime"),
            remember_lifetime: span(values, "sessions.remember_lifetime"),
            sign_in_lifetime: span(values, "sessions.sign_in_lifetime"),
        },
        limits: Limits {
            enabled: flag(values, "limits.enabled"),
            per_minute: small(values, "limits.per_minute"),
            account_per_minute: small(values, "limits.account_per_minute"),
            max_login_attempts: small(values, "limits.max_login_attempts"),
            lockout: span(values, "limits.lockout"),
            redis_url: values.url("limits.redis_url"),
        },
        admin: admin(values),
        upstreams,
        logging: Logging {
            level: LogLevel::from_word(word(values, "logging.level")),
            format: match values.word("logging.format") {
                Some("text") => LogFormat::Text,
                None if development => LogFormat::Text,
                _ => LogFormat::Json,
            },
        },
        operations: Operations {
            metrics: flag(values, "operations.metrics"),
            health: flag(values, "operations.health"),
        },
        pages: Pages {
            product_name: values.text("pages.product_name").unwrap_or_default(),
            accent_color: values.text("pages.accent_color").unwrap_or_default(),
            logo_dir: values.path("pages.logo_dir"),
            security_contact: values.text("pages.security_contact"),
        },
        mail,
        server,
    };
    (settings, fault)
}

fn server(values: &Values) -> Server {
    // A kind of installation that cannot be read must not pass for development.
    let unread =
        || if values.failed("server.environment") { Environment::Other("?".into()) } else { Environment::Development };
    Server {
        environment: values.environment("server.environment").unwrap_or_else(unread),
        debug: flag(values, "server.debug"),
        data_dir: values.path("server.data_dir").unwrap_or_default(),
        workers: values.whole("server.workers").and_then(|count| usize::try_from(count).ok()),
    }
}

fn listener(values: &Values, development: bool) -> (Listener, Issuer) {
    let address = values.address("listener.address").unwrap_or_else(|| ([127, 0, 0, 1], 8000).into());
    let tls = values.path("listener.tls_certificate").zip(values.path("listener.tls_key"));
    let tls = tls.map(|(certificate, key)| Tls { certificate, key });
    let scheme = if tls.is_some() { Scheme::Https } else { Scheme::Http };
    let declared = values.issuer("issuer.url");
    let issuer = Issuer {
        declared: declared.is_some(),
        url: declared.unwrap_or_else(|| IssuerUrl::local(scheme, address.port())),
    };
    // A list that names nobody would refuse everybody.
    let allowed_hosts = values.texts("listener.allowed_hosts").filter(|hosts| !hosts.is_empty()).unwrap_or_else(|| {
        let mut hosts = vec![issuer.url.host().to_owned()];
        let local = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        hosts.extend(local.into_iter().filter(|host| development && host != issuer.url.host()));
        hosts
    });
    let listener = Listener {
        address,
        tls,
        trusted_proxies: values.networks("listener.trusted_proxies").unwrap_or_default(),
        allowed_hosts,
        cors_origins: values.texts("listener.cors_origins").unwrap_or_default(),
        body_limit: count(values, "listener.body_limit"),
        request_timeout: span(values, "listener.request_timeout"),
        keep_alive: span(values, "listener.keep_alive"),
        shutdown_timeout: span(values, "listener.shutdown_timeout"),
        max_connections: count(values, "listener.max_connections"),
    };
    (listener, issuer)
}

fn store(values: &Values, server: &Server) -> (Store, Option<Fault>) {
    let named = values.database("store.database_url");
    let named = named.unwrap_or_else(|| Database::Sqlite(server.data_dir.join("authly.db")));
    let completed = match values.secret("store.password") {
        Some(password) => database::with_password(named.clone(), &password),
        None => Ok(named.clone()),
    };
    let (database, fault) = match completed {
        Ok(database) => (database, None),
        Err(fault) => (named, Some(fault)),
    };
    let store = Store {
        database,
        ca_certificate: values.path("store.ca_certificate"),
        pool_size: count(values, "store.pool_size"),
        connect_timeout: span(values, "store.connect_timeout"),
        statement_timeout: span(values, "store.statement_timeout"),
        migrate_on_start: values.flag("store.migrate_on_start").unwrap_or(server.environment.is_development()),
        cache_lifetime: span(values, "store.cache_lifetime"),
        keep_expired: span(values, "store.keep_expired"),
    };
    (store, fault)
}

fn keys(values: &Values) -> Keys {
    Keys {
        encryption_key: values.key("keys.encryption_key"),
        previous_encryption_key: values.key("keys.previous_encryption_key"),
        rsa_private_key: values.secret("keys.rsa_private_key"),
        fernet_key: values.key("keys.fernet_key"),
        access_token_algorithm: SigningAlgorithm::from_word(word(values, "keys.access_token_algorithm")),
        id_token_algorithm: SigningAlgorithm::from_word(word(values, "keys.id_token_algorithm")),
        rotate_after: limited(values, "keys.rotate_after"),
    }
}

fn tokens(values: &Values) -> Tokens {
    Tokens {
        access_lifetime: span(values, "tokens.access_lifetime"),
        refresh_lifetime: span(values, "tokens.refresh_lifetime"),
        refresh_absolute_lifetime: limited(values, "tokens.refresh_absolute_lifetime"),
        refresh_retry_window: span(values, "tokens.refresh_retry_window"),
        id_lifetime: span(values, "tokens.id_lifetime"),
        code_lifetime: span(values, "tokens.code_lifetime"),
    }
}

fn passwords(values: &Values) -> Passwords {
    let bcrypt = PasswordHash::Bcrypt { cost: small(values, "passwords.bcrypt_cost") };
    let argon = PasswordHash::Argon2id {
        memory_kib: small(values, "passwords.argon_memory"),
        passes: small(values, "passwords.argon_passes"),
        lanes: small(values, "passwords.argon_lanes"),
    };
    Passwords {
        hash: if word(values, "passwords.hash") == "bcrypt" { bcrypt } else { argon },
        min_length: count(values, "passwords.min_length"),
        max_bytes: count(values, "passwords.max_bytes"),
        hash_threads: values.whole("passwords.hash_threads").and_then(|threads| usize::try_from(threads).ok()),
        hash_queue: count(values, "passwords.hash_queue"),
        peppers: values.secret("passwords.peppers").map_or_else(Vec::new, |lines| {
            lines.expose().lines().filter(|line| !line.is_empty()).map(SecretText::new).collect()
        }),
        foreign_hashes: flag(values, "passwords.foreign_hashes"),
    }
}

fn admin(values: &Values) -> Admin {
    let named = values.text("admin.email").zip(values.secret("admin.password"));
    Admin {
        networks: values.networks("admin.networks").unwrap_or_default(),
        bootstrap: named.map(|(email, password)| Bootstrap { email, password }),
        cli_enabled: flag(values, "admin.cli_enabled"),
    }
}

fn mail(values: &Values) -> Option<Mail> {
    let port = values.whole("mail.port").and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    let encryption = match values.word("mail.encryption") {
        Some("none") => MailEncryption::None,
        Some("tls") => MailEncryption::Tls,
        // 465 is the port of TLS from the first byte (RFC 8314 3.3).
        None if port == 465 => MailEncryption::Tls,
        _ => MailEncryption::StartTls,
    };
    let username = values.text("mail.username");
    let password = values.secret("mail.password");
    let from_email = values.text("mail.from_email").unwrap_or_default();
    let (host, ca_certificate) = (values.text("mail.host"), values.path("mail.ca_certificate"));
    let resend_unknown = flag(values, "mail.resend_unknown");
    let password_link_lifetime = span(values, "mail.password_link_lifetime");
    let verification_link_lifetime = span(values, "mail.verification_link_lifetime");
    let carrier = match values.path("mail.outbox") {
        Some(folder) => MailCarrier::Folder(folder),
        None => MailCarrier::Server(MailServer { host: host?, port, username, password, encryption, ca_certificate }),
    };
    Some(Mail {
        carrier,
        from_email: if from_email.is_empty() { "no-reply@localhost".to_owned() } else { from_email },
        resend_unknown,
        password_link_lifetime,
        verification_link_lifetime,
    })
}

fn flag(values: &Values, key: &'static str) -> bool {
    values.flag(key).unwrap_or_default()
}

fn span(values: &Values, key: &'static str) -> Duration {
    values.span(key).unwrap_or_default()
}

/// A span whose zero means that there is no limit.
fn limited(values: &Values, key: &'static str) -> Option<Duration> {
    values.span(key).filter(|span| !span.is_zero())
}

fn word(values: &Values, key: &'static str) -> &'static str {
    values.word(key).unwrap_or_default()
}

fn count(values: &Values, key: &'static str) -> usize {
    values.whole(key).and_then(|number| usize::try_from(number).ok()).unwrap_or_default()
}

fn small(values: &Values, key: &'static str) -> u32 {
    values.whole(key).and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}
