//! A profile meets a source: each name becomes the one that exists, and what is missing or of another type is told.

use std::collections::BTreeSet;

use super::{
    Profile,
    names::{Name, Names},
    parse::Mistake,
    shape::{ColumnKind, Shape, Table},
};

/// A profile whose names are those of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundProfile {
    /// The profile: every name exists, and optional parts that the source lacks are gone.
    pub profile: Profile,
    /// Optional parts that the source lacks.
    pub lacking: Vec<String>,
}

impl Profile {
    /// Resolves the names of this profile in a source; every mistake, if there are any.
    pub fn bind(&self, shape: &Shape) -> Result<BoundProfile, Vec<Mistake>> {
        let mut binder = Binder { mistakes: Vec::new(), lacking: Vec::new() };
        let mut profile = self.clone();
        if !self.source.kinds.contains(&shape.kind) {
            let kinds: Vec<&str> = self.source.kinds.iter().map(|kind| kind.as_str()).collect();
            let message = format!("this is a {} source; the profile reads {}", shape.kind.as_str(), kinds.join(", "));
            binder.mistake("source.kinds", message);
        }
        if let Some(table) = binder.table(shape, &mut profile.users.table, "users.table") {
            binder.users(table, &mut profile);
        }
        if let Some(tenants) = &mut profile.tenants
            && let Some(table) = binder.table(shape, &mut tenants.table, "tenants.table")
        {
            let mut at = At { binder: &mut binder, table, part: "tenants" };
            at.must("key", &mut tenants.key);
            at.must("slug", &mut tenants.slug);
            at.may("name", &mut tenants.name);
            at.condition("active", tenants.active.columns_mut());
            at.condition("deleted", tenants.deleted.columns_mut());
        }
        if profile
            .groups
            .as_ref()
            .is_some_and(|groups| binder.is_lacking(shape, groups.optional, &groups.table, "groups"))
        {
            profile.groups = None;
        }
        if let Some(groups) = &mut profile.groups
            && let Some(table) = binder.table(shape, &mut groups.table, "groups.table")
        {
            let mut at = At { binder: &mut binder, table, part: "groups" };
            at.must("tenant", &mut groups.tenant);
            at.must("external_id", &mut groups.external_id);
            at.may("name", &mut groups.name);
            at.may("role", &mut groups.role);
        }
        if profile
            .tokens
            .as_ref()
            .is_some_and(|tokens| binder.is_lacking(shape, tokens.optional, &tokens.table, "tokens"))
        {
            profile.tokens = None;
        }
        if let Some(tokens) = &mut profile.tokens
            && let Some(table) = binder.table(shape, &mut tokens.table, "tokens.table")
        {
            let mut at = At { binder: &mut binder, table, part: "tokens" };
            at.must("key", &mut tokens.key);
            at.must("user", &mut tokens.user);
            at.must("expires_at", &mut tokens.expires_at);
            at.may("token", &mut tokens.token);
            at.may("kind", &mut tokens.kind);
            at.may("family", &mut tokens.family);
            at.may("created_at", &mut tokens.created_at);
            at.condition("dead", tokens.dead.columns_mut());
        }
        if profile
            .api_keys
            .as_ref()
            .is_some_and(|keys| binder.is_lacking(shape, keys.optional, &keys.table, "api_keys"))
        {
            profile.api_keys = None;
        }
        if let Some(keys) = &mut profile.api_keys
            && let Some(table) = binder.table(shape, &mut keys.table, "api_keys.table")
        {
            let mut at = At { binder: &mut binder, table, part: "api_keys" };
            at.must("key", &mut keys.key);
            at.must("user", &mut keys.user);
            at.must("secret", &mut keys.secret);
            at.may("label", &mut keys.label);
            at.may("scopes", &mut keys.scopes);
            at.may("expires_at", &mut keys.expires_at);
            at.condition("active", keys.active.columns_mut());
        }
        let Binder { mistakes, lacking } = binder;
        if mistakes.is_empty() { Ok(BoundProfile { profile, lacking }) } else { Err(mistakes) }
    }
}

impl BoundProfile {
    /// The columns of an account's row that anything in the profile looks at, the key among them.
    pub fn user_columns(&self) -> BTreeSet<Name> {
        let mut users = self.profile.users.clone();
        let mut names: BTreeSet<Name> = BTreeSet::from([users.key.first().clone()]);
        names.extend(users.columns.fields_mut().into_iter().filter_map(|(_, names)| names.as_ref()).map(only));
        for condition in [&mut users.filter, &mut users.active, &mut users.deleted, &mut users.verified] {
            names.extend(condition.columns_mut().into_iter().map(|names| only(names)));
        }
        if let Some(link) = &self.profile.link {
            names.extend(std::iter::once(&link.column).chain(&link.synced_at).map(only));
        }
        names
    }

    /// The columns of a tenant's row that anything in the profile looks at, the key among them; none without tenants.
    pub fn tenant_columns(&self) -> BTreeSet<Name> {
        let Some(mut tenants) = self.profile.tenants.clone() else { return BTreeSet::new() };
        let mut names: BTreeSet<Name> =
            [&tenants.key, &tenants.slug].into_iter().chain(&tenants.name).map(only).collect();
        for condition in [&mut tenants.active, &mut tenants.deleted] {
            names.extend(condition.columns_mut().into_iter().map(|names| only(names)));
        }
        names
    }
}

