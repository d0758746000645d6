//! The process itself: mode, listener, store.

use std::time::Duration;

use super::Section;
use crate::setting::{Kind, Setting, days, plain, seconds};

pub(super) const SERVER: Section = Section {
    name: "server",
    doc: "The kind of installation, and where the server keeps its files.",
    settings: &[
        Setting::new(
            "server.environment",
            Kind::Environment,
            "The kind of installation. Unset is development mode, which serves loopback only; `production` refuses every \
             convenience; any other word is neither.",
        )
        .env(&[plain("ENVIRONMENT")])
        .from("S003-18, issue 2"),
        Setting::new("server.debug", Kind::Flag, "Logs more than is fit for production, where it is refused.")
            .env(&[plain("DEBUG")])
            .or("false")
            .from("S003-18")
        .followed(),
        Setting::new(
            "server.data_dir",
            Kind::Path,
            "The folder of the embedded store and, in development, of the keys that the server makes for itself.",
        )
        .env(&[plain("AUTHLY_DATA_DIR")])
        .or("./authly-data")
        .from("issue 2"),
        Setting::new("server.workers", Kind::Whole { min: 1, max: 1_024 }, "The number of HTTP worker threads.")
            .env(&[plain("AUTHLY_WORKERS")])
            .derived("one for each processor")
            .from("S003-04"),
    ],
};

pub(super) const LISTENER: Section = Section {
    name: "listener",
    doc: "Where the server listens, whom it believes, and what it puts up with.",
    settings: &[
        Setting::new("listener.address", Kind::Address, "The address and port to listen on.")
            .env(&[plain("AUTHLY_LISTEN")])
            .or("127.0.0.1:8000")
            .from("issue 2"),
        Setting::new(
            "listener.tls_certificate",
            Kind::Path,
            "The certificate chain in PEM, when the server speaks TLS itself. Read again when it changes.",
        )
        .env(&[plain("AUTHLY_TLS_CERT")])
        .from("issue 2"),
        Setting::new("listener.tls_key", Kind::Path, "The private key in PEM that belongs to the certificate.")
            .env(&[plain("AUTHLY_TLS_KEY")])
            .from("issue 2"),
        Setting::new(
            "listener.trusted_proxies",
            Kind::Networks,
            "The networks of the reverse proxies whose X-Forwarded-For counts. From anybody else it is ignored.",
        )
        .env(&[plain("AUTHLY_TRUSTED_PROXIES")])
        .from("S003-46"),
        Setting::new(
            "listener.allowed_hosts",
            Kind::Hosts,
            "The host names that requests may ask for; the issuer's must be among them. Health checks are answered under \
             every name, and `/metrics` under the node's address too.",
        )
        .env(&[plain("ALLOWED_HOSTS")])
        .derived("the issuer's host; in development also localhost, 127.0.0.1 and [::1]")
        .from("S000-48, S003-16"),
        Setting::new(
            "listener.cors_origins",
            Kind::Origins,
            "The origins of browser applications that may call token, userinfo and revocation endpoints.",
        )
        .env(&[plain("CORS_ORIGINS")])
        .from("S000-47, S003-16"),
        Setting::new("listener.body_limit", Kind::Whole { min: 4_096, max: 16_777_216 }, "The largest request body, in bytes.")
            .env(&[plain("AUTHLY_BODY_LIMIT_BYTES")])
            .or("65536")
            .from("S003-29"),
        Setting::new(
            "listener.request_timeout",
            Kind::Lifetime { min: Duration::from_secs(1), max: Duration::from_secs(300) },
            "How long a client may take to send the head of a request, and then its body.",
        )
        .env(&[seconds("AUTHLY_REQUEST_TIMEOUT_SECONDS")])
        .or("10s")
        .from("S003-29"),
        Setting::new(
            "listener.keep_alive",
            Kind::Lifetime { min: Duration::ZERO, max: Duration::from_secs(3_600) },
            "How long an idle connection is kept; 0 closes it after each answer.",
        )
        .env(&[seconds("AUTHLY_KEEP_ALIVE_SECONDS")])
        .or("75s")
        .from("S003-43"),
        Setting::new(
            "listener.shutdown_timeout",
            Kind::Lifetime { min: Duration::ZERO, max: Duration::from_secs(300) },
            "How long requests in flight may take to end when the server is told to stop.",
        )
        .env(&[seconds("AUTHLY_SHUTDOWN_TIMEOUT_SECONDS")])
        .or("10s")
        .from("S003-27"),
        Setting::new(
            "listener.max_connections",
            Kind::Whole { min: 16, max: 1_000_000 },
            "The number of connections that are open at once; more have to wait.",
        )
        .env(&[plain("AUTHLY_MAX_CONNECTIONS")])
        .or("10000")
        .from("issue 2"),
    ],
};

