//! What is left of a deleted account, and what is not.

use authly_directory::account::Tombstone;
use oauth_core::{ids::UserId, store::RevocationReason, time::Timestamp};

use crate::{db::Steps, error::Trouble, value::At};

/// Nothing that tells of the person stays in the row; an older program finds neither name nor password.
const BURY: &str = "
    UPDATE users
       SET status = 'deleted', email = $2, username = $3, password_hash = NULL, upgraded_hash = NULL, upgraded_from = NULL,
           hash_upgraded_at = NULL, is_verified = FALSE, is_admin = FALSE, is_locked = FALSE, reset_required = FALSE,
           legacy_login = FALSE, roles = '{}', profile = NULL, last_login_at = NULL, updated_at = $4
     WHERE id = $1 AND status <> 'deleted'";

/// A session's row tells of browsers and addresses.
const END_SESSIONS: &str = "
    UPDATE sessions SET ended_at = COALESCE(ended_at, $2), user_agent = NULL, address = NULL WHERE user_id = $1";

const REVOKE_GRANTS: &str = "
    UPDATE grants SET revoked_at = $2, revoked_reason = $3 WHERE user_id = $1 AND revoked_at IS NULL";

const END_TOKENS: &str = "UPDATE tokens SET invalidated = TRUE WHERE user_id = $1 AND invalidated IS NOT TRUE";

/// Rows that nothing else hangs on; codes without a grant are the older program's.
const FORGET: [&str; 9] = [
    "DELETE FROM api_keys WHERE user_id = $1",
    "DELETE FROM authorization_codes WHERE user_id = $1 AND grant_id IS NULL",
    "DELETE FROM consents WHERE user_id = $1",
    "DELETE FROM email_links WHERE user_id = $1",
    "DELETE FROM group_members WHERE user_id = $1",
    "DELETE FROM invitations WHERE user_id = $1",
    "DELETE FROM login_failures WHERE user_id = $1",
    "DELETE FROM mail_outbox WHERE user_id = $1",
    "DELETE FROM upstream_links WHERE user_id = $1",
];

/// Turns the account into a tombstone; returns how many accounts that were.
pub(crate) async fn bury(steps: &Steps<'_>, user: UserId, at: Timestamp) -> Result<u64, Trouble> {
    let Tombstone { email, username } = Tombstone::of(user);
    let (id, at) = (user.uuid(), At(at));
    let buried = steps.change(BURY, &[&id, &email, &username, &at]).await?;
    if buried == 0 {
        return Ok(0);
    }
    steps.change(END_SESSIONS, &[&id, &at]).await?;
    steps.change(REVOKE_GRANTS, &[&id, &at, &RevocationReason::Administrator.as_str()]).await?;
    steps.change(END_TOKENS, &[&id]).await?;
    for sql in FORGET {
        steps.change(sql, &[&id]).await?;
    }
    Ok(buried)
}
