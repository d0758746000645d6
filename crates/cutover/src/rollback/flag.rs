//! Whether an address is verified goes where the address goes: whoever verified one has not verified the other.
//!
//! Where an address goes back, the flag becomes what it was of that address, and `false` where that is not known. Where an address that was
//! changed later stays, so does its flag. Lines name both together ([`columns::OF_ADDRESS`]); older ones may name one alone, and what
//! they do not tell makes nobody's address a verified one.

use authly_directory::identifier::fold;
use serde_json::Value;

use crate::{
    account::TargetAccount,
    columns::{self, ColumnError},
    ledger::LedgerItem,
};

/// The column.
pub(super) const VERIFIED: &str = "is_verified";

/// What became of the flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// It is as the line found it, or the line says nothing of the address that the account has.
    Fits,
    /// The line changed it, and it stays as it is.
    Kept,
}

/// Puts the flag back, after the address went back or stayed; `was` is the address that the account had before.
pub(super) fn put_back(account: &mut TargetAccount, was: &str, item: &LedgerItem) -> Result<Flag, ColumnError> {
    let same = |one: &str, other: &str| fold(one) == fold(other);
    let before = item.before.get(VERIFIED).map(read).transpose()?;
    if !same(was, &account.email) {
        account.is_verified = before.unwrap_or(false);
        return Ok(Flag::Fits);
    }
    let Some(before) = before.filter(|_| item.changed(VERIFIED)) else { return Ok(Flag::Fits) };
    let address = |columns: &columns::Columns| columns.get("email").and_then(Value::as_str).map(str::to_owned);
    let of_this_address = match (address(&item.before), address(&item.after)) {
        (Some(then), Some(since)) => same(&then, &since) && same(&then, &account.email),
        // Whose flag it was is not known: it can be taken away, and not be given.
        _ => !before,
    };
    if of_this_address {
        account.is_verified = before;
    }
    Ok(if account.is_verified == before { Flag::Fits } else { Flag::Kept })
}

fn read(value: &Value) -> Result<bool, ColumnError> {
    value.as_bool().ok_or_else(|| ColumnError::Corrupt(VERIFIED.to_owned()))
}
