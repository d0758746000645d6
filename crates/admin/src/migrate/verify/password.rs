//! Whether an account has the password that its row has.

use authly_cutover::{
    account::{AuthMethod, CredentialState, TargetAccount},
    decide::Rules,
    ledger::{Action, LedgerAsk, LedgerItem, LedgerScope},
    person::Person,
    source::{SourceId, SourceName},
    store::{CutoverStore as _, Link},
};
use oauth_core::ids::UserId;
use serde_json::Value;

use crate::migrate::{MigrateError, Tools};

/// Lines of an account that are read at a time.
const PAGE: u32 = 100;

/// What differs, as far as the account itself tells.
pub(super) fn difference(person: &Person, account: &TargetAccount, link: &Link, rules: &Rules) -> Option<&'static str> {
    let set_here = account.password_set_at.is_some_and(|at| at > link.at) || account.hash_upgraded_at.is_some();
    // The row was linked to somebody who was here before, and who kept the password.
    let own = account.user != rules.user(&person.id)
        || account.password_set_at.is_some_and(|at| Some(at) != person.password_set_at);
    let wrapped = account.credential_state == CredentialState::Wrapped;
    if set_here || own || wrapped {
        return None;
    }
    let usable = account.hash.is_some() || account.upgraded_hash.is_some();
    // Whoever is on OAuth alone needs no password, whatever the row still holds.
    let needs_none = account.reset_required || account.auth_method == AuthMethod::Oauth;
    match &person.hash {
        Some(hash) if usable => (account.effective_hash() != Some(hash)).then_some("has another hash"),
        Some(_) => (!needs_none).then_some("has no hash, and need not be reset"),
        None => usable.then_some("has a hash that the source has not"),
    }
}

/// Whether an account was here before the row was linked to it, and the import never gave it a password: what it has, or has not,
/// is its own. The account does not tell that, as it may have the very id that the import would have given it; the ledger does.
pub(super) async fn is_its_own<T: Tools>(
    tools: &T,
    source: &SourceName,
    row: &SourceId,
    user: UserId,
) -> Result<bool, MigrateError> {
    let mut before = None;
    loop {
        let ask = LedgerAsk { scope: LedgerScope::User(user), changes_only: true, before, limit: PAGE };
        let lines = tools.target().ledger(ask).await?;
        let open = lines.iter().filter(|line| !line.undone && line.item.undoes.is_none()).map(|line| &line.item);
        if let Some(own) = open.filter(|item| item.source == *source && item.source_id == *row).find_map(told) {
            return Ok(own);
        }
        match lines.last() {
            Some(last) if u32::try_from(lines.len()).is_ok_and(|count| count >= PAGE) => before = Some(last.item.key),
            // Nothing tells of the link: it is compared as one of the import.
            _ => return Ok(false),
        }
    }
}

/// What a line tells of it, newest first: whether it gave the account a password, or else how the row was linked.
fn told(item: &LedgerItem) -> Option<bool> {
    if item.action == Action::Create || item.after.get("hash").is_some_and(|hash| !hash.is_null()) {
        return Some(false);
    }
    let linked_before = item.before.get("link").and_then(|link| link.get("user")).and_then(Value::as_str);
    let was_linked = linked_before.and_then(UserId::parse).is_some_and(|before| Some(before) == item.user);
    (item.after.contains_key("link") && !was_linked).then_some(true)
}
