//! The finalize gate: nine conditions, each measured, each named when it is not met (C-31).

use std::time::Duration;

use oauth_core::{ids::TenantId, subject::AccountStatus, time::Timestamp};
use serde::Serialize;

use crate::{
    account::{CredentialState, TargetAccount},
    source::SourceName,
    store::LegacyUse,
    words::count,
};

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateFacts {
    /// Accounts that are active and not deleted.
    pub active: u64,
    /// Of them without `completed_at` and not waived.
    pub not_completed: u64,
    /// Of them waived.
    pub waived: u64,
    /// From when on uses of the legacy doors are counted; `None` if they are not.
    pub counting_since: Option<Timestamp>,
    /// Uses of a legacy door since the beginning of the quiet period, by tenant.
    pub legacy_uses: Vec<LegacyUse>,
    /// Tenants in operation that are not confirmed: id and short name.
    pub unconfirmed_tenants: Vec<(TenantId, String)>,
    /// Legacy refresh tokens that are neither expired nor invalidated.
    pub live_legacy_tokens: u64,
    /// API keys of the old system that still count.
    pub live_api_keys: u64,
    /// Sessions of the old system that still count.
    pub live_old_sessions: u64,
    /// Open rows in quarantine.
    pub quarantined: u64,
    /// Open rows in conflict or failed.
    pub conflicts: u64,
    /// Accounts that may sign in and whose hash is of another program or wrapped.
    pub foreign_hashes: u64,
    /// When a backup was last verified.
    pub backup_verified_at: Option<Timestamp>,
    /// Sources that were imported and not taken back again, by name.
    pub sources: Vec<ImportedSource>,
    /// Accounts that are disabled or deleted, not completed.
    pub inactive: u64,
    /// When it was decided what becomes of them.
    pub inactive_decided_at: Option<Timestamp>,
}

/// A source with accounts here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedSource {
    /// Its name.
    pub source: SourceName,
    /// When the last import of it wrote.
    pub last_import_at: Timestamp,
    /// When `verify` last compared it, and whether it was clean.
    pub verified: Option<(Timestamp, bool)>,
}

impl GateFacts {
    /// Leaves out accounts that an operator waives: they have not completed, and nobody waits for them. A hash of another program
    /// that nobody but such an account needs is no reason to wait either.
    pub fn waive<'a>(&mut self, accounts: impl IntoIterator<Item = &'a TargetAccount>) {
        let open = |account: &&TargetAccount| account.status == AccountStatus::Active && account.completed_at.is_none();
        for account in accounts.into_iter().filter(open) {
            self.waived += 1;
            self.not_completed = self.not_completed.saturating_sub(1);
            if matches!(account.credential_state, CredentialState::LegacyScheme | CredentialState::Wrapped) {
                self.foreign_hashes = self.foreign_hashes.saturating_sub(1);
            }
        }
    }
}

/// A condition of the gate, measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Its number (MIGRATION 3.3), from 1.
    pub number: u8,
    /// Its name for programs.
    pub name: &'static str,
    /// Whether it holds.
    pub met: bool,
    /// What it asks for, in words.
    pub wants: &'static str,
    /// What was measured, in words.
    pub found: String,
}

/// How long the legacy doors must have been quiet, and counting on.
pub const QUIET: Duration = Duration::from_secs(30 * 86_400);

/// How old a verified backup may be.
pub const BACKUP_AGE: Duration = Duration::from_secs(86_400);

/// Judges every condition; the gate is open if all are met.
pub fn judge(facts: &GateFacts, now: Timestamp) -> Vec<Condition> {
    let all: [(&'static str, &'static str, (bool, String)); 9] = [
        ("completed", "every active account has signed in by OAuth, or is waived", completed(facts)),
        ("quiet", "no legacy door was used for 30 days, while uses were counted", quiet(facts, now)),
        ("tenants_confirmed", "every tenant in operation is confirmed", confirmed(facts)),
        ("nothing_old_alive", "no token, API key or session of the old system is alive", alive(facts)),
        ("nothing_waits", "no row waits in quarantine or conflict", waits(facts)),
        ("hashes", "no hash of another program is still needed", hashes(facts)),
        ("backup", "a backup was verified in the last 24 hours", backup(facts, now)),
        ("verified", "the last `verify` of each source was clean and is younger than its last import", verified(facts)),
        ("inactive_decided", "it is decided what becomes of inactive and deleted accounts", inactive(facts)),
    ];
    all.into_iter()
        .zip(1..)
        .map(|((name, wants, (met, found)), number)| Condition { number, name, met, wants, found })
        .collect()
}

