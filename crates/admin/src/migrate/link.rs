//! Links by hand: the repair of wrong or missing ids (S001-44, S001-45).

use authly_cutover::{
    account::TargetAccount,
    columns,
    ledger::{Action, LedgerItem, LedgerKey},
    outcome::Outcome,
    rollback::{LINKED, link_column},
    run::RunKind,
    source::{SourceId, SourceName},
    store::{AccountWrite, BatchCommit, BatchWrite, CutoverStore as _, Link, LinkWrite, RowKeys, SnapshotAsk},
};
use oauth_core::{audit::AuditKind, ids::UserId, services::Clock as _, text};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{MigrateError, Tools, pen, tools::event};

/// What a row is linked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An account that is here.
    Account(UserId),
    /// An id at the external provider, for the account that the row is linked to already.
    External(String),
}

/// A link as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// The source.
    pub source: String,
    /// The row.
    pub source_id: String,
    /// The account; `None` after the link was removed.
    pub user: Option<String>,
    /// The account's id at the external provider.
    pub external_subject: Option<String>,
    /// Whether the row was linked before, to whatever account.
    #[serde(skip)]
    pub was_linked: bool,
}

/// Links a row to an account, or gives the account of a linked row its id at the external provider.
pub async fn link<T: Tools>(
    tools: &T,
    source: &SourceName,
    id: &SourceId,
    subject: &Subject,
) -> Result<Linked, MigrateError> {
    let known = find(tools, source, id).await?;
    let user = match (subject, &known) {
        (Subject::Account(user), _) => *user,
        (Subject::External(external), Some(link)) => {
            check(external)?;
            link.user
        }
        (Subject::External(external), None) => {
            let (subject, row, source_name) = (external.clone(), id.to_string(), source.to_string());
            return Err(MigrateError::NotImported { subject, row, source_name });
        }
    };
    let account = tools.target().target_accounts(&[user]).await?.pop();
    let account = account.ok_or_else(|| MigrateError::NotFound { what: "user", name: user.to_string() })?;
    taken(tools, source, id, user).await?;
    let run = pen::begin(tools, source, RunKind::Decide, json!({ "link": id })).await?;
    let now = tools.clock().now();
    let mut to = TargetAccount { imported_at: account.imported_at.or(Some(now)), ..account.clone() };
    if let Subject::External(external) = subject {
        to.external_subject = Some(external.clone());
    }
    let base = known.as_ref().filter(|link| link.user == user).map(|link| link.base.clone()).unwrap_or_default();
    let link = Link { source: source.clone(), source_id: id.clone(), user, base, run: run.plan.id, at: now };
    let mut write = BatchWrite::empty(run.lease(), now);
    let (mut before, mut after) = (Map::new(), Map::new());
    if to != account {
        to.updated_at = now.max(account.updated_at);
        (before, after) = columns::difference(&account, &to, tools.sealer());
        write.accounts.push(AccountWrite::Change { from: Box::new(account), to: Box::new(to.clone()) });
    }
    before.extend(known.as_ref().map(|known| ("link".to_owned(), link_column(known))));
    after.insert("link".to_owned(), LINKED);
    write.links.push(LinkWrite::Put(link));
    write.settled.push(id.clone());
    let action = if write.accounts.is_empty() { Action::Link } else { Action::Change };
    let line = Line { source, id, user, action, before, after, outcome: Some(Outcome::ImportRelink) };
    commit(tools, &run, write, line).await?;
    let (user, external_subject) = (Some(user.to_string()), to.external_subject);
    let was_linked = known.is_some();
    Ok(Linked { source: source.to_string(), source_id: id.to_string(), user, external_subject, was_linked })
}

