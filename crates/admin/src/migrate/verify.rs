//! The check after an import: the source is read again, and every row compared with what is here.

use std::collections::{BTreeMap, HashMap};

use authly_cutover::{
    account::{CredentialState, TargetAccount},
    decide::{self, Context, Rules, View},
    outcome::Outcome,
    person::Person,
    profile::bind::BoundProfile,
    run::RunId,
    source::{Source, SourceId, SourceName},
    store::{CutoverStore as _, Link, Resolution, SnapshotAsk, TargetSnapshot, TimedFact},
};
use futures_util::future::join;
use oauth_core::{audit::AuditKind, services::Clock as _, subject::AccountStatus};
use serde::Serialize;
use serde_json::json;

use super::{
    MigrateError, Observer, Tools,
    breath::{AT_ONCE, take_turns},
    pace::Pace,
    tenants,
    tools::event,
    walk::{self, Walk, behind},
};

/// Rows of a page.
const PAGE: u32 = 500;

/// Differences that a report lists.
const MOST_SHOWN: usize = 100;

/// A row that is not here as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The row.
    pub source_id: String,
    /// What differs.
    pub what: &'static str,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verified {
    /// Whether there was no difference.
    pub clean: bool,
    /// Rows of the source.
    pub rows: u64,
    /// Rows that are accounts here, as they should be.
    pub accounts: u64,
    /// Rows that wait for a decision, as they should.
    pub waiting: u64,
    /// Rows that become no account, as they should.
    pub skipped: u64,
    /// Accounts that changed here since: they are not compared where they did.
    pub changed_here: u64,
    /// Links to rows that the source has no more.
    pub rows_gone: u64,
    /// Differences by kind.
    pub differences: BTreeMap<&'static str, u64>,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<Difference>,
}

/// Compares every row of a source with the target, and remembers whether all was well (the gate asks).
pub async fn verify<T: Tools, S: Source>(
    tools: &T,
    source: &mut S,
    profile: &BoundProfile,
    name: SourceName,
    observer: &mut impl Observer,
) -> Result<Verified, MigrateError> {
    let mut rules = Rules::of(&profile.profile, name).within(tools.email_uniqueness().await?);
    let total = source.count(None).await?;
    let mapped = tenants::map(tools, source, profile, &mut rules).await?;
    let resolutions = walk::resolutions(tools, &rules).await?;
    let mut walk = Walk { source, profile, tenants: &mapped.of_source, pace: Pace::Full };
    let collisions = walk.census(tools, &rules, &resolutions, total, None, observer).await?;
    observer.phase("comparing");
    let (mut found, mut linked) = (Verified::default(), 0u64);
    let mut page = read(tools, &mut walk, &rules, &resolutions, None).await?;
    loop {
        // The next rows are read, here and there, while these are compared.
        let last = behind(&page.0, PAGE);
        let next = async {
            match last {
                Some(_) => read(tools, &mut walk, &rules, &resolutions, last).await.map(Some),
                None => Ok(None),
            }
        };
        let comparing = async {
            let (people, snapshot) = page;
            let view = View::new(snapshot, rules.source.clone(), &decide::Renamed::default());
            let context = Context {
                rules: &rules,
                collisions: &collisions,
                view: &view,
                judge: tools.hashes(),
                now: tools.clock().now(),
                run: RunId::DRY,
            };
            for part in people.chunks(AT_ONCE) {
                take_turns().await;
                for person in part {
                    let outcome = decide::decide(person, &context).outcome;
                    linked += u64::from(view.link(&person.id).is_some());
                    found.row(person, outcome, &view, &rules);
                }
            }
            found.rows += u64::try_from(people.len()).unwrap_or(u64::MAX);
            observer.reading(found.rows, total);
        };
        let (next, ()) = join(next, comparing).await;
        match next? {
            Some(next) => page = next,
            None => break,
        }
    }
    found.rows_gone = tools.target().count_links(&rules.source).await?.saturating_sub(linked);
    if found.rows != total {
        found.differ(None, "the source changed while it was read");
    }
    found.clean = found.differences.is_empty();
    let at = tools.clock().now();
    let detail = json!({ "migration_verified": { "source": rules.source, "clean": found.clean } });
    let audit = event(tools, AuditKind::SettingChanged, detail);
    tools.target().put_fact(TimedFact::Verified { source: rules.source, at, clean: found.clean }, audit).await?;
    Ok(found)
}

