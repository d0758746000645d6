//! Which names collide within the source, found before the first row is decided.
//!
//! Two passes in bounded memory: the first keeps sixteen bytes a name and finds the few that occur twice, the second looks at
//! the rows behind those. So no row's outcome depends on which of its twins happened to be read first.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use oauth_core::{ids::UserId, time::Timestamp};
use serde_json::json;

use super::{
    names::{self, Names, resolve},
    people,
    rules::Rules,
    shared_name,
    view::collision,
};
use crate::{
    digest::Digest,
    outcome::{Reason, ReasonCode},
    person::{Activity, Person},
    profile::rules::{Collision, Unique},
    source::SourceId,
    store::Resolution,
};

/// A name, or an id at the external provider, in sixteen bytes.
type Key = [u8; 16];

/// The first pass: every name of every row.
#[derive(Debug, Default)]
pub struct Census(Vec<Key>);

/// The second pass, and then the verdict: rows behind names that occur twice.
#[derive(Debug, Default)]
pub struct Collisions {
    twice: HashSet<Key>,
    rows: HashMap<Key, Vec<Twin>>,
}

/// A row that shares a name with another.
#[derive(Clone, Debug)]
struct Twin {
    id: SourceId,
    names: Names,
    /// The id that its account has or gets: a link of another row to it is wrong.
    own: Key,
    /// The id that its link says.
    linked: Option<Key>,
    tenant: Option<String>,
    /// Its user name, where those count beyond its tenant, and the one that it gets if its own is shared.
    username: Option<Key>,
    given: Option<Key>,
    created_at: Option<Timestamp>,
    last_login_at: Option<Timestamp>,
}

impl Census {
    /// Notes a row, with what an operator made of it.
    pub fn note(&mut self, person: &Person, resolution: Option<&Resolution>, rules: &Rules) {
        if let Some(person) = contender(person, resolution) {
            self.0.extend(keys(&person, rules));
            self.0.extend(given(&person, resolution, rules));
        }
    }

    /// Which names occur twice.
    pub fn collisions(mut self) -> Collisions {
        self.0.sort_unstable();
        let twice = self.0.windows(2).filter_map(|pair| match pair {
            [a, b] if a == b => Some(*a),
            _ => None,
        });
        Collisions { twice: twice.collect(), rows: HashMap::new() }
    }
}

impl Collisions {
    /// Whether the second pass has nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.twice.is_empty()
    }

    /// Notes a row in the second pass.
    pub fn note(&mut self, person: &Person, resolution: Option<&Resolution>, rules: &Rules) {
        let Some(person) = contender(person, resolution) else { return };
        let given = given(&person, resolution, rules);
        for key in keys(&person, rules).into_iter().chain(given).filter(|key| self.twice.contains(key)) {
            let names = Names::of(&person);
            self.rows.entry(key).or_default().push(Twin {
                id: person.id.clone(),
                own: own(&person, rules),
                linked: linked(&person),
                tenant: person.tenant.clone(),
                username: username(&names, rules),
                names,
                given,
                created_at: person.created_at,
                last_login_at: person.last_login_at,
            });
        }
    }

    /// The groups of rows that share a name, for people: each group by its rows' keys.
    pub fn groups(&self) -> BTreeMap<Vec<String>, ReasonCode> {
        let group = |(key, twins): (&Key, &Vec<Twin>)| {
            let twins: Vec<&Twin> = twins.iter().filter(|twin| self.contends(twin, key)).collect();
            if twins.len() < 2 {
                return None;
            }
            let mut ids: Vec<String> = twins.iter().map(|twin| twin.id.to_string()).collect();
            ids.sort();
            let code = match twins.as_slice() {
                [first, ..] if first.own == *key || first.linked == Some(*key) => ReasonCode::ExternalSubjectTaken,
                [first, second, ..] => collision(&first.names, &second.names),
                _ => ReasonCode::EmailTaken,
            };
            Some((ids, code))
        };
        self.rows.iter().filter_map(group).collect()
    }

    /// The rows that get another user name than their own, each once.
    pub fn names_given(&self) -> BTreeSet<&SourceId> {
        let gets =
            |key: &Key, twin: &Twin| twin.given.is_some() && twin.username == Some(*key) && !self.contends(twin, key);
        let rows = self.rows.iter().flat_map(|(key, twins)| twins.iter().filter(move |twin| gets(key, twin)));
        rows.map(|twin| &twin.id).collect()
    }

    /// Why the row must wait, if it shares a name with another and the rule does not prefer it.
    pub(super) fn verdict(&self, person: &Person, rules: &Rules) -> Option<Reason> {
        let own = own(person, rules);
        let judged = |key: &Key| Some(*key) != linked(person) && *key != own;
        let username = username(&Names::of(person), rules);
        self.judge(person, rules, judged, |key, own, first| match username {
            Some(username) if username == *key => ReasonCode::UsernameTaken,
            _ => collision(&own.names, &first.names),
        })
    }

    /// Why the row must wait, if its link leads to the account of another row, or another row has the same link.
    pub(super) fn link_verdict(&self, person: &Person, rules: &Rules) -> Option<Reason> {
        // That its own id is claimed by others is their mistake.
        let linked = linked(person).filter(|linked| *linked != own(person, rules))?;
        self.judge(person, rules, |key| *key == linked, |_, _, _| ReasonCode::ExternalSubjectTaken)
    }

    /// Whether somebody of another tenant has the row's user name.
    pub(super) fn is_shared(&self, person: &Person, rules: &Rules) -> bool {
        let twins = username(&Names::of(person), rules).and_then(|key| self.rows.get(&key));
        twins.is_some_and(|twins| twins.iter().any(|twin| twin.tenant != person.tenant))
    }

    /// Whether the row is after that name: not after its own user name where it gets another, nor after that where it does not.
    fn contends(&self, twin: &Twin, key: &Key) -> bool {
        let user_names = [twin.username, twin.given];
        if !user_names.contains(&Some(*key)) {
            return true;
        }
        let twins = twin.username.and_then(|key| self.rows.get(&key));
        let shared = twins.is_some_and(|twins| twins.iter().any(|other| other.tenant != twin.tenant));
        (if shared { twin.given.or(twin.username) } else { twin.username }) == Some(*key)
    }

    fn judge(
        &self,
        person: &Person,
        rules: &Rules,
        judged: impl Fn(&Key) -> bool,
        code: impl Fn(&Key, &Twin, &Twin) -> ReasonCode,
    ) -> Option<Reason> {
        if self.twice.is_empty() {
            return None;
        }
        keys(person, rules).into_iter().filter(judged).find_map(|key| {
            let after = |twin: &&Twin| twin.id == person.id || self.contends(twin, &key);
            let twins: Vec<&Twin> = self.rows.get(&key)?.iter().filter(after).collect();
            if twins.len() < 2 {
                return None;
            }
            let own = twins.iter().find(|twin| twin.id == person.id)?;
            let owner = twins.iter().find(|twin| twin.own == key);
            if owner.copied().or_else(|| preferred(&twins, rules.collision)).is_some_and(|twin| twin.id == own.id) {
                return None;
            }
            let mut others: Vec<&Twin> = twins.iter().copied().filter(|twin| twin.id != own.id).collect();
            others.sort_by(|a, b| a.id.cmp(&b.id));
            let first = others.first()?;
            let shown: Vec<&SourceId> = others.iter().take(MOST_SHOWN).map(|twin| &twin.id).collect();
            let mut detail = json!({ "rows": shown });
            if let (Some(more @ 1..), Some(detail)) = (others.len().checked_sub(MOST_SHOWN), detail.as_object_mut()) {
                detail.insert("more".to_owned(), json!(more));
            }
            Some(Reason::with(code(&key, own, first), detail))
        })
    }
}

