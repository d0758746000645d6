//! What must go together within a profile, whatever the source.

use std::collections::BTreeSet;

use super::{
    Profile,
    condition::Condition,
    parse::Mistake,
    rules::{Collision, MissingEmail, SourceKind, Target, Unique, UnknownRole},
};
use crate::source::SourceName;

/// Everything that does not go together.
pub(super) fn mistakes(profile: &Profile) -> Vec<Mistake> {
    let mut found = Found(Vec::new());
    let columns = &profile.users.columns;
    found.unless(SourceName::parse(&profile.name).is_some(), "name", "has 1 to 64 of a-z, 0-9, `_` and `-`");
    source(profile, &mut found);
    found.unless(
        columns.email.is_some() || columns.username.is_some(),
        "users.columns",
        "name the column of the e-mail address, of the user name, or both",
    );
    found.unless(
        profile.users.active != Condition::never(),
        "users.active",
        "no account would be active: an empty `any` never holds",
    );
    found.unless(
        profile.users.filter != Condition::never(),
        "users.filter",
        "no row would be left: an empty `any` never holds",
    );
    users(profile, &mut found);
    roles(profile, &mut found);
    tenants(profile, &mut found);
    for pepper in &profile.passwords.peppers {
        found.unless(
            is_variable(pepper),
            "passwords.peppers",
            "names of environment variables stand here (A-Z, 0-9 and `_`), never a pepper itself",
        );
    }
    write_back(profile, &mut found);
    found.0
}

struct Found(Vec<Mistake>);

impl Found {
    fn unless(&mut self, fine: bool, path: &str, message: &str) {
        if !fine {
            self.0.push(Mistake { line: None, path: path.to_owned(), message: message.to_owned() });
        }
    }
}

fn source(profile: &Profile, found: &mut Found) {
    let kinds = &profile.source.kinds;
    let distinct: BTreeSet<_> = kinds.iter().collect();
    found.unless(!kinds.is_empty(), "source.kinds", "name at least one kind");
    found.unless(distinct.len() == kinds.len(), "source.kinds", "names a kind twice");
    found.unless(
        profile.target == Target::Import || kinds.iter().all(|kind| *kind == SourceKind::Postgres),
        "target",
        "only a PostgreSQL database can be adopted in place; set kinds = [\"postgres\"]",
    );
}

fn users(profile: &Profile, found: &mut Found) {
    let users = &profile.users;
    let mut known = users.columns.clone();
    let set: Vec<&str> =
        known.fields_mut().iter().filter(|(_, names)| names.is_some()).map(|(name, _)| *name).collect();
    for name in &users.optional {
        found.unless(
            set.contains(&name.as_str()),
            "users.optional",
            &format!("{name:?} is not one of the names on the left side in [users.columns]"),
        );
    }
    let columns = &users.columns;
    found.unless(
        users.unique == Unique::Global || columns.tenant.is_some(),
        "users.unique",
        "addresses cannot be unique within a tenant without users.columns.tenant",
    );
    found.unless(
        users.collision != Collision::Oldest || columns.created_at.is_some(),
        "users.collision",
        "`oldest` needs users.columns.created_at",
    );
    found.unless(
        users.collision != Collision::MostRecentlyUsed || columns.last_login_at.is_some(),
        "users.collision",
        "`most_recently_used` needs users.columns.last_login_at",
    );
    found.unless(
        users.missing_email != MissingEmail::UseUsername || columns.username.is_some(),
        "users.missing_email",
        "`use_username` needs users.columns.username",
    );
    found.unless(
        profile.statuses.is_empty() || columns.status.is_some(),
        "statuses",
        "statuses are explained, but users.columns.status is not named",
    );
}

fn roles(profile: &Profile, found: &mut Found) {
    let roles = &profile.roles;
    let results: BTreeSet<&String> = roles.default.iter().chain(roles.map.values().flatten()).collect();
    for role in &roles.administrators {
        found.unless(
            roles.unknown == UnknownRole::Keep || results.contains(role),
            "roles.administrators",
            &format!("no account ever gets the role {role:?}"),
        );
    }
    let all = results.into_iter().chain(&roles.administrators);
    for role in all {
        found.unless(
            oauth_core::text::line(role, 255).is_ok(),
            "roles",
            &format!("{role:?} is no role: 1 to 255 bytes without control characters"),
        );
    }
}

fn tenants(profile: &Profile, found: &mut Found) {
    found.unless(
        profile.groups.is_none() || profile.tenants.is_some(),
        "groups",
        "groups belong to tenants; describe them in [tenants]",
    );
    let Some(tenants) = &profile.tenants else { return };
    found.unless(
        profile.users.columns.tenant.is_some(),
        "tenants",
        "users.columns.tenant does not say which tenant an account is of",
    );
    for (path, pattern) in [
        ("tenants.members_group", &tenants.members_group),
        ("tenants.administrators_group", &tenants.administrators_group),
    ] {
        found.unless(
            pattern.as_ref().is_none_or(|pattern| pattern.contains("{slug}") && pattern.len() <= 128),
            path,
            "holds `{slug}`, which stands for the tenant's short name",
        );
    }
    found.unless(
        tenants.administrators_group.is_some() || tenants.administrator_roles.is_empty(),
        "tenants.administrator_roles",
        "name the group of the administrators in tenants.administrators_group",
    );
}

fn write_back(profile: &Profile, found: &mut Found) {
    let Some(back) = &profile.write_back else { return };
    let database = |kind: &SourceKind| matches!(kind, SourceKind::Postgres | SourceKind::Sqlite);
    found.unless(
        profile.target == Target::Import && profile.source.kinds.iter().any(database),
        "write_back",
        "only the tables of a database that is imported from can be written back to",
    );
    found.unless(
        [&back.auth_method, &back.invited_at, &back.completed_at, &back.external_subject, &back.synced_at]
            .iter()
            .any(|column| column.is_some()),
        "write_back",
        "names no column",
    );
    found.unless(
        back.auth_method.is_some() == back.oauth_word.is_some(),
        "write_back.oauth_word",
        "auth_method and oauth_word, the word for accounts that sign in by OAuth alone, go together",
    );
}

fn is_variable(name: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.len() <= 128 && !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(fine)
}
