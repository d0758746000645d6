//! Accounts and credentials in memory.

use oauth_core::{
    audit::AuditEvent,
    catalog::TenantRecord,
    ids::UserId,
    store::{Commit, StoreError, StoreErrorKind},
    subject::{AccountStatus, Subject, TenantRef},
    time::Timestamp,
};

use super::{MemoryDirectory, with_claims};
use crate::{
    account::{Account, AccountChange, Credential, NewAccount},
    identifier::{Identifier, fold},
    password::StoredHash,
    store::{AccountCounts, AccountQuery, AccountRepository, Attempt, Candidate, PasswordChange, Replace, SignIn},
};

impl AccountRepository for MemoryDirectory {
    async fn begin_sign_in(&self, attempt: Attempt) -> Result<Vec<Candidate>, StoreError> {
        self.reachable()?;
        Ok(self.begin(&attempt))
    }

    async fn complete_sign_in(&self, write: SignIn) -> Result<Commit, StoreError> {
        self.reachable()?;
        self.complete(write)
    }

    async fn upgrade_hash(
        &self,
        user: UserId,
        verified: StoredHash,
        better: StoredHash,
        _at: Timestamp,
    ) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let person = people.accounts.get_mut(&user).filter(|person| person.hash.as_ref() == Some(&verified));
        let Some(person) = person else { return Ok(Commit::Lost) };
        person.hash = Some(better);
        Ok(Commit::Applied)
    }

    async fn set_password(&self, write: PasswordChange) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let Some(person) = people.accounts.get(&write.user) else { return Ok(Commit::Lost) };
        if matches!(&write.replaces, Replace::This(hash) if person.hash.as_ref() != Some(hash)) {
            return Ok(Commit::Lost);
        }
        let account = Account { reset_required: false, updated_at: write.at, ..person.account.clone() };
        self.keep(&mut people, account, Some(write.hash));
        people.failures.retain(|(user, _), _| *user != write.user);
        self.store.end_legacy_tokens(write.user);
        write.audit.into_iter().for_each(|event| self.store.record(event));
        Ok(Commit::Applied)
    }

    async fn create_account(&self, account: NewAccount, audit: AuditEvent) -> Result<(), StoreError> {
        let mut people = self.lock();
        if people.accounts.contains_key(&account.id) {
            return Err(StoreError::new(StoreErrorKind::Conflict("users.id")));
        }
        people.check_names(account.id, &account.email, &account.username)?;
        let subject = Subject {
            id: account.id,
            status: account.status,
            is_admin: account.is_admin,
            tenant: account.tenant.map(|id| TenantRef { id, slug: String::new(), active: true }),
            roles: account.roles,
            groups: Vec::new(),
            profile: account.profile,
        };
        let row = Account {
            subject,
            email: account.email,
            username: account.username,
            is_verified: account.is_verified,
            is_locked: false,
            reset_required: false,
            legacy_login: true,
            created_at: account.created_at,
            updated_at: account.created_at,
            last_login_at: None,
        };
        self.keep(&mut people, row, account.hash);
        self.store.record(audit);
        Ok(())
    }

    async fn change_account(
        &self,
        user: UserId,
        change: AccountChange,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let Some(person) = people.accounts.get(&user) else { return Ok(Commit::Lost) };
        let hash = person.hash.clone();
        let account = changed(person.account.clone(), change, at);
        people.check_names(user, &account.email, &account.username)?;
        self.keep(&mut people, account, hash);
        self.store.record(audit);
        Ok(Commit::Applied)
    }

    async fn account(&self, user: UserId) -> Result<Option<(Account, Credential)>, StoreError> {
        let people = self.lock();
        Ok(people.accounts.get(&user).map(|person| (self.current(person), person.credential())))
    }

    async fn find_accounts(&self, identifier: &Identifier) -> Result<Vec<Account>, StoreError> {
        Ok(self.find(identifier))
    }

    async fn list_accounts(&self, query: AccountQuery) -> Result<Vec<Account>, StoreError> {
        let people = self.lock();
        let wanted = query.contains.as_deref().map(fold);
        let fits = |account: &Account| {
            let named = |text: &String| fold(&account.email).contains(text) || fold(&account.username).contains(text);
            let tenant = account.subject.tenant.as_ref().map(|tenant| tenant.id);
            query.after.is_none_or(|after| account.subject.id > after)
                && query.tenant.is_none_or(|wanted| tenant == Some(wanted))
                && wanted.as_ref().is_none_or(named)
        };
        let page = people.accounts.values().filter(|person| fits(&person.account));
        let most = usize::try_from(query.limit).unwrap_or(usize::MAX);
        Ok(page.take(most).map(|person| self.current(person)).collect())
    }

    async fn count_accounts(&self) -> Result<AccountCounts, StoreError> {
        let people = self.lock();
        let mut counts = AccountCounts::default();
        for account in people.accounts.values().map(|person| &person.account) {
            if account.subject.status == AccountStatus::Deleted {
                continue;
            }
            counts.total += 1;
            counts.active += u64::from(account.subject.status == AccountStatus::Active);
            counts.locked += u64::from(account.is_locked);
            counts.unverified += u64::from(!account.is_verified);
        }
        Ok(counts)
    }

    async fn locked_until(&self, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        let people = self.lock();
        let theirs = people.failures.iter().filter(|((theirs, _), _)| *theirs == user);
        Ok(theirs.filter_map(|(_, failures)| failures.locked_until).max())
    }

    async fn clear_failures(&self, user: UserId) -> Result<(), StoreError> {
        self.lock().failures.retain(|(theirs, _), _| *theirs != user);
        Ok(())
    }

    async fn shared_with_older_program(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn put_tenant(&self, tenant: &TenantRecord, _at: Timestamp, audit: AuditEvent) -> Result<(), StoreError> {
        self.store.put_tenant(tenant.clone(), audit)
    }

    async fn record(&self, event: AuditEvent) -> Result<(), StoreError> {
        self.store.record(event);
        Ok(())
    }

    async fn audit_events(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        let mut events = self.store.audit_log();
        events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(events)
    }
}

/// The account after a change.
fn changed(mut account: Account, change: AccountChange, at: Timestamp) -> Account {
    fn set<T>(field: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *field = value;
        }
    }
    set(&mut account.email, change.email);
    set(&mut account.username, change.username);
    set(&mut account.is_verified, change.is_verified);
    set(&mut account.subject.is_admin, change.is_admin);
    set(&mut account.subject.status, change.status);
    set(&mut account.is_locked, change.is_locked);
    set(&mut account.legacy_login, change.legacy_login);
    set(&mut account.subject.roles, change.roles);
    set(&mut account.subject.profile, change.profile);
    account.updated_at = at;
    with_claims(account)
}
