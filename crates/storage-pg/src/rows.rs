//! Columns that several queries share, and how they become accounts, grants and sessions.
//!
//! In every query `u` is the account, `t` its tenant, `g` the grant and `s` the session.

use authly_directory::{
    account::{Account, Credential},
    password::StoredHash,
};
use oauth_core::{
    claims::Profile,
    ids::{ClientKey, GrantId, SessionId, TenantId, UserId},
    legacy::LegacyAccount,
    policy::Policy,
    session::{AuthenticationMethod, Session},
    store::{Grant, GrantSnapshot, SessionEnd, StoreError},
    subject::{AccountStatus, Subject, TenantRef},
    time::Timestamp,
};
use tokio_postgres::types::Json;
use uuid::Uuid;

use crate::value::Reader;

/// What [`subject`] reads. Groups are looked up as [`grant_of`] does.
macro_rules! subject_columns {
    () => {
        "u.id, u.status, u.is_locked, COALESCE(u.is_admin, FALSE), t.id, t.slug, t.is_active, u.roles,
         ARRAY(SELECT member_of.name
                 FROM (SELECT group_id FROM group_members WHERE user_id = u.id OFFSET 0) m
                      CROSS JOIN LATERAL (SELECT * FROM groups WHERE id = m.group_id OFFSET 0) member_of
                WHERE member_of.tenant_id IS NULL OR member_of.tenant_id = u.tenant_id
                ORDER BY member_of.name),
         u.profile, u.email, COALESCE(u.is_verified, FALSE), COALESCE(u.updated_at, u.created_at, 'epoch'), u.username,
         u.sign_in_policy::text, COALESCE(u.created_at, 'epoch')"
    };
}

/// What [`account`] reads.
macro_rules! account_columns {
    () => {
        concat!(
            crate::rows::subject_columns!(),
            ", u.is_locked, u.reset_required, u.legacy_login AND u.auth_method <> 'oauth', u.last_login_at"
        )
    };
}

/// What [`grant`] reads.
macro_rules! grant_columns {
    () => {
        "g.id, g.user_id, g.client_id, g.tenant_id, g.session_id, g.scopes, g.resources, g.authenticated_at, g.methods,
         g.created_at, g.revoked_at"
    };
}

/// What [`grant_snapshot`] reads.
macro_rules! grant_snapshot_columns {
    () => {
        concat!(
            crate::rows::grant_columns!(),
            ", ",
            crate::rows::subject_columns!(),
            ", s.ended_at, s.idle_expires_at, s.expires_at, s.grants_end_at"
        )
    };
}

/// The grant `g` of that id. `OFFSET 0` keeps the planner from joining in another order, in which it would read small tables whole, and go
/// on to do so when they have grown.
macro_rules! grant_of {
    ($id:literal) => {
        concat!(" CROSS JOIN LATERAL (SELECT * FROM grants WHERE id = ", $id, " OFFSET 0) g")
    };
}

/// The tenant `t` of the account `u`, looked up as [`grant_of`] does.
macro_rules! tenant_of_user {
    () => {
        " LEFT JOIN LATERAL (SELECT * FROM tenants WHERE id = u.tenant_id OFFSET 0) t ON TRUE "
    };
}

/// The account `u` of that id, and its tenant, looked up as [`grant_of`] does.
macro_rules! user_of {
    ($id:literal) => {
        concat!(
            " CROSS JOIN LATERAL (SELECT * FROM users WHERE id = ",
            $id,
            " OFFSET 0) u",
            crate::rows::tenant_of_user!()
        )
    };
}

/// What [`grant_snapshot`] reads, to be joined to `grants g`.
macro_rules! grant_snapshot_joins {
    () => {
        concat!(
            crate::rows::user_of!("g.user_id"),
            "LEFT JOIN LATERAL (SELECT * FROM sessions WHERE id = g.session_id OFFSET 0) s ON TRUE "
        )
    };
}

