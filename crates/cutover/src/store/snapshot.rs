//! What the decision on a batch of rows depends on.

use std::collections::BTreeMap;

use oauth_core::{
    ids::{GroupId, TenantId, UserId},
    time::Timestamp,
};
use serde_json::Value;

use super::PenEntry;
use crate::{
    account::TargetAccount,
    run::RunId,
    source::{SourceId, SourceName},
};

/// What of a row may point at an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKeys {
    /// The row.
    pub source_id: SourceId,
    /// The account that it would become, where its key is a UUID.
    pub user: Option<UserId>,
    /// Names in folded form (e-mail address and user name together): each is looked for among the folded e-mail addresses and
    /// among the folded user names of all accounts.
    pub names: Vec<String>,
    /// Its id at the external provider.
    pub external_subject: Option<String>,
}

/// A question for the snapshot of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotAsk {
    /// The source.
    pub source: SourceName,
    /// The rows.
    pub rows: Vec<RowKeys>,
}

/// That a row of a source is an account; the key of idempotence and rollback. Unique by source and source id. A link outlives its
/// account (no foreign key): a row whose account was removed here is not imported again.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The source.
    pub source: SourceName,
    /// The row.
    pub source_id: SourceId,
    /// The account.
    pub user: UserId,
    /// What the row said when it was last carried over, by field, hashes as digests: what differs from it changed in the source.
    pub base: BTreeMap<String, Value>,
    /// The run that carried it over last.
    pub run: RunId,
    /// When that was: changes of the account after it were made here.
    pub at: Timestamp,
}

/// What stands in the target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetSnapshot {
    /// Every account that a link, an id, a name or an external subject of the question points at; each once, deleted ones too.
    pub accounts: Vec<TargetAccount>,
    /// Links of the question's rows, and all other links of the accounts above, whatever their source.
    pub links: Vec<Link>,
    /// The question's rows that stand in conflict or quarantine, or did until they were resolved.
    pub pen: Vec<PenEntry>,
}

/// A tenant of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetTenant {
    /// Its id.
    pub id: TenantId,
    /// Its short name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is in operation.
    pub active: bool,
}

/// A group of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its id.
    pub id: GroupId,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// Its name, unique within the tenant.
    pub name: String,
}
