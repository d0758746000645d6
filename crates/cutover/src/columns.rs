//! An account as columns by name: what the ledger holds as `before` and `after`.
//!
//! Every column that a migration writes is here, so that the replay of a ledger on a snapshot gives the state that followed
//! (G17) and the replay of `before` the one that was. Hashes are sealed; everything else is readable. A line about a whole
//! account names only what is not as in every blank one: an import writes a line for each row, and most columns of most
//! accounts are empty.

use std::collections::BTreeSet;

use authly_directory::password::StoredHash;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    claims::Profile,
    ids::{GroupId, TenantId, UserId},
    services::{Purpose, Sealer},
    subject::AccountStatus,
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::account::{AuthMethod, CredentialState, TargetAccount};

/// Columns by name.
pub type Columns = Map<String, Value>;

/// A ledger line does not say what it should.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ColumnError {
    /// Of another form than its column.
    #[error("the ledger's column {0} cannot be read")]
    Corrupt(String),
    /// The sealed hash does not open: another SECRET_ENCRYPTION_KEY.
    #[error("a hash in the ledger does not open under SECRET_ENCRYPTION_KEY")]
    Sealed,
}

/// Columns that hold hashes.
pub const SEALED: [&str; 2] = ["hash", "upgraded_hash"];

/// What stands before a sealed hash.
const SEAL: &str = "sealed:";

