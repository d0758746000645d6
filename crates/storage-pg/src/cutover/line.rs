//! Lines of the ledger and links as they travel: borrowed, one array for each column.

use std::collections::BTreeMap;

use authly_cutover::{
    ledger::LedgerItem,
    outcome::{Outcome, Reason},
    store::Link,
};
use oauth_core::ids::{TenantId, UserId};
use serde_json::{Map, Value};
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use super::signed;
use crate::value::At;

/// Lines of the ledger.
#[derive(Default)]
pub(super) struct Lines<'a> {
    run: Vec<Uuid>,
    seq: Vec<i64>,
    source: Vec<&'a str>,
    source_id: Vec<&'a str>,
    user_id: Vec<Option<Uuid>>,
    tenant_id: Vec<Option<Uuid>>,
    action: Vec<&'static str>,
    before: Vec<Json<&'a Map<String, Value>>>,
    after: Vec<Json<&'a Map<String, Value>>>,
    outcome: Vec<Option<&'static str>>,
    reason: Vec<Option<Json<&'a Reason>>>,
    undoes_run: Vec<Option<Uuid>>,
    undoes_seq: Vec<Option<i64>>,
    at: Vec<At>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(items: &'a [LedgerItem]) -> Self {
        let mut lines = Self::default();
        items.iter().for_each(|item| lines.push(item));
        lines
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.run.is_empty()
    }

    fn push(&mut self, item: &'a LedgerItem) {
        self.run.push(item.key.run.uuid());
        self.seq.push(signed(item.key.seq));
        self.source.push(item.source.as_str());
        self.source_id.push(item.source_id.as_str());
        self.user_id.push(item.user.map(UserId::uuid));
        self.tenant_id.push(item.tenant.map(TenantId::uuid));
        self.action.push(item.action.as_str());
        self.before.push(Json(&item.before));
        self.after.push(Json(&item.after));
        self.outcome.push(item.outcome.map(Outcome::as_str));
        self.reason.push(item.reason.as_ref().map(Json));
        self.undoes_run.push(item.undoes.map(|key| key.run.uuid()));
        self.undoes_seq.push(item.undoes.map(|key| signed(key.seq)));
        self.at.push(At(item.at));
    }

    /// In the order of the ledger's columns.
    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![
            &self.run,
            &self.seq,
            &self.source,
            &self.source_id,
            &self.user_id,
            &self.tenant_id,
            &self.action,
            &self.before,
            &self.after,
            &self.outcome,
            &self.reason,
            &self.undoes_run,
            &self.undoes_seq,
            &self.at,
        ]
    }
}

/// Links.
#[derive(Default)]
pub(super) struct LinkLines<'a> {
    source: Vec<&'a str>,
    source_id: Vec<&'a str>,
    user_id: Vec<Uuid>,
    base: Vec<Json<&'a BTreeMap<String, Value>>>,
    run: Vec<Uuid>,
    at: Vec<At>,
}

impl<'a> LinkLines<'a> {
    pub(super) fn of(links: impl IntoIterator<Item = &'a Link>) -> Self {
        let mut lines = Self::default();
        links.into_iter().for_each(|link| lines.push(link));
        lines
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.run.is_empty()
    }

    fn push(&mut self, link: &'a Link) {
        let Link { source, source_id, user, base, run, at } = link;
        self.source.push(source.as_str());
        self.source_id.push(source_id.as_str());
        self.user_id.push(user.uuid());
        self.base.push(Json(base));
        self.run.push(run.uuid());
        self.at.push(At(*at));
    }

    /// In the order of the columns.
    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        let Self { source, source_id, user_id, base, run, at } = self;
        vec![source, source_id, user_id, base, run, at]
    }
}
