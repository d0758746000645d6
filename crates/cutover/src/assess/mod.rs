//! What a migration will meet in a source, found before anything is moved; pure, and in memory that does not grow with it.

mod class;

use std::collections::{BTreeMap, BTreeSet};

use oauth_core::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

pub use self::class::{Class, Severity};
use crate::{
    decide::{Rules, census::Collisions, flaws},
    hash::{HashJudge, HashState},
    inspect::{Orphans, Part},
    outcome::{Flaw, ReasonCode},
    person::{Activity, Person, TenantOfSource},
    words::count,
};

/// Rows of a class that are kept to be shown.
const MOST_ROWS: usize = 10_000;

/// Accounts in a tenant's line of a report; the others are in its sum.
const MOST_TENANTS: usize = 10_000;

/// Rows an import moves in a second at least.
const ROWS_PER_SECOND: u64 = 2_000;

/// A source while it is looked at, row by row.
#[derive(Debug)]
pub struct Assessment {
    now: Timestamp,
    wanted: Option<Class>,
    people: People,
    tenants: BTreeMap<String, u64>,
    schemes: BTreeMap<(String, HashState), u64>,
    found: BTreeMap<Class, u64>,
    rows: Vec<Row>,
}

/// Accounts by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct People {
    /// All rows.
    pub total: u64,
    /// In use.
    pub active: u64,
    /// Switched off.
    pub inactive: u64,
    /// Waiting for the verification of their address.
    pub pending: u64,
    /// Deleted; they are skipped.
    pub deleted: u64,
    /// Whose address counts as verified.
    pub verified: u64,
    /// Linked to an identity provider already.
    pub linked: u64,
}

/// Accounts of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TenantLine {
    /// Its short name, made safe.
    pub slug: String,
    /// Whether it is in operation.
    pub active: bool,
    /// Its accounts, deleted ones included.
    pub users: u64,
}

/// Hashes of a scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemeLine {
    /// The scheme.
    pub scheme: String,
    /// What can be done with them.
    pub state: &'static str,
    /// How many.
    pub users: u64,
}

/// A kind of finding with its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The word for `--rows`.
    pub class: Class,
    /// How many rows.
    pub rows: u64,
    /// What is the case.
    pub what: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// A row behind a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its key; of a group of rows the first one's.
    pub id: String,
    /// What explains it: ids, columns and schemes; never a secret.
    pub detail: Value,
}

/// Rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableLine {
    /// The table.
    pub table: String,
    /// All its rows.
    pub rows: u64,
}

/// What a migration will meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Accounts by what they are.
    pub people: People,
    /// Accounts by tenant.
    pub tenants: Vec<TenantLine>,
    /// Password hashes by scheme.
    pub schemes: Vec<SchemeLine>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// The rows of the class that was asked for.
    pub rows: Vec<Row>,
    /// By hand or by command (S001-66).
    pub advice: String,
    /// How long an import takes at most, without wrapping.
    pub estimated_seconds: u64,
}

impl Report {
    /// The worst that was found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }
}

impl Assessment {
    /// Nothing seen yet; the rows of `wanted` are kept to be shown.
    pub fn new(now: Timestamp, wanted: Option<Class>) -> Self {
        Self {
            now,
            wanted,
            people: People::default(),
            tenants: BTreeMap::new(),
            schemes: BTreeMap::new(),
            found: BTreeMap::new(),
            rows: Vec::new(),
        }
    }