/// What a line about a whole account says: the columns that are not as in a blank one.
pub fn of(account: &TargetAccount, sealer: &impl Sealer) -> Columns {
    let told = named(account).into_iter().zip(named(&blank(account.user))).filter(|(own, blank)| own != blank);
    let told = told.map(|((name, value), _)| (name, value));
    let kept = hashes(account).into_iter().filter_map(|(name, hash)| Some((name, sealed(account.user, hash?, sealer))));
    told.chain(kept).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// All columns of an account that a line tells of as a whole. Lines of before name every one.
pub fn whole(user: UserId, told: &Columns) -> Columns {
    let mut columns = readable(&blank(user));
    columns.extend(SEALED.map(|name| (name.to_owned(), Value::Null)));
    columns.extend(told.iter().filter(|(name, _)| *name != "link").map(|(name, value)| (name.clone(), value.clone())));
    columns
}

/// An address, and whether it is verified: what is said of the one is said of no other, so that a line names both or neither.
pub const OF_ADDRESS: [&str; 2] = ["email", "is_verified"];

/// The columns that differ, as they were and as they are; where one of [`OF_ADDRESS`] does, both.
pub fn difference(from: &TargetAccount, to: &TargetAccount, sealer: &impl Sealer) -> (Columns, Columns) {
    let (mut before, mut after) = (readable(from), readable(to));
    let of_address = OF_ADDRESS.iter().any(|name| before.get(*name) != after.get(*name));
    before.retain(|name, value| after.get(name) != Some(value) || of_address && OF_ADDRESS.contains(&name.as_str()));
    after.retain(|name, _| before.contains_key(name));
    for ((name, old), (_, new)) in hashes(from).into_iter().zip(hashes(to)) {
        if old != new {
            let shut = |hash: Option<&StoredHash>| hash.map_or(Value::Null, |hash| sealed(to.user, hash, sealer));
            before.insert(name.to_owned(), shut(old));
            after.insert(name.to_owned(), shut(new));
        }
    }
    (before, after)
}

/// The columns of `account` that are also in `like`, as [`of`] writes them but with hashes in the clear: for comparison only.
pub fn matches(account: &TargetAccount, name: &str, wanted: &Value, sealer: &impl Sealer) -> Result<bool, ColumnError> {
    match hashes(account).into_iter().find(|(column, _)| *column == name) {
        Some((_, hash)) => Ok(opened(account.user, wanted, sealer)?.as_ref() == hash),
        // Lines of before name claims that are not there as well.
        None if name == "profile" => Ok(read::<Profile>(name, wanted)? == account.profile),
        None => Ok(named(account).into_iter().any(|(column, value)| column == name && value == *wanted)),
    }
}

/// Puts one column into an account.
pub fn put(account: &mut TargetAccount, name: &str, value: &Value, sealer: &impl Sealer) -> Result<(), ColumnError> {
    let user = account.user;
    match name {
        "user" => account.user = read(name, value)?,
        "tenant" => account.tenant = read(name, value)?,
        "email" => account.email = read(name, value)?,
        "username" => account.username = read(name, value)?,
        "profile" => account.profile = read(name, value)?,
        "hash" => account.hash = opened(user, value, sealer)?,
        "upgraded_hash" => account.upgraded_hash = opened(user, value, sealer)?,
        "password_set_at" => account.password_set_at = time(name, value)?,
        "hash_upgraded_at" => account.hash_upgraded_at = time(name, value)?,
        "status" => account.status = word(name, value, AccountStatus::parse)?,
        "is_admin" => account.is_admin = read(name, value)?,
        "is_verified" => account.is_verified = read(name, value)?,
        "is_locked" => account.is_locked = read(name, value)?,
        "reset_required" => account.reset_required = read(name, value)?,
        "legacy_login" => account.legacy_login = read(name, value)?,
        "roles" => account.roles = read(name, value)?,
        "groups" => account.groups = read(name, value)?,
        "failures" => account.failures = read(name, value)?,
        "locked_until" => account.locked_until = time(name, value)?,
        "auth_method" => account.auth_method = word(name, value, AuthMethod::parse)?,
        "credential_state" => account.credential_state = word(name, value, CredentialState::parse)?,
        "external_subject" => account.external_subject = read(name, value)?,
        "imported_at" => account.imported_at = time(name, value)?,
        "invited_at" => account.invited_at = time(name, value)?,
        "completed_at" => account.completed_at = time(name, value)?,
        "last_password_login_at" => account.last_password_login_at = time(name, value)?,
        "last_login_at" => account.last_login_at = time(name, value)?,
        "created_at" => account.created_at = time(name, value)?.ok_or_else(|| corrupt(name))?,
        "updated_at" => account.updated_at = time(name, value)?.ok_or_else(|| corrupt(name))?,
        _ => return Err(corrupt(name)),
    }
    Ok(())
}

/// The account that a line tells of as a whole.
pub fn account(user: UserId, told: &Columns, sealer: &impl Sealer) -> Result<TargetAccount, ColumnError> {
    let mut account = blank(user);
    for (name, value) in told.iter().filter(|(name, _)| *name != "link") {
        put(&mut account, name, value, sealer)?;
    }
    Ok(account)
}

/// An account as it is where a line says nothing.
fn blank(user: UserId) -> TargetAccount {
    let never = Timestamp::from_micros(0);
    TargetAccount {
        user,
        tenant: None::<TenantId>,
        email: String::new(),
        username: String::new(),
        profile: Profile::default(),
        hash: None,
        upgraded_hash: None,
        password_set_at: None,
        hash_upgraded_at: None,
        status: AccountStatus::Active,
        is_admin: false,
        is_verified: false,
        is_locked: false,
        reset_required: false,
        legacy_login: true,
        roles: Vec::new(),
        groups: BTreeSet::<GroupId>::new(),
        failures: 0,
        locked_until: None,
        auth_method: AuthMethod::default(),
        credential_state: CredentialState::default(),
        external_subject: None,
        imported_at: None,
        invited_at: None,
        completed_at: None,
        last_password_login_at: None,
        last_login_at: None,
        created_at: never,
        updated_at: never,
    }
}

/// Every column but the hashes, by name.
fn readable(account: &TargetAccount) -> Columns {
    named(account).into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Every column but the hashes, in one order.
fn named(account: &TargetAccount) -> [(&'static str, Value); 27] {
    let time = |at: Option<Timestamp>| at.map_or(Value::Null, |at| Value::from(at.micros()));
    [
        ("user", json(&account.user)),
        ("tenant", json(&account.tenant)),
        ("email", json(&account.email)),
        ("username", json(&account.username)),
        ("profile", claims(&account.profile)),
        ("password_set_at", time(account.password_set_at)),
        ("hash_upgraded_at", time(account.hash_upgraded_at)),
        ("status", Value::from(account.status.as_str())),
        ("is_admin", json(&account.is_admin)),
        ("is_verified", json(&account.is_verified)),
        ("is_locked", json(&account.is_locked)),
        ("reset_required", json(&account.reset_required)),
        ("legacy_login", json(&account.legacy_login)),
        ("roles", json(&account.roles)),
        ("groups", json(&account.groups)),
        ("failures", json(&account.failures)),
        ("locked_until", time(account.locked_until)),
        ("auth_method", Value::from(account.auth_method.as_str())),
        ("credential_state", Value::from(account.credential_state.as_str())),
        ("external_subject", json(&account.external_subject)),
        ("imported_at", time(account.imported_at)),
        ("invited_at", time(account.invited_at)),
        ("completed_at", time(account.completed_at)),
        ("last_password_login_at", time(account.last_password_login_at)),
        ("last_login_at", time(account.last_login_at)),
        ("created_at", time(Some(account.created_at))),
        ("updated_at", time(Some(account.updated_at))),
    ]
}

/// The claims that are there: a profile has twenty, and hardly anybody more than two.
pub fn claims(profile: &Profile) -> Value {
    let mut claims = json(profile);
    if let Some(claims) = claims.as_object_mut() {
        claims.retain(|_, claim| !claim.is_null());
    }
    claims
}

fn hashes(account: &TargetAccount) -> [(&'static str, Option<&StoredHash>); 2] {
    [("hash", account.hash.as_ref()), ("upgraded_hash", account.upgraded_hash.as_ref())]
}

/// A hash as it stands in the ledger: sealed, bound to its account, in base64.
fn sealed(user: UserId, hash: &StoredHash, sealer: &impl Sealer) -> Value {
    let bytes = sealer.seal(Purpose::AtRest, &context(user), hash.expose().as_bytes());
    Value::String(format!("{SEAL}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

fn opened(user: UserId, value: &Value, sealer: &impl Sealer) -> Result<Option<StoredHash>, ColumnError> {
    let bytes = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.strip_prefix(SEAL).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()),
        // Lines of before hold an object with hexadecimal digits.
        older => older.get("sealed").and_then(Value::as_str).and_then(hexadecimal),
    };
    let bytes = bytes.ok_or_else(|| corrupt("hash"))?;
    let clear = sealer.open(Purpose::AtRest, &context(user), &bytes).map_err(|_| ColumnError::Sealed)?;
    let text = String::from_utf8(clear.expose().clone()).map_err(|_| corrupt("hash"))?;
    Ok(Some(StoredHash::new(text)))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    Some(digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect())
}

fn context(user: UserId) -> Vec<u8> {
    [b"ledger hash of ".as_slice(), user.uuid().as_bytes()].concat()
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn read<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, ColumnError> {
    serde_json::from_value(value.clone()).map_err(|_| corrupt(name))
}

fn time(name: &str, value: &Value) -> Result<Option<Timestamp>, ColumnError> {
    if value.is_null() {
        return Ok(None);
    }
    value.as_i64().map(|micros| Some(Timestamp::from_micros(micros))).ok_or_else(|| corrupt(name))
}

fn word<T>(name: &str, value: &Value, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, ColumnError> {
    value.as_str().and_then(parse).ok_or_else(|| corrupt(name))
}

fn corrupt(name: &str) -> ColumnError {
    ColumnError::Corrupt(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Open;

    impl Sealer for Open {
        fn seal(&self, _purpose: Purpose, _context: &[u8], clear: &[u8]) -> Vec<u8> {
            clear.to_vec()
        }

        fn open(
            &self,
            _purpose: Purpose,
            _context: &[u8],
            sealed: &[u8],
        ) -> Result<oauth_core::secret::Secret<Vec<u8>>, oauth_core::services::SealBroken> {
            Ok(oauth_core::secret::Secret::new(sealed.to_vec()))
        }

        fn seal_for(&self, _secret: &[u8], _purpose: Purpose, clear: &[u8]) -> Vec<u8> {
            clear.to_vec()
        }

        fn open_for(
            &self,
            _secret: &[u8],
            _purpose: Purpose,
            sealed: &[u8],
        ) -> Result<oauth_core::secret::Secret<Vec<u8>>, oauth_core::services::SealBroken> {
            Ok(oauth_core::secret::Secret::new(sealed.to_vec()))
        }
    }

    #[test]
    fn a_profile_is_the_same_whether_a_line_names_what_is_not_there_or_not() {
        let mut own = blank(UserId::from_uuid(uuid::Uuid::from_u128(7)));
        own.profile.name = Some("Ada".to_owned());
        let columns = of(&own, &Open);
        assert_eq!(columns["profile"]["name"], "Ada");
        assert!(columns["profile"].get("nickname").is_none(), "{columns:?}");
        assert_eq!(account(own.user, &columns, &Open).unwrap(), own);
        let whole = json(&own.profile);
        assert!(whole.get("nickname").is_some_and(Value::is_null));
        for line in [&columns["profile"], &whole] {
            assert!(matches(&own, "profile", line, &Open).unwrap());
        }
        own.profile.nickname = Some("A".to_owned());
        assert!(!matches(&own, "profile", &whole, &Open).unwrap());
    }

    #[test]
    fn a_hash_reads_back_as_it_was_sealed_and_as_lines_of_before_hold_it() {
        let mut own = blank(UserId::from_uuid(uuid::Uuid::from_u128(7)));
        own.hash = Some(StoredHash::new("$2b$\u{7f}\n0".to_owned()));
        let mut columns = of(&own, &Open);
        assert_eq!(columns["hash"], "sealed:JDJiJH8KMA");
        assert_eq!(account(own.user, &columns, &Open).unwrap().hash, own.hash);
        columns["hash"] = serde_json::json!({ "sealed": "243262247f0a30" });
        assert_eq!(account(own.user, &columns, &Open).unwrap().hash, own.hash);
        for broken in [
            serde_json::json!("JDJiJH8KMA"),
            serde_json::json!("sealed:$2b$"),
            serde_json::json!({ "sealed": "2g" }),
            serde_json::json!(7),
        ] {
            columns["hash"] = broken;
            assert_eq!(account(own.user, &columns, &Open), Err(corrupt("hash")));
        }
    }

    #[test]
    fn an_address_and_whether_it_is_verified_are_named_together() {
        let mut own = blank(UserId::from_uuid(uuid::Uuid::from_u128(7)));
        own.email = "ada@example.com".to_owned();
        let named = |change: fn(&mut TargetAccount)| {
            let mut changed = own.clone();
            change(&mut changed);
            let (before, after) = difference(&own, &changed, &Open);
            assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
            before.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(named(|account| account.email = "b@example.com".to_owned()), OF_ADDRESS);
        assert_eq!(named(|account| account.is_verified = true), OF_ADDRESS);
        assert_eq!(named(|account| account.is_locked = true), ["is_locked"]);
    }

    #[test]
    fn a_line_names_only_what_is_not_as_in_every_account() {
        let mut own = blank(UserId::from_uuid(uuid::Uuid::from_u128(7)));
        assert_eq!(of(&own, &Open), Columns::new());
        own.email = "ada@example.com".to_owned();
        own.is_locked = true;
        own.legacy_login = false;
        own.status = AccountStatus::Disabled;
        let told = of(&own, &Open);
        let mut names: Vec<_> = told.keys().collect();
        names.sort();
        assert_eq!(names, ["email", "is_locked", "legacy_login", "status"]);
        assert_eq!(account(own.user, &told, &Open).unwrap(), own);
        let all = whole(own.user, &told);
        assert_eq!(all.len(), named(&own).len() + SEALED.len());
        for (name, value) in &all {
            assert!(matches(&own, name, value, &Open).unwrap(), "{name}");
        }
    }
}
