//! What surrounds the server: mail, logs, metrics, and what pages show of the installation.

use std::time::Duration;

use super::Section;
use crate::setting::{Kind, Setting, hours, minutes, plain};

const MINUTE: Duration = Duration::from_secs(60);
const MONTH: Duration = Duration::from_secs(30 * 86_400);

pub(super) const MAIL: Section = Section {
    name: "mail",
    doc: "The mail server. Without one, what needs mail refuses with an explanation.",
    settings: &[
        Setting::new("mail.host", Kind::Text { max: 255 }, "The name of the mail server.")
            .env(&[plain("SMTP_HOST")])
            .from("S000-53, S002-26, S003-19"),
        Setting::new("mail.port", Kind::Whole { min: 1, max: 65_535 }, "The port of the mail server.")
            .env(&[plain("SMTP_PORT")])
            .or("587")
            .from("S002-26, S003-19"),
        Setting::new("mail.username", Kind::Text { max: 255 }, "The user at the mail server.")
            .env(&[plain("SMTP_USERNAME"), plain("SMTP_USER")])
            .from("S002-26, S003-19, C-16"),
        Setting::new("mail.password", Kind::Secret, "The password at the mail server.")
            .env(&[plain("SMTP_PASSWORD")])
            .from("S002-26, S003-19"),
        Setting::new("mail.from_email", Kind::Email, "The sender of every mail.")
            .env(&[plain("SMTP_FROM_EMAIL")])
            .from("S002-26, S003-19"),
        Setting::new(
            "mail.encryption",
            Kind::Choice(&["starttls", "tls", "none"]),
            "How the connection is protected: STARTTLS is demanded, TLS from the first byte, or nothing.",
        )
        .env(&[plain("AUTHLY_SMTP_ENCRYPTION")])
        .derived("tls on port 465, else starttls")
        .from("C-17"),
        Setting::new(
            "mail.ca_certificate",
            Kind::Path,
            "A file of certificates (PEM) that are trusted for the mail server, beside those of the system.",
        )
        .env(&[plain("AUTHLY_SMTP_CA_CERT")])
        .from("issue 3"),
        Setting::new(
            "mail.outbox",
            Kind::Path,
            "A folder into which mails are written as `.eml` files instead of being sent.",
        )
        .env(&[plain("AUTHLY_MAIL_OUTBOX")])
        .from("C-17"),
        Setting::new(
            "mail.resend_unknown",
            Kind::Flag,
            "Whether mails are sent again of which nobody knows whether the mail server accepted them. Off, they are \
             listed and nobody gets a mail twice.",
        )
        .env(&[plain("AUTHLY_MAIL_RESEND_UNKNOWN")])
        .or("false")
        .from("issue 3"),
        Setting::new(
            "mail.password_link_lifetime",
            Kind::Lifetime { min: MINUTE, max: MONTH },
            "How long a link to set a password is good.",
        )
        .env(&[minutes("AUTHLY_PASSWORD_LINK_MINUTES")])
        .or("1h")
        .from("S002-40"),
        Setting::new(
            "mail.verification_link_lifetime",
            Kind::Lifetime { min: MINUTE, max: MONTH },
            "How long a link to verify an address is good.",
        )
        .env(&[hours("AUTHLY_VERIFICATION_LINK_HOURS")])
        .or("3d")
        .from("S002-37"),
    ],
};

pub(super) const LOGGING: Section = Section {
    name: "logging",
    doc: "What is logged, and how.",
    settings: &[
        Setting::new(
            "logging.level",
            Kind::Choice(&["error", "warn", "info", "debug", "trace", "critical", "warning"]),
            "The least important messages that are logged.",
        )
        .env(&[plain("LOG_LEVEL")])
        .or("info")
        .from("S003-18, S003-57")
        .followed(),
        Setting::new("logging.format", Kind::Choice(&["json", "text"]), "One JSON object a line, or lines for people.")
            .env(&[plain("AUTHLY_LOG_FORMAT")])
            .derived("text in development, else json")
            .from("S003-57"),
    ],
};

pub(super) const OPERATIONS: Section = Section {
    name: "operations",
    doc: "What operators look at.",
    settings: &[
        Setting::new("operations.metrics", Kind::Flag, "Whether `/metrics` exists.")
            .env(&[plain("METRICS_ENABLED")])
            .or("true")
            .from("S000-51, S003-20"),
        Setting::new("operations.health", Kind::Flag, "Whether `/health`, `/health/live` and `/health/ready` exist.")
            .env(&[plain("HEALTH_CHECK_ENABLED")])
            .or("true")
            .from("S003-20"),
    ],
};

pub(super) const PAGES: Section = Section {
    name: "pages",
    doc: "What people see of the installation.",
    settings: &[
        Setting::new("pages.product_name", Kind::Text { max: 60 }, "The name on top of each page.")
            .env(&[plain("AUTHLY_PRODUCT_NAME")])
            .or("Authly")
            .from("issue 2"),
        Setting::new(
            "pages.accent_color",
            Kind::Color,
            "The color of buttons and links. Text on it is white or black by contrast.",
        )
        .env(&[plain("AUTHLY_ACCENT_COLOR")])
        .or("#0b6b57")
        .from("issue 2"),
        Setting::new(
            "pages.logo_dir",
            Kind::Path,
            "A folder with the logos of clients, square pictures that are named by `client_id`, as in `my-app.png`: PNG, JPEG or \
             WebP, 64 KiB at most. They are served from here; a changed one shows within 15 seconds, or at once on SIGHUP.",
        )
        .env(&[plain("AUTHLY_LOGO_DIR")])
        .from("issue 2"),
        Setting::new(
            "pages.security_contact",
            Kind::Contact,
            "Where security reports go; it stands in `/.well-known/security.txt`, which exists only when this is set. In \
             development it is the home page.",
        )
        .env(&[plain("AUTHLY_SECURITY_CONTACT")])
        .from("issue 2"),
    ],
};
