//! What the cases are made of.

use std::{collections::BTreeSet, time::Duration};

use authly_cutover::{
    account::{AuthMethod, CredentialState, TargetAccount},
    digest::Digest,
    outcome::{Reason, ReasonCode},
    run::{Begun, Lease, RunId, RunKind, RunPlan},
    source::{SourceId, SourceName},
    store::{
        AccountWrite, BatchCommit, BatchWrite, CutoverStore, Link, PenEntry, PenKind, Progress, RowKeys, SnapshotAsk,
    },
};
use authly_directory::password::StoredHash;
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    claims::Profile,
    ids::{AuditId, UserId},
    services::Random,
    subject::AccountStatus,
    time::Timestamp,
    token::TokenHash,
};
use serde_json::json;

pub(super) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_123_456);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) struct Seeded(pub(super) u64);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let seed = TokenHash::of(&self.0.to_be_bytes());
        bytes.iter_mut().zip(seed.bytes().iter().cycle()).for_each(|(byte, noise)| *byte = *noise);
    }
}

pub(super) fn user(number: u64) -> UserId {
    UserId::generate(NOW, &Seeded(number))
}

pub(super) fn source() -> SourceName {
    SourceName::parse("old").unwrap()
}

pub(super) fn row(number: u64) -> SourceId {
    SourceId::parse(&format!("row-{number:05}")).unwrap()
}

pub(super) fn audit() -> AuditEvent {
    AuditEvent {
        id: AuditId::generate(NOW, &Seeded(rand(1))),
        at: NOW,
        kind: AuditKind::SettingChanged,
        user: None,
        client: None,
        address: None,
        detail: json!({}),
    }
}

/// Numbers that never repeat.
pub(super) fn rand(step: u64) -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(step, std::sync::atomic::Ordering::Relaxed)
}

pub(super) fn plan(number: u64) -> RunPlan {
    RunPlan {
        id: RunId::generate(NOW.plus(Duration::from_secs(number)), &Seeded(number)),
        kind: RunKind::Import,
        source: source(),
        profile: "tenants".to_owned(),
        profile_digest: Digest::of([b"profile".as_slice()]),
        options: json!({"batch": 2}),
        source_rows: Some(7),
    }
}

pub(super) async fn begin(store: &impl CutoverStore, plan: RunPlan) -> Lease {
    match store.begin_run(plan, NOW, NOW.minus(DAY)).await.unwrap() {
        Begun::Started(run) | Begun::Resumed(run) => run.lease(),
        Begun::Busy(run) => panic!("busy: {run:?}"),
    }
}

pub(super) fn batch(lease: Lease) -> BatchWrite {
    BatchWrite {
        lease,
        at: NOW,
        forget_failures_at: NOW.plus(DAY),
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

pub(super) fn account(number: u64) -> TargetAccount {
    TargetAccount {
        user: user(number),
        tenant: None,
        email: format!("Person{number}@Example.com"),
        username: format!("Jürgen \"{number}\" O'Hara"),
        profile: Profile { name: Some(format!("Jürgen {number}; DROP TABLE users")), ..Profile::default() },
        hash: Some(StoredHash::new(format!("$2b$12$hash{number}"))),
        upgraded_hash: None,
        password_set_at: Some(NOW),
        hash_upgraded_at: None,
        status: AccountStatus::Active,
        is_admin: false,
        is_verified: true,
        is_locked: false,
        reset_required: false,
        legacy_login: true,
        roles: vec!["user".to_owned()],
        groups: BTreeSet::new(),
        failures: 0,
        locked_until: None,
        auth_method: AuthMethod::Password,
        credential_state: CredentialState::Ok,
        external_subject: None,
        imported_at: Some(NOW),
        invited_at: None,
        completed_at: None,
        last_password_login_at: None,
        last_login_at: None,
        created_at: NOW.minus(DAY),
        updated_at: NOW,
    }
}

pub(super) fn link(number: u64, user: UserId, run: RunId) -> Link {
    let base = [("email".to_owned(), json!(format!("person{number}@example.com")))].into();
    Link { source: source(), source_id: row(number), user, base, run, at: NOW }
}

pub(super) fn create(account: &TargetAccount) -> AccountWrite {
    AccountWrite::Create(Box::new(account.clone()))
}

pub(super) fn change(from: &TargetAccount, to: &TargetAccount) -> AccountWrite {
    AccountWrite::Change { from: Box::new(from.clone()), to: Box::new(to.clone()) }
}

pub(super) fn asked(number: u64) -> SnapshotAsk {
    let keys = RowKeys { source_id: row(number), user: None, names: Vec::new(), external_subject: None };
    SnapshotAsk { source: source(), rows: vec![keys] }
}

pub(super) async fn one(store: &impl CutoverStore, user: UserId) -> Option<TargetAccount> {
    store.target_accounts(&[user]).await.unwrap().pop()
}

pub(super) async fn apply(store: &impl CutoverStore, write: BatchWrite) {
    assert_eq!(store.commit_batch(write).await.unwrap(), BatchCommit::Applied);
}

pub(super) fn waiting(number: u64, run: RunId, code: ReasonCode) -> PenEntry {
    PenEntry {
        source: source(),
        source_id: row(number),
        kind: PenKind::Conflict,
        reason: Reason::with(code, json!({"other": "row-1"})),
        label: "x".repeat(10_000),
        tenant: None,
        run,
        at: NOW,
        resolution: None,
        resolved_at: None,
    }
}
