//! Where an e-mail address stands for one account only, and the change from one kind to the other.

use authly_directory::{
    identifier::fold,
    uniqueness::{EmailCollision, EmailUniqueness, MOST_COLLISIONS, UniquenessChange},
};
use oauth_core::{
    audit::AuditEvent,
    ids::{TenantId, UserId},
};
use rusqlite::params;

use crate::{catalog, db::Db, error::Outcome};

const STORED: &str = "SELECT value FROM settings WHERE name = ?1";

/// What holds in this store.
pub(crate) fn stored(db: Db<'_>) -> Outcome<EmailUniqueness> {
    let value = db.one(STORED, [EmailUniqueness::SETTING], |row| row.value::<String>("settings.value"))?;
    Ok(EmailUniqueness::stored(value.as_deref()))
}

/// What must be unique of an address: `email_folded`.
pub(crate) fn email_key(uniqueness: EmailUniqueness, email: &str, tenant: Option<TenantId>) -> String {
    match (uniqueness, tenant) {
        (EmailUniqueness::PerTenant, Some(tenant)) => format!("{}\u{1f}{}", fold(email), tenant.uuid().simple()),
        _ => fold(email),
    }
}

const KEY_PER_TENANT: &str = "UPDATE users SET email_folded = email_search || char(31) || lower(hex(tenant_id)) \
                              WHERE tenant_id IS NOT NULL";

const KEY_GLOBAL: &str = "UPDATE users SET email_folded = email_search WHERE email_folded <> email_search";

const COLLISIONS: &str = "SELECT email_search, id FROM users WHERE email_search IN \
                          (SELECT email_search FROM users GROUP BY email_search HAVING count(*) > 1 \
                           ORDER BY email_search LIMIT ?1) ORDER BY email_search, id";

/// Changes what holds, with every row that it concerns.
pub(crate) fn change(db: Db<'_>, wanted: EmailUniqueness, event: &AuditEvent) -> Outcome<UniquenessChange> {
    if stored(db)? == wanted {
        return Ok(UniquenessChange::Unchanged);
    }
    match wanted {
        EmailUniqueness::PerTenant => db.run(KEY_PER_TENANT, [])?,
        EmailUniqueness::Global => {
            let collisions = collisions(db)?;
            if !collisions.is_empty() {
                return Ok(UniquenessChange::Collides(collisions));
            }
            db.run(KEY_GLOBAL, [])?
        }
    };
    catalog::put_setting(db, EmailUniqueness::SETTING, wanted.as_json(), event)?;
    Ok(UniquenessChange::Applied)
}

fn collisions(db: Db<'_>) -> Outcome<Vec<EmailCollision>> {
    let most = i64::try_from(MOST_COLLISIONS).unwrap_or(i64::MAX);
    let rows = db.all(COLLISIONS, params![most], |row| {
        Ok((row.value::<String>("users.email_folded")?, row.id("users.id", UserId::from_uuid)?))
    })?;
    let mut found: Vec<EmailCollision> = Vec::new();
    for (email, user) in rows {
        match found.last_mut().filter(|last| last.email == email) {
            Some(last) => last.users.push(user),
            None => found.push(EmailCollision { email, users: vec![user] }),
        }
    }
    Ok(found)
}
