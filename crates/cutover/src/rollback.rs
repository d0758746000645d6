//! Taking an account back: the replay of `before`, newest line first, keeping what its owner changed since (C-26).
//!
//! A column is restored where it still is as the line left it. Where it is not, somebody or something changed it later: marks
//! of use (a sign-in, a failure) stay silently, an upgraded hash is still the old password and goes back, and what the owner or
//! an administrator changed is a conflict, kept unless the operator forces it. Whether an address is verified goes with the
//! address (`flag.rs`).

mod flag;

use authly_directory::password::StoredHash;
use oauth_core::{services::Sealer, time::Timestamp};
use serde_json::Value;

use self::flag::Flag;
use crate::{
    account::{AuthMethod, TargetAccount},
    columns::{self, ColumnError, Columns},
    ledger::{Action, LedgerItem},
    source::{SourceId, SourceName},
    store::{AccountWrite, Link, LinkWrite},
};

/// Whether later changes are overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// They stay, and are listed.
    Keep,
    /// They are lost.
    Overwrite,
}

/// What taking an account back comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Restoration {
    /// What to write; `None` if the account is as it was, or gone.
    pub write: Option<AccountWrite>,
    /// The links to write.
    pub links: Vec<LinkWrite>,
    /// Columns that were changed later, and stayed (or were overwritten, if that was asked for).
    pub conflicts: Vec<String>,
    /// What became of the account.
    pub result: Restored,
}

/// What became of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restored {
    /// The import made it, and its owner changed it since: it stays.
    KeptChanged,
    /// Nothing was to be done but to drop a link, or the account is gone.
    LinkOnly,
    /// It was there before the import, and stays with some later changes.
    PartlyRestored,
    /// The import made it; it is removed.
    Removed,
    /// It is as it was before the import.
    Restored,
}

/// Marks of use: they tell what happened since, and taking an account back does not undo that.
const USE: [&str; 5] = ["failures", "last_login_at", "last_password_login_at", "locked_until", "updated_at"];

/// What belongs to the migration itself: it goes back whatever it is now.
const OURS: [&str; 7] = [
    "auth_method",
    "completed_at",
    "credential_state",
    "hash_upgraded_at",
    "imported_at",
    "invited_at",
    "reset_required",
];

/// Decides what becomes of one account; `items` are its lines that are not taken back yet, newest first.
pub fn decide(
    items: &[LedgerItem],
    current: Option<&TargetAccount>,
    later: Later,
    sealer: &impl Sealer,
) -> Result<Restoration, ColumnError> {
    let links = links(items);
    let Some(current) = current else {
        return Ok(Restoration { write: None, links, conflicts: Vec::new(), result: Restored::LinkOnly });
    };
    let mut account = current.clone();
    let mut conflicts = Vec::new();
    let mut changed = false;
    for item in items {
        match item.action {
            Action::Create => {
                let made = columns::whole(account.user, &item.after);
                let own = later_changes(&account, &made, sealer)?;
                conflicts.extend(own.iter().map(|name| (*name).to_owned()));
                dedup(&mut conflicts);
                if conflicts.is_empty() || later == Later::Overwrite {
                    let write = Some(AccountWrite::Remove(Box::new(current.clone())));
                    return Ok(Restoration { write, links, conflicts, result: Restored::Removed });
                }
                return Ok(Restoration { write: None, links: Vec::new(), conflicts, result: Restored::KeptChanged });
            }
            Action::Change | Action::Link => {
                changed |= item.action == Action::Change;
                conflicts.extend(replay(&mut account, item, later, sealer)?);
            }
            Action::Decide | Action::Note | Action::Remove | Action::Unlink => {}
        }
    }
    dedup(&mut conflicts);
    let write =
        (account != *current).then(|| AccountWrite::Change { from: Box::new(current.clone()), to: Box::new(account) });
    let result = match (changed, conflicts.is_empty()) {
        (false, _) => Restored::LinkOnly,
        (true, true) => Restored::Restored,
        (true, false) => Restored::PartlyRestored,
    };
    Ok(Restoration { write, links, conflicts, result })
}

