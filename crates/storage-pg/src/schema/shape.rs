//! The shape that the older program's tables must have to be adopted.

/// The type of a column, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `boolean`
    Boolean,
    /// `timestamp with time zone`
    Instant,
    /// `jsonb`
    Json,
    /// `integer`
    Number,
    /// `text`, or `character varying` of at least that width.
    Text(u32),
    /// `text[]` or `character varying[]`
    Texts,
    /// `uuid`
    Uuid,
}

impl Kind {
    /// Whether a type of the catalog will do, as `format_type` writes it.
    pub(super) fn accepts(self, found: &str) -> bool {
        match self {
            Self::Boolean => found == "boolean",
            Self::Instant => found == "timestamp with time zone",
            Self::Json => found == "jsonb",
            Self::Number => found == "integer",
            Self::Text(width) => {
                let varying = found.strip_prefix("character varying");
                let limit = varying.and_then(|rest| rest.strip_prefix('(')).and_then(|rest| rest.strip_suffix(')'));
                found == "text"
                    || varying == Some("")
                    || limit.and_then(|limit| limit.parse().ok()).is_some_and(|limit: u32| limit >= width)
            }
            Self::Texts => found == "text[]" || (found.starts_with("character varying") && found.ends_with("[]")),
            Self::Uuid => found == "uuid",
        }
    }

    /// The type in words.
    pub(super) fn name(self) -> String {
        match self {
            Self::Boolean => "boolean".to_owned(),
            Self::Instant => "timestamp with time zone".to_owned(),
            Self::Json => "jsonb".to_owned(),
            Self::Number => "integer".to_owned(),
            Self::Text(width) => format!("text or character varying({width})"),
            Self::Texts => "text[]".to_owned(),
            Self::Uuid => "uuid".to_owned(),
        }
    }
}

/// A column: must be there, or is added where it is missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) must_exist: bool,
}

/// A table of the older program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    /// What one unique index without condition must cover, exactly.
    pub(super) keys: &'static [&'static [&'static str]],
}

const fn must(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, must_exist: true }
}

const fn may(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, must_exist: false }
}

use Kind::{Boolean, Instant, Json, Number, Text, Texts, Uuid};

/// All of them, with the columns that we add.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "users",
        columns: &[
            must("id", Uuid),
            must("email", Text(255)),
            must("username", Text(255)),
            must("password_hash", Text(128)),
            may("is_verified", Boolean),
            may("is_admin", Boolean),
            may("created_at", Instant),
            may("updated_at", Instant),
            may("upgraded_hash", Text(512)),
            may("upgraded_from", Text(512)),
            may("hash_upgraded_at", Instant),
            may("status", Text(20)),
            may("is_locked", Boolean),
            may("reset_required", Boolean),
            may("legacy_login", Boolean),
            may("tenant_id", Uuid),
            may("roles", Texts),
            may("profile", Json),
            may("last_login_at", Instant),
            may("sign_in_policy", Json),
        ],
        keys: &[&["id"], &["email"], &["username"]],
    },
    Table {
        name: "clients",
        columns: &[
            must("id", Uuid),
            must("client_id", Text(255)),
            must("client_name", Text(255)),
            must("client_secret_hash", Text(60)),
            must("client_type", Text(12)),
            must("redirect_uris", Texts),
            may("client_uri", Text(255)),
            may("logo_uri", Text(255)),
            may("auth_method", Text(20)),
            may("require_pkce", Boolean),
            may("is_active", Boolean),
            may("created_at", Instant),
            may("updated_at", Instant),
            may("application_type", Text(10)),
            may("jwks", Text(65_536)),
            may("jwks_uri", Text(2_000)),
            may("post_logout_redirect_uris", Texts),
            may("grant_types", Texts),
            may("audiences", Texts),
            may("other_scopes", Texts),
            may("skip_consent", Boolean),
            may("introspection", Text(10)),
            may("assertion_audience", Text(20)),
            may("id_token_alg", Text(20)),
            may("policy_uri", Text(2_000)),
            may("tos_uri", Text(2_000)),
        ],
        keys: &[&["id"], &["client_id"]],
    },
    Table {
        name: "scopes",
        columns: &[
            must("id", Uuid),
            must("scope_name", Text(255)),
            may("description", Text(255)),
            may("is_default", Boolean),
            may("is_active", Boolean),
            may("created_at", Instant),
            may("updated_at", Instant),
        ],
        keys: &[&["id"], &["scope_name"]],
    },
    Table {
        name: "client_scopes",
        columns: &[must("client_id", Uuid), must("scope_id", Uuid), may("position", Number)],
        keys: &[&["client_id", "scope_id"]],
    },
    Table {
        name: "tokens",
        columns: &[
            must("id", Uuid),
            must("jti", Text(36)),
            must("user_id", Uuid),
            must("token_type", Text(7)),
            must("expires_at", Instant),
            may("client_id", Uuid),
            may("scopes", Texts),
            may("invalidated", Boolean),
            may("created_at", Instant),
        ],
        keys: &[&["id"], &["jti"]],
    },
    Table {
        name: "authorization_codes",
        columns: &[
            must("id", Uuid),
            must("code", Text(43)),
            must("client_id", Uuid),
            must("user_id", Uuid),
            must("scopes", Texts),
            must("code_challenge", Text(43)),
            must("redirect_uri", Text(2_000)),
            must("expires_at", Instant),
            may("code_challenge_method", Text(4)),
            may("created_at", Instant),
            may("grant_id", Uuid),
            may("nonce", Text(2_000)),
            may("used_at", Instant),
        ],
        keys: &[&["id"], &["code"]],
    },
];

/// Tables that only we make; before our first step none of that name may be there.
pub(super) const OWN: &[&str] = &[
    "api_keys",
    "audit_events",
    "client_secrets",
    "client_uses",
    "consents",
    "grants",
    "group_members",
    "groups",
    "invitations",
    "issued_codes",
    "legacy_families",
    "login_failures",
    "migration_archive",
    "migration_facts",
    "migration_items",
    "migration_pen",
    // No program reads it any more: policies stand with whom they are for. It goes with the release after the first.
    "migration_policies",
    "migration_runs",
    "migration_write_back",
    "paused_clients",
    "paused_tokens",
    "refresh_successors",
    "refresh_tokens",
    "replay",
    "revisions",
    "revoked_access_tokens",
    "sessions",
    "settings",
    "signing_keys",
    "source_links",
    "tenant_groups",
    "tenants",
    "upstream_links",
    "upstream_sessions",
    "upstream_sign_ins",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_compared_by_what_they_hold() {
        for (kind, found, fits) in [
            (Text(255), "character varying(255)", true),
            (Text(255), "character varying(254)", false),
            (Text(255), "character varying", true),
            (Text(255), "text", true),
            (Text(255), "character(255)", false),
            (Texts, "text[]", true),
            (Texts, "character varying(255)[]", true),
            (Texts, "jsonb", false),
            (Uuid, "integer", false),
            (Instant, "timestamp without time zone", false),
        ] {
            assert_eq!(kind.accepts(found), fits, "{found}");
        }
    }
}
