//! A row becomes a person: every rule of a profile applied, and what could not be read named.

use std::collections::{BTreeMap, BTreeSet};

use oauth_core::time::Timestamp;

use super::{
    bind::BoundProfile,
    names::Names,
    password::SourcePassword,
    rules::{Standing, UnknownRole, ValidLink},
    value, zone,
};
use crate::{
    account::AuthMethod,
    outcome::{Flaw, FlawKind},
    person::{Activity, Person, TenantOfSource},
    source::{SourceRow, SourceTenant, Value},
};

/// Longer names for display are left out.
const LONGEST_NAME: usize = 1024;

static NULL: Value = Value::Null;

impl BoundProfile {
    /// Whether the row is an account at all, by the profile's filter.
    pub fn wants(&self, row: &SourceRow) -> bool {
        self.profile.users.filter.holds(&|names| column(row, Some(names)))
    }

    /// Reads a row; `tenants` are those of the source by their keys.
    pub fn person(&self, row: &SourceRow, tenants: &BTreeMap<String, TenantOfSource>) -> Person {
        let mut reading = Reading { profile: self, row, flaws: Vec::new() };
        let columns = &self.profile.users.columns;
        let mut person = Person::unknown(row.id.clone());
        person.email = reading.text(columns.email.as_ref(), FlawKind::EmailTooLong);
        person.username = reading.text(columns.username.as_ref(), FlawKind::UsernameTooLong);
        person.profile.name = reading.name(columns.full_name.as_ref());
        person.hash = reading.password();
        person.activity = reading.activity();
        person.is_verified = self.profile.users.verified.holds(&|names| column(row, Some(names)));
        person.is_locked = reading.truth(columns.is_locked.as_ref());
        person.failures = reading.count(columns.failed_attempts.as_ref());
        person.tenant = reading.text(columns.tenant.as_ref(), FlawKind::TooLong);
        person.external_subject = reading.link();
        person.auth_method = self.auth_method(row);
        person.invited_at = reading.time(columns.invited_at.as_ref());
        // Who was linked while nobody wrote completions down has completed when the link was made.
        let link = self.profile.link.as_ref().filter(|_| person.external_subject.is_some());
        let synced = link.and_then(|link| link.synced_at.as_ref());
        person.completed_at = reading.time(columns.completed_at.as_ref()).or_else(|| reading.time(synced));
        person.created_at = reading.time(columns.created_at.as_ref());
        person.updated_at = reading.time(columns.updated_at.as_ref());
        person.last_login_at = reading.time(columns.last_login_at.as_ref());
        person.password_set_at = reading.time(columns.password_changed_at.as_ref());
        person.locked_until = reading.time(columns.locked_until.as_ref());
        let held = reading.roles();
        self.roles(&held, &mut person);
        person.is_admin = reading.truth(columns.is_admin.as_ref())
            || person.roles.iter().any(|role| self.profile.roles.administrators.contains(role));
        let tenant = person.tenant.as_ref().and_then(|key| tenants.get(key));
        if self.profile.tenants.is_some() && person.tenant.is_some() && tenant.is_none() {
            reading.flaw(FlawKind::TenantUnknown, columns.tenant.as_ref());
        }
        person.groups = tenant.map(|tenant| self.groups(tenant, &held)).unwrap_or_default();
        person.flaws = reading.flaws;
        person.flaws.sort_by_key(|flaw| (!flaw.kind.quarantines(), flaw.clone()));
        person
    }

    /// Reads a tenant.
    pub fn tenant(&self, tenant: &SourceTenant) -> TenantOfSource {
        let column = |names: &Names| tenant.columns.get(names.first().as_str()).unwrap_or(&NULL);
        let text = |names: &Names| value::text(column(names)).map(|text| text.trim().to_owned());
        let rules = self.profile.tenants.as_ref();
        let slug = rules.and_then(|rules| text(&rules.slug)).unwrap_or_default();
        let name = rules.and_then(|rules| rules.name.as_ref()).and_then(text).filter(|name| !name.is_empty());
        let active = rules.is_none_or(|rules| rules.active.holds(&column) && !rules.deleted.holds(&column));
        TenantOfSource {
            id: tenant.id.clone(),
            slug: slug_of(&slug, &tenant.id),
            name: name.or_else(|| Some(slug).filter(|slug| !slug.is_empty())).unwrap_or_else(|| tenant.id.clone()),
            active,
        }
    }