/// Removes the link of a row; the account stays, and the next import judges the row anew.
pub async fn unlink<T: Tools>(tools: &T, source: &SourceName, id: &SourceId) -> Result<Linked, MigrateError> {
    let known = find(tools, source, id).await?;
    let missing = || MigrateError::NotFound { what: "link", name: format!("{source} {id}") };
    let known = known.ok_or_else(missing)?;
    let run = pen::begin(tools, source, RunKind::Decide, json!({ "unlink": id })).await?;
    let mut write = BatchWrite::empty(run.lease(), tools.clock().now());
    let mut before = Map::new();
    before.insert("link".to_owned(), link_column(&known));
    write.links.push(LinkWrite::Remove { source: source.clone(), source_id: id.clone() });
    let line = Line { source, id, user: known.user, action: Action::Unlink, before, after: Map::new(), outcome: None };
    commit(tools, &run, write, line).await?;
    let (source, source_id) = (source.to_string(), id.to_string());
    Ok(Linked { source, source_id, user: None, external_subject: None, was_linked: true })
}

/// Whether a text can be an id at an external provider.
fn check(external: &str) -> Result<(), MigrateError> {
    let nothing = ["null", "none", "undefined", "nil"].contains(&external.trim().to_ascii_lowercase().as_str());
    match text::line(external, 255) {
        Ok(_) if !nothing => Ok(()),
        _ => Err(MigrateError::Refused(format!(
            "{external:?} is no account here, and no id at an external provider: that is one line of 255 characters at most, and \
             no word for nothing"
        ))),
    }
}

/// The link of a row.
async fn find<T: Tools>(tools: &T, source: &SourceName, id: &SourceId) -> Result<Option<Link>, MigrateError> {
    let row = RowKeys { source_id: id.clone(), user: None, names: Vec::new(), external_subject: None };
    let snapshot = tools.target().snapshot(SnapshotAsk { source: source.clone(), rows: vec![row] }).await?;
    Ok(snapshot.links.into_iter().find(|link| link.source == *source && link.source_id == *id))
}

/// Refuses an account that another row of the same source is.
pub(super) async fn taken<T: Tools>(
    tools: &T,
    source: &SourceName,
    id: &SourceId,
    user: UserId,
) -> Result<(), MigrateError> {
    let row = RowKeys { source_id: id.clone(), user: Some(user), names: Vec::new(), external_subject: None };
    let snapshot = tools.target().snapshot(SnapshotAsk { source: source.clone(), rows: vec![row] }).await?;
    let other = |link: &&Link| link.user == user && link.source == *source && link.source_id != *id;
    match snapshot.links.iter().find(other) {
        None => Ok(()),
        Some(other) => {
            let why = format!("row {} of this source is that account already; unlink it first", other.source_id);
            Err(MigrateError::Refused(why))
        }
    }
}

/// What the one ledger line says.
struct Line<'a> {
    source: &'a SourceName,
    id: &'a SourceId,
    user: UserId,
    action: Action,
    before: Map<String, Value>,
    after: Map<String, Value>,
    outcome: Option<Outcome>,
}

async fn commit<T: Tools>(
    tools: &T,
    run: &authly_cutover::run::Run,
    mut write: BatchWrite,
    line: Line<'_>,
) -> Result<(), MigrateError> {
    write.ledger.push(LedgerItem {
        key: LedgerKey { run: run.plan.id, seq: 1 },
        source: line.source.clone(),
        source_id: line.id.clone(),
        user: Some(line.user),
        tenant: None,
        action: line.action,
        before: line.before,
        after: line.after,
        outcome: line.outcome,
        reason: None,
        undoes: None,
        at: write.at,
    });
    write.progress.last_seq = 1;
    let detail = json!({ "migration_row": { "source": line.source, "source_id": line.id }, "act": line.action });
    let mut audit = event(tools, AuditKind::AccountChanged, detail);
    audit.user = Some(line.user);
    write.audit.push(audit);
    let committed = tools.target().commit_batch(write).await;
    pen::finish(tools, run).await?;
    match committed? {
        BatchCommit::Applied => Ok(()),
        BatchCommit::Fenced => Err(MigrateError::Fenced),
        BatchCommit::Lost => Err(MigrateError::Refused("the account was changed at this moment; try again".to_owned())),
    }
}