/// Whether every condition is met.
pub fn is_open(conditions: &[Condition]) -> bool {
    conditions.iter().all(|condition| condition.met)
}

/// A time for people: to the second.
fn moment(at: Timestamp) -> String {
    Timestamp::from_seconds(at.seconds()).to_rfc3339()
}

fn completed(facts: &GateFacts) -> (bool, String) {
    let GateFacts { active, not_completed, waived, .. } = facts;
    (*not_completed == 0, format!("{not_completed} of {active} have not, {waived} are waived"))
}

fn quiet(facts: &GateFacts, now: Timestamp) -> (bool, String) {
    let Some(since) = facts.counting_since else {
        return (false, "uses are not counted".to_owned());
    };
    let last = facts.legacy_uses.iter().map(|one| one.last_at).max();
    let over = |from: Timestamp| format!("the 30 days are over {}", moment(from.plus(QUIET)));
    match last.filter(|last| now.since(*last) < QUIET) {
        Some(last) => (
            false,
            format!("last used {}, {}; {}", moment(last), whereabouts(&facts.legacy_uses), over(last.max(since))),
        ),
        // The counters came with the schema: what was used before that, nobody knows.
        None if now.since(since) < QUIET => {
            (false, format!("no use, counted only since `schema up` {}; {}", moment(since), over(since)))
        }
        None => (true, format!("no use in 30 days, counted since {}", moment(since))),
    }
}

/// In how many tenants the old doors were used, and whether by accounts of none.
fn whereabouts(uses: &[LegacyUse]) -> String {
    let tenants = uses.iter().filter(|one| one.tenant.is_some()).count();
    match (tenants, tenants < uses.len()) {
        (0, _) => "by accounts of no tenant".to_owned(),
        (_, false) => format!("in {}", count(tenants, "tenant", "tenants")),
        (_, true) => format!("in {} and by accounts of none", count(tenants, "tenant", "tenants")),
    }
}

fn confirmed(facts: &GateFacts) -> (bool, String) {
    let open = &facts.unconfirmed_tenants;
    let names: Vec<&str> = open.iter().take(5).map(|(_, slug)| slug.as_str()).collect();
    let more = if open.len() > names.len() { ", .." } else { "" };
    match open.len() {
        0 => (true, "none is open".to_owned()),
        1 => (false, format!("1 is not: {}", names.join(", "))),
        number => (false, format!("{number} are not: {}{more}", names.join(", "))),
    }
}

fn alive(facts: &GateFacts) -> (bool, String) {
    let GateFacts { live_legacy_tokens: tokens, live_api_keys: keys, live_old_sessions: sessions, .. } = facts;
    let found = [
        count(*tokens, "refresh token", "refresh tokens"),
        count(*keys, "API key", "API keys"),
        count(*sessions, "session", "sessions"),
    ];
    (tokens + keys + sessions == 0, found.join(", "))
}

fn waits(facts: &GateFacts) -> (bool, String) {
    let GateFacts { quarantined, conflicts, .. } = facts;
    (quarantined + conflicts == 0, format!("{quarantined} in quarantine, {conflicts} in conflict or failed"))
}

fn hashes(facts: &GateFacts) -> (bool, String) {
    (facts.foreign_hashes == 0, format!("{} are left", facts.foreign_hashes))
}

fn backup(facts: &GateFacts, now: Timestamp) -> (bool, String) {
    match facts.backup_verified_at {
        None => (false, "none was verified".to_owned()),
        Some(at) => (now.since(at) < BACKUP_AGE, format!("the last was verified {}", moment(at))),
    }
}

fn verified(facts: &GateFacts) -> (bool, String) {
    let open: Vec<String> = facts.sources.iter().filter_map(unverified).collect();
    let oldest = facts.sources.iter().filter_map(|source| source.verified).map(|(at, _)| at).min();
    match (open.is_empty(), oldest) {
        (false, _) => (false, open.join("; ")),
        (true, None) => (true, "nothing was imported".to_owned()),
        (true, Some(at)) => (true, format!("{} clean, the oldest {}", facts.sources.len(), moment(at))),
    }
}

/// What is wrong with the check of a source.
pub fn unverified(one: &ImportedSource) -> Option<String> {
    let source = &one.source;
    match one.verified {
        None => Some(format!("{source}: it never ran")),
        Some((at, false)) => Some(format!("{source}: it found differences {}", moment(at))),
        Some((at, true)) if at <= one.last_import_at => {
            Some(format!("{source}: it ran {}, and an import wrote {}", moment(at), moment(one.last_import_at)))
        }
        Some(_) => None,
    }
}

