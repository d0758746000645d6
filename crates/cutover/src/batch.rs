//! From decisions to the one write: accounts, links, rows that wait, ledger lines and the run's progress.

use oauth_core::{ids::UserId, services::Sealer, time::Timestamp};
use serde::Serialize;
use serde_json::Map;

use crate::{
    account::{FORGET_FAILURES, Failures, TargetAccount},
    columns,
    decide::{Decision, Rules, View},
    ledger::{Action, LedgerItem, LedgerKey},
    outcome::{Outcome, Reason, ReasonCode},
    person::Person,
    rollback::{LINKED, link_column},
    run::{Lease, RunId},
    source::SourceId,
    store::{AccountWrite, BatchWrite, LinkWrite, PenEntry, Progress, ResolutionWrite},
    write_back::Tracked,
};

/// A row with its decision.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The row.
    pub person: Person,
    /// What is to be done about it.
    pub decision: Decision,
}

/// A row of the report: the same in a dry run and in the run (G4).
#[derive(Clone, Debug, Serialize)]
pub struct RowReport {
    /// The row.
    pub source_id: SourceId,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What people know it by.
    pub label: String,
    /// The user name that it gets because several tenants have its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What the account that is written says, for those who keep the application's own table in step.
    #[serde(skip)]
    pub tracked: Option<Box<Tracked>>,
}

/// What is said of the row; not the instants of the account that is written, which a dry run cannot know.
impl PartialEq for RowReport {
    fn eq(&self, other: &Self) -> bool {
        (&self.source_id, self.outcome, &self.reason, &self.label, &self.username)
            == (&other.source_id, other.outcome, &other.reason, &other.label, &other.username)
    }
}

impl Eq for RowReport {}

impl RowReport {
    /// The report of a row.
    pub fn of(decided: &Decided) -> Self {
        Self {
            source_id: decided.person.id.clone(),
            outcome: decided.decision.outcome,
            reason: decided.decision.reason.clone(),
            label: label(&decided.person),
            username: decided.decision.username.clone(),
            tracked: match &decided.decision.write {
                Some(AccountWrite::Create(account)) => Some(Box::new(Tracked::of(account))),
                Some(AccountWrite::Change { to, .. }) => Some(Box::new(Tracked::of(to))),
                Some(AccountWrite::Remove(_)) | None => None,
            },
        }
    }
}

/// Notes decided rows in the progress of a run.
pub fn note(progress: &mut Progress, rows: &[Decided]) {
    for Decided { person, decision } in rows {
        let counters = &mut progress.counters;
        counters.note(decision.outcome, decision.reason.as_ref());
        if let Some(scheme) = decision.scheme {
            *counters.schemes.entry(scheme.to_owned()).or_default() += 1;
        }
        let counts = decision.outcome.writes_an_account() || matches!(&decision.write, Some(AccountWrite::Create(_)));
        if counts {
            counters.administrators += u64::from(person.is_admin);
            // An address that an operator gave is verified by nobody.
            let verified = match &decision.write {
                Some(AccountWrite::Create(to) | AccountWrite::Change { to, .. }) => to.is_verified,
                Some(AccountWrite::Remove(_)) | None => person.is_verified,
            };
            counters.verified += u64::from(verified);
        }
        counters.names_given += u64::from(decision.username.is_some());
        for role in &person.unmapped_roles {
            *counters.unmapped_roles.entry(role.clone()).or_default() += 1;
        }
        for flaw in person.flaws.iter().filter(|flaw| !flaw.kind.quarantines()) {
            *counters.left_out.entry(flaw.kind).or_default() += 1;
        }
        progress.watermark = progress.watermark.max(person.updated_at);
        progress.checkpoint = Some(person.id.clone());
    }
}

