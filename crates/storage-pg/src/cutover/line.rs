//! Rows of a batch as they travel: borrowed, and written into JSON once.

use authly_cutover::{
    ledger::LedgerItem,
    outcome::{Outcome, Reason},
    source::{SourceId, SourceName},
    store::Link,
};
use oauth_core::ids::{TenantId, UserId};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

/// A line of the ledger.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    run: Uuid,
    seq: u64,
    source: &'a SourceName,
    source_id: &'a SourceId,
    user_id: Option<Uuid>,
    tenant_id: Option<Uuid>,
    action: &'static str,
    before: &'a Map<String, Value>,
    after: &'a Map<String, Value>,
    outcome: Option<&'static str>,
    /// Left out where there is none, for NULL: the JSON value null would be a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
    undoes_run: Option<Uuid>,
    undoes_seq: Option<u64>,
    at: i64,
}

impl<'a> Line<'a> {
    pub(super) fn of(item: &'a LedgerItem) -> Self {
        Self {
            run: item.key.run.uuid(),
            seq: item.key.seq,
            source: &item.source,
            source_id: &item.source_id,
            user_id: item.user.map(UserId::uuid),
            tenant_id: item.tenant.map(TenantId::uuid),
            action: item.action.as_str(),
            before: &item.before,
            after: &item.after,
            outcome: item.outcome.map(Outcome::as_str),
            reason: item.reason.as_ref(),
            undoes_run: item.undoes.map(|key| key.run.uuid()),
            undoes_seq: item.undoes.map(|key| key.seq),
            at: item.at.micros(),
        }
    }
}

/// A link.
#[derive(Debug, Serialize)]
pub(super) struct LinkLine<'a> {
    source: &'a SourceName,
    source_id: &'a SourceId,
    user_id: Uuid,
    base: &'a std::collections::BTreeMap<String, Value>,
    run: Uuid,
    at: i64,
}

impl<'a> LinkLine<'a> {
    pub(super) fn of(link: &'a Link) -> Self {
        let Link { source, source_id, user, base, run, at } = link;
        Self { source, source_id, user_id: user.uuid(), base, run: run.uuid(), at: at.micros() }
    }
}
