//! Accounts and their passwords.

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
    claims::Profile,
    ids::{TenantId, UserId},
    store::{Commit, StoreError, StoreErrorKind},
    time::Timestamp,
};
use tokio_postgres::types::Json;

use crate::{
    audit::AuditParams,
    catalog::{finish, finish_if},
    codes::commit,
    db::{Gate, Params, Steps, Unknown},
    deletion, mail, rows,
    store::PgStore,
    tenants::SETTLE_GROUPS,
    uniqueness,
    value::{At, Reader},
};

const FIND: &str = concat!(
    "SELECT ",
    rows::account_columns!(),
    ", ",
    rows::credential_columns!(),
    " FROM users u",
    rows::tenant_of_user!(),
    "WHERE u.id = $1"
);

const LIST: &str = concat!(
    "SELECT ",
    rows::account_columns!(),
    " FROM users u",
    rows::tenant_of_user!(),
    "WHERE ",
    rows::behind!("u.id", "$1"),
    "   AND ($2::uuid IS NULL OR u.tenant_id = $2)
        AND ($5 OR u.status <> 'deleted')
        AND ($3::text IS NULL OR strpos(lower(u.email), $3) > 0 OR strpos(lower(u.username), $3) > 0)
      ORDER BY u.id
      LIMIT $4"
);

const COUNT: &str = "
    WITH held AS (SELECT DISTINCT user_id FROM login_failures WHERE locked_until > $1)
    SELECT count(*), count(*) FILTER (WHERE u.status = 'active'),
           count(*) FILTER (WHERE u.is_locked OR held.user_id IS NOT NULL), count(held.user_id),
           count(*) FILTER (WHERE u.is_verified IS NOT TRUE)
      FROM users u LEFT JOIN held ON held.user_id = u.id
     WHERE u.status <> 'deleted'";

/// Names are unique by folded form, which an adopted database may break already: no index can promise it.
///
/// `$4` tells that the account comes into the tenant `$5`; otherwise it stays where it is. The address of one that moves is looked
/// at where addresses stand for one account in each tenant.
const TAKEN: &str = concat!(
    "WITH mine AS MATERIALIZED (
       SELECT COALESCE($1::text, CASE WHEN $4::boolean AND ",
    uniqueness::per_tenant!(),
    " THEN lower(u.email) END) AS email, CASE WHEN $4::boolean THEN $5::uuid ELSE u.tenant_id END AS tenant_id, ",
    uniqueness::per_tenant!(),
    " AS per_tenant
         FROM (SELECT 1) one LEFT JOIN users u ON u.id = $3
     )
     SELECT EXISTS (SELECT 1 FROM users o
                     WHERE lower(o.email) = (SELECT email FROM mine) AND o.id <> $3
                       AND (NOT (SELECT per_tenant FROM mine)
                            OR o.tenant_id IS NOT DISTINCT FROM (SELECT tenant_id FROM mine))),
            EXISTS (SELECT 1 FROM users o WHERE lower(o.username) = $2 AND o.id <> $3)"
);

const CREATE: &str = "
    INSERT INTO users (id, tenant_id, email, username, password_hash, upgraded_hash, upgraded_from, is_verified, is_admin,
                       status, roles, profile, created_at, updated_at)
    VALUES ($1, $2, $3, $4, COALESCE($6, $5), CASE WHEN $6::text IS NOT NULL THEN $5::text END, $6::text, $7, $8, $9, $10,
            $11, $12, $12)";

const CHANGE: &str = "
    UPDATE users
       SET email = COALESCE($2, email), username = COALESCE($3, username), is_verified = COALESCE($4, is_verified),
           is_admin = COALESCE($5, is_admin), status = COALESCE($6, status), is_locked = COALESCE($7, is_locked),
           legacy_login = COALESCE($8, legacy_login), roles = COALESCE($9, roles), profile = COALESCE($10, profile),
           updated_at = $11, tenant_id = CASE WHEN $12 THEN $13 ELSE tenant_id END
     WHERE id = $1";

/// A statement of its own, after the account is locked: it sees every pair that was recorded under the old password.
const END_LEGACY_TOKENS: &str = "UPDATE tokens SET invalidated = TRUE WHERE user_id = $1 AND invalidated IS NOT TRUE";

/// Where an older program shares the database, `password_hash` is a hash that it verifies, and ours stands beside it.
const SET_PASSWORD: &str = concat!(
    "WITH changed AS (
       UPDATE users u
          SET password_hash = COALESCE($4::text, $3::text),
              upgraded_hash = CASE WHEN $4::text IS NOT NULL THEN $3::text END,
              upgraded_from = $4::text,
              hash_upgraded_at = CASE WHEN $4::text IS NOT NULL THEN $5::timestamptz END,
              password_set_at = $5,
              credential_state = 'ok',
              reset_required = FALSE,
              updated_at = $5
        WHERE u.id = $1 AND ($2::text IS NULL OR ",
    rows::effective_hash!(),
    " = $2::text)
       RETURNING u.id
     ), cleared AS (
       DELETE FROM login_failures WHERE user_id = $1 AND EXISTS (SELECT FROM changed)
     ), audit AS (
       INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
       SELECT $6::uuid, $7::timestamptz, $8::text, $9::uuid, $10::uuid, $11::text, $12::jsonb
         FROM changed WHERE $6::uuid IS NOT NULL
     )
     SELECT count(*) FROM changed"
);

