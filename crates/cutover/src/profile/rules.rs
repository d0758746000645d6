//! The parts of a profile: each a closed set of choices, with the default that is safe.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::{
    columns::Columns,
    parts::{ApiKeyForm, ApiKeys, IdentityProvider, TokenForm, Tokens, WriteBack},
};
use super::{condition::Condition, names::Names, password::Passwords, shared_name::SharedName, zone::Zone};

/// What a source looks like and how its rows become accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, which with a row's key identifies the row for ever.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether accounts are copied into Authly's store or adopted where they are (C-08).
    #[serde(default)]
    pub target: Target,
    /// Which systems it reads.
    #[serde(default)]
    pub source: SourceRules,
    /// The accounts.
    pub users: Users,
    /// What follows from a status.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, Standing>,
    /// What follows from a role (C-20).
    #[serde(default)]
    pub roles: Roles,
    /// How passwords are stored.
    #[serde(default)]
    pub passwords: Passwords,
    /// The organizations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Tenants>,
    /// The table that maps groups of an identity provider to tenants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
    /// Links to accounts of another identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Tokens of the older program that refer to accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// API keys of the older program (C-32).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_keys: Option<ApiKeys>,
    /// Columns of the application's own table that are kept in step, if the run asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_back: Option<WriteBack>,
}

/// Where the accounts end up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Copied into Authly's store; the source is only read.
    #[default]
    Import,
    /// The source is the store: its tables are extended and its rows stay.
    InPlace,
}

/// What reads the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A PostgreSQL database.
    Postgres,
    /// An SQLite file.
    Sqlite,
    /// A file of comma-separated values with a line of names, one for each table.
    Csv,
    /// A file that holds one JSON array of objects, one for each table.
    Json,
    /// A file with a JSON object in each line, one for each table.
    Ndjson,
}

impl SourceKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Postgres, Self::Sqlite, Self::Csv, Self::Json, Self::Ndjson];

    /// The word in profiles.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }
}

/// Which systems a profile reads, and what is the same in all their tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceRules {
    /// The kinds that it reads.
    pub kinds: Vec<SourceKind>,
    /// The schema of the tables in PostgreSQL; the search path finds them otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<super::names::Name>,
    /// The zone of times without one (C-21).
    pub time_zone: Zone,
}

impl Default for SourceRules {
    fn default() -> Self {
        Self { kinds: SourceKind::ALL.to_vec(), schema: None, time_zone: Zone::UTC }
    }
}

/// The table of the accounts, and the rules about each of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// The table.
    pub table: Names,
    /// Its primary key: one column, unique and never NULL.
    pub key: Names,
    /// Where addresses must be unique (C-18).
    #[serde(default)]
    pub unique: Unique,
    /// What becomes of accounts whose names collide.
    #[serde(default)]
    pub collision: Collision,
    /// What a user name becomes that people of several tenants have; only where addresses are unique within each tenant.
    #[serde(default, skip_serializing_if = "SharedName::is_default")]
    pub shared_name: SharedName,
    /// What becomes of an account without an e-mail address.
    #[serde(default)]
    pub missing_email: MissingEmail,
    /// What an inactive account becomes (C-36).
    #[serde(default)]
    pub inactive: Inactive,
    /// Those of `columns` that a source may lack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<String>,
    /// What the columns are.
    pub columns: Columns,
    /// Rows that are no accounts at all are left out by this; they are counted apart.
    #[serde(default = "Condition::always", skip_serializing_if = "is_always")]
    pub filter: Condition,
    /// Which accounts are active (C-09).
    #[serde(default = "Condition::always", skip_serializing_if = "is_always")]
    pub active: Condition,
    /// Which accounts are deleted; their rows are skipped.
    #[serde(default = "Condition::never", skip_serializing_if = "is_never")]
    pub deleted: Condition,
    /// Whose address is verified; nobody's, unless the profile says so.
    #[serde(default = "Condition::never", skip_serializing_if = "is_never")]
    pub verified: Condition,
}

pub(super) fn is_always(condition: &Condition) -> bool {
    *condition == Condition::always()
}

pub(super) fn is_never(condition: &Condition) -> bool {
    *condition == Condition::never()
}

/// Where addresses and user names must be unique (C-18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unique {
    /// In the whole installation.
    #[default]
    Global,
    /// Within each tenant; one address in two tenants is two accounts.
    Tenant,
}

/// What becomes of accounts whose names differ only by case or Unicode form. They are never merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collision {
    /// All of them wait for a decision.
    #[default]
    Conflict,
    /// The one that was created first is imported, the others wait.
    Oldest,
    /// The one that was used last is imported, the others wait.
    MostRecentlyUsed,
}

/// What becomes of an account without an e-mail address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingEmail {
    /// It waits for a decision.
    #[default]
    Quarantine,
    /// Its user name is taken where that is an address.
    UseUsername,
}

/// What an inactive account becomes (C-36).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inactive {
    /// It stays switched off.
    #[default]
    Disabled,
    /// It may switch itself on by verifying its address.
    PendingVerification,
}

/// The standing of an account in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In use.
    Active,
    /// Removed; its row remained.
    Deleted,
    /// Not in use: what follows is the profile's rule for inactive accounts.
    Inactive,
    /// Waits for the verification of its address.
    PendingVerification,
}

/// What follows from a role (C-20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Roles {
    /// Roles of an account for which the source has none.
    pub default: Vec<String>,
    /// Which of the roles that result make an administrator.
    pub administrators: Vec<String>,
    /// What becomes of a role that `map` does not know.
    pub unknown: UnknownRole,
    /// The roles that a role of the source becomes; an empty list loses it, which is reported.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub map: BTreeMap<String, Vec<String>>,
}

impl Default for Roles {
    fn default() -> Self {
        Self {
            default: vec!["user".to_owned()],
            administrators: Vec::new(),
            unknown: UnknownRole::Keep,
            map: BTreeMap::new(),
        }
    }
}

/// What becomes of a role that the profile does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownRole {
    /// It is taken over as it is.
    Keep,
    /// It is lost, and reported.
    Drop,
}

/// The table of the organizations, and the groups that are made for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenants {
    /// The table.
    pub table: Names,
    /// Its primary key, which the accounts refer to.
    pub key: Names,
    /// The short name.
    pub slug: Names,
    /// The name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Names>,
    /// Which are in operation.
    #[serde(default = "Condition::always", skip_serializing_if = "is_always")]
    pub active: Condition,
    /// Which are deleted.
    #[serde(default = "Condition::never", skip_serializing_if = "is_never")]
    pub deleted: Condition,
    /// The group of all people of a tenant; `{slug}` stands for its short name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_group: Option<String>,
    /// The group of its administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administrators_group: Option<String>,
    /// The roles of the source that make an administrator of the tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub administrator_roles: Vec<String>,
}

/// The table that maps groups of an identity provider to tenants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// The table.
    pub table: Names,
    /// Whether a source may lack it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// The tenant's key.
    pub tenant: Names,
    /// The group's id at the identity provider.
    pub external_id: Names,
    /// The group's name there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Names>,
    /// What membership means: `member` or `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Names>,
}

/// Links to accounts of another identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The column with the account's id there.
    pub column: Names,
    /// Whether a source may lack the columns.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// When the link was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced_at: Option<Names>,
    /// What a valid id is; everything else counts as no link, and is reported.
    #[serde(default)]
    pub valid: ValidLink,
}

/// What a valid id of another identity provider is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidLink {
    /// A UUID that is not all zero.
    #[default]
    Uuid,
    /// Any text but those that broken scripts write for nothing, as `null`.
    Text,
}
