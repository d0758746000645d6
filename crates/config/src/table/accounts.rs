//! People: accounts, passwords, sessions, limits, administrators.

use std::time::Duration;

use super::Section;
use crate::setting::{Kind, Setting, days, hours, minutes, plain};

const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(31_536_000);

pub(super) const ACCOUNTS: Section = Section {
    name: "accounts",
    doc: "Who may have an account.",
    settings: &[
        Setting::new("accounts.registration", Kind::Flag, "Whether people may register themselves.")
            .env(&[plain("REGISTRATION_ENABLED")])
            .derived("true when mail is configured or in development, else false")
            .from("S000-53, C-41"),
        Setting::new(
            "accounts.email_uniqueness",
            Kind::Choice(&["global", "per_tenant"]),
            "Where an e-mail address stands for one account only: in the whole installation, or in each tenant. A start brings \
             the store to it, unless addresses collide.",
        )
        .env(&[plain("AUTHLY_EMAIL_UNIQUENESS")])
        .derived("as the store has it; `global` in a new one")
        .from("C-18"),
    ],
};

pub(super) const PASSWORDS: Section = Section {
    name: "passwords",
    doc: "How new passwords are judged and stored. Old ones are verified as they are.",
    settings: &[
        Setting::new(
            "passwords.hash",
            Kind::Choice(&["argon2id", "bcrypt"]),
            "The scheme of new hashes. A weaker hash is upgraded at the next sign-in.",
        )
        .env(&[plain("AUTHLY_PASSWORD_HASH")])
        .or("argon2id")
        .from("C-12"),
        Setting::new("passwords.bcrypt_cost", Kind::Whole { min: 4, max: 14 }, "The cost of new bcrypt hashes.")
            .env(&[plain("AUTHLY_BCRYPT_COST")])
            .or("12")
            .from("C-12, C-27"),
        Setting::new(
            "passwords.argon_memory",
            Kind::Whole { min: 8, max: 65_536 },
            "The memory of new argon2id hashes, in KiB: 8 for each lane at least, and 262144 at most when multiplied by the passes.",
        )
        .env(&[plain("AUTHLY_ARGON2_MEMORY_KIB")])
        .or("19456")
        .from("C-12, C-27"),
        Setting::new("passwords.argon_passes", Kind::Whole { min: 1, max: 64 }, "The passes of new argon2id hashes.")
            .env(&[plain("AUTHLY_ARGON2_PASSES")])
            .or("2")
            .from("C-12, C-27"),
        Setting::new("passwords.argon_lanes", Kind::Whole { min: 1, max: 16 }, "The lanes of new argon2id hashes.")
            .env(&[plain("AUTHLY_ARGON2_LANES")])
            .or("1")
            .from("C-12, C-27"),
        Setting::new(
            "passwords.min_length",
            Kind::Whole { min: 1, max: 128 },
            "The least number of characters of a new password. It never applies at sign-in.",
        )
        .env(&[plain("PASSWORD_MIN_LENGTH")])
        .or("8")
        .from("S002-27"),
        Setting::new("passwords.max_bytes", Kind::Whole { min: 72, max: 4_096 }, "The longest password, in bytes.")
            .env(&[plain("AUTHLY_PASSWORD_MAX_BYTES")])
            .or("1024")
            .from("issue 2"),
        Setting::new("passwords.hash_threads", Kind::Whole { min: 1, max: 256 }, "The threads that hash passwords; of several, one rests while requests are answered that need no hash.")
            .env(&[plain("AUTHLY_HASH_THREADS")])
            .derived("one for each processor")
            .from("issue 2"),
        Setting::new(
            "passwords.hash_queue",
            Kind::Whole { min: 1, max: 100_000 },
            "How many passwords may wait to be hashed; more are told to try again.",
        )
        .env(&[plain("AUTHLY_HASH_QUEUE")])
        .or("64")
        .from("issue 2"),
        Setting::new(
            "passwords.peppers",
            Kind::Secret,
            "Secrets that an older program appended to passwords before it made bcrypt hashes, one in a line. Each is \
             tried after the plain password and costs a hash.",
        )
        .env(&[plain("AUTHLY_PASSWORD_PEPPERS")])
        .from("issue 3"),
        Setting::new(
            "passwords.foreign_hashes",
            Kind::Flag,
            "Whether passwords whose hash another program made still verify. Off, only argon2 does, and bcrypt where it is \
             the scheme of new hashes: for an installation that has none of the others left.",
        )
        .env(&[plain("AUTHLY_FOREIGN_HASHES_ENABLED")])
        .or("true")
        .from("S001-59"),
    ],
};

