//! Accounts with everything that a migration reads and writes of them.

use std::collections::BTreeSet;

use authly_cutover::{
    account::{AuthMethod, CredentialState, TargetAccount},
    board::marks,
    store::{AccountWrite, BatchWrite},
};
use authly_directory::{identifier::fold, password::StoredHash};
use oauth_core::{
    ids::{GroupId, TenantId, UserId},
    subject::AccountStatus,
    time::Timestamp,
};
use rusqlite::{Params, params};
use uuid::Uuid;

use crate::{
    cursor::{Cursor, json_text},
    db::Db,
    error::Outcome,
    person::profile_text,
    uniqueness,
};

macro_rules! account_query {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.tenant_id, u.email, u.username, u.profile, u.password_hash, u.upgraded_hash, u.password_set_at, \
             u.hash_upgraded_at, u.status, u.is_admin, u.is_verified, u.is_locked, u.reset_required, u.legacy_login, u.roles, \
             f.failures, f.locked_until, u.auth_method, u.credential_state, u.external_subject, u.imported_at, u.invited_at, \
             u.completed_at, u.last_password_login_at, u.last_login_at, u.created_at, u.updated_at FROM users u \
             LEFT JOIN login_failures f ON f.user_id = u.id AND f.device = zeroblob(16) ",
            $rest
        )
    };
}

const BY_ID: &str = account_query!("WHERE u.id = ?1");
const BY_NAME: &str = account_query!("WHERE u.email_search = ?1 OR u.username_folded = ?1");
const BY_SUBJECT: &str = account_query!("WHERE u.external_subject = ?1");
const GROUPS: &str = "SELECT group_id FROM group_members WHERE user_id = ?1";

pub(super) fn by_id(db: Db<'_>, user: UserId) -> Outcome<Vec<TargetAccount>> {
    all(db, BY_ID, [user.uuid()])
}

pub(super) fn by_name(db: Db<'_>, folded: &str) -> Outcome<Vec<TargetAccount>> {
    all(db, BY_NAME, [folded])
}

pub(super) fn by_subject(db: Db<'_>, subject: &str) -> Outcome<Vec<TargetAccount>> {
    all(db, BY_SUBJECT, [subject])
}

pub(super) fn by_ids(db: Db<'_>, users: &[UserId]) -> Outcome<Vec<TargetAccount>> {
    let mut found = Vec::with_capacity(users.len());
    for user in users {
        found.append(&mut by_id(db, *user)?);
    }
    Ok(found)
}

fn all(db: Db<'_>, sql: &str, params: impl Params) -> Outcome<Vec<TargetAccount>> {
    let mut accounts = db.all(sql, params, read)?;
    for account in &mut accounts {
        let groups =
            db.all(GROUPS, [account.user.uuid()], |row| row.id("group_members.group_id", GroupId::from_uuid))?;
        account.groups = groups.into_iter().collect();
    }
    Ok(accounts)
}

fn read(row: &mut Cursor<'_>) -> Outcome<TargetAccount> {
    Ok(TargetAccount {
        user: row.id("users.id", UserId::from_uuid)?,
        tenant: row.id_opt("users.tenant_id", TenantId::from_uuid)?,
        email: row.value("users.email")?,
        username: row.value("users.username")?,
        profile: row.json("users.profile")?,
        hash: row.value::<Option<String>>("users.password_hash")?.map(StoredHash::new),
        upgraded_hash: row.value::<Option<String>>("users.upgraded_hash")?.map(StoredHash::new),
        password_set_at: row.time_opt("users.password_set_at")?,
        hash_upgraded_at: row.time_opt("users.hash_upgraded_at")?,
        status: row.parse("users.status", AccountStatus::parse)?,
        is_admin: row.value("users.is_admin")?,
        is_verified: row.value("users.is_verified")?,
        is_locked: row.value("users.is_locked")?,
        reset_required: row.value("users.reset_required")?,
        legacy_login: row.value("users.legacy_login")?,
        roles: row.json("users.roles")?,
        groups: BTreeSet::new(),
        failures: row.value::<Option<u32>>("login_failures.failures")?.unwrap_or_default(),
        locked_until: row.time_opt("login_failures.locked_until")?,
        auth_method: row.parse("users.auth_method", AuthMethod::parse)?,
        credential_state: row.parse("users.credential_state", CredentialState::parse)?,
        external_subject: row.value("users.external_subject")?,
        imported_at: row.time_opt("users.imported_at")?,
        invited_at: row.time_opt("users.invited_at")?,
        completed_at: row.time_opt("users.completed_at")?,
        last_password_login_at: row.time_opt("users.last_password_login_at")?,
        last_login_at: row.time_opt("users.last_login_at")?,
        created_at: row.time("users.created_at")?,
        updated_at: row.time("users.updated_at")?,
    })
}

