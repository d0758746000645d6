//! Where an e-mail address stands for one account only, and the change from one kind to the other.
//!
//! The older program made addresses unique by an index of its own; it goes where each tenant has its own addresses.

use authly_directory::uniqueness::{EmailCollision, EmailUniqueness, MOST_COLLISIONS, UniquenessChange};
use oauth_core::{audit::AuditEvent, ids::UserId, store::StoreError};
use uuid::Uuid;

use crate::{
    catalog::{PUT_SETTING, finish},
    db::{Gate, Steps},
    error::Trouble,
    rows,
    store::PgStore,
    value::{At, Reader},
};

/// Whether addresses stand for one account in each tenant.
macro_rules! per_tenant {
    () => {
        "EXISTS (SELECT 1 FROM settings WHERE name = 'email_uniqueness' AND value = '\"per_tenant\"')"
    };
}
pub(crate) use per_tenant;

const STORED: &str = concat!("SELECT ", per_tenant!(), ", ", rows::shared_with_older_program!());

const COLLISIONS: &str = "
    SELECT lower(email), array_agg(id ORDER BY id) FROM users
     GROUP BY lower(email) HAVING count(*) > 1 ORDER BY lower(email) LIMIT $1";

/// The unique keys over the address alone have names of their own in adopted databases.
const DROP_GLOBAL: &str = "
    DO $$
    DECLARE found RECORD;
    BEGIN
        FOR found IN
            SELECT c.conname FROM pg_constraint c
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum]
             WHERE c.conrelid = to_regclass('users') AND c.contype = 'u' AND a.attname = 'email'
        LOOP
            EXECUTE format('ALTER TABLE users DROP CONSTRAINT %I', found.conname);
        END LOOP;
        FOR found IN
            SELECT i.indexrelid::regclass AS name FROM pg_index i
              JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
             WHERE i.indrelid = to_regclass('users') AND i.indisunique AND i.indnatts = 1 AND i.indpred IS NULL
               AND i.indexprs IS NULL AND a.attname = 'email'
        LOOP
            EXECUTE format('DROP INDEX %s', found.name);
        END LOOP;
    END
    $$";

const ADD_PER_TENANT: [&str; 2] = [
    "CREATE UNIQUE INDEX idx_users_tenant_email ON users (tenant_id, email)",
    "CREATE UNIQUE INDEX idx_users_email_without_tenant ON users (email) WHERE tenant_id IS NULL",
];

const DROP_PER_TENANT: [&str; 2] =
    ["DROP INDEX IF EXISTS idx_users_tenant_email", "DROP INDEX IF EXISTS idx_users_email_without_tenant"];

const ADD_GLOBAL: &str = "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email)";

impl PgStore {
    pub(crate) async fn stored_uniqueness(&self) -> Result<EmailUniqueness, StoreError> {
        let Some(row) = self.db().read_one(STORED, &[]).await? else { return Ok(EmailUniqueness::Global) };
        let per_tenant: bool = Reader::new(&row, "settings", &EmailUniqueness::SETTING).take("value")?;
        Ok(if per_tenant { EmailUniqueness::PerTenant } else { EmailUniqueness::Global })
    }

    /// Behind the gate that every new name passes, so that none comes in between.
    pub(crate) async fn change_uniqueness(
        &self,
        wanted: EmailUniqueness,
        audit: AuditEvent,
    ) -> Result<UniquenessChange, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin_behind(Gate::Accounts, &mut client).await?;
        let rows = steps.run(STORED, &[]).await?;
        let told = |column: usize| rows.first().and_then(|row| row.try_get::<_, bool>(column).ok()).unwrap_or_default();
        if told(0) == (wanted == EmailUniqueness::PerTenant) {
            return Ok(UniquenessChange::Unchanged);
        }
        match wanted {
            EmailUniqueness::PerTenant if told(1) => return Ok(UniquenessChange::SharedWithOlderProgram),
            EmailUniqueness::PerTenant => divide(&steps).await?,
            EmailUniqueness::Global => {
                let collisions = collisions(&steps).await?;
                if !collisions.is_empty() {
                    return Ok(UniquenessChange::Collides(collisions));
                }
                unite(&steps).await?;
            }
        }
        steps.change(PUT_SETTING, &[&EmailUniqueness::SETTING, &wanted.as_json(), &At(audit.at)]).await?;
        finish(steps, audit).await?;
        Ok(UniquenessChange::Applied)
    }
}

async fn divide(steps: &Steps<'_>) -> Result<(), Trouble> {
    steps.change(DROP_GLOBAL, &[]).await?;
    for sql in ADD_PER_TENANT {
        steps.change(sql, &[]).await?;
    }
    Ok(())
}

async fn unite(steps: &Steps<'_>) -> Result<(), Trouble> {
    for sql in DROP_PER_TENANT {
        steps.change(sql, &[]).await?;
    }
    steps.change(ADD_GLOBAL, &[]).await.map(drop)
}

async fn collisions(steps: &Steps<'_>) -> Result<Vec<EmailCollision>, StoreError> {
    let most = i64::try_from(MOST_COLLISIONS).unwrap_or(i64::MAX);
    let rows = steps.run(COLLISIONS, &[&most]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Reader::new(row, "users", &"-");
            let email = row.take("email")?;
            let users = row.take::<Vec<Uuid>>("id")?.into_iter().map(UserId::from_uuid).collect();
            Ok(EmailCollision { email, users })
        })
        .collect()
}
