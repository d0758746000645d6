//! Accounts and their credentials.

use authly_directory::{
    account::{Account, AccountChange, Credential, NewAccount, TenantMove},
    identifier::{Identifier, fold},
    mail::link::LinkKind,
    password::StoredHash,
    store::{
        AccountCounts, AccountQuery, AccountRepository, Attempt, Candidate, Device, Listed, PasswordChange, Replace,
        SignIn,
    },
    uniqueness::{EmailUniqueness, UniquenessChange},
};
use oauth_core::{
    audit::AuditEvent,
    catalog::TenantRecord,
    ids::{TenantId, UserId},
    store::{Commit, StoreError},
    time::Timestamp,
};
use rusqlite::params;

use crate::{
    SqliteStore, audit, catalog,
    cursor::{Cursor, json_text},
    db::Db,
    deletion,
    error::Outcome,
    mail,
    person::{Person, person_columns, profile_text},
    sign_in, tenants, uniqueness,
};

impl AccountRepository for SqliteStore {
    async fn begin_sign_in(&self, attempt: Attempt) -> Result<Vec<Candidate>, StoreError> {
        self.write(move |db| sign_in::begin(db, &attempt)).await
    }

    async fn complete_sign_in(&self, write: SignIn) -> Result<Commit, StoreError> {
        self.write(move |db| sign_in::complete(db, &write)).await
    }

    async fn upgrade_hash(
        &self,
        user: UserId,
        verified: StoredHash,
        better: StoredHash,
        at: Timestamp,
    ) -> Result<Commit, StoreError> {
        self.write(move |db| {
            let row = params![user.uuid(), verified.expose(), better.expose(), at.micros()];
            Ok(commit(db.run(UPGRADE, row)?))
        })
        .await
    }

    async fn set_password(&self, write: PasswordChange) -> Result<Commit, StoreError> {
        self.write(move |db| set_password(db, &write)).await
    }

    async fn email_uniqueness(&self) -> Result<EmailUniqueness, StoreError> {
        self.read(uniqueness::stored)
    }

    async fn set_email_uniqueness(
        &self,
        wanted: EmailUniqueness,
        audit: AuditEvent,
    ) -> Result<UniquenessChange, StoreError> {
        self.write(move |db| uniqueness::change(db, wanted, &audit)).await
    }

    async fn create_account(&self, account: NewAccount, audit: AuditEvent) -> Result<(), StoreError> {
        self.write(move |db| create(db, &account, &audit)).await
    }

    async fn change_account(
        &self,
        user: UserId,
        change: AccountChange,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        self.write(move |db| alter(db, user, &change, at, &audit)).await
    }

    async fn delete_account(&self, user: UserId, at: Timestamp, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.write(move |db| deletion::bury(db, user, at, &audit)).await
    }

    async fn account(&self, user: UserId) -> Result<Option<(Account, Credential)>, StoreError> {
        let found = self.read(|db| by_id(db, user))?;
        Ok(found.map(|Match { account, credential }| (account, credential)))
    }

    async fn find_accounts(&self, identifier: &Identifier) -> Result<Vec<Account>, StoreError> {
        let found = self.read(|db| meant_by(db, identifier, None))?;
        Ok(found.into_iter().map(|found| found.account).collect())
    }

    async fn list_accounts(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        self.read_long(move |db| {
            let (after, tenant) = (query.after.map(UserId::uuid), query.tenant.map(TenantId::uuid));
            let contains = query.contains.as_deref().map(fold);
            let all = query.listed == Listed::All;
            let found = db.all(PAGE, params![after, tenant, contains, query.limit, all], read)?;
            Ok(found.into_iter().map(|found| found.account).collect())
        })
        .await
    }

    async fn count_accounts(&self, at: Timestamp) -> Result<AccountCounts, StoreError> {
        let counted = self.read_long(move |db| db.one(COUNT, [at.micros()], counts)).await?;
        Ok(counted.unwrap_or_default())
    }