/// Rows behind that of an id, or all of them where it is NULL: the last condition is one that an index serves.
macro_rules! behind {
    ($id:literal, $after:literal) => {
        concat!(
            "(",
            $after,
            "::uuid IS NULL OR ",
            $id,
            " > ",
            $after,
            ") AND ",
            $id,
            " >= COALESCE(",
            $after,
            ", '00000000-0000-0000-0000-000000000000')"
        )
    };
}

/// What [`session`] reads.
macro_rules! session_columns {
    () => {
        concat!(
            "s.id, s.authenticated_at, s.methods, s.created_at, s.last_seen_at, s.idle_expires_at, s.expires_at,
             s.remembered, s.ended_at, s.user_agent, s.address, s.grants_end_at, ",
            crate::rows::subject_columns!()
        )
    };
}

/// The hash that counts: the upgraded one while it was made from the one that stands in `password_hash`.
macro_rules! effective_hash {
    () => {
        "CASE WHEN u.upgraded_hash IS NOT NULL AND u.upgraded_from IS NOT DISTINCT FROM u.password_hash
              THEN u.upgraded_hash ELSE u.password_hash END"
    };
}

/// What [`credential`] reads.
macro_rules! credential_columns {
    () => {
        concat!(crate::rows::effective_hash!(), ", u.password_set_at, ", crate::rows::shared_with_older_program!())
    };
}

/// Whether an older program still reads and writes the database.
macro_rules! shared_with_older_program {
    () => {
        "EXISTS (SELECT 1 FROM settings WHERE name = 'shared_with_older_program' AND value = 'true')"
    };
}

pub(crate) use {
    account_columns, behind, credential_columns, effective_hash, grant_columns, grant_of, grant_snapshot_columns,
    grant_snapshot_joins, session_columns, shared_with_older_program, subject_columns, tenant_of_user, user_of,
};

/// Reads [`subject_columns`].
pub(crate) fn subject(row: &mut Reader<'_>) -> Result<Subject, StoreError> {
    Ok(person(row)?.subject)
}

struct Person {
    subject: Subject,
    email: String,
    username: String,
    is_verified: bool,
    updated_at: Timestamp,
}

fn person(row: &mut Reader<'_>) -> Result<Person, StoreError> {
    row.of("users");
    let id = UserId::from_uuid(row.take("id")?);
    let status = row.parse("status", AccountStatus::parse)?;
    let is_locked = row.take("is_locked")?;
    let is_admin = row.take("is_admin")?;
    let tenant: Option<Uuid> = row.take("tenant_id")?;
    let slug: Option<String> = row.take("tenant_id")?;
    let active: Option<bool> = row.take("tenant_id")?;
    let roles = row.take("roles")?;
    let groups = row.take("id")?;
    let profile: Option<Json<Profile>> = row.take("profile")?;
    let email: String = row.take("email")?;
    let is_verified = row.take("is_verified")?;
    let updated_at = row.at("updated_at")?;
    let username: String = row.take("username")?;
    let policy = row.take::<Option<&str>>("sign_in_policy")?.map(|text| Box::new(Policy::read(text)));
    let created_at = row.at("created_at")?;
    let profile =
        profile.map(|profile| profile.0).unwrap_or_default().of_account(&email, is_verified, &username, updated_at);
    let tenant = tenant.map(|id| TenantRef {
        id: TenantId::from_uuid(id),
        slug: slug.unwrap_or_default(),
        active: active.unwrap_or_default(),
    });
    let subject = Subject { id, status, is_locked, is_admin, tenant, roles, groups, profile, policy, created_at };
    Ok(Person { subject, email, username, is_verified, updated_at })
}

/// Reads [`account_columns`].
pub(crate) fn account(row: &mut Reader<'_>) -> Result<Account, StoreError> {
    let Person { subject, email, username, is_verified, updated_at } = person(row)?;
    Ok(Account {
        subject,
        email,
        is_verified,
        updated_at,
        username,
        is_locked: row.take("is_locked")?,
        reset_required: row.take("reset_required")?,
        legacy_login: row.take("legacy_login")?,
        last_login_at: row.maybe_at("last_login_at")?,
    })
}