    /// Notes a row.
    pub fn note(&mut self, person: &Person, rules: &Rules, judge: &impl HashJudge) {
        self.people.total += 1;
        match person.activity {
            Activity::Active => self.people.active += 1,
            Activity::Inactive => self.people.inactive += 1,
            Activity::Pending => self.people.pending += 1,
            Activity::Deleted => self.people.deleted += 1,
        }
        if let Some(tenant) = &person.tenant {
            *self.tenants.entry(tenant.clone()).or_default() += 1;
        }
        if person.activity == Activity::Deleted {
            return;
        }
        let id = person.id.as_str();
        let tenant = person.tenant.as_ref().and_then(|key| rules.tenants.get(key));
        if tenant.is_some_and(|tenant| !tenant.active) {
            self.found(Class::TenantInactive, id, || json!({ "tenant": person.tenant }));
            return;
        }
        self.people.verified += u64::from(person.is_verified);
        self.people.linked += u64::from(person.external_subject.is_some());
        if person.is_admin {
            self.found(Class::Administrator, id, || json!({ "roles": person.roles }));
        }
        for role in &person.unmapped_roles {
            self.found(Class::RoleLost, id, || json!({ "role": role }));
        }
        let mut all: Vec<Flaw> = person.flaws.iter().filter(|flaw| !flaw.kind.quarantines()).cloned().collect();
        all.extend(flaws(person));
        all.sort();
        all.dedup();
        for flaw in all {
            self.found(Class::of_flaw(flaw.kind), id, || json!({ "column": flaw.column }));
        }
        self.times(person);
        self.hash(person, judge);
    }

    fn times(&mut self, person: &Person) {
        let past = [
            ("created_at", person.created_at),
            ("updated_at", person.updated_at),
            ("last_login_at", person.last_login_at),
            ("password_changed_at", person.password_set_at),
        ];
        let odd = |at: Timestamp| at.micros() < 0 || at > self.now.plus(std::time::Duration::from_secs(86_400));
        let odd: Vec<&str> = past.iter().filter(|(_, at)| at.is_some_and(odd)).map(|(name, _)| *name).collect();
        if !odd.is_empty() {
            self.found(Class::TimeOdd, person.id.as_str(), || json!({ "times": odd }));
        }
    }

    fn hash(&mut self, person: &Person, judge: &impl HashJudge) {
        let id = person.id.as_str();
        let Some(hash) = &person.hash else {
            self.found(Class::HashMissing, id, || json!({ "linked": person.external_subject.is_some() }));
            return;
        };
        let judged = judge.judge(hash);
        *self.schemes.entry((judged.scheme.to_owned(), judged.state)).or_default() += 1;
        let class = match judged.state {
            HashState::Hostile => Class::HashHostile,
            HashState::Unsupported => Class::HashUnsupported,
            HashState::Weak => Class::HashWeak,
            HashState::Current | HashState::Foreign | HashState::Wrapped => return,
        };
        self.found(class, id, || json!({ "scheme": judged.scheme }));
    }