    async fn locked_until(&self, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        let read = |db: Db<'_>| db.one(LOCKED_UNTIL, [user.uuid()], |row| row.time_opt("login_failures.locked_until"));
        Ok(self.read(read)?.flatten())
    }

    async fn forgive(
        &self,
        user: UserId,
        device: Device,
        max_failures: u32,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        self.write(move |db| sign_in::forgive(db, user, device, max_failures, audit.as_ref())).await
    }

    async fn clear_failures(&self, user: UserId) -> Result<(), StoreError> {
        self.write(move |db| db.run(CLEAR, [user.uuid()]).map(drop)).await
    }

    async fn shared_with_older_program(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn put_tenant(&self, tenant: &TenantRecord, at: Timestamp, audit: AuditEvent) -> Result<(), StoreError> {
        let tenant = tenant.clone();
        self.write(move |db| catalog::put_tenant(db, &tenant, at, &audit)).await
    }

    async fn record(&self, event: AuditEvent) -> Result<(), StoreError> {
        self.write(move |db| audit::write(db, &event)).await
    }

    async fn audit_events(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        self.read_long(move |db| audit::newest(db, limit)).await
    }
}

/// An account that was looked for, with its credential.
pub(crate) struct Match {
    pub(crate) account: Account,
    pub(crate) credential: Credential,
}

macro_rules! account_query {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            person_columns!(),
            ", u.is_locked, u.reset_required, u.legacy_login AND u.auth_method <> 'oauth', u.last_login_at, \
             coalesce(u.upgraded_hash, u.password_hash), u.password_set_at FROM users u LEFT JOIN tenants t ON t.id = u.tenant_id ",
            $rest
        )
    };
}

pub(crate) fn read(cursor: &mut Cursor<'_>) -> Outcome<Match> {
    let Person { subject, email, username, is_verified, updated_at } = Person::read(cursor)?;
    let is_locked = cursor.value("users.is_locked")?;
    let reset_required = cursor.value("users.reset_required")?;
    let legacy_login = cursor.value("users.legacy_login")?;
    let last_login_at = cursor.time_opt("users.last_login_at")?;
    let hash = cursor.value::<Option<String>>("users.password_hash")?.map(StoredHash::new);
    let account = Account {
        subject,
        email,
        username,
        is_verified,
        is_locked,
        reset_required,
        legacy_login,
        updated_at,
        last_login_at,
    };
    let set_at = cursor.time_opt("users.password_set_at")?;
    Ok(Match { account, credential: Credential { hash, set_at, shared_with_older_program: false } })
}

const BY_ID: &str = account_query!("WHERE u.id = ?1");

/// The account with that id.
pub(crate) fn by_id(db: Db<'_>, user: UserId) -> Outcome<Option<Match>> {
    db.one(BY_ID, [user.uuid()], read)
}

/// One page of a group's members.
pub(crate) const MEMBERS: &str = account_query!(
    "JOIN group_members m ON m.user_id = u.id WHERE m.group_id = ?1 AND u.id > ifnull(?2, x'') ORDER BY u.id LIMIT ?3"
);

const BY_NAME: &str = account_query!(
    "WHERE (u.email_search = ?1 OR u.username_folded = ?1) AND (?2 IS NULL OR u.tenant_id = ?2) \
     ORDER BY (u.email = ?3 OR u.username = ?3) DESC, u.id LIMIT 3"
);

/// Those whose address or user name match exactly, otherwise those that match by folded form; whoever matches exactly matches
/// by folded form too.
pub(crate) fn meant_by(db: Db<'_>, identifier: &Identifier, tenant: Option<TenantId>) -> Outcome<Vec<Match>> {
    let mut found =
        db.all(BY_NAME, params![identifier.folded(), tenant.map(TenantId::uuid), identifier.exact()], read)?;
    let exact =
        |found: &Match| [&found.account.email, &found.account.username].contains(&&identifier.exact().to_owned());
    if found.iter().any(exact) {
        found.retain(exact);
    }
    Ok(found)
}