/// Reads [`account_columns`] for the legacy answers.
pub(crate) fn legacy_account(row: &mut Reader<'_>) -> Result<LegacyAccount, StoreError> {
    let account = account(row)?;
    Ok(LegacyAccount {
        subject: account.subject,
        email: account.email,
        username: account.username,
        is_verified: account.is_verified,
        is_locked: account.is_locked,
        legacy_login: account.legacy_login,
        updated_at: account.updated_at,
    })
}

/// Reads [`credential_columns`].
pub(crate) fn credential(row: &mut Reader<'_>) -> Result<Credential, StoreError> {
    let hash: Option<String> = row.take("password_hash")?;
    let set_at = row.maybe_at("password_set_at")?;
    Ok(Credential { hash: hash.map(StoredHash::new), set_at, shared_with_older_program: row.take("password_hash")? })
}

/// Reads [`grant_columns`].
pub(crate) fn grant(row: &mut Reader<'_>) -> Result<Grant, StoreError> {
    row.of("grants");
    Ok(Grant {
        id: GrantId::from_uuid(row.take("id")?),
        user: UserId::from_uuid(row.take("user_id")?),
        client: ClientKey::from_uuid(row.take("client_id")?),
        tenant: row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid),
        session: row.take::<Option<Uuid>>("session_id")?.map(SessionId::from_uuid),
        scope: row.scopes("scopes")?,
        resources: row.take("resources")?,
        authenticated_at: row.proven("authenticated_at")?,
        methods: methods(row)?,
        created_at: row.at("created_at")?,
        revoked_at: row.maybe_at("revoked_at")?,
    })
}

/// Reads [`grant_snapshot_columns`]; nothing was asked about an access token.
pub(crate) fn grant_snapshot(row: &mut Reader<'_>) -> Result<GrantSnapshot, StoreError> {
    let grant = grant(row)?;
    let subject = subject(row)?;
    row.of("sessions");
    let (ended_at, idle, expires) =
        (row.maybe_at("ended_at")?, row.maybe_at("idle_expires_at")?, row.maybe_at("expires_at")?);
    let grants_end_at = row.maybe_at("grants_end_at")?;
    let end = |(idle_expires_at, expires_at)| SessionEnd { ended_at, idle_expires_at, expires_at, grants_end_at };
    let session = idle.zip(expires).map(end);
    Ok(GrantSnapshot { grant, subject, session, token_revoked: false })
}

/// Reads [`session_columns`].
pub(crate) fn session(row: &mut Reader<'_>) -> Result<Session, StoreError> {
    row.of("sessions");
    Ok(Session {
        id: SessionId::from_uuid(row.take("id")?),
        authenticated_at: row.proven("authenticated_at")?,
        methods: methods(row)?,
        created_at: row.at("created_at")?,
        last_seen_at: row.at("last_seen_at")?,
        idle_expires_at: row.at("idle_expires_at")?,
        expires_at: row.at("expires_at")?,
        remembered: row.take("remembered")?,
        ended_at: row.maybe_at("ended_at")?,
        user_agent: row.take("user_agent")?,
        address: row.take("address")?,
        grants_end_at: row.maybe_at("grants_end_at")?,
        subject: subject(row)?,
    })
}

/// Methods that a newer program knows and this one does not are left out.
fn methods(row: &mut Reader<'_>) -> Result<Vec<AuthenticationMethod>, StoreError> {
    Ok(row.take::<Vec<&str>>("methods")?.into_iter().filter_map(AuthenticationMethod::parse).collect())
}

/// The methods for a `text[]`.
pub(crate) fn method_names(methods: &[AuthenticationMethod]) -> Vec<&'static str> {
    methods.iter().map(|method| method.as_str()).collect()
}
