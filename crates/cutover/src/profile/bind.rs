//! A profile meets a source: each name becomes the one that exists, and what is missing or of another type is told.

use std::collections::BTreeSet;

use super::{
    Profile,
    names::{Name, Names},
    parse::Mistake,
    rules::{ApiKeys, Groups, Link, SourceKind, Tenants, Tokens, Users},
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
        let mut binder = Binder { shape, mistakes: Vec::new(), lacking: Vec::new() };
        let mut profile = self.clone();
        binder.kind(&profile.source.kinds);
        binder.users(&mut profile);
        binder.tenants(profile.tenants.as_mut());
        binder.groups(&mut profile.groups);
        binder.tokens(&mut profile.tokens);
        binder.api_keys(&mut profile.api_keys);
        let Binder { mistakes, lacking, .. } = binder;
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

struct Binder<'a> {
    shape: &'a Shape,
    mistakes: Vec<Mistake>,
    lacking: Vec<String>,
}

impl<'a> Binder<'a> {
    fn mistake(&mut self, path: impl Into<String>, message: String) {
        self.mistakes.push(Mistake { line: None, path: path.into(), message });
    }

    fn kind(&mut self, kinds: &[SourceKind]) {
        let found = self.shape.kind;
        if !kinds.contains(&found) {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            let message = format!("this is a {} source; the profile reads {}", found.as_str(), kinds.join(", "));
            self.mistake("source.kinds", message);
        }
    }

    /// The table of a part, for its columns to be looked up.
    fn at<'b>(&'b mut self, part: &'static str, names: &mut Names) -> Option<At<'b, 'a>> {
        let shape = self.shape;
        let Some(found) = names.find(|name| shape.table(name.as_str()).is_some()).cloned() else {
            let there: Vec<&str> = shape.tables.iter().map(|table| table.name.as_str()).take(12).collect();
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            let message = format!("the source has no table {names}; its tables are: {there}");
            self.mistake(format!("{part}.table"), message);
            return None;
        };
        let table = shape.table(found.as_str())?;
        *names = Names::one(found);
        Some(At { binder: self, table, part })
    }

    /// Takes an optional part away whose table the source lacks.
    fn drop_lacking<T>(&mut self, name: &str, part: &mut Option<T>, table: impl Fn(&T) -> (bool, &Names)) {
        let Some((optional, names)) = part.as_ref().map(table) else { return };
        if optional && names.find(|name| self.shape.table(name.as_str()).is_some()).is_none() {
            self.lacking.push(name.to_owned());
            *part = None;
        }
    }

    fn users(&mut self, profile: &mut Profile) {
        let Some(mut at) = self.at("users", &mut profile.users.table) else { return };
        at.account(&mut profile.users);
        at.part = "link";
        at.link(&mut profile.link);
    }

    fn tenants(&mut self, tenants: Option<&mut Tenants>) {
        let Some(tenants) = tenants else { return };
        let Some(mut at) = self.at("tenants", &mut tenants.table) else { return };
        at.must("key", &mut tenants.key);
        at.must("slug", &mut tenants.slug);
        at.may("name", &mut tenants.name);
        at.condition("active", tenants.active.columns_mut());
        at.condition("deleted", tenants.deleted.columns_mut());
    }

    fn groups(&mut self, part: &mut Option<Groups>) {
        self.drop_lacking("groups", part, |groups| (groups.optional, &groups.table));
        let Some(groups) = part else { return };
        let Some(mut at) = self.at("groups", &mut groups.table) else { return };
        at.must("tenant", &mut groups.tenant);
        at.must("external_id", &mut groups.external_id);
        at.may("name", &mut groups.name);
        at.may("role", &mut groups.role);
    }

    fn tokens(&mut self, part: &mut Option<Tokens>) {
        self.drop_lacking("tokens", part, |tokens| (tokens.optional, &tokens.table));
        let Some(tokens) = part else { return };
        let Some(mut at) = self.at("tokens", &mut tokens.table) else { return };
        at.must("key", &mut tokens.key);
        at.must("user", &mut tokens.user);
        at.must("expires_at", &mut tokens.expires_at);
        at.may("token", &mut tokens.token);
        at.may("kind", &mut tokens.kind);
        at.may("family", &mut tokens.family);
        at.may("created_at", &mut tokens.created_at);
        at.condition("dead", tokens.dead.columns_mut());
    }

    fn api_keys(&mut self, part: &mut Option<ApiKeys>) {
        self.drop_lacking("api_keys", part, |keys| (keys.optional, &keys.table));
        let Some(keys) = part else { return };
        let Some(mut at) = self.at("api_keys", &mut keys.table) else { return };
        at.must("key", &mut keys.key);
        at.must("user", &mut keys.user);
        at.must("secret", &mut keys.secret);
        at.may("label", &mut keys.label);
        at.may("scopes", &mut keys.scopes);
        at.may("expires_at", &mut keys.expires_at);
        at.condition("active", keys.active.columns_mut());
    }
}

/// A table while its columns are looked up.
struct At<'b, 'a> {
    binder: &'b mut Binder<'a>,
    table: &'a Table,
    part: &'static str,
}

impl At<'_, '_> {
    fn account(&mut self, users: &mut Users) {
        self.must("key", &mut users.key);
        if let Some(column) = self.table.column(users.key.first().as_str())
            && matches!(column.kind, ColumnKind::Bytes | ColumnKind::List | ColumnKind::Json)
        {
            self.mistake("key", format!("{} is of type {}, which cannot be a key", users.key, column.written));
        }
        for (field, names) in users.columns.fields_mut() {
            let Some(wanted) = names else { continue };
            let path = format!("columns.{field}");
            if users.optional.iter().any(|name| name == field) && !self.has(wanted) {
                self.binder.lacking.push(format!("users.{path}"));
                *names = None;
                continue;
            }
            self.must(&path, wanted);
            self.kind(&path, wanted, field);
        }
        self.condition("filter", users.filter.columns_mut());
        self.condition("active", users.active.columns_mut());
        self.condition("deleted", users.deleted.columns_mut());
        self.condition("verified", users.verified.columns_mut());
    }

    /// An optional link goes as a whole with its column, and without the instant if that alone is lacking.
    fn link(&mut self, part: &mut Option<Link>) {
        let Some(link) = part else { return };
        if link.optional && !self.has(&link.column) {
            self.binder.lacking.push("link".to_owned());
            *part = None;
            return;
        }
        self.must("column", &mut link.column);
        if link.optional && link.synced_at.as_ref().is_some_and(|names| !self.has(names)) {
            self.binder.lacking.push("link.synced_at".to_owned());
            link.synced_at = None;
        }
        self.may("synced_at", &mut link.synced_at);
    }

    /// Whether the table has a column of one of these names.
    fn has(&self, names: &Names) -> bool {
        names.find(|name| self.table.column(name.as_str()).is_some()).is_some()
    }

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
