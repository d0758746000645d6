//! The view `auth_users`: accounts under the names that some applications know (C-08).

use tokio_postgres::Client;

use super::SchemaError;

/// Made anew each time: what it shows may grow.
const MAKE: &str = "
    DROP VIEW IF EXISTS auth_users;
    CREATE VIEW auth_users AS
    SELECT u.id, u.email, u.username,
           CASE WHEN u.upgraded_from = u.password_hash THEN u.upgraded_hash ELSE u.password_hash::text END AS password_hash,
           CASE WHEN u.status = 'active' AND NOT COALESCE(u.is_verified, FALSE) THEN 'pending_verification' ELSE u.status END
             AS status,
           CASE WHEN COALESCE(u.is_admin, FALSE) AND NOT 'admin' = ANY(u.roles) THEN u.roles || 'admin'::text ELSE u.roles END
             AS roles,
           u.is_locked,
           COALESCE((SELECT sum(f.failures) FROM login_failures f WHERE f.user_id = u.id), 0)::integer
             AS failed_login_attempts,
           (SELECT max(f.last_failed_at) FROM login_failures f WHERE f.user_id = u.id AND f.locked_until IS NOT NULL)
             AS locked_at,
           CASE WHEN u.is_locked THEN 'administrator' END AS lock_reason,
           u.created_at, u.updated_at,
           CASE WHEN COALESCE(u.is_verified, FALSE) THEN u.created_at END AS verified_at,
           u.last_login_at
      FROM users u";

const OTHER: &str = "
    SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'auth_users' AND relkind <> 'v'
                      AND relnamespace = to_regnamespace(current_schema()))";

/// Makes the view; something else of that name is left alone and told.
pub(super) async fn make(client: &mut Client) -> Result<(), SchemaError> {
    if client.query_one(OTHER, &[]).await?.try_get(0)? {
        return Err(SchemaError::Failed("auth_users is there already and is not a view".to_owned()));
    }
    let transaction = client.transaction().await?;
    transaction.batch_execute(MAKE).await?;
    Ok(transaction.commit().await?)
}