    /// Whether an id at the external provider is one (S001-26: broken scripts wrote `null`).
    pub fn is_link(&self, subject: &str) -> bool {
        let nothing = ["null", "none", "undefined", "nan", "nil", "n/a", "-", "false", "0"];
        match self.profile.link.as_ref().map(|link| link.valid).unwrap_or_default() {
            ValidLink::Uuid => uuid::Uuid::try_parse(subject).is_ok_and(|id| !id.is_nil()) && subject.len() == 36,
            ValidLink::Text => {
                oauth_core::text::line(subject, 255).is_ok()
                    && !nothing.contains(&subject.trim().to_ascii_lowercase().as_str())
            }
        }
    }

    fn auth_method(&self, row: &SourceRow) -> Option<AuthMethod> {
        let names = self.profile.users.columns.auth_method.as_ref()?;
        let text = value::text(column(row, Some(names)))?;
        let word = self.profile.write_back.as_ref().and_then(|back| back.oauth_word.as_deref());
        let by_oauth = |text: &str| matches!(text, "self-auth" | "self_auth" | "oauth2") || word == Some(text);
        if by_oauth(text.trim()) { Some(AuthMethod::Oauth) } else { AuthMethod::parse(text.trim()) }
    }

    fn roles(&self, held: &BTreeSet<String>, person: &mut Person) {
        let rules = &self.profile.roles;
        let mut roles: Vec<String> = Vec::new();
        for role in held {
            match (rules.map.get(role), rules.unknown) {
                (Some(mapped), _) if !mapped.is_empty() => roles.extend(mapped.iter().cloned()),
                (None, UnknownRole::Keep) => roles.push(role.clone()),
                (Some(_), _) | (None, UnknownRole::Drop) => person.unmapped_roles.push(role.clone()),
            }
        }
        if roles.is_empty() {
            roles.clone_from(&rules.default);
        }
        roles.sort();
        roles.dedup();
        person.roles = roles;
    }

    fn groups(&self, tenant: &TenantOfSource, held: &BTreeSet<String>) -> Vec<String> {
        let Some(rules) = &self.profile.tenants else { return Vec::new() };
        let administers = rules.administrator_roles.iter().any(|role| held.contains(role));
        let administrators = rules.administrators_group.as_ref().filter(|_| administers);
        let patterns = rules.members_group.iter().chain(administrators);
        patterns.map(|pattern| pattern.replace("{slug}", &tenant.slug)).collect()
    }
}

/// A short name: lower-case letters and digits of ASCII, and single hyphens for everything between; a part of the key where
/// nothing is left.
fn slug_of(text: &str, key: &str) -> String {
    let clean = |text: &str| {
        let mut slug = String::new();
        for c in text.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(63);
        slug.trim_end_matches('-').to_owned()
    };
    let slug = clean(text);
    if slug.is_empty() { clean(&format!("tenant-{key}")) } else { slug }
}

fn column<'a>(row: &'a SourceRow, names: Option<&Names>) -> &'a Value {
    names.map_or(&NULL, |names| row.column(names.first().as_str()))
}

/// A row while it is read.
struct Reading<'a> {
    profile: &'a BoundProfile,
    row: &'a SourceRow,
    flaws: Vec<Flaw>,
}

