//! The tables of each program, and what a person is in their columns.

use crate::{
    Plan,
    people::{self, Legacy, Person, tenants},
    random::Stream,
};

/// A table to make: columns with their types in PostgreSQL and SQLite, and rows.
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, &'static str, &'static str)>,
    pub(crate) rows: u64,
    pub(crate) row: fn(&Plan, u64) -> Vec<Option<String>>,
}

fn columns(list: &[(&str, &'static str, &'static str)], plan: &Plan) -> Vec<(String, &'static str, &'static str)> {
    list.iter().map(|(name, postgres, sqlite)| (spelled(name, plan), *postgres, *sqlite)).collect()
}

/// The names for the identity provider have a hyphen, or an underscore in its place (C-37).
fn spelled(name: &str, plan: &Plan) -> String {
    if plan.underscores { name.replace('-', "_") } else { name.to_owned() }
}

/// The tables in the order in which they are made.
pub(crate) fn tables(plan: &Plan) -> Vec<Table> {
    let users = u64::from(plan.users);
    let table =
        |name: &str, list, rows, row| Table { name: spelled(name, plan), columns: columns(list, plan), rows, row };
    match plan.legacy {
        Legacy::Authly => vec![
            table("users", &AUTHLY_USERS, users, |plan, row| authly_user(&person(plan, row), plan, row)),
            table("tokens", &AUTHLY_TOKENS, users / 5, authly_token),
        ],
        Legacy::Tenants => vec![
            table("tenants", &TENANTS, tenants(plan), tenant),
            table("users", &TENANTS_USERS, users, |plan, row| tenants_user(&person(plan, row), plan)),
            table("self-auth_tenant_groups", &GROUPS, tenants(plan), group),
        ],
        Legacy::LegacyUsers => {
            vec![table("legacy_users", &LEGACY_USERS, users, |plan, row| legacy_user(person(plan, row)))]
        }
    }
}

fn person(plan: &Plan, row: u64) -> Person {
    people::person(plan, u32::try_from(row).unwrap_or(u32::MAX))
}

const AUTHLY_USERS: [(&str, &str, &str); 8] = [
    ("id", "UUID PRIMARY KEY", ""),
    ("email", "VARCHAR(255) UNIQUE NOT NULL", ""),
    ("username", "VARCHAR(255) UNIQUE NOT NULL", ""),
    ("password_hash", "VARCHAR(255) NOT NULL", ""),
    ("is_verified", "BOOLEAN DEFAULT false", ""),
    ("is_admin", "BOOLEAN DEFAULT false", ""),
    ("created_at", "TIMESTAMPTZ DEFAULT now()", ""),
    ("updated_at", "TIMESTAMPTZ DEFAULT now()", ""),
];

fn authly_user(person: &Person, plan: &Plan, row: u64) -> Vec<Option<String>> {
    let fallback = |text: &Option<String>, what: &str| Some(text.clone().unwrap_or_else(|| format!("{what}-{row}")));
    let email = person.email.as_ref().filter(|email| !email.trim().is_empty()).cloned();
    let username = person.username.as_ref().map(|name| if plan.dirty { name.clone() } else { name.to_lowercase() });
    vec![
        Some(person.id.clone()),
        fallback(&email, "no-mail"),
        fallback(&username, "user"),
        Some(person.hash.clone().unwrap_or_default()),
        Some((person.status == "active" && !row.is_multiple_of(9)).to_string()),
        Some(matches!(person.role, "admin" | "super_admin").to_string()),
        person.created_at.clone(),
        person.created_at.clone(),
    ]
}

const AUTHLY_TOKENS: [(&str, &str, &str); 7] = [
    ("id", "UUID PRIMARY KEY", ""),
    ("jti", "VARCHAR(64) UNIQUE NOT NULL", ""),
    ("user_id", "UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE", ""),
    ("token_type", "VARCHAR(20) NOT NULL", ""),
    ("expires_at", "TIMESTAMPTZ NOT NULL", ""),
    ("invalidated", "BOOLEAN DEFAULT false", ""),
    ("created_at", "TIMESTAMPTZ DEFAULT now()", ""),
];

fn authly_token(plan: &Plan, row: u64) -> Vec<Option<String>> {
    let mut stream = Stream::of(plan.seed ^ 0x746f_6b65, row);
    let kind = if row.is_multiple_of(2) { "refresh" } else { "access" };
    let expires = if row.is_multiple_of(3) { "2020-01-01 00:00:00" } else { "2099-01-01 00:00:00" };
    vec![
        Some(stream.uuid()),
        Some(stream.uuid()),
        Some(person(plan, row * 5).id),
        Some(kind.to_owned()),
        Some(expires.to_owned()),
        Some(row.is_multiple_of(7).to_string()),
        Some(stream.time()),
    ]
}

const TENANTS: [(&str, &str, &str); 5] = [
    ("tenant_id", "UUID PRIMARY KEY", "TEXT PRIMARY KEY NOT NULL"),
    ("slug", "VARCHAR(255)", "TEXT"),
    ("name", "TEXT", "TEXT"),
    ("status", "VARCHAR(50) NOT NULL", "TEXT NOT NULL"),
    ("deleted_at", "TIMESTAMPTZ", "TIMESTAMP"),
];