/// In a shared database only the upgraded hash's own column is written.
const UPGRADE: &str = concat!(
    "WITH changed AS (
       UPDATE users u
          SET upgraded_hash = CASE WHEN shared.yes THEN $3::text END,
              upgraded_from = CASE WHEN shared.yes THEN u.password_hash END,
              password_hash = CASE WHEN shared.yes THEN u.password_hash ELSE $3::text END,
              hash_upgraded_at = $4,
              credential_state = 'ok'
         FROM (SELECT ",
    rows::shared_with_older_program!(),
    " AS yes) shared
        WHERE u.id = $1 AND ",
    rows::effective_hash!(),
    " = $2::text
       RETURNING u.id
     )
     SELECT count(*) FROM changed"
);

const LOCKED_UNTIL: &str = "SELECT max(locked_until) FROM login_failures WHERE user_id = $1";

const CLEAR_FAILURES: &str = "DELETE FROM login_failures WHERE user_id = $1";

const SHARED: &str = concat!("SELECT ", rows::shared_with_older_program!());

/// What is planned before anybody knows how many rows there will be, with the numbers of parameters.
#[cfg(test)]
pub(crate) const PLANNED: [(&str, usize); 1] = [(FIND, 1)];

impl AccountRepository for PgStore {
    async fn begin_sign_in(&self, attempt: Attempt) -> Result<Vec<Candidate>, StoreError> {
        self.charge_attempt(attempt).await
    }

    async fn complete_sign_in(&self, write: SignIn) -> Result<Commit, StoreError> {
        self.write_sign_in(write).await
    }

    async fn upgrade_hash(
        &self,
        user: UserId,
        verified: StoredHash,
        better: StoredHash,
        at: Timestamp,
    ) -> Result<Commit, StoreError> {
        let params: Params<'_> = &[&user.uuid(), &verified.expose(), &better.expose(), &At(at)];
        Ok(commit(self.db().write(UPGRADE, params, Unknown::Report).await?))
    }

    async fn set_password(&self, write: PasswordChange) -> Result<Commit, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        let outcome = enter_password(&steps, write).await?;
        steps.commit().await?;
        Ok(outcome)
    }

    async fn email_uniqueness(&self) -> Result<EmailUniqueness, StoreError> {
        self.stored_uniqueness().await
    }

    async fn set_email_uniqueness(
        &self,
        wanted: EmailUniqueness,
        audit: AuditEvent,
    ) -> Result<UniquenessChange, StoreError> {
        self.change_uniqueness(wanted, audit).await
    }

    async fn create_account(&self, account: NewAccount, audit: AuditEvent) -> Result<(), StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Accounts, &mut client).await?;
        let place = Some(account.tenant);
        refuse_taken(&steps, account.id, Some(&account.email), Some(&account.username), place).await?;
        let params: Params<'_> = &[
            &account.id.uuid(),
            &account.tenant.map(TenantId::uuid),
            &account.email,
            &account.username,
            &account.hash.as_ref().map(StoredHash::expose),
            &account.older_hash.as_ref().map(StoredHash::expose),
            &account.is_verified,
            &account.is_admin,
            &account.status.as_str(),
            &account.roles,
            &Json(own_claims(account.profile)),
            &At(account.created_at),
        ];
        steps.change(CREATE, params).await?;
        Ok(finish(steps, audit).await?)
    }

    async fn change_account(
        &self,
        user: UserId,
        change: AccountChange,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Accounts, &mut client).await?;
        let place = change.tenant.map(TenantMove::target);
        refuse_taken(&steps, user, change.email.as_deref(), change.username.as_deref(), place).await?;
        let params: Params<'_> = &[
            &user.uuid(),
            &change.email,
            &change.username,
            &change.is_verified,
            &change.is_admin,
            &change.status.map(oauth_core::subject::AccountStatus::as_str),
            &change.is_locked,
            &change.legacy_login,
            &change.roles,
            &change.profile.map(|profile| Json(own_claims(profile))),
            &At(at),
            &change.tenant.is_some(),
            &change.tenant.and_then(TenantMove::target).map(TenantId::uuid),
        ];
        let changed = steps.change(CHANGE, params).await?;
        if changed > 0 && change.tenant.is_some() {
            steps.change(SETTLE_GROUPS, &[&user.uuid()]).await?;
            steps.change(END_LEGACY_TOKENS, &[&user.uuid()]).await?;
        }
        finish_if(changed, steps, audit).await
    }

    async fn delete_account(&self, user: UserId, at: Timestamp, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Accounts, &mut client).await?;
        let buried = deletion::bury(&steps, user, at).await?;
        finish_if(buried, steps, audit).await
    }

    async fn account(&self, user: UserId) -> Result<Option<(Account, Credential)>, StoreError> {
        let Some(row) = self.db().read_one(FIND, &[&user.uuid()]).await? else { return Ok(None) };
        let mut row = Reader::new(&row, "users", &user);
        Ok(Some((rows::account(&mut row)?, rows::credential(&mut row)?)))
    }

    async fn find_accounts(&self, identifier: &Identifier) -> Result<Vec<Account>, StoreError> {
        self.meant_by(identifier).await
    }

    async fn list_accounts(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        let contains = query.contains.as_deref().map(fold);
        let (after, tenant) = (query.after.map(UserId::uuid), query.tenant.map(TenantId::uuid));
        let all = query.listed == Listed::All;
        let found = self.db().read(LIST, &[&after, &tenant, &contains, &i64::from(query.limit), &all]).await?;
        found.iter().map(|row| rows::account(&mut Reader::new(row, "users", &"-"))).collect()
    }

    async fn count_accounts(&self, at: Timestamp) -> Result<AccountCounts, StoreError> {
        let Some(row) = self.db().read_one(COUNT, &[&At(at)]).await? else { return Ok(AccountCounts::default()) };
        let mut row = Reader::new(&row, "users", &"-");
        let mut count = || row.parse("id", |count: i64| u64::try_from(count).ok());
        Ok(AccountCounts {
            total: count()?,
            active: count()?,
            locked: count()?,
            locked_by_failures: count()?,
            unverified: count()?,
        })
    }

    async fn locked_until(&self, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        let Some(row) = self.db().read_one(LOCKED_UNTIL, &[&user.uuid()]).await? else { return Ok(None) };
        Reader::new(&row, "login_failures", &user).maybe_at("locked_until")
    }

    async fn forgive(
        &self,
        user: UserId,
        device: Device,
        max_failures: u32,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        self.take_charge_back(user, device, max_failures, audit).await
    }

    async fn clear_failures(&self, user: UserId) -> Result<(), StoreError> {
        self.settle(CLEAR_FAILURES, &[&user.uuid()]).await
    }

    async fn shared_with_older_program(&self) -> Result<bool, StoreError> {
        let Some(row) = self.db().read_one(SHARED, &[]).await? else { return Ok(false) };
        Reader::new(&row, "settings", &"shared_with_older_program").take("value")
    }

    async fn put_tenant(&self, tenant: &TenantRecord, at: Timestamp, audit: AuditEvent) -> Result<(), StoreError> {
        self.write_tenant(tenant, at, audit).await
    }

    async fn record(&self, event: AuditEvent) -> Result<(), StoreError> {
        self.record_event(event).await
    }

    async fn audit_events(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        self.newest_events(limit).await
    }
}