/// Everything that a batch writes; `progress` is that of the run before it, and is moved on.
pub fn assemble(
    rows: Vec<Decided>,
    view: &View,
    rules: &Rules,
    lease: Lease,
    at: Timestamp,
    progress: &mut Progress,
    sealer: &impl Sealer,
) -> BatchWrite {
    note(progress, &rows);
    let (mut write, source) = (BatchWrite::empty(lease, at), &rules.source);
    for Decided { person, decision } in rows {
        let tenant = rules.mapped(person.tenant.as_deref());
        let pen = decision.pen().map(|kind| PenEntry {
            source: source.clone(),
            source_id: person.id.clone(),
            kind,
            reason: decision.reason.clone().unwrap_or(Reason::plain(ReasonCode::StoreRefused)),
            label: label(&person),
            tenant,
            run: lease.run,
            at,
            resolution: None,
            resolved_at: None,
        });
        let known = view.pen_entry(&person.id);
        let reopened = pen.is_some() && known.is_some_and(|known| known.resolution.is_some());
        let differs = |known: &PenEntry, entry: &PenEntry| {
            known.kind != entry.kind || known.reason != entry.reason || known.tenant != entry.tenant
        };
        let news = pen.as_ref().is_some_and(|entry| reopened || known.is_none_or(|known| differs(known, entry)));
        if let Some(mut item) = line(&person, &decision, view, news, sealer) {
            progress.last_seq += 1;
            item.key = LedgerKey { run: lease.run, seq: progress.last_seq };
            item.source = source.clone();
            // A row that waits has no account that would tell.
            item.tenant = item.tenant.or_else(|| tenant.filter(|_| pen.is_some()));
            item.at = at;
            write.ledger.push(item);
        }
        match pen {
            Some(entry) if news => write.pen.push(entry),
            Some(_) => {}
            // Rows of tenants that nobody asked for wait on as they did.
            None if decision.reason.as_ref().is_some_and(|reason| reason.code == ReasonCode::TenantNotWanted) => {}
            // What an operator decided is remembered: the next run needs it again.
            None if known.is_some_and(|known| known.resolution.is_none()) => write.settled.push(person.id.clone()),
            None => {}
        }
        if reopened {
            let (source, source_id) = (source.clone(), person.id.clone());
            write.resolutions.push(ResolutionWrite { source, source_id, resolution: None });
        }
        write.accounts.extend(decision.write);
        write.links.extend(decision.link.map(LinkWrite::Put));
    }
    write.progress = progress.clone();
    write
}

/// The ledger line of a row, if anything is written for it; key, source and time are filled in by the caller.
fn line(person: &Person, decision: &Decision, view: &View, news: bool, sealer: &impl Sealer) -> Option<LedgerItem> {
    let (action, mut before, mut after) = match &decision.write {
        Some(AccountWrite::Create(account)) => (Action::Create, Map::new(), columns::of(account, sealer)),
        Some(AccountWrite::Change { from, to }) => {
            let (before, after) = columns::difference(from, to, sealer);
            (Action::Change, before, after)
        }
        Some(AccountWrite::Remove(account)) => (Action::Remove, columns::of(account, sealer), Map::new()),
        None if decision.link.is_some() => (Action::Link, Map::new(), Map::new()),
        None if news => (Action::Note, Map::new(), Map::new()),
        None => return None,
    };
    if decision.link.is_some() {
        if let Some(known) = view.link(&person.id) {
            before.insert("link".to_owned(), link_column(known));
        }
        after.insert("link".to_owned(), LINKED);
    }
    let user = decision.write.as_ref().map(AccountWrite::user);
    let user: Option<UserId> = user.or_else(|| decision.link.as_ref().map(|link| link.user));
    let tenant = match &decision.write {
        Some(AccountWrite::Create(account) | AccountWrite::Remove(account)) => account.tenant,
        Some(AccountWrite::Change { to, .. }) => to.tenant,
        None => user.and_then(|user| view.account(user)).and_then(|account| account.tenant),
    };
    Some(LedgerItem {
        key: LedgerKey { run: RunId::DRY, seq: 0 },
        source: view.source().clone(),
        source_id: person.id.clone(),
        user,
        tenant,
        action,
        before,
        after,
        outcome: Some(decision.outcome),
        reason: decision.reason.clone(),
        undoes: None,
        at: Timestamp::from_micros(0),
    })
}

/// What people know a row by, shortened.
pub fn label(person: &Person) -> String {
    let name = person.email.as_deref().or(person.username.as_deref()).unwrap_or_default();
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let short: String = name.chars().take(LONGEST_LABEL).map(clean).collect();
    if name.chars().nth(LONGEST_LABEL).is_some() { format!("{short}..") } else { short }
}

/// Characters of a label.
const LONGEST_LABEL: usize = 80;

impl BatchWrite {
    /// A batch that writes nothing yet.
    pub fn empty(lease: Lease, at: Timestamp) -> Self {
        Self {
            lease,
            at,
            forget_failures_at: at.plus(FORGET_FAILURES),
            tenants: Vec::new(),
            groups: Vec::new(),
            accounts: Vec::new(),
            links: Vec::new(),
            pen: Vec::new(),
            settled: Vec::new(),
            resolutions: Vec::new(),
            ledger: Vec::new(),
            progress: Progress::default(),
            audit: Vec::new(),
        }
    }

    /// The failed sign-ins that this batch writes with an account, if it has any.
    pub fn failures_of(&self, account: &TargetAccount) -> Option<Failures> {
        Failures::of(account.failures, account.locked_until, self.forget_failures_at)
    }
}
