//! An account for somebody who has none: from what the provider has verified, and nothing else.

use oauth_core::{
    audit::AuditKind,
    claims::Profile,
    ids::{TenantId, UserId},
    store::{StoreError, StoreErrorKind},
    subject::AccountStatus,
    time::Timestamp,
};

use super::{Arrival, UpstreamRefused};
use crate::{
    account::{Account, NewAccount},
    directory::Directory,
    identifier::EmailAddress,
    services::DirectoryServices,
    store::AccountRepository as _,
};

/// How often another user name is tried.
const TRIES: usize = 4;

impl<V: DirectoryServices> Directory<V> {
    /// Makes an account; `None` if somebody has taken the address meanwhile. It has no password, no role but `user`, and its address is verified.
    pub(super) async fn provision(
        &self,
        arrival: &Arrival<'_>,
        tenant: Option<TenantId>,
        now: Timestamp,
    ) -> Result<Option<Account>, UpstreamRefused> {
        let claimed = arrival.identity.email.as_ref().map(|email| email.address.as_str()).unwrap_or_default();
        let Some(email) = EmailAddress::parse(claimed) else { return Err(super::Refusal::EmailUnverified.into()) };
        for attempt in 0..TRIES {
            let id = UserId::generate(now, self.services().random());
            let username = match attempt {
                0 => email.as_str().to_owned(),
                _ => self.suffixed(email.as_str().split('@').next().unwrap_or("user")),
            };
            let account = NewAccount {
                id,
                tenant,
                email: email.as_str().to_owned(),
                username,
                hash: None,
                older_hash: None,
                is_verified: true,
                is_admin: false,
                status: AccountStatus::Active,
                roles: vec!["user".to_owned()],
                profile: Profile { name: arrival.identity.name.clone(), ..Profile::default() },
                created_at: now,
            };
            let mut audit = self.audit_of(AuditKind::AccountCreated, arrival, now);
            audit.user = Some(id);
            match self.services().accounts().create_account(account, audit).await {
                Ok(()) => return Ok(self.account_of(id).await?),
                Err(StoreError { kind: StoreErrorKind::Conflict("users.username"), .. }) => {}
                Err(StoreError { kind: StoreErrorKind::Conflict("users.email"), .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Err(UpstreamRefused::Contended)
    }
}
