//! The accounts of a batch: guards first, then everything in a handful of statements.

use authly_cutover::{
    account::TargetAccount,
    board::marks,
    store::{AccountWrite, BatchWrite},
};
use authly_directory::identifier::fold;
use tokio_postgres::Row;
use uuid::Uuid;

use super::account_rows::{Rows, Standing, rows};
use crate::{
    db::Statement,
    value::{At, at},
};

/// The accounts that still stand as they were read, locked until the end; in order of ids, so that nobody deadlocks.
const STAND: &str = "
    SELECT u.id
      FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
           AS w(id, email, username, password_hash, upgraded_hash, status, updated_at)
      JOIN users u ON u.id = ANY(ARRAY[w.id])
     WHERE u.email IS NOT DISTINCT FROM w.email AND u.username IS NOT DISTINCT FROM w.username
       AND u.password_hash IS NOT DISTINCT FROM w.password_hash
       AND CASE WHEN u.upgraded_from IS NOT DISTINCT FROM u.password_hash THEN u.upgraded_hash END
           IS NOT DISTINCT FROM w.upgraded_hash
       AND u.status IS NOT DISTINCT FROM w.status
       AND COALESCE(u.updated_at, u.created_at, 'epoch') IS NOT DISTINCT FROM w.updated_at
     ORDER BY w.id FOR UPDATE OF u";

const REMOVE: &str = "DELETE FROM users WHERE id = ANY($1)";

/// Names that no account has, so that the changes of a batch may swap theirs.
const PARK: &str = "UPDATE users SET email = 'parked:' || id, username = 'parked:' || id WHERE id = ANY($1)";

/// `$profile`, `$is_admin` ..: what stands in columns that the older program may have left empty.
macro_rules! values {
    ($is_admin:literal, $is_verified:literal, $created_at:literal, $updated_at:literal) => {
        concat!(
            "w.tenant_id, w.email, w.username, w.profile, w.password_hash, w.upgraded_hash,
             CASE WHEN w.upgraded_hash IS NOT NULL THEN w.password_hash END, w.password_set_at, w.hash_upgraded_at, w.status, ",
            $is_admin,
            ", ",
            $is_verified,
            ", w.is_locked, w.reset_required, w.legacy_login, w.roles::text[], w.auth_method, w.credential_state,
             w.external_subject, w.imported_at, w.invited_at, w.completed_at, w.last_password_login_at, w.last_login_at, ",
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
        "CASE WHEN u.is_admin IS NULL AND NOT w.is_admin THEN NULL ELSE w.is_admin END",
        "CASE WHEN u.is_verified IS NULL AND NOT w.is_verified THEN NULL ELSE w.is_verified END",
        "CASE WHEN u.created_at IS NULL AND w.created_at = 'epoch' THEN NULL ELSE w.created_at END",
        "CASE WHEN u.updated_at IS NULL AND w.updated_at = COALESCE(u.created_at, 'epoch') THEN NULL ELSE w.updated_at END"
    ),
    ") FROM ",
    rows!(),
    " WHERE u.id = ANY(ARRAY[w.id])"
);

const CREATE: &str = concat!(
    "INSERT INTO users (id, ",
    targets!(),
    ") SELECT w.id, ",
    values!("w.is_admin", "w.is_verified", "w.created_at", "w.updated_at"),
    " FROM ",
    rows!(),
    " ORDER BY w.id"
);

/// When the way to sign in changed.
const MOVE: &str = "
    UPDATE users u
       SET dual_at = CASE w.dual WHEN 'now' THEN $2 WHEN 'never' THEN NULL ELSE u.dual_at END,
           oauth_at = CASE w.oauth WHEN 'now' THEN $2 WHEN 'never' THEN NULL ELSE u.oauth_at END
      FROM unnest($1::uuid[], $3::text[], $4::text[]) AS w(id, dual, oauth)
     WHERE u.id = ANY(ARRAY[w.id])";

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

const COUNT: &str = "
    INSERT INTO login_failures (user_id, device, failures, last_failed_at, locked_until, expires_at)
    SELECT w.id, '\\x00000000000000000000000000000000', w.failures, $5::timestamptz, w.locked_until, w.expires_at
      FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::timestamptz[]) AS w(id, failures, locked_until, expires_at)";

/// The numbers of their parameters, too.
#[cfg(test)]
pub(super) const PLANNED: [(&str, usize); 8] =
    [(STAND, 7), (REMOVE, 1), (PARK, 1), (LEAVE, 1), (FORGET, 1), (CHANGE, 26), (MOVE, 4), (TAKEN, 3)];

