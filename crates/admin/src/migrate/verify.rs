//! The check after an import: the source is read again, and every row compared with what is here.

mod canaries;
mod password;

use std::collections::{BTreeMap, HashMap};

use authly_cutover::{
    account::TargetAccount,
    decide::{self, Context, Rules, View},
    outcome::Outcome,
    person::Person,
    profile::bind::BoundProfile,
    run::RunId,
    source::{Source, SourceId, SourceName},
    store::{CutoverStore as _, Link, Resolution, SnapshotAsk, TargetSnapshot, TimedFact},
};
use futures_util::future::join;
use oauth_core::{audit::AuditKind, ids::UserId, services::Clock as _, subject::AccountStatus};
use serde::Serialize;
use serde_json::json;

use super::{
    MigrateError, Observer, Tools,
    breath::{AT_ONCE, take_turns},
    inactive_as,
    pace::Pace,
    tenants,
    tools::event,
    walk::{self, Walk, behind},
};

/// Rows of a page.
const PAGE: u32 = 500;

/// Differences that a report lists.
const MOST_SHOWN: usize = 100;

/// Which rows are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// Only rows of this tenant (its short name).
    pub tenant: Option<String>,
    /// At most so many rows of the source, in the order of their keys.
    pub limit: Option<u64>,
}

impl VerifyOptions {
    /// Whether every row is compared. What is found well in a part says nothing of the rest.
    pub const fn is_whole(&self) -> bool {
        self.tenant.is_none() && self.limit.is_none()
    }
}

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
    /// Whether every row of the source was compared, and not those of a tenant or the first ones alone.
    pub whole: bool,
    /// Rows that were compared.
    pub rows: u64,
    /// Rows that were read and not compared, being of other tenants.
    pub left_out: u64,
    /// Rows that are accounts here, as they should be.
    pub accounts: u64,
    /// Rows that wait for a decision, as they should.
    pub waiting: u64,
    /// Rows that become no account, as they should.
    pub skipped: u64,
    /// Accounts that changed here since: they are not compared where they did.
    pub changed_here: u64,
    /// Links to rows that the source has no more; unknown where a part was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_gone: Option<u64>,
    /// Test accounts whose passwords open them here, where some were tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canaries: Option<u64>,
    /// Differences by kind.
    pub differences: BTreeMap<&'static str, u64>,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<Difference>,
}