fn inactive(facts: &GateFacts) -> (bool, String) {
    match (facts.inactive, facts.inactive_decided_at) {
        (0, _) => (true, "there are none".to_owned()),
        (number, Some(at)) => (true, format!("{}, decided {}", count(number, "account", "accounts"), moment(at))),
        (number, None) => (false, format!("{}, and nothing is decided", count(number, "account", "accounts"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_800_000_000)
    }

    fn ago(days: u64) -> Timestamp {
        now().minus(Duration::from_secs(days * 86_400))
    }

    fn source(name: &str) -> ImportedSource {
        let source = SourceName::parse(name).unwrap();
        ImportedSource { source, last_import_at: ago(2), verified: Some((ago(1), true)) }
    }

    /// Facts with which the gate is open.
    fn open() -> GateFacts {
        GateFacts {
            active: 10,
            waived: 1,
            counting_since: Some(ago(30)),
            legacy_uses: vec![LegacyUse { tenant: None, last_at: ago(30) }],
            backup_verified_at: Some(now().minus(Duration::from_secs(86_399))),
            sources: vec![source("first"), source("second")],
            inactive: 3,
            inactive_decided_at: Some(ago(1)),
            ..GateFacts::default()
        }
    }

    #[test]
    fn the_gate_opens_when_all_is_done() {
        let conditions = judge(&open(), now());
        assert_eq!(conditions.len(), 9);
        assert!(is_open(&conditions), "{conditions:#?}");
    }

    #[test]
    fn the_quiet_days_are_told_with_their_end() {
        let told = |change: fn(&mut GateFacts)| {
            let mut facts = open();
            change(&mut facts);
            judge(&facts, now()).remove(1).found
        };
        let tenant = |id| Some(TenantId::from_uuid(uuid::Uuid::from_u128(id)));
        assert_eq!(told(|_| ()), "no use in 30 days, counted since 2026-12-16T08:00:00Z");
        assert_eq!(
            told(|facts| facts.counting_since = Some(ago(29))),
            "no use, counted only since `schema up` 2026-12-17T08:00:00Z; the 30 days are over 2027-01-16T08:00:00Z"
        );
        assert_eq!(
            told(|facts| facts.legacy_uses = vec![LegacyUse { tenant: None, last_at: ago(1) }]),
            "last used 2027-01-14T08:00:00Z, by accounts of no tenant; the 30 days are over 2027-02-13T08:00:00Z"
        );
        let uses = [(tenant(1), ago(2)), (tenant(2), ago(3)), (None, ago(4))];
        let uses: Vec<_> = uses.into_iter().map(|(tenant, last_at)| LegacyUse { tenant, last_at }).collect();
        assert_eq!(whereabouts(&uses), "in 2 tenants and by accounts of none");
        assert_eq!(whereabouts(uses.get(..1).unwrap()), "in 1 tenant");
    }

    #[test]
    fn each_condition_alone_keeps_it_shut_and_is_named() {
        type Break = fn(&mut GateFacts);
        let breaks: [(&str, Break); 17] = [
            ("completed", |facts| facts.not_completed = 1),
            ("quiet", |facts| facts.counting_since = None),
            ("quiet", |facts| facts.counting_since = Some(ago(29))),
            ("quiet", |facts| facts.legacy_uses = vec![LegacyUse { tenant: None, last_at: ago(29) }]),
            ("tenants_confirmed", |facts| {
                let id = TenantId::from_uuid(uuid::Uuid::from_u128(1));
                facts.unconfirmed_tenants = vec![(id, "acme".to_owned())];
            }),
            ("nothing_old_alive", |facts| facts.live_legacy_tokens = 1),
            ("nothing_old_alive", |facts| facts.live_api_keys = 1),
            ("nothing_old_alive", |facts| facts.live_old_sessions = 1),
            ("nothing_waits", |facts| facts.quarantined = 1),
            ("nothing_waits", |facts| facts.conflicts = 1),
            ("hashes", |facts| facts.foreign_hashes = 1),
            ("backup", |facts| facts.backup_verified_at = Some(ago(1))),
            ("backup", |facts| facts.backup_verified_at = None),
            ("verified", |facts| facts.sources[1].verified = None),
            ("verified", |facts| facts.sources[0].verified = Some((ago(1), false))),
            ("verified", |facts| facts.sources[0].last_import_at = ago(1)),
            ("inactive_decided", |facts| facts.inactive_decided_at = None),
        ];
        for (name, spoil) in breaks {
            let mut facts = open();
            spoil(&mut facts);
            let shut: Vec<_> = judge(&facts, now()).into_iter().filter(|one| !one.met).map(|one| one.name).collect();
            assert_eq!(shut, [name]);
        }
    }
}