const PAGE: &str = account_query!(
    "WHERE u.id > ifnull(?1, x'') AND (?2 IS NULL OR u.tenant_id = ?2) \
     AND (?5 OR u.status <> 'deleted') AND (?3 IS NULL OR instr(u.email_search, ?3) > 0 OR instr(u.username_folded, ?3) > 0) ORDER BY u.id LIMIT ?4"
);

const COUNT: &str = "WITH held AS (SELECT DISTINCT user_id FROM login_failures WHERE locked_until > ?1) \
                     SELECT count(*), ifnull(sum(status = 'active'), 0), \
                            ifnull(sum(is_locked OR held.user_id IS NOT NULL), 0), count(held.user_id), \
                            ifnull(sum(is_verified = 0), 0) \
                     FROM users LEFT JOIN held ON held.user_id = users.id WHERE status <> 'deleted'";

fn counts(cursor: &mut Cursor<'_>) -> Outcome<AccountCounts> {
    let mut next = || cursor.value::<i64>("users.status").map(|number| u64::try_from(number).unwrap_or(0));
    Ok(AccountCounts {
        total: next()?,
        active: next()?,
        locked: next()?,
        locked_by_failures: next()?,
        unverified: next()?,
    })
}

const INSERT: &str = "INSERT INTO users (id, tenant_id, email, email_folded, username, username_folded, password_hash, \
                      upgraded_hash, password_set_at, status, is_admin, is_verified, is_locked, reset_required, \
                      legacy_login, roles, profile, created_at, updated_at) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0, 0, 1, ?13, ?14, ?15, ?15)";

fn create(db: Db<'_>, account: &NewAccount, event: &AuditEvent) -> Outcome<()> {
    let (hash, upgraded) = hash_columns(account.hash.as_ref(), account.older_hash.as_ref());
    let email_key = uniqueness::email_key(uniqueness::stored(db)?, &account.email, account.tenant);
    db.run(
        INSERT,
        params![
            account.id.uuid(),
            account.tenant.map(TenantId::uuid),
            account.email,
            email_key,
            account.username,
            fold(&account.username),
            hash,
            upgraded,
            hash.map(|_| account.created_at.micros()),
            account.status.as_str(),
            account.is_admin,
            account.is_verified,
            json_text(&account.roles)?,
            profile_text(&account.profile)?,
            account.created_at.micros(),
        ],
    )?;
    audit::write(db, event)
}

/// `password_hash` and `upgraded_hash`: one hash goes into the first, a pair is divided.
fn hash_columns<'h>(hash: Option<&'h StoredHash>, older: Option<&'h StoredHash>) -> (Option<&'h str>, Option<&'h str>) {
    let (hash, older) = (hash.map(StoredHash::expose), older.map(StoredHash::expose));
    match older {
        Some(older) => (Some(older), hash),
        None => (hash, None),
    }
}

const ALTER: &str = "UPDATE users SET email = coalesce(?2, email), email_folded = coalesce(?3, email_folded), \
                     username = coalesce(?4, username), username_folded = coalesce(?5, username_folded), \
                     is_verified = coalesce(?6, is_verified), is_admin = coalesce(?7, is_admin), \
                     status = coalesce(?8, status), is_locked = coalesce(?9, is_locked), \
                     legacy_login = coalesce(?10, legacy_login), roles = coalesce(?11, roles), \
                     profile = coalesce(?12, profile), updated_at = ?13, \
                     tenant_id = CASE WHEN ?14 THEN ?15 ELSE tenant_id END WHERE id = ?1";

const PLACE: &str = "SELECT email, tenant_id FROM users WHERE id = ?1";