const INSERT: &str = "INSERT INTO users (id, tenant_id, email, email_folded, username, username_folded, profile, password_hash, \
                      upgraded_hash, password_set_at, hash_upgraded_at, status, is_admin, is_verified, is_locked, \
                      reset_required, legacy_login, roles, auth_method, credential_state, external_subject, imported_at, \
                      invited_at, completed_at, last_password_login_at, last_login_at, created_at, updated_at) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, \
                      ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)";

const UPDATE: &str = "UPDATE users SET tenant_id = ?2, email = ?3, email_folded = ?4, username = ?5, username_folded = ?6, \
                      profile = ?7, password_hash = ?8, upgraded_hash = ?9, password_set_at = ?10, hash_upgraded_at = ?11, \
                      status = ?12, is_admin = ?13, is_verified = ?14, is_locked = ?15, reset_required = ?16, \
                      legacy_login = ?17, roles = ?18, auth_method = ?19, credential_state = ?20, external_subject = ?21, \
                      imported_at = ?22, invited_at = ?23, completed_at = ?24, last_password_login_at = ?25, \
                      last_login_at = ?26, created_at = ?27, updated_at = ?28 WHERE id = ?1";

/// What a guarded write compares; both hashes and both names.
const STANDS: &str = "SELECT 1 FROM users WHERE id = ?1 AND email = ?2 AND username = ?3 AND password_hash IS ?4 \
                      AND upgraded_hash IS ?5 AND status = ?6 AND updated_at = ?7";

/// Names that no account can have, so that the changes of a batch may swap theirs.
const PARK: &str =
    "UPDATE users SET email_folded = char(1) || hex(id), username_folded = char(1) || hex(id) WHERE id = ?1";

/// When the way to sign in changed.
const MOVE: &str = "UPDATE users SET \
                    dual_at = CASE ?3 WHEN 'now' THEN ?2 WHEN 'never' THEN NULL ELSE dual_at END, \
                    oauth_at = CASE ?4 WHEN 'now' THEN ?2 WHEN 'never' THEN NULL ELSE oauth_at END WHERE id = ?1";

const DELETE: &str = "DELETE FROM users WHERE id = ?1";

/// Writes the accounts of a batch; `false` if a guard does not hold.
pub(super) fn write(db: Db<'_>, batch: &BatchWrite) -> Outcome<bool> {
    let writes = &batch.accounts;
    // Guards first: they are about how the accounts stood before the batch.
    for write in writes {
        let (AccountWrite::Remove(from) | AccountWrite::Change { from, .. }) = write else { continue };
        if !stands(db, from)? {
            return Ok(false);
        }
    }
    for write in writes {
        match write {
            AccountWrite::Remove(from) => db.run(DELETE, [from.user.uuid()])?,
            AccountWrite::Change { from, to } if from.email != to.email || from.username != to.username => {
                db.run(PARK, [to.user.uuid()])?
            }
            AccountWrite::Change { .. } | AccountWrite::Create(_) => continue,
        };
    }
    for write in writes {
        match write {
            AccountWrite::Remove(_) => {}
            AccountWrite::Change { from, to } => {
                put(db, UPDATE, to)?;
                if let Some((dual, oauth)) = marks(from.auth_method, to.auth_method) {
                    let (dual, oauth) = (dual.as_str(), oauth.as_str());
                    db.run(MOVE, params![to.user.uuid(), batch.at.micros(), dual, oauth])?;
                }
                if from.groups != to.groups {
                    db.run(LEAVE, [to.user.uuid()])?;
                    join(db, to)?;
                }
                if (from.failures, from.locked_until) != (to.failures, to.locked_until) {
                    count(db, to, batch)?;
                }
            }
            AccountWrite::Create(account) => {
                put(db, INSERT, account)?;
                join(db, account)?;
                count(db, account, batch)?;
            }
        }
    }
    Ok(true)
}