/// Short names as people typed them.
const SLUGS: [&str; 8] = ["Acme Corp", "acme-corp", "O'Brien \"& Sons\"", "old", "stopped", "   ", "日本", "a_b.c"];

fn tenant_id(plan: &Plan, place: u64) -> String {
    Stream::of(plan.seed ^ 0x7465_6e61, place).uuid()
}

fn tenant(plan: &Plan, row: u64) -> Vec<Option<String>> {
    let place = row - 1;
    let odd = usize::try_from(place).ok().and_then(|place| SLUGS.get(place)).filter(|_| plan.dirty);
    let slug = odd.map_or_else(|| format!("tenant-{place}"), |slug| (*slug).to_owned());
    vec![
        Some(tenant_id(plan, place)),
        Some(slug.clone()),
        Some(format!("The {slug} company")),
        Some(if plan.dirty && place == 4 { "suspended" } else { "active" }.to_owned()),
        (plan.dirty && place == 3).then(|| "2023-01-01 00:00:00".to_owned()),
    ]
}

const TENANTS_USERS: [(&str, &str, &str); 16] = [
    ("user_id", "UUID PRIMARY KEY", "TEXT PRIMARY KEY NOT NULL"),
    ("tenant_id", "UUID", "TEXT"),
    ("email", "TEXT", "TEXT"),
    ("full_name", "TEXT", "TEXT"),
    ("role", "VARCHAR(50) NOT NULL", "TEXT NOT NULL"),
    ("status", "VARCHAR(50) NOT NULL", "TEXT NOT NULL"),
    ("password_hash", "TEXT", "TEXT"),
    ("password_changed_at", "TIMESTAMPTZ", "TIMESTAMP"),
    ("failed_login_attempts", "INTEGER NOT NULL DEFAULT 0", "INTEGER NOT NULL DEFAULT 0"),
    ("locked_until", "TIMESTAMPTZ", "TIMESTAMP"),
    ("self-auth_user_id", "VARCHAR(255)", "TEXT"),
    ("self-auth_synced_at", "TIMESTAMPTZ", "TIMESTAMP"),
    ("last_login_at", "TIMESTAMPTZ", "TIMESTAMP"),
    ("created_at", "TIMESTAMP", "TIMESTAMP"),
    ("updated_at", "TIMESTAMPTZ", "TIMESTAMP"),
    ("deleted_at", "TIMESTAMPTZ", "TIMESTAMP"),
];

fn tenants_user(person: &Person, plan: &Plan) -> Vec<Option<String>> {
    vec![
        Some(person.id.clone()),
        person.tenant.map(|place| tenant_id(plan, place)),
        person.email.clone(),
        person.full_name.clone(),
        Some(person.role.to_owned()),
        Some(person.status.to_owned()),
        person.hash.clone(),
        person.created_at.clone(),
        Some(person.failures.to_string()),
        person.locked_until.clone(),
        person.link.clone(),
        person.synced_at.clone(),
        person.last_login_at.clone(),
        person.created_at.clone(),
        person.created_at.clone(),
        person.deleted_at.clone(),
    ]
}

const GROUPS: [(&str, &str, &str); 4] = [
    ("tenant_id", "UUID NOT NULL", "TEXT NOT NULL"),
    ("self-auth_group_uuid", "UUID NOT NULL", "TEXT NOT NULL"),
    ("self-auth_group_name", "VARCHAR(255) NOT NULL", "TEXT NOT NULL"),
    ("role", "VARCHAR(50) NOT NULL", "TEXT NOT NULL"),
];

fn group(plan: &Plan, row: u64) -> Vec<Option<String>> {
    let place = row - 1;
    // The last group belongs to a tenant that is gone.
    let tenant = if plan.dirty && row == tenants(plan) { u64::from(u32::MAX) } else { place };
    let role = if row.is_multiple_of(2) { "admin" } else { "member" };
    vec![
        Some(tenant_id(plan, tenant)),
        Some(Stream::of(plan.seed ^ 0x6772_6f75, row).uuid()),
        Some(format!("tenant_tenant-{place}_{role}s")),
        Some(role.to_owned()),
    ]
}

const LEGACY_USERS: [(&str, &str, &str); 6] = [
    ("id", "BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"),
    ("email", "TEXT", "VARCHAR"),
    ("username", "TEXT", "VARCHAR"),
    ("password_hash", "TEXT", "VARCHAR"),
    ("created_at", "TIMESTAMP", "DATETIME"),
    ("is_active", "BOOLEAN", "BOOLEAN"),
];

fn legacy_user(person: Person) -> Vec<Option<String>> {
    let active = match person.status {
        "active" => Some("1"),
        "on leave" => None,
        _ => Some("0"),
    };
    vec![Some(person.id), person.email, person.username, person.hash, person.created_at, active.map(str::to_owned)]
}
