//! Accounts with everything that a migration reads of them.

use authly_cutover::account::{AuthMethod, CredentialState, TargetAccount};
use authly_directory::password::StoredHash;
use oauth_core::{
    claims::Profile,
    ids::{GroupId, TenantId, UserId},
    store::StoreError,
    subject::AccountStatus,
};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use crate::{db::Db, value::Reader};

/// The upgraded hash counts while it was made from the one that stands beside it.
macro_rules! target_query {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.tenant_id, u.email, u.username, u.profile, u.password_hash,
                    CASE WHEN u.upgraded_from IS NOT DISTINCT FROM u.password_hash THEN u.upgraded_hash END,
                    u.password_set_at, u.hash_upgraded_at, u.status, COALESCE(u.is_admin, FALSE),
                    COALESCE(u.is_verified, FALSE), u.is_locked, u.reset_required, u.legacy_login, u.roles,
                    ARRAY(SELECT m.group_id FROM group_members m WHERE m.user_id = u.id),
                    f.failures, f.locked_until, u.auth_method, u.credential_state, u.external_subject, u.imported_at,
                    u.invited_at, u.completed_at, u.last_password_login_at, u.last_login_at,
                    COALESCE(u.created_at, 'epoch'), COALESCE(u.updated_at, u.created_at, 'epoch')
               FROM users u
               LEFT JOIN LATERAL (
                 SELECT * FROM login_failures
                  WHERE user_id = u.id AND device = '\\x00000000000000000000000000000000' OFFSET 0
               ) f ON TRUE
              WHERE ",
            $rest
        )
    };
}
pub(super) use target_query;

const BY_IDS: &str = target_query!("u.id = ANY($1)");

pub(super) async fn by_ids(db: &Db, users: &[UserId]) -> Result<Vec<TargetAccount>, StoreError> {
    let ids: Vec<Uuid> = users.iter().map(|user| user.uuid()).collect();
    db.read(BY_IDS, &[&ids]).await?.iter().map(read).collect()
}

/// Reads [`target_query`].
pub(super) fn read(row: &Row) -> Result<TargetAccount, StoreError> {
    let id: Uuid = row.try_get(0).unwrap_or_default();
    let mut row = Reader::new(row, "users", &id);
    Ok(TargetAccount {
        user: UserId::from_uuid(row.take("id")?),
        tenant: row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid),
        email: row.take("email")?,
        username: row.take("username")?,
        profile: row.take::<Option<Json<Profile>>>("profile")?.map(|profile| profile.0).unwrap_or_default(),
        hash: row.take::<Option<String>>("password_hash")?.map(StoredHash::new),
        upgraded_hash: row.take::<Option<String>>("upgraded_hash")?.map(StoredHash::new),
        password_set_at: row.maybe_at("password_set_at")?,
        hash_upgraded_at: row.maybe_at("hash_upgraded_at")?,
        status: row.parse("status", AccountStatus::parse)?,
        is_admin: row.take("is_admin")?,
        is_verified: row.take("is_verified")?,
        is_locked: row.take("is_locked")?,
        reset_required: row.take("reset_required")?,
        legacy_login: row.take("legacy_login")?,
        roles: row.take("roles")?,
        groups: row.take::<Vec<Uuid>>("id")?.into_iter().map(GroupId::from_uuid).collect(),
        failures: row.take::<Option<i32>>("failures")?.and_then(|count| u32::try_from(count).ok()).unwrap_or_default(),
        locked_until: row.maybe_at("locked_until")?,
        auth_method: row.parse("auth_method", AuthMethod::parse)?,
        credential_state: row.parse("credential_state", CredentialState::parse)?,
        external_subject: row.take("external_subject")?,
        imported_at: row.maybe_at("imported_at")?,
        invited_at: row.maybe_at("invited_at")?,
        completed_at: row.maybe_at("completed_at")?,
        last_password_login_at: row.maybe_at("last_password_login_at")?,
        last_login_at: row.maybe_at("last_login_at")?,
        created_at: row.at("created_at")?,
        updated_at: row.at("updated_at")?,
    })
}