fn stands(db: Db<'_>, from: &TargetAccount) -> Outcome<bool> {
    let (hash, upgraded) = hashes(from);
    let (status, updated_at) = (from.status.as_str(), from.updated_at.micros());
    db.exists(STANDS, params![from.user.uuid(), from.email, from.username, hash, upgraded, status, updated_at])
}

fn hashes(account: &TargetAccount) -> (Option<&str>, Option<&str>) {
    (account.hash.as_ref().map(StoredHash::expose), account.upgraded_hash.as_ref().map(StoredHash::expose))
}

fn put(db: Db<'_>, sql: &str, account: &TargetAccount) -> Outcome<usize> {
    let (hash, upgraded) = hashes(account);
    let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
    let email_key = uniqueness::email_key(uniqueness::stored(db)?, &account.email, account.tenant);
    db.run(
        sql,
        params![
            account.user.uuid(),
            account.tenant.map(TenantId::uuid),
            account.email,
            email_key,
            account.username,
            fold(&account.username),
            profile_text(&account.profile)?,
            hash,
            upgraded,
            micros(account.password_set_at),
            micros(account.hash_upgraded_at),
            account.status.as_str(),
            account.is_admin,
            account.is_verified,
            account.is_locked,
            account.reset_required,
            account.legacy_login,
            json_text(&account.roles)?,
            account.auth_method.as_str(),
            account.credential_state.as_str(),
            account.external_subject,
            micros(account.imported_at),
            micros(account.invited_at),
            micros(account.completed_at),
            micros(account.last_password_login_at),
            micros(account.last_login_at),
            account.created_at.micros(),
            account.updated_at.micros(),
        ],
    )
}

const LEAVE: &str = "DELETE FROM group_members WHERE user_id = ?1";
const JOIN: &str = "INSERT INTO group_members (user_id, group_id) VALUES (?1, ?2)";

fn join(db: Db<'_>, account: &TargetAccount) -> Outcome<()> {
    for group in &account.groups {
        db.run(JOIN, [account.user.uuid(), group.uuid()])?;
    }
    Ok(())
}

const FORGET: &str = "DELETE FROM login_failures WHERE user_id = ?1 AND device = zeroblob(16)";

const COUNT: &str = "INSERT INTO login_failures (user_id, device, failures, last_failed_at, forget_at, locked_until) \
                     VALUES (?1, zeroblob(16), ?2, ?3, ?4, ?5) \
                     ON CONFLICT (user_id, device) DO UPDATE SET failures = excluded.failures, \
                       last_failed_at = excluded.last_failed_at, forget_at = excluded.forget_at, \
                       locked_until = excluded.locked_until";

fn count(db: Db<'_>, account: &TargetAccount, batch: &BatchWrite) -> Outcome<()> {
    let user: Uuid = account.user.uuid();
    let Some(failures) = batch.failures_of(account) else {
        return db.run(FORGET, [user]).map(drop);
    };
    let (forget_at, locked_until) = (failures.forgotten_at.micros(), failures.locked_until.map(Timestamp::micros));
    db.run(COUNT, params![user, failures.count, batch.at.micros(), forget_at, locked_until]).map(drop)
}