    /// Notes groups of rows that share a name: all rows, or those of `own`, whomever they share it with.
    pub fn collisions(&mut self, collisions: &Collisions, rules: &Rules, own: Option<&BTreeSet<String>>) {
        let counts = |id: &str| own.is_none_or(|own| own.contains(id));
        for id in collisions.names_given().into_iter().filter(|id| counts(id.as_str())) {
            self.found(Class::NameShared, id.as_str(), || Value::Null);
        }
        for (ids, code) in collisions.groups() {
            // Accounts that stay where they are keep the names that they have; only a link that is another's is refused.
            let class = match code {
                ReasonCode::EmailTaken | ReasonCode::UsernameTaken | ReasonCode::UsernameIsEmail if rules.in_place => {
                    Class::NamesAlike
                }
                _ => Class::of_collision(code),
            };
            for (place, id) in ids.iter().enumerate().filter(|(_, id)| counts(id)) {
                let others: Vec<&String> =
                    ids.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, id)| id).take(5).collect();
                self.found(class, id, || json!({ "with": others }));
            }
        }
    }

    /// Notes rows of a part that refer to nothing.
    pub fn orphans(&mut self, part: Part, orphans: &Orphans) {
        let class = match part {
            Part::ApiKeys => Class::ApiKeyOrphan,
            Part::Groups => Class::GroupOrphan,
            Part::Tokens => Class::TokenOrphan,
        };
        if orphans.count > 0 {
            *self.found.entry(class).or_default() += orphans.count;
        }
        if self.wanted == Some(class) {
            let row = |id: &String| Row { id: id.clone(), detail: json!({ "missing": true }) };
            self.rows.extend(orphans.missing.iter().map(row));
        }
    }

    /// Notes tenants whose short names become equal.
    pub fn slugs<'a>(&mut self, tenants: impl Iterator<Item = &'a TenantOfSource>) {
        let mut by_slug: BTreeMap<&str, Vec<&TenantOfSource>> = BTreeMap::new();
        for tenant in tenants {
            by_slug.entry(&tenant.slug).or_default().push(tenant);
        }
        for (slug, group) in by_slug.into_iter().filter(|(_, group)| group.len() > 1) {
            for tenant in group {
                self.found(Class::SlugTaken, &tenant.id, || json!({ "slug": slug, "name": tenant.name }));
            }
        }
    }

    /// Notes a known password that does not verify.
    pub fn canary_failed(&mut self, id: &str, why: &'static str) {
        self.found(Class::CanaryFailed, id, || json!({ "why": why }));
    }

    /// The report.
    pub fn report(self, tenants: &BTreeMap<String, TenantOfSource>) -> Report {
        let users = &self.tenants;
        let line = |tenant: &TenantOfSource| TenantLine {
            slug: tenant.slug.clone(),
            active: tenant.active,
            users: users.get(&tenant.id).copied().unwrap_or(0),
        };
        let mut lines: Vec<TenantLine> = tenants.values().map(line).collect();
        lines.sort_by(|a, b| b.users.cmp(&a.users).then_with(|| a.slug.cmp(&b.slug)));
        lines.truncate(MOST_TENANTS);
        let mut schemes: Vec<SchemeLine> = self
            .schemes
            .into_iter()
            .map(|((scheme, state), users)| SchemeLine { scheme, state: state_word(state), users })
            .collect();
        schemes.sort_by(|a, b| b.users.cmp(&a.users).then_with(|| a.scheme.cmp(&b.scheme)));
        let mut findings: Vec<Finding> = self
            .found
            .into_iter()
            .map(|(class, rows)| Finding {
                severity: class.severity(),
                class,
                rows,
                what: class.means(),
                remedy: class.remedy(),
            })
            .collect();
        findings.sort_by_key(|finding| (finding.severity, finding.class));
        Report {
            estimated_seconds: self.people.total.div_ceil(ROWS_PER_SECOND),
            advice: advice(self.people.total - self.people.deleted, tenants.len()),
            people: self.people,
            tenants: lines,
            schemes,
            findings,
            rows: self.rows,
        }
    }

    fn found(&mut self, class: Class, id: &str, detail: impl FnOnce() -> Value) {
        *self.found.entry(class).or_default() += 1;
        if self.wanted == Some(class) && self.rows.len() < MOST_ROWS {
            self.rows.push(Row { id: id.to_owned(), detail: detail() });
        }
    }
}

const fn state_word(state: HashState) -> &'static str {
    match state {
        HashState::Current => "current",
        HashState::Foreign => "ok",
        HashState::Hostile => "hostile",
        HashState::Unsupported => "unsupported",
        HashState::Weak => "weak",
        HashState::Wrapped => "wrapped",
    }
}

/// S001-66: fewer than 100 accounts of one tenant are moved by hand as fast.
fn advice(users: u64, tenants: usize) -> String {
    let accounts = count(users, "account", "accounts");
    if users < 100 && tenants <= 1 {
        format!("manual: {accounts} and at most one tenant; creating them by hand is an option")
    } else if tenants == 0 {
        format!("automated: {accounts} without tenants; import them by command")
    } else {
        format!("automated: {accounts} in {}; import them by command", count(tenants, "tenant", "tenants"))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