/// Compares every row of a source with the target, and remembers whether all was well (the gate asks). Of a part only what is not
/// well is remembered: the gate wants the whole.
pub async fn verify<T: Tools, S: Source>(
    tools: &T,
    source: &mut S,
    profile: &BoundProfile,
    name: SourceName,
    options: &VerifyOptions,
    observer: &mut impl Observer,
) -> Result<Verified, MigrateError> {
    let mut rules = Rules::of(&profile.profile, name).within(tools.email_uniqueness().await?);
    rules.only_tenant.clone_from(&options.tenant);
    rules.inactive = inactive_as(tools, &rules.source, None).await?.unwrap_or(rules.inactive);
    let total = source.count(None).await?;
    let mapped = tenants::map(tools, source, profile, &mut rules).await?;
    let resolutions = walk::resolutions(tools, &rules).await?;
    let mut walk = Walk { source, profile, tenants: &mapped.of_source, pace: Pace::Full };
    let collisions = walk.census(tools, &rules, &resolutions, total, None, observer).await?;
    observer.phase("comparing");
    let (mut found, mut linked) = (Verified { whole: options.is_whole(), ..Verified::default() }, 0u64);
    let most = options.limit.unwrap_or(u64::MAX);
    let page_of = |left: u64| u32::try_from(left).unwrap_or(PAGE).min(PAGE);
    let (mut size, mut asked) = (page_of(most), 0u64);
    let mut page = read(tools, &mut walk, &rules, &resolutions, (None, size)).await?;
    loop {
        // The next rows are read, here and there, while these are compared.
        asked += u64::from(size);
        let last = behind(&page.0, size).filter(|_| asked < most);
        size = page_of(most.saturating_sub(asked));
        let next = async {
            match last {
                Some(_) => read(tools, &mut walk, &rules, &resolutions, (last, size)).await.map(Some),
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
            let mut doubts = Vec::new();
            for part in people.chunks(AT_ONCE) {
                take_turns().await;
                for person in part {
                    if !rules.wants(person.tenant.as_deref()) {
                        found.left_out += 1;
                        continue;
                    }
                    found.rows += 1;
                    let outcome = decide::decide(person, &context).outcome;
                    linked += u64::from(view.link(&person.id).is_some());
                    doubts.extend(found.row(person, outcome, &view, &rules));
                }
            }
            for doubt in doubts {
                match password::is_its_own(tools, &rules.source, &doubt.row, doubt.user).await? {
                    true => found.as_it_should_be(doubt.changed_here),
                    false => found.differ(Some(&doubt.row), doubt.what),
                }
            }
            observer.reading(found.rows + found.left_out, total.min(most));
            Ok::<(), MigrateError>(())
        };
        let (next, compared) = join(next, comparing).await;
        compared?;
        match next? {
            Some(next) => page = next,
            None => break,
        }
    }
    if found.whole {
        found.rows_gone = Some(tools.target().count_links(&rules.source).await?.saturating_sub(linked));
    }
    if found.rows + found.left_out != total.min(most) {
        found.differ(None, "the source changed while it was read");
    }
    found.clean = found.differences.is_empty();
    if found.clean && !found.whole {
        return Ok(found);
    }
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

    /// Compares one row; `outcome` is what an import would make of it now. A password that differs is a doubt only, if the rest
    /// is as it should be.
    fn row(&mut self, person: &Person, outcome: Outcome, view: &View, rules: &Rules) -> Option<Doubt> {
        let id = Some(&person.id);
        match outcome {
            Outcome::SkipDeleted | Outcome::SkipTenant => self.skipped += 1,
            Outcome::Conflict | Outcome::Quarantine | Outcome::Failed => match view.pen_entry(&person.id) {
                Some(_) => self.waiting += 1,
                None => self.differ(id, "waits for a decision, and is not listed"),
            },
            Outcome::Unchanged => match view.link(&person.id).map(|link| (link, view.account(link.user))) {
                None => self.differ(id, "has no link"),
                // Deleted here: that is its owner's will.
                Some((_, None)) => self.changed_here += 1,
                Some((_, Some(account))) if account.status == AccountStatus::Deleted => self.changed_here += 1,
                Some((link, Some(account))) => return self.account(person, account, link, rules),
            },
            Outcome::Updated => self.differ(id, "changed in the source since it was imported"),
            _ => self.differ(id, "is not imported"),
        }
        None
    }

    fn account(&mut self, person: &Person, account: &TargetAccount, link: &Link, rules: &Rules) -> Option<Doubt> {
        let id = Some(&person.id);
        if rules.in_place || link.base.is_empty() {
            self.accounts += 1;
            return None;
        }
        let wanted = person.tenant.as_ref().and_then(|key| rules.tenants.get(key));
        if let Some(tenant) = wanted {
            let groups = person.groups.iter().filter_map(|name| tenant.groups.get(name));
            if account.tenant == Some(tenant.id) && !groups.into_iter().all(|group| account.groups.contains(group)) {
                self.differ(id, "is not in all its groups");
                return None;
            }
        }
        let changed_here = account.updated_at > link.at;
        if let Some(what) = password::difference(person, account, link, rules) {
            return Some(Doubt { row: person.id.clone(), user: account.user, what, changed_here });
        }
        self.as_it_should_be(changed_here);
        None
    }

    fn as_it_should_be(&mut self, changed_here: bool) {
        self.accounts += 1;
        self.changed_here += u64::from(changed_here);
    }
}

/// A password that is not the source's: a difference, unless it is the account's own.
struct Doubt {
    row: SourceId,
    user: UserId,
    what: &'static str,
    changed_here: bool,
}

/// A page of the source, and what is here of it.
async fn read<T: Tools, S: Source>(
    tools: &T,
    walk: &mut Walk<'_, S>,
    rules: &Rules,
    resolutions: &HashMap<SourceId, Resolution>,
    (after, size): (Option<SourceId>, u32),
) -> Result<(Vec<Person>, TargetSnapshot), MigrateError> {
    let people = walk.page(after, size, None).await?;
    let keys = people.iter().map(|person| decide::keys(person, resolutions.get(&person.id), rules)).collect();
    let snapshot = tools.target().snapshot(SnapshotAsk { source: rules.source.clone(), rows: keys }).await?;
    Ok((people, snapshot))
}
