//! The finalize gate: nine conditions, each measured, each named when it is not met (C-31).

mod found;

use std::time::Duration;

use oauth_core::{ids::TenantId, subject::AccountStatus, time::Timestamp};
use serde::Serialize;

use self::found::number;
pub use self::found::{Doubt, Found, NAMES, Silence, Unverified};
use crate::{account::TargetAccount, source::SourceName, store::LegacyUse};

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
            if account.credential_state.is_foreign() {
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
    /// What was measured; in words for a terminal and for programs.
    pub found: Found,
}

/// How long the legacy doors must have been quiet, and counting on.
pub const QUIET: Duration = Duration::from_secs(30 * 86_400);

/// How old a verified backup may be.
pub const BACKUP_AGE: Duration = Duration::from_secs(86_400);

/// Judges every condition; the gate is open if all are met.
pub fn judge(facts: &GateFacts, now: Timestamp) -> Vec<Condition> {
    let all: [(&'static str, &'static str, (bool, Found)); 9] = [
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

fn completed(facts: &GateFacts) -> (bool, Found) {
    let GateFacts { active, not_completed: open, waived, .. } = *facts;
    (open == 0, Found::Completed { open, active, waived })
}

fn quiet(facts: &GateFacts, now: Timestamp) -> (bool, Found) {
    let silence = Silence::of(&facts.legacy_uses, facts.counting_since, now);
    (matches!(silence, Silence::Kept { .. }), Found::Quiet(silence))
}

fn confirmed(facts: &GateFacts) -> (bool, Found) {
    let open: Vec<String> = facts.unconfirmed_tenants.iter().map(|(_, slug)| slug.clone()).collect();
    (open.is_empty(), Found::Unconfirmed(open))
}

fn alive(facts: &GateFacts) -> (bool, Found) {
    let GateFacts { live_legacy_tokens: tokens, live_api_keys: keys, live_old_sessions: sessions, .. } = *facts;
    (tokens + keys + sessions == 0, Found::Alive { tokens, keys, sessions })
}

fn waits(facts: &GateFacts) -> (bool, Found) {
    let GateFacts { quarantined, conflicts, .. } = *facts;
    (quarantined + conflicts == 0, Found::Waits { quarantined, conflicts })
}

fn hashes(facts: &GateFacts) -> (bool, Found) {
    (facts.foreign_hashes == 0, Found::Hashes(facts.foreign_hashes))
}

fn backup(facts: &GateFacts, now: Timestamp) -> (bool, Found) {
    let at = facts.backup_verified_at;
    (at.is_some_and(|at| now.since(at) < BACKUP_AGE), Found::Backup(at))
}

fn verified(facts: &GateFacts) -> (bool, Found) {
    let open: Vec<Unverified> = facts.sources.iter().filter_map(Unverified::of).collect();
    let oldest = facts.sources.iter().filter_map(|source| source.verified).map(|(at, _)| at).min();
    (open.is_empty(), Found::Verified { sources: number(facts.sources.len()), oldest, open })
}

fn inactive(facts: &GateFacts) -> (bool, Found) {
    let GateFacts { inactive: accounts, inactive_decided_at: decided_at, .. } = *facts;
    (accounts == 0 || decided_at.is_some(), Found::Inactive { accounts, decided_at })
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
            judge(&facts, now()).remove(1).found.to_string()
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
        let used = |uses| Silence::of(uses, Some(ago(30)), now()).to_string();
        assert!(used(&uses).contains(", in 2 tenants and by accounts of none;"), "{}", used(&uses));
        assert!(used(uses.get(..1).unwrap()).contains(", in 1 tenant;"));
    }

    #[test]
    fn one_is_told_as_one() {
        let mut facts = GateFacts { not_completed: 1, foreign_hashes: 1, ..open() };
        let told = |facts: &GateFacts, name| {
            let found = judge(facts, now()).into_iter().find(|one| one.name == name);
            found.map(|one| one.found.to_string()).unwrap_or_default()
        };
        assert_eq!(told(&facts, "completed"), "1 of 10 has not, 1 is waived");
        assert_eq!(told(&facts, "hashes"), "1 is left");
        facts = GateFacts { not_completed: 2, waived: 0, ..open() };
        assert_eq!(told(&facts, "completed"), "2 of 10 have not, 0 are waived");
        assert_eq!(told(&facts, "hashes"), "0 are left");
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