impl Reading<'_> {
    fn flaw(&mut self, kind: FlawKind, names: Option<&Names>) {
        let column = names.map(|names| names.first().as_str().to_owned()).unwrap_or_default();
        self.flaws.push(Flaw { kind, column });
    }

    /// A text without the blanks around it; `too_long` is what a text is called that was not read for its length.
    fn text(&mut self, names: Option<&Names>, too_long: FlawKind) -> Option<String> {
        match column(self.row, names) {
            Value::Null => None,
            Value::Unreadable(what) => {
                let kind = if what == value::TOO_LONG { too_long } else { FlawKind::WrongType };
                self.flaw(kind, names);
                None
            }
            found => {
                let text = value::text(found);
                if text.is_none() {
                    self.flaw(FlawKind::WrongType, names);
                }
                text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
            }
        }
    }

    /// A name for display; one that is too long or holds control characters is left out.
    fn name(&mut self, names: Option<&Names>) -> Option<String> {
        if column(self.row, names) == &Value::Unreadable(value::NOT_UTF8.to_owned()) {
            self.flaw(FlawKind::TooLong, names);
            return None;
        }
        let text = self.text(names, FlawKind::TooLong)?;
        let fine = oauth_core::text::line(&text, LONGEST_NAME).is_ok();
        if !fine {
            self.flaw(FlawKind::TooLong, names);
        }
        Some(text).filter(|_| fine)
    }

    fn truth(&mut self, names: Option<&Names>) -> bool {
        let found = column(self.row, names);
        let truth = value::truth(found);
        if truth.is_none() && !value::is_blank(found) {
            self.flaw(FlawKind::WrongType, names);
        }
        truth.unwrap_or(false)
    }

    fn count(&mut self, names: Option<&Names>) -> u32 {
        let found = column(self.row, names);
        let count = value::integer(found);
        if count.is_none() && !value::is_blank(found) {
            self.flaw(FlawKind::WrongType, names);
        }
        u32::try_from(count.unwrap_or(0).max(0)).unwrap_or(u32::MAX)
    }

    fn time(&mut self, names: Option<&Names>) -> Option<Timestamp> {
        zone::read(column(self.row, names), self.profile.profile.source.time_zone).unwrap_or_else(|_| {
            self.flaw(FlawKind::TimeInvalid, names);
            None
        })
    }

    fn password(&mut self) -> Option<authly_directory::password::StoredHash> {
        let columns = &self.profile.profile.users.columns;
        let (hash, salt) = (columns.password_hash.as_ref(), columns.password_salt.as_ref());
        match self.profile.profile.passwords.read(column(self.row, hash), column(self.row, salt)) {
            SourcePassword::None => None,
            SourcePassword::Hash(hash) => Some(hash),
            SourcePassword::Unreadable => {
                self.flaw(FlawKind::TooLong, hash);
                None
            }
        }
    }

    fn link(&mut self) -> Option<String> {
        let link = self.profile.profile.link.as_ref()?;
        let subject = self.text(Some(&link.column), FlawKind::ExternalSubjectInvalid)?;
        if self.profile.is_link(&subject) {
            return Some(subject);
        }
        self.flaw(FlawKind::ExternalSubjectInvalid, Some(&link.column));
        None
    }

    fn activity(&mut self) -> Activity {
        let profile = self.profile;
        let (users, row) = (&profile.profile.users, self.row);
        let value = |names: &Names| column(row, Some(names));
        if users.deleted.holds(&value) {
            return Activity::Deleted;
        }
        let active = users.active.holds(&value);
        let by_condition = if active { Activity::Active } else { Activity::Inactive };
        if profile.profile.statuses.is_empty() {
            return by_condition;
        }
        let status = value::text(column(row, users.columns.status.as_ref())).unwrap_or_default();
        match profile.profile.statuses.get(status.trim()) {
            Some(Standing::Active) => by_condition,
            Some(Standing::Deleted) => Activity::Deleted,
            Some(Standing::Inactive) => Activity::Inactive,
            Some(Standing::PendingVerification) => Activity::Pending,
            None => {
                self.flaw(FlawKind::StatusUnknown, users.columns.status.as_ref());
                Activity::Inactive
            }
        }
    }

    /// The roles that the source gives: an array, a JSON list, PostgreSQL's own form of an array, or texts between commas.
    fn roles(&mut self) -> BTreeSet<String> {
        let names = self.profile.profile.users.columns.roles.as_ref();
        let items: Vec<String> = match column(self.row, names) {
            Value::List(items) => items.clone(),
            Value::Null => Vec::new(),
            found => match value::text(found) {
                None => {
                    self.flaw(FlawKind::WrongType, names);
                    Vec::new()
                }
                Some(text) => split(&text),
            },
        };
        let clean = |item: String| item.trim().to_owned();
        let items: BTreeSet<String> = items.into_iter().map(clean).filter(|item| !item.is_empty()).collect();
        if items.iter().any(|item| oauth_core::text::line(item, 255).is_err()) {
            self.flaw(FlawKind::WrongType, names);
            return BTreeSet::new();
        }
        items
    }
}

fn split(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<String>>(text)
    {
        return items;
    }
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    inner.split(',').map(|item| item.trim().trim_matches('"').to_owned()).collect()
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