pub(super) const SESSIONS: Section = Section {
    name: "sessions",
    doc: "How long people stay signed in.",
    settings: &[
        Setting::new(
            "sessions.idle_lifetime",
            Kind::Lifetime { min: MINUTE, max: YEAR },
            "How long a session lasts when it is not used.",
        )
        .env(&[minutes("AUTHLY_SESSION_IDLE_MINUTES")])
        .or("2h")
        .from("issue 2"),
        Setting::new(
            "sessions.absolute_lifetime",
            Kind::Lifetime { min: MINUTE, max: YEAR },
            "How long a session lasts in all.",
        )
        .env(&[hours("AUTHLY_SESSION_ABSOLUTE_HOURS")])
        .or("12h")
        .from("issue 2"),
        Setting::new(
            "sessions.remember_lifetime",
            Kind::Lifetime { min: MINUTE, max: YEAR },
            "How long a session lasts in all for those who asked to stay signed in.",
        )
        .env(&[days("AUTHLY_SESSION_REMEMBER_DAYS")])
        .or("30d")
        .from("S002-38"),
        Setting::new(
            "sessions.sign_in_lifetime",
            Kind::Lifetime { min: MINUTE, max: Duration::from_secs(86_400) },
            "How long an authorization request waits for its user to sign in.",
        )
        .env(&[minutes("AUTHLY_SIGN_IN_LIFETIME_MINUTES")])
        .or("1h")
        .from("issue 2"),
    ],
};

pub(super) const LIMITS: Section = Section {
    name: "limits",
    doc: "Protection against guessing and floods.",
    settings: &[
        Setting::new("limits.enabled", Kind::Flag, "Whether requests are limited by rate.")
            .env(&[plain("RATE_LIMIT_ENABLED")])
            .or("true")
            .from("S003-17"),
        Setting::new(
            "limits.per_minute",
            Kind::Whole { min: 1, max: 1_000_000 },
            "The requests a minute that one address may send to endpoints that check a credential.",
        )
        .env(&[plain("RATE_LIMIT_REQUESTS_PER_MINUTE")])
        .or("100")
        .from("S003-17"),
        Setting::new(
            "limits.account_per_minute",
            Kind::Whole { min: 1, max: 1_000_000 },
            "The sign-ins a minute that are tried for one account.",
        )
        .env(&[plain("AUTHLY_RATE_LIMIT_ACCOUNT_PER_MINUTE")])
        .or("20")
        .from("C-28"),
        Setting::new(
            "limits.max_login_attempts",
            Kind::Whole { min: 1, max: 1_000 },
            "The wrong passwords in a row after which an account is locked.",
        )
        .env(&[plain("MAX_LOGIN_ATTEMPTS")])
        .or("5")
        .from("S002-28"),
        Setting::new("limits.lockout", Kind::Lifetime { min: MINUTE, max: YEAR }, "How long an account stays locked.")
            .env(&[minutes("ACCOUNT_LOCKOUT_DURATION_MINUTES")])
            .or("30m")
            .from("S002-29"),
        Setting::new(
            "limits.redis_url",
            Kind::Redis,
            "A Redis by which several nodes share their counters. While it is down each node counts for itself.",
        )
        .env(&[plain("REDIS_URL")])
        .from("S000-50, S003-21"),
    ],
};

pub(super) const ADMIN: Section = Section {
    name: "admin",
    doc: "Administration, and the first administrator.",
    settings: &[
        Setting::new(
            "admin.networks",
            Kind::Networks,
            "The networks from which `/admin` is reached; `none` closes it.",
        )
        .env(&[plain("AUTHLY_ADMIN_NETWORKS")])
        .or("127.0.0.0/8, ::1/128, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16")
        .from("S003-50, C-29"),
        Setting::new(
            "admin.email",
            Kind::Email,
            "The address of the first administrator, who is made when the store has none.",
        )
        .env(&[plain("ADMIN_EMAIL")])
        .from("S003-22"),
        Setting::new("admin.password", Kind::Secret, "The password of the first administrator.")
            .env(&[plain("ADMIN_PASSWORD")])
            .from("S003-22"),
        Setting::new("admin.cli_enabled", Kind::Flag, "Whether `authly-admin` works on this store.")
            .env(&[plain("ADMIN_CLI_ENABLED")])
            .or("true")
            .from("S000-49"),
    ],
};
