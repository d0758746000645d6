//! The accounts of a batch: guards first, then everything in a handful of statements.

use authly_cutover::{
    account::TargetAccount,
    board::marks,
    store::{AccountWrite, BatchWrite},
};
use authly_directory::{identifier::fold, password::StoredHash};
use oauth_core::{ids::TenantId, store::StoreError, time::Timestamp};
use serde_json::{Value, json};
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::instant;
use crate::{db::Steps, value::At};

/// The accounts that still stand as they were read, locked until the end; in order of ids, so that nobody deadlocks.
const STAND: &str = concat!(
    "SELECT u.id
       FROM jsonb_to_recordset($1) AS w(id uuid, email text, username text, password_hash text, upgraded_hash text, status text,
                                        updated_at bigint)
       JOIN users u ON u.id = w.id
      WHERE u.email = w.email AND u.username = w.username AND u.password_hash IS NOT DISTINCT FROM w.password_hash
        AND CASE WHEN u.upgraded_from IS NOT DISTINCT FROM u.password_hash THEN u.upgraded_hash END
            IS NOT DISTINCT FROM w.upgraded_hash
        AND u.status = w.status AND COALESCE(u.updated_at, u.created_at, 'epoch') = ",
    instant!("w.updated_at"),
    " ORDER BY u.id FOR UPDATE OF u"
);

const REMOVE: &str = "DELETE FROM users WHERE id = ANY($1)";

/// Names that no account has, so that the changes of a batch may swap theirs.
const PARK: &str = "UPDATE users SET email = 'parked:' || id, username = 'parked:' || id WHERE id = ANY($1)";

macro_rules! columns {
    () => {
        "id uuid, tenant_id uuid, email text, username text, profile jsonb, password_hash text, upgraded_hash text,
         password_set_at bigint, hash_upgraded_at bigint, status text, is_admin boolean, is_verified boolean,
         is_locked boolean, reset_required boolean, legacy_login boolean, roles jsonb, auth_method text,
         credential_state text, external_subject text, imported_at bigint, invited_at bigint, completed_at bigint,
         last_password_login_at bigint, last_login_at bigint, created_at bigint, updated_at bigint"
    };
}

/// `$profile`, `$is_admin` ..: what stands in columns that the older program may have left empty.
macro_rules! values {
    ($profile:expr, $is_admin:expr, $is_verified:expr, $created_at:expr, $updated_at:expr) => {
        concat!(
            "w.tenant_id, w.email, w.username, ",
            $profile,
            ", w.password_hash, w.upgraded_hash,
             CASE WHEN w.upgraded_hash IS NOT NULL THEN w.password_hash END, ",
            instant!("w.password_set_at"),
            ", ",
            instant!("w.hash_upgraded_at"),
            ", w.status, ",
            $is_admin,
            ", ",
            $is_verified,
            ", w.is_locked, w.reset_required, w.legacy_login,
             ARRAY(SELECT jsonb_array_elements_text(w.roles)), w.auth_method, w.credential_state, w.external_subject, ",
            instant!("w.imported_at"),
            ", ",
            instant!("w.invited_at"),
            ", ",
            instant!("w.completed_at"),
            ", ",
            instant!("w.last_password_login_at"),
            ", ",
            instant!("w.last_login_at"),
            ", ",
            $created_at,
            ", ",
            $updated_at
        )
    };
}

macro_rules! targets {
    () => {
        "tenant_id, email, username, profile, password_hash, upgraded_hash, upgraded_from, password_set_at, hash_upgraded_at,
         status, is_admin, is_verified, is_locked, reset_required, legacy_login, roles, auth_method, credential_state,
         external_subject, imported_at, invited_at, completed_at, last_password_login_at, last_login_at, created_at, updated_at"
    };
}

/// A column that is empty and is to say what empty means stays empty, so that taking a change back is exact.
const CHANGE: &str = concat!(
    "UPDATE users u SET (",
    targets!(),
    ") = ROW (",
    values!(
        "w.profile",
        "CASE WHEN u.is_admin IS NULL AND NOT w.is_admin THEN NULL ELSE w.is_admin END",
        "CASE WHEN u.is_verified IS NULL AND NOT w.is_verified THEN NULL ELSE w.is_verified END",
        concat!(
            "CASE WHEN u.created_at IS NULL AND w.created_at = 0 THEN NULL ELSE ",
            instant!("w.created_at"),
            " END"
        ),
        concat!(
            "CASE WHEN u.updated_at IS NULL AND ",
            instant!("w.updated_at"),
            " = COALESCE(u.created_at, 'epoch') THEN NULL ELSE ",
            instant!("w.updated_at"),
            " END"
        )
    ),
    ") FROM jsonb_to_recordset($1) AS w(",
    columns!(),
    ") WHERE u.id = w.id"
);