pub(super) const STORE: Section = Section {
    name: "store",
    doc: "Where accounts, clients, grants and keys are kept.",
    settings: &[
        Setting::new("store.database_url", Kind::Database, "The database: a PostgreSQL server, or a file for SQLite.")
            .env(&[plain("DATABASE_URL")])
            .derived("sqlite:authly.db in the data folder")
            .from("S000-52, S002-30, S003-10"),
        Setting::new(
            "store.password",
            Kind::Secret,
            "The password of the database user, for a database URL that has none in it.",
        )
        .env(&[plain("DB_PASSWORD")])
        .from("S003-10"),
        Setting::new(
            "store.ca_certificate",
            Kind::Path,
            "The certificates in PEM by which the database server's certificate is verified.",
        )
        .env(&[plain("AUTHLY_DB_CA_CERT")])
        .derived("those of the operating system")
        .from("issue 2"),
        Setting::new(
            "store.pool_size",
            Kind::Whole { min: 2, max: 1_000 },
            "The number of connections to PostgreSQL at most, beside the four that carry what token requests read and write.",
        )
        .env(&[plain("AUTHLY_DB_POOL_SIZE")])
        .or("8")
        .from("S003-01"),
        Setting::new(
            "store.connect_timeout",
            Kind::Lifetime { min: Duration::from_secs(1), max: Duration::from_secs(300) },
            "How long a request waits for a database connection.",
        )
        .env(&[seconds("AUTHLY_DB_CONNECT_TIMEOUT_SECONDS")])
        .or("5s")
        .from("S003-01"),
        Setting::new(
            "store.statement_timeout",
            Kind::Lifetime { min: Duration::from_secs(1), max: Duration::from_secs(300) },
            "How long one statement may take.",
        )
        .env(&[seconds("AUTHLY_DB_STATEMENT_TIMEOUT_SECONDS")])
        .or("10s")
        .from("S003-01"),
        Setting::new(
            "store.migrate_on_start",
            Kind::Flag,
            "Whether the server brings the schema up to date when it starts. Where it does not, it exits and names the command.",
        )
        .env(&[plain("AUTHLY_MIGRATE_ON_START")])
        .derived("true in development, else false")
        .from("issue 2"),
        Setting::new(
            "store.cache_lifetime",
            Kind::Lifetime { min: Duration::ZERO, max: Duration::from_secs(86_400) },
            "How long clients, scopes and switches are kept in memory at most. A change is seen within a second anyway.",
        )
        .env(&[seconds("CACHE_TTL")])
        .or("5m")
        .from("S003-21"),
        Setting::new(
            "store.keep_expired",
            Kind::Lifetime { min: Duration::ZERO, max: Duration::from_secs(3_153_600_000) },
            "How long expired tokens, codes and sessions stay before they are removed.",
        )
        .env(&[days("AUTHLY_KEEP_EXPIRED_DAYS")])
        .or("1d")
        .from("S003-62"),
    ],
};