impl Verified {
    fn differ(&mut self, id: Option<&SourceId>, what: &'static str) {
        *self.differences.entry(what).or_default() += 1;
        if self.first.len() < MOST_SHOWN {
            self.first.push(Difference { source_id: id.map(ToString::to_string).unwrap_or_default(), what });
        }
    }

    /// Compares one row; `outcome` is what an import would make of it now.
    fn row(&mut self, person: &Person, outcome: Outcome, view: &View, rules: &Rules) {
        let id = Some(&person.id);
        match outcome {
            Outcome::SkipDeleted | Outcome::SkipTenant => self.skipped += 1,
            Outcome::Conflict | Outcome::Quarantine | Outcome::Failed => match view.pen_entry(&person.id) {
                Some(_) => self.waiting += 1,
                None => self.differ(id, "waits for a decision, and is not listed"),
            },
            Outcome::Unchanged => {
                let Some(link) = view.link(&person.id) else { return self.differ(id, "has no link") };
                match view.account(link.user) {
                    // Deleted here: that is its owner's will.
                    None => self.changed_here += 1,
                    Some(account) if account.status == AccountStatus::Deleted => self.changed_here += 1,
                    Some(account) => self.account(person, account, link, rules),
                }
            }
            Outcome::Updated => self.differ(id, "changed in the source since it was imported"),
            _ => self.differ(id, "is not imported"),
        }
    }

    fn account(&mut self, person: &Person, account: &TargetAccount, link: &Link, rules: &Rules) {
        let id = Some(&person.id);
        if rules.in_place || link.base.is_empty() {
            self.accounts += 1;
            return;
        }
        let set_here = account.password_set_at.is_some_and(|at| at > link.at) || account.hash_upgraded_at.is_some();
        // The row was linked to somebody who was here before, and who kept the password.
        let own = account.user != rules.user(&person.id)
            || account.password_set_at.is_some_and(|at| Some(at) != person.password_set_at);
        let wrapped = account.credential_state == CredentialState::Wrapped;
        let usable = account.hash.is_some() || account.upgraded_hash.is_some();
        let differs = match (&person.hash, set_here || own || wrapped) {
            (_, true) => None,
            (Some(hash), false) if usable => (account.effective_hash() != Some(hash)).then_some("has another hash"),
            (Some(_), false) => (!account.reset_required).then_some("has no hash, and need not be reset"),
            (None, false) => usable.then_some("has a hash that the source has not"),
        };
        if let Some(what) = differs {
            return self.differ(id, what);
        }
        let wanted = person.tenant.as_ref().and_then(|key| rules.tenants.get(key));
        if let Some(tenant) = wanted {
            let groups = person.groups.iter().filter_map(|name| tenant.groups.get(name));
            if account.tenant == Some(tenant.id) && !groups.into_iter().all(|group| account.groups.contains(group)) {
                return self.differ(id, "is not in all its groups");
            }
        }
        self.accounts += 1;
        self.changed_here += u64::from(account.updated_at > link.at);
    }
}

/// A page of the source, and what is here of it.
async fn read<T: Tools, S: Source>(
    tools: &T,
    walk: &mut Walk<'_, S>,
    rules: &Rules,
    resolutions: &HashMap<SourceId, Resolution>,
    after: Option<SourceId>,
) -> Result<(Vec<Person>, TargetSnapshot), MigrateError> {
    let people = walk.page(after, PAGE, None).await?;
    let keys = people.iter().map(|person| decide::keys(person, resolutions.get(&person.id), rules)).collect();
    let snapshot = tools.target().snapshot(SnapshotAsk { source: rules.source.clone(), rows: keys }).await?;
    Ok((people, snapshot))
}
