//! Test accounts with known passwords, tried against what is stored here.

use std::collections::{BTreeMap, HashMap};

use authly_cutover::{
    account::TargetAccount,
    source::{SourceId, SourceName},
    store::{CutoverStore as _, RowKeys, SnapshotAsk, TimedFact},
};
use authly_directory::password::{PasswordService, PresentedPassword, Verification};
use oauth_core::{audit::AuditKind, secret::Secret, services::Clock as _, subject::AccountStatus, time::Timestamp};
use serde_json::json;

use super::Verified;
use crate::migrate::{MigrateError, Tools, tools::event};

/// Accounts that are looked up at a time.
const PAGE: usize = 500;

impl Verified {
    /// Tries the passwords of test accounts, which go by their keys in the source, as a sign-in would: one that does not open its
    /// account is a difference, and remembered as one. The accounts stay as they are.
    pub async fn try_canaries<T: Tools, P: PasswordService>(
        &mut self,
        tools: &T,
        source: &SourceName,
        canaries: &BTreeMap<String, Secret<String>>,
        service: &P,
    ) -> Result<(), MigrateError> {
        let mut opened = 0u64;
        let all: Vec<(Option<SourceId>, &Secret<String>)> =
            canaries.iter().map(|(key, password)| (SourceId::parse(key), password)).collect();
        for part in all.chunks(PAGE) {
            let accounts = accounts(tools, source, part.iter().filter_map(|(id, _)| id.as_ref())).await?;
            for (id, password) in part {
                let account = id.as_ref().and_then(|id| accounts.get(id));
                match refusal(account, password, service, tools.clock().now()).await? {
                    None => opened += 1,
                    Some(what) => self.differ(id.as_ref(), what),
                }
            }
        }
        self.canaries = Some(opened);
        let failed = canaries.len() as u64 - opened;
        if failed == 0 {
            return Ok(());
        }
        self.clean = false;
        let at = tools.clock().now();
        let detail = json!({ "migration_verified": { "source": source, "canaries_failed": failed, "clean": false } });
        let audit = event(tools, AuditKind::SettingChanged, detail);
        Ok(tools.target().put_fact(TimedFact::Verified { source: source.clone(), at, clean: false }, audit).await?)
    }
}

/// The accounts of these rows.
async fn accounts<T: Tools>(
    tools: &T,
    source: &SourceName,
    rows: impl Iterator<Item = &SourceId>,
) -> Result<HashMap<SourceId, TargetAccount>, MigrateError> {
    let keys = |id: &SourceId| RowKeys { source_id: id.clone(), user: None, names: Vec::new(), external_subject: None };
    let ask = SnapshotAsk { source: source.clone(), rows: rows.map(keys).collect() };
    let snapshot = tools.target().snapshot(ask).await?;
    let own = snapshot.links.iter().filter(|link| link.source == *source);
    let account = |user| snapshot.accounts.iter().find(|account| account.user == user);
    Ok(own.filter_map(|link| Some((link.source_id.clone(), account(link.user)?.clone()))).collect())
}

/// Why the password does not open the account.
async fn refusal<P: PasswordService>(
    account: Option<&TargetAccount>,
    password: &Secret<String>,
    service: &P,
    now: Timestamp,
) -> Result<Option<&'static str>, MigrateError> {
    let Some(account) = account.filter(|account| account.status != AccountStatus::Deleted) else {
        return Ok(Some("a canary has no account here"));
    };
    let is_open = matches!(account.status, AccountStatus::Active | AccountStatus::PendingVerification);
    let is_locked = account.is_locked || account.locked_until.is_some_and(|until| until > now);
    if !is_open || is_locked || account.reset_required {
        return Ok(Some("a canary may not sign in"));
    }
    let Some(hash) = account.effective_hash() else { return Ok(Some("a canary has no password here")) };
    let Some(presented) = PresentedPassword::parse(password.expose()) else {
        return Ok(Some("a canary has another password here"));
    };
    Ok(match service.verify(presented, Some(hash.clone())).await? {
        Verification::Match { .. } => None,
        Verification::Mismatch => Some("a canary has another password here"),
        Verification::Unreadable => Some("a canary has a hash that nobody can verify"),
    })
}