/// What is asked for the accounts of a batch, and by which answers its guards hold.
pub(super) struct Script<'a> {
    sorted: Sorted<'a>,
    at: At,
}

/// Where in the answers those of the guards are.
pub(super) struct Guards {
    stand: Option<(usize, usize)>,
    taken: Option<usize>,
}

impl Guards {
    /// Whether every account stands as it was read, and no name is taken.
    pub(super) fn hold(&self, answers: &[Vec<Row>]) -> bool {
        let rows = |place: usize| answers.get(place).map_or(0, Vec::len);
        self.stand.is_none_or(|(place, wanted)| rows(place) == wanted)
            && self.taken.is_none_or(|place| rows(place) == 0)
    }
}

impl<'a> Script<'a> {
    pub(super) fn of(batch: &'a BatchWrite) -> Self {
        let mut sorted = Sorted::default();
        batch.accounts.iter().for_each(|write| sorted.take(batch, write));
        Self { sorted, at: At(batch.at) }
    }

    /// The statements in their order: guards first, then everything at once.
    pub(super) fn statements<'s>(&'s self, script: &mut Vec<Statement<'s>>) -> Guards {
        let sorted = &self.sorted;
        let mut guards = Guards { stand: None, taken: None };
        if !sorted.guards.ids.is_empty() {
            guards.stand = Some((script.len(), sorted.guards.ids.len()));
            script.push((STAND, sorted.guards.params()));
        }
        for (sql, ids) in
            [(REMOVE, &sorted.removed), (PARK, &sorted.parked), (LEAVE, &sorted.leaving), (FORGET, &sorted.counted)]
        {
            if !ids.is_empty() {
                script.push((sql, vec![ids]));
            }
        }
        for (sql, rows) in [(CHANGE, &sorted.changed), (CREATE, &sorted.created)] {
            if !rows.is_empty() {
                script.push((sql, rows.params()));
            }
        }
        let (users, dual, oauth) = &sorted.moved;
        if !users.is_empty() {
            script.push((MOVE, vec![users, &self.at, dual, oauth]));
        }
        let (users, emails, usernames) = &sorted.names;
        if !users.is_empty() {
            guards.taken = Some(script.len());
            script.push((TAKEN, vec![users, emails, usernames]));
        }
        if !sorted.members.is_empty() {
            script.push((JOIN, vec![&sorted.members, &sorted.groups]));
        }
        let FailureRows { users, counts, locked_until, forgotten_at } = &sorted.failures;
        if !users.is_empty() {
            script.push((COUNT, vec![users, counts, locked_until, forgotten_at, &self.at]));
        }
        guards
    }
}

/// What each statement gets.
#[derive(Default)]
struct Sorted<'a> {
    guards: Standing<'a>,
    removed: Vec<Uuid>,
    parked: Vec<Uuid>,
    leaving: Vec<Uuid>,
    counted: Vec<Uuid>,
    changed: Rows<'a>,
    created: Rows<'a>,
    /// Accounts that change the way they sign in, and what becomes of `dual_at` and `oauth_at`.
    moved: (Vec<Uuid>, Vec<&'static str>, Vec<&'static str>),
    names: (Vec<Uuid>, Vec<String>, Vec<String>),
    members: Vec<Uuid>,
    groups: Vec<Uuid>,
    failures: FailureRows,
}

#[derive(Default)]
struct FailureRows {
    users: Vec<Uuid>,
    counts: Vec<i32>,
    locked_until: Vec<Option<At>>,
    forgotten_at: Vec<At>,
}

impl<'a> Sorted<'a> {
    fn take(&mut self, batch: &BatchWrite, write: &'a AccountWrite) {
        match write {
            AccountWrite::Remove(from) => {
                self.guards.push(from);
                self.removed.push(from.user.uuid());
            }
            AccountWrite::Change { from, to } => {
                self.guards.push(from);
                self.changed.push(to);
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
                    self.count(batch, to);
                }
            }
            AccountWrite::Create(account) => {
                self.created.push(account);
                self.name(account);
                self.join(account);
                self.count(batch, account);
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

    fn count(&mut self, batch: &BatchWrite, account: &TargetAccount) {
        if let Some(failures) = batch.failures_of(account) {
            self.failures.users.push(account.user.uuid());
            self.failures.counts.push(i32::try_from(failures.count).unwrap_or(i32::MAX));
            self.failures.locked_until.push(at(failures.locked_until));
            self.failures.forgotten_at.push(At(failures.forgotten_at));
        }
    }
}