/// What must be unique of the address after a change that concerns it.
fn changed_key(db: Db<'_>, user: UserId, change: &AccountChange) -> Outcome<Option<String>> {
    let uniqueness = uniqueness::stored(db)?;
    if change.email.is_none() && (change.tenant.is_none() || uniqueness == EmailUniqueness::Global) {
        return Ok(None);
    }
    let place = db.one(PLACE, [user.uuid()], |row| {
        Ok((row.value::<String>("users.email")?, row.id_opt("users.tenant_id", TenantId::from_uuid)?))
    })?;
    let Some((email, tenant)) = place else { return Ok(None) };
    let tenant = change.tenant.map_or(tenant, TenantMove::target);
    Ok(Some(uniqueness::email_key(uniqueness, change.email.as_deref().unwrap_or(&email), tenant)))
}

fn alter(db: Db<'_>, user: UserId, change: &AccountChange, at: Timestamp, event: &AuditEvent) -> Outcome<Commit> {
    let email_key = changed_key(db, user, change)?;
    let changed = db.run(
        ALTER,
        params![
            user.uuid(),
            change.email,
            email_key,
            change.username,
            change.username.as_deref().map(fold),
            change.is_verified,
            change.is_admin,
            change.status.map(|status| status.as_str()),
            change.is_locked,
            change.legacy_login,
            change.roles.as_deref().map(json_text).transpose()?,
            change.profile.as_ref().map(profile_text).transpose()?,
            at.micros(),
            change.tenant.is_some(),
            change.tenant.and_then(TenantMove::target).map(TenantId::uuid),
        ],
    )?;
    if changed > 0 {
        if change.tenant.is_some() {
            tenants::settle_groups(db, user)?;
            db.run(END_LEGACY_TOKENS, [user.uuid()])?;
        }
        audit::write(db, event)?;
    }
    Ok(commit(changed))
}

const UPGRADE: &str = "UPDATE users SET password_hash = ?3, upgraded_hash = NULL, hash_upgraded_at = ?4, \
                         credential_state = 'ok' \
                       WHERE id = ?1 AND coalesce(upgraded_hash, password_hash) = ?2";

const END_LEGACY_TOKENS: &str = "UPDATE tokens SET invalidated = TRUE WHERE user_id = ?1 AND invalidated = FALSE";

const SET_PASSWORD: &str = "UPDATE users SET password_hash = ?3, upgraded_hash = ?4, password_set_at = ?5, \
                            credential_state = 'ok', updated_at = ?5, reset_required = 0 \
                            WHERE id = ?1 AND (?2 IS NULL OR coalesce(upgraded_hash, password_hash) = ?2)";

const LOCKED_UNTIL: &str = "SELECT max(locked_until) FROM login_failures WHERE user_id = ?1";

const CLEAR: &str = "DELETE FROM login_failures WHERE user_id = ?1";

pub(crate) fn set_password(db: Db<'_>, write: &PasswordChange) -> Outcome<Commit> {
    let replaced = match &write.replaces {
        Replace::Any => None,
        Replace::This(hash) => Some(hash.expose()),
    };
    let (hash, upgraded) = hash_columns(Some(&write.hash), write.older_hash.as_ref());
    let changed = db.run(SET_PASSWORD, params![write.user.uuid(), replaced, hash, upgraded, write.at.micros()])?;
    if changed > 0 {
        db.run(CLEAR, [write.user.uuid()])?;
        db.run(END_LEGACY_TOKENS, [write.user.uuid()])?;
        db.run(mail::USE_UP, params![write.user.uuid(), LinkKind::SetPassword.as_str(), write.at.micros()])?;
        audit::write_if(db, write.audit.as_ref())?;
    }
    Ok(commit(changed))
}

/// What a guarded write reports.
pub(crate) const fn commit(rows: usize) -> Commit {
    if rows > 0 { Commit::Applied } else { Commit::Lost }
}