const CREATE: &str = concat!(
    "INSERT INTO users (id, ",
    targets!(),
    ") SELECT w.id, ",
    values!("w.profile", "w.is_admin", "w.is_verified", instant!("w.created_at"), instant!("w.updated_at")),
    " FROM jsonb_to_recordset($1) AS w(",
    columns!(),
    ") ORDER BY w.id"
);

/// When the way to sign in changed.
const MOVE: &str = "
    UPDATE users u
       SET dual_at = CASE w.dual WHEN 'now' THEN $2 WHEN 'never' THEN NULL ELSE u.dual_at END,
           oauth_at = CASE w.oauth WHEN 'now' THEN $2 WHEN 'never' THEN NULL ELSE u.oauth_at END
      FROM unnest($1::uuid[], $3::text[], $4::text[]) AS w(id, dual, oauth)
     WHERE u.id = w.id";

/// Names are unique by folded form, addresses perhaps in their tenant only; behind the gate nobody else writes any.
const TAKEN: &str = concat!(
    "SELECT 1 FROM unnest($1::uuid[], $2::text[], $3::text[]) AS w(id, email, username)
     WHERE EXISTS (SELECT 1 FROM users u
                    WHERE lower(u.email) = w.email AND u.id <> w.id
                      AND (u.tenant_id IS NOT DISTINCT FROM (SELECT m.tenant_id FROM users m WHERE m.id = w.id) OR NOT ",
    crate::uniqueness::per_tenant!(),
    "))
        OR EXISTS (SELECT 1 FROM users u WHERE lower(u.username) = w.username AND u.id <> w.id)
     LIMIT 1"
);

const LEAVE: &str = "DELETE FROM group_members WHERE user_id = ANY($1)";

const JOIN: &str = "INSERT INTO group_members (user_id, group_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])";

const FORGET: &str = "
    DELETE FROM login_failures WHERE user_id = ANY($1) AND device = '\\x00000000000000000000000000000000'";

/// Failures that came along are forgotten when the lock ends, and otherwise when the batch says.
const COUNT: &str = concat!(
    "INSERT INTO login_failures (user_id, device, failures, last_failed_at, locked_until, expires_at)
     SELECT w.id, '\\x00000000000000000000000000000000', w.failures, $2::timestamptz, ",
    instant!("w.locked_until"),
    ", COALESCE(",
    instant!("w.locked_until"),
    ", $3::timestamptz)
       FROM jsonb_to_recordset($1) AS w(id uuid, failures integer, locked_until bigint)"
);

/// Writes them; `false` if a guard does not hold or a name is taken.
pub(super) async fn write(steps: &Steps<'_>, batch: &BatchWrite) -> Result<bool, StoreError> {
    let writes = &batch.accounts;
    if writes.is_empty() {
        return Ok(true);
    }
    let mut sorted = Sorted::default();
    writes.iter().for_each(|write| sorted.take(write));
    if !sorted.guards.is_empty() {
        let wanted = sorted.guards.len();
        if steps.run(STAND, &[&Json(Value::Array(sorted.guards))]).await?.len() != wanted {
            return Ok(false);
        }
    }
    for (sql, ids) in
        [(REMOVE, &sorted.removed), (PARK, &sorted.parked), (LEAVE, &sorted.leaving), (FORGET, &sorted.counted)]
    {
        if !ids.is_empty() {
            steps.change(sql, &[ids]).await?;
        }
    }
    for (sql, rows) in [(CHANGE, sorted.changed), (CREATE, sorted.created)] {
        if !rows.is_empty() {
            steps.change(sql, &[&Json(Value::Array(rows))]).await?;
        }
    }
    if !sorted.moved.0.is_empty() {
        let (users, dual, oauth) = sorted.moved;
        steps.change(MOVE, &[&users, &At(batch.at), &dual, &oauth]).await?;
    }
    let (users, emails, usernames) = sorted.names;
    if !steps.run(TAKEN, &[&users, &emails, &usernames]).await?.is_empty() {
        return Ok(false);
    }
    if !sorted.members.is_empty() {
        let (users, groups) = (sorted.members, sorted.groups);
        steps.change(JOIN, &[&users, &groups]).await?;
    }
    if !sorted.failures.is_empty() {
        steps
            .change(COUNT, &[&Json(Value::Array(sorted.failures)), &At(batch.at), &At(batch.forget_failures_at)])
            .await?;
    }
    Ok(true)
}

/// What each statement gets.
#[derive(Default)]
struct Sorted {
    guards: Vec<Value>,
    removed: Vec<Uuid>,
    parked: Vec<Uuid>,
    leaving: Vec<Uuid>,
    counted: Vec<Uuid>,
    changed: Vec<Value>,
    created: Vec<Value>,
    /// Accounts that change the way they sign in, and what becomes of `dual_at` and `oauth_at`.
    moved: (Vec<Uuid>, Vec<&'static str>, Vec<&'static str>),
    names: (Vec<Uuid>, Vec<String>, Vec<String>),
    members: Vec<Uuid>,
    groups: Vec<Uuid>,
    failures: Vec<Value>,
}

impl Sorted {
    fn take(&mut self, write: &AccountWrite) {
        match write {
            AccountWrite::Remove(from) => {
                self.guards.push(guard(from));
                self.removed.push(from.user.uuid());
            }
            AccountWrite::Change { from, to } => {
                self.guards.push(guard(from));
                self.changed.push(row(to));
                if let Some((dual, oauth)) = marks(from.auth_method, to.auth_method) {
                    self.moved.0.push(to.user.uuid());
                    self.moved.1.push(dual.as_str());
                    self.moved.2.push(oauth.as_str());
                }
                if from.email != to.email || from.username != to.username {
                    self.parked.push(to.user.uuid());
                    self.name(to);
                }
                if from.groups != to.groups {
                    self.leaving.push(to.user.uuid());
                    self.join(to);
                }
                if (from.failures, from.locked_until) != (to.failures, to.locked_until) {
                    self.counted.push(to.user.uuid());
                    self.count(to);
                }
            }
            AccountWrite::Create(account) => {
                self.created.push(row(account));
                self.name(account);
                self.join(account);
                self.count(account);
            }
        }
    }

    fn name(&mut self, account: &TargetAccount) {
        self.names.0.push(account.user.uuid());
        self.names.1.push(fold(&account.email));
        self.names.2.push(fold(&account.username));
    }

    fn join(&mut self, account: &TargetAccount) {
        self.members.extend(account.groups.iter().map(|_| account.user.uuid()));
        self.groups.extend(account.groups.iter().map(|group| group.uuid()));
    }

    fn count(&mut self, account: &TargetAccount) {
        if account.failures > 0 || account.locked_until.is_some() {
            let TargetAccount { user, failures, locked_until, .. } = account;
            self.failures.push(json!({"id": user.uuid(), "failures": failures, "locked_until": micros(*locked_until)}));
        }
    }
}

fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::micros)
}