/// Puts back what one line changed; returns the columns that were changed later.
fn replay(
    account: &mut TargetAccount,
    item: &LedgerItem,
    later: Later,
    sealer: &impl Sealer,
) -> Result<Vec<String>, ColumnError> {
    let mut own = later_changes(account, &item.after, sealer)?;
    own.retain(|name| item.changed(name));
    let mut conflicts = Vec::new();
    let address = account.email.clone();
    let apart = |name: &str| name == "link" || name == flag::VERIFIED;
    for (name, value) in item.before.iter().filter(|(name, _)| !apart(name) && item.changed(name)) {
        let mine = own.contains(&name.as_str());
        let still = columns::matches(account, name, item.after.get(name).unwrap_or(&Value::Null), sealer)?;
        if mine {
            conflicts.push(name.clone());
        }
        let back = match (still, mine) {
            (true, _) => true,
            (false, true) => later == Later::Overwrite,
            (false, false) => !USE.contains(&name.as_str()),
        };
        if back {
            columns::put(account, name, value, sealer)?;
        }
    }
    if flag::put_back(account, &address, item)? == Flag::Kept {
        conflicts.push(flag::VERIFIED.to_owned());
    }
    if item.before.is_empty() || later == Later::Overwrite {
        return Ok(conflicts);
    }
    // An upgrade at sign-in after the line stands in a column of its own where an older program shares the table: it goes,
    // unless the password was set here.
    if !own.contains(&"hash") && account.hash.is_some() && item.before.contains_key("auth_method") {
        account.upgraded_hash = account.upgraded_hash.take().filter(|_| item.before.contains_key("upgraded_hash"));
    }
    Ok(conflicts)
}

/// Columns that the owner or an administrator changed after the line was written.
fn later_changes<'a>(
    account: &TargetAccount,
    after: &'a Columns,
    sealer: &impl Sealer,
) -> Result<Vec<&'a str>, ColumnError> {
    let mut changed = Vec::new();
    for (name, value) in after {
        let name = name.as_str();
        let bookkeeping = USE.contains(&name) || OURS.contains(&name) || name == "link" || name == "groups";
        if bookkeeping || name == "password_set_at" {
            continue;
        }
        if columns::SEALED.contains(&name) {
            // An upgrade at sign-in keeps the password; only a password that was set is a change of the owner's.
            let hash_is_another = !columns::matches(account, name, value, sealer)?;
            if hash_is_another && was_set(account, after) {
                changed.push(name);
            }
        } else if !columns::matches(account, name, value, sealer)? {
            changed.push(name);
        }
    }
    Ok(changed)
}

/// Whether a password was set after the line.
fn was_set(account: &TargetAccount, after: &Columns) -> bool {
    let then = after.get("password_set_at").and_then(Value::as_i64).map(Timestamp::from_micros);
    account.password_set_at.is_some()
        && account.password_set_at != then
        && account.hash_upgraded_at != account.password_set_at
}

fn dedup(names: &mut Vec<String>) {
    names.sort();
    names.dedup();
}

/// The links as they were before the oldest line of each row.
fn links(items: &[LedgerItem]) -> Vec<LinkWrite> {
    let mut links: Vec<((SourceName, SourceId), LinkWrite)> = Vec::new();
    for item in items {
        let key = (item.source.clone(), item.source_id.clone());
        let write = match (item.before.get("link"), item.after.contains_key("link")) {
            (Some(before), _) => former(item, before),
            (None, true) => None,
            (None, false) => continue,
        };
        let (source, source_id) = key.clone();
        let write = write.map_or(LinkWrite::Remove { source, source_id }, LinkWrite::Put);
        links.retain(|(known, _)| *known != key);
        links.push((key, write));
    }
    links.into_iter().map(|(_, write)| write).collect()
}

fn former(item: &LedgerItem, before: &Value) -> Option<Link> {
    let link: LinkState = serde_json::from_value(before.clone()).ok()?;
    Some(Link {
        source: item.source.clone(),
        source_id: item.source_id.clone(),
        user: link.user,
        base: link.base,
        run: link.run,
        at: Timestamp::from_micros(link.at),
    })
}

/// A link as the ledger holds it.
#[derive(serde::Serialize, serde::Deserialize)]
struct LinkState {
    user: oauth_core::ids::UserId,
    base: std::collections::BTreeMap<String, Value>,
    run: crate::run::RunId,
    at: i64,
}

/// What a line holds under `link` of `after` where the row is linked behind it: no more, since what the link says stands in the
/// link, and in the line that changes it next.
pub const LINKED: Value = Value::Bool(true);

/// A link as the ledger holds it, under `link` of `before`.
pub fn link_column(link: &Link) -> Value {
    let state = LinkState { user: link.user, base: link.base.clone(), run: link.run, at: link.at.micros() };
    serde_json::to_value(state).unwrap_or(Value::Null)
}

/// Whether a line tells of an account that was migrated before the run: it is never touched (S001-62).
pub fn was_oauth_before(item: &LedgerItem) -> bool {
    item.before.get("auth_method").and_then(Value::as_str) == Some(AuthMethod::Oauth.as_str())
}

/// A hash of the ledger in the clear, for checks.
pub fn hash_of(
    columns: &Columns,
    account: &TargetAccount,
    sealer: &impl Sealer,
) -> Result<Option<StoredHash>, ColumnError> {
    let mut account = account.clone();
    columns::put(&mut account, "hash", columns.get("hash").unwrap_or(&Value::Null), sealer)?;
    Ok(account.hash)
}
