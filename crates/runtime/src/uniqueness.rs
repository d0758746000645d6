//! Brings the store to the uniqueness of e-mail addresses that the settings name.

use authly_admin_cases::Admin;
use authly_config::Settings;
use authly_directory::{
    services::DirectoryServices,
    uniqueness::{EmailCollision, EmailUniqueness, UniquenessChange},
};

use crate::trouble::Trouble;

/// Does so where the settings name one; otherwise the store stays as it is. Refused with a list where addresses collide.
pub async fn settle<V: DirectoryServices>(settings: &Settings, admin: &Admin<V>) -> Result<(), Trouble> {
    let wanted = match settings.accounts.email_uniqueness {
        Some(authly_config::EmailUniqueness::Global) => EmailUniqueness::Global,
        Some(authly_config::EmailUniqueness::PerTenant) => EmailUniqueness::PerTenant,
        None => return Ok(()),
    };
    let changed = admin.set_email_uniqueness(wanted).await.map_err(|error| {
        let remedy = "check that the database answers, and that this user owns the table users";
        Trouble::caused("cannot change where e-mail addresses are unique", &error, remedy)
    })?;
    match changed {
        UniquenessChange::Applied => {
            tracing::warn!(
                wanted = wanted.as_json(),
                "e-mail addresses stand for one account by another rule from now on"
            );
            Ok(())
        }
        UniquenessChange::Unchanged => Ok(()),
        UniquenessChange::Collides(collisions) => Err(Trouble::new(
            "e-mail addresses cannot stand for one account in the whole installation",
            collisions.iter().map(line).collect::<Vec<_>>().join("\n"),
            "give all but one account of each line another address, or delete them, with the rule as it was: leave \
             AUTHLY_EMAIL_UNIQUENESS away, or set it to per_tenant",
        )),
        UniquenessChange::SharedWithOlderProgram => Err(Trouble::new(
            "e-mail addresses cannot stand for one account in each tenant",
            "an older program still uses this database, and it knows no tenants",
            "finish the migration first, or leave AUTHLY_EMAIL_UNIQUENESS away",
        )),
    }
}

fn line(collision: &EmailCollision) -> String {
    let users: Vec<String> = collision.users.iter().map(ToString::to_string).collect();
    format!("{} is the address of {}", collision.email, users.join(", "))
}