fn guard(from: &TargetAccount) -> Value {
    json!({
        "id": from.user.uuid(),
        "email": from.email,
        "username": from.username,
        "password_hash": from.hash.as_ref().map(StoredHash::expose),
        "upgraded_hash": from.upgraded_hash.as_ref().map(StoredHash::expose),
        "status": from.status.as_str(),
        "updated_at": from.updated_at.micros(),
    })
}

fn row(account: &TargetAccount) -> Value {
    json!({
        "id": account.user.uuid(),
        "tenant_id": account.tenant.map(TenantId::uuid),
        "email": account.email,
        "username": account.username,
        "profile": account.profile,
        "password_hash": account.hash.as_ref().map(StoredHash::expose),
        "upgraded_hash": account.upgraded_hash.as_ref().map(StoredHash::expose),
        "password_set_at": micros(account.password_set_at),
        "hash_upgraded_at": micros(account.hash_upgraded_at),
        "status": account.status.as_str(),
        "is_admin": account.is_admin,
        "is_verified": account.is_verified,
        "is_locked": account.is_locked,
        "reset_required": account.reset_required,
        "legacy_login": account.legacy_login,
        "roles": account.roles,
        "auth_method": account.auth_method.as_str(),
        "credential_state": account.credential_state.as_str(),
        "external_subject": account.external_subject,
        "imported_at": micros(account.imported_at),
        "invited_at": micros(account.invited_at),
        "completed_at": micros(account.completed_at),
        "last_password_login_at": micros(account.last_password_login_at),
        "last_login_at": micros(account.last_login_at),
        "created_at": account.created_at.micros(),
        "updated_at": account.updated_at.micros(),
    })
}