/// Writes a new password with what follows from it.
pub(crate) async fn enter_password(steps: &Steps<'_>, write: PasswordChange) -> Result<Commit, StoreError> {
    let replaced = match &write.replaces {
        Replace::Any => None,
        Replace::This(hash) => Some(hash.expose()),
    };
    let older = write.older_hash.as_ref().map(StoredHash::expose);
    let audit = AuditParams::from(write.audit);
    let params: Params<'_> = &[
        &write.user.uuid(),
        &replaced,
        &write.hash.expose(),
        &older,
        &At(write.at),
        &audit.id,
        &audit.at,
        &audit.kind,
        &audit.user,
        &audit.client,
        &audit.address,
        &audit.detail,
    ];
    let changed: i64 = match steps.run(SET_PASSWORD, params).await?.first() {
        Some(row) => row.try_get(0).map_err(crate::error::Trouble::from)?,
        None => 0,
    };
    if changed > 0 {
        steps.change(END_LEGACY_TOKENS, &[&write.user.uuid()]).await?;
        let links: Params<'_> = &[&write.user.uuid(), &LinkKind::SetPassword.as_str(), &At(write.at)];
        steps.change(mail::USE_UP, links).await?;
    }
    Ok(commit(u64::from(changed > 0)))
}

/// Looks behind the gate whether another account has one of these names.
async fn refuse_taken(
    steps: &Steps<'_>,
    user: UserId,
    email: Option<&str>,
    username: Option<&str>,
    place: Option<Option<TenantId>>,
) -> Result<(), StoreError> {
    if email.is_none() && username.is_none() && place.is_none() {
        return Ok(());
    }
    let (moves, tenant) = (place.is_some(), place.flatten().map(TenantId::uuid));
    let rows = steps.run(TAKEN, &[&email.map(fold), &username.map(fold), &user.uuid(), &moves, &tenant]).await?;
    let taken = |column: usize| rows.first().and_then(|row| row.try_get::<_, bool>(column).ok()).unwrap_or(true);
    if taken(0) {
        return Err(StoreError::new(StoreErrorKind::Conflict("users.email")));
    }
    if taken(1) {
        return Err(StoreError::new(StoreErrorKind::Conflict("users.username")));
    }
    Ok(())
}

/// The claims without those that come from columns of their own.
fn own_claims(profile: Profile) -> Profile {
    Profile { email: None, email_verified: false, updated_at: None, ..profile }
}
