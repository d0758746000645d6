//! What is left of a deleted account, and what is not.

use authly_directory::{account::Tombstone, identifier::fold};
use oauth_core::{
    audit::AuditEvent,
    ids::UserId,
    store::{Commit, RevocationReason},
    time::Timestamp,
};
use rusqlite::params;

use crate::{audit, db::Db, error::Outcome, sessions};

/// Nothing that tells of the person stays in the row.
const BURY: &str = "UPDATE users SET status = 'deleted', email = ?2, email_folded = ?3, username = ?4, \
                    username_folded = ?5, password_hash = NULL, upgraded_hash = NULL, password_set_at = NULL, \
                    is_admin = 0, is_verified = 0, is_locked = 0, reset_required = 0, legacy_login = 0, roles = '[]', \
                    profile = '{}', last_login_at = NULL, updated_at = ?6 WHERE id = ?1 AND status <> 'deleted'";

/// A session's row tells of browsers and addresses.
const CLEAR_SESSIONS: &str = "UPDATE sessions SET user_agent = NULL, address = NULL WHERE user_id = ?1";

const END_TOKENS: &str = "UPDATE tokens SET invalidated = TRUE WHERE user_id = ?1 AND invalidated = FALSE";

/// Rows that nothing else hangs on.
const FORGET: [&str; 8] = [
    "DELETE FROM api_keys WHERE user_id = ?1",
    "DELETE FROM consents WHERE user_id = ?1",
    "DELETE FROM email_links WHERE user_id = ?1",
    "DELETE FROM group_members WHERE user_id = ?1",
    "DELETE FROM invitations WHERE user_id = ?1",
    "DELETE FROM login_failures WHERE user_id = ?1",
    "DELETE FROM mail_outbox WHERE user_id = ?1",
    "DELETE FROM upstream_links WHERE user_id = ?1",
];

/// Turns the account into a tombstone.
pub(crate) fn bury(db: Db<'_>, user: UserId, at: Timestamp, event: &AuditEvent) -> Outcome<Commit> {
    let Tombstone { email, username } = Tombstone::of(user);
    let (mail_key, name_key) = (fold(&email), fold(&username));
    if db.run(BURY, params![user.uuid(), email, mail_key, username, name_key, at.micros()])? == 0 {
        return Ok(Commit::Lost);
    }
    sessions::end_everything(db, user, at, RevocationReason::Administrator)?;
    db.run(CLEAR_SESSIONS, [user.uuid()])?;
    db.run(END_TOKENS, [user.uuid()])?;
    for sql in FORGET {
        db.run(sql, [user.uuid()])?;
    }
    audit::write(db, event)?;
    Ok(Commit::Applied)
}