fn only(names: &Names) -> Name {
    names.first().clone()
}

struct Binder {
    mistakes: Vec<Mistake>,
    lacking: Vec<String>,
}

impl Binder {
    fn mistake(&mut self, path: impl Into<String>, message: String) {
        self.mistakes.push(Mistake { line: None, path: path.into(), message });
    }

    fn table<'a>(&mut self, shape: &'a Shape, names: &mut Names, path: &str) -> Option<&'a Table> {
        let found = names.find(|name| shape.table(name.as_str()).is_some()).cloned();
        if found.is_none() {
            let there: Vec<&str> = shape.tables.iter().map(|table| table.name.as_str()).take(12).collect();
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            self.mistake(path, format!("the source has no table {names}; its tables are: {there}"));
        }
        let found = found?;
        let table = shape.table(found.as_str());
        *names = Names::one(found);
        table
    }

    /// Notes an optional table that the source lacks.
    fn is_lacking(&mut self, shape: &Shape, optional: bool, names: &Names, part: &str) -> bool {
        let lacking = optional && names.find(|name| shape.table(name.as_str()).is_some()).is_none();
        if lacking {
            self.lacking.push(part.to_owned());
        }
        lacking
    }

    fn users(&mut self, table: &Table, profile: &mut Profile) {
        let optional = profile.users.optional.clone();
        let mut at = At { binder: self, table, part: "users" };
        let users = &mut profile.users;
        at.must("key", &mut users.key);
        if let Some(column) = table.column(users.key.first().as_str())
            && matches!(column.kind, ColumnKind::Bytes | ColumnKind::List | ColumnKind::Json)
        {
            at.mistake("key", format!("{} is of type {}, which cannot be a key", users.key, column.written));
        }
        for (field, names) in users.columns.fields_mut() {
            let Some(wanted) = names else { continue };
            let path = format!("columns.{field}");
            if optional.iter().any(|name| name == field)
                && wanted.find(|name| table.column(name.as_str()).is_some()).is_none()
            {
                at.binder.lacking.push(format!("users.{path}"));
                *names = None;
                continue;
            }
            at.must(&path, wanted);
            at.kind(&path, wanted, field);
        }
        at.condition("filter", users.filter.columns_mut());
        at.condition("active", users.active.columns_mut());
        at.condition("deleted", users.deleted.columns_mut());
        at.condition("verified", users.verified.columns_mut());
        at.part = "link";
        if let Some(link) = &mut profile.link {
            if link.optional && link.column.find(|name| table.column(name.as_str()).is_some()).is_none() {
                at.binder.lacking.push("link".to_owned());
                profile.link = None;
            } else {
                at.must("column", &mut link.column);
                let synced = link.synced_at.as_ref();
                if link.optional
                    && synced.is_some_and(|names| names.find(|name| table.column(name.as_str()).is_some()).is_none())
                {
                    at.binder.lacking.push("link.synced_at".to_owned());
                    link.synced_at = None;
                }
                at.may("synced_at", &mut link.synced_at);
            }
        }
    }
}

/// A table while its columns are looked up.
struct At<'a> {
    binder: &'a mut Binder,
    table: &'a Table,
    part: &'static str,
}

impl At<'_> {
    fn mistake(&mut self, field: &str, message: String) {
        self.binder.mistake(format!("{}.{field}", self.part), message);
    }

    fn must(&mut self, field: &str, names: &mut Names) {
        match names.find(|name| self.table.column(name.as_str()).is_some()).cloned() {
            Some(found) => *names = Names::one(found),
            None => {
                let there: Vec<&str> = self.table.columns.iter().map(|column| column.name.as_str()).collect();
                let message =
                    format!("table {:?} has no column {names}; it has: {}", self.table.name, there.join(", "));
                self.mistake(field, message);
            }
        }
    }

    fn may(&mut self, field: &str, names: &mut Option<Names>) {
        if let Some(names) = names {
            self.must(field, names);
        }
    }

    fn condition(&mut self, field: &str, columns: Vec<&mut Names>) {
        for names in columns {
            self.must(field, names);
        }
    }

    /// A column whose type cannot hold what it is said to be.
    fn kind(&mut self, path: &str, names: &Names, field: &str) {
        use ColumnKind::{Any, Bool, Bytes, Integer, Json, List, LocalTime, Text, Time};
        let fits: &[ColumnKind] = match field {
            "is_admin" | "is_locked" => &[Any, Bool, Integer, Text],
            "failed_attempts" => &[Any, Integer, Text],
            "roles" => &[Any, Json, List, Text],
            "password_hash" | "password_salt" => &[Any, Bytes, Text],
            _ if field.ends_with("_at") || field == "locked_until" => &[Any, Integer, LocalTime, Text, Time],
            "tenant" => &[Any, Integer, Text],
            _ => &[Any, Bool, Integer, Text],
        };
        if let Some(column) = self.table.column(names.first().as_str())
            && !fits.contains(&column.kind)
        {
            self.mistake(path, format!("column {names} is of type {}, which holds no such thing", column.written));
        }
    }
}

#[cfg(test)]
#[path = "bind_tests.rs"]
mod tests;