/// The row as it contends for names; one that becomes no account of its own does not.
fn contender<'a>(person: &'a Person, resolution: Option<&Resolution>) -> Option<Cow<'a, Person>> {
    match resolution {
        Some(Resolution::Drop | Resolution::Merge { .. }) => None,
        _ => Some(resolve(person, resolution)),
    }
}

/// Ids of twins that a reason shows.
const MOST_SHOWN: usize = 5;

/// The twin that the rule imports.
fn preferred<'a>(twins: &[&'a Twin], rule: Collision) -> Option<&'a Twin> {
    let twins = || twins.iter().copied();
    let oldest = |twin: &&Twin| (twin.created_at.is_none(), twin.created_at, twin.id.clone());
    match rule {
        Collision::Conflict => None,
        Collision::Oldest => twins().min_by_key(oldest),
        Collision::MostRecentlyUsed => {
            let newest = twins().filter_map(|twin| twin.last_login_at).max();
            twins().filter(|twin| twin.last_login_at == newest).min_by_key(oldest)
        }
    }
}

/// What a row must have for itself; nothing, if it becomes no account.
fn keys(person: &Person, rules: &Rules) -> Vec<Key> {
    if !is_to_be(person, rules) {
        return Vec::new();
    }
    let scope = match rules.unique {
        Unique::Global => "",
        Unique::Tenant => person.tenant.as_deref().unwrap_or_default(),
    };
    let names = Names::of(person);
    let own = own(person, rules);
    let linked = linked(person).filter(|linked| *linked != own);
    names.folded().map(|name| key(scope, name)).chain([own]).chain(linked).chain(username(&names, rules)).collect()
}

/// The user name that the row gets if its own is shared.
fn given(person: &Person, resolution: Option<&Resolution>, rules: &Rules) -> Option<Key> {
    let given = shared_name::given(person, resolution, rules).filter(|_| is_to_be(person, rules))?;
    Some(key("username", &names::fold(&given)))
}

/// Whether the row becomes an account, but for names that are taken.
fn is_to_be(person: &Person, rules: &Rules) -> bool {
    let inactive_tenant = person.tenant.as_ref().is_some_and(|tenant| {
        !rules.tenants.is_empty() && rules.tenants.get(tenant).is_none_or(|tenant| !tenant.active)
    });
    !(person.activity == Activity::Deleted || inactive_tenant || super::flawed(person).is_some())
}

/// The user name where addresses are unique in each tenant only: user names are so in the whole installation.
fn username(names: &Names, rules: &Rules) -> Option<Key> {
    (rules.unique == Unique::Tenant && !names.username.is_empty()).then(|| key("username", &names.username))
}

/// The id of the account that a row becomes, as a link would say it.
fn own(person: &Person, rules: &Rules) -> Key {
    key("subject", &rules.user(&person.id).to_string())
}

/// The id that the row's link says; where that is one of ours, its spelling does not matter.
fn linked(person: &Person) -> Option<Key> {
    let subject = people::external_subject(person)?;
    let ours = UserId::parse(&subject.to_ascii_lowercase()).map(|user| user.to_string());
    Some(key("subject", ours.as_deref().unwrap_or(subject)))
}

fn key(scope: &str, name: &str) -> Key {
    let mut key = Key::default();
    let digest = Digest::of([scope.as_bytes(), name.as_bytes()]);
    key.iter_mut().zip(digest.bytes()).for_each(|(to, from)| *to = *from);
    key
}
