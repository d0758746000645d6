//! Accounts and credentials in memory.

use std::collections::BTreeMap;

use oauth_core::{
    audit::AuditEvent,
    catalog::TenantRecord,
    claims::Profile,
    ids::UserId,
    store::{Commit, RevocationReason, StoreError, StoreErrorKind},
    subject::{AccountStatus, Subject, TenantRef},
    time::Timestamp,
};

use super::{MemoryDirectory, People, Person, sign_in::Failures};
use crate::{
    account::{Account, AccountChange, Credential, NewAccount, TenantMove, Tombstone},
    identifier::{Identifier, fold},
    mail::link::LinkKind,
    password::StoredHash,
    store::{
        AccountCounts, AccountQuery, AccountRepository, Attempt, Candidate, Device, Listed, PasswordChange, Replace,
        SignIn,
    },
    uniqueness::{EmailCollision, EmailUniqueness, MOST_COLLISIONS, UniquenessChange, tenant_of},
};

impl MemoryDirectory {
    /// Writes a new password with what follows from it.
    pub(super) fn enter_password(&self, people: &mut People, account: Account, hash: StoredHash, at: Timestamp) {
        let user = account.subject.id;
        self.keep(people, account, Some(hash));
        people.passwords_set.insert(user, at);
        people.failures.retain(|(theirs, _), _| *theirs != user);
        people.use_up_links(user, LinkKind::SetPassword, at);
        self.store.end_legacy_tokens(user);
    }
}

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
        self.enter_password(&mut people, account, write.hash, write.at);
        write.audit.into_iter().for_each(|event| self.store.record(event));
        Ok(Commit::Applied)
    }

    async fn email_uniqueness(&self) -> Result<EmailUniqueness, StoreError> {
        Ok(self.lock().uniqueness)
    }

    async fn set_email_uniqueness(
        &self,
        wanted: EmailUniqueness,
        audit: AuditEvent,
    ) -> Result<UniquenessChange, StoreError> {
        let mut people = self.lock();
        if people.uniqueness == wanted {
            return Ok(UniquenessChange::Unchanged);
        }
        let collisions = if wanted == EmailUniqueness::Global { people.collisions() } else { Vec::new() };
        if !collisions.is_empty() {
            return Ok(UniquenessChange::Collides(collisions));
        }
        people.uniqueness = wanted;
        self.store.record(audit);
        Ok(UniquenessChange::Applied)
    }

    async fn create_account(&self, account: NewAccount, audit: AuditEvent) -> Result<(), StoreError> {
        let mut people = self.lock();
        if people.accounts.contains_key(&account.id) {
            return Err(StoreError::new(StoreErrorKind::Conflict("users.id")));
        }
        people.check_names(account.id, account.tenant, &account.email, &account.username)?;
        let subject = Subject {
            id: account.id,
            status: account.status,
            is_locked: false,
            is_admin: account.is_admin,
            tenant: account.tenant.map(|id| TenantRef { id, slug: String::new(), active: true }),
            roles: account.roles,
            groups: Vec::new(),
            profile: account.profile,
            policy: None,
            created_at: account.created_at,
        };
        let row = Account {
            subject,
            email: account.email,
            username: account.username,
            is_verified: account.is_verified,
            is_locked: false,
            reset_required: false,
            legacy_login: true,
            updated_at: account.created_at,
            last_login_at: None,
        };
        self.keep(&mut people, row, account.hash);
        self.store.record(audit);
        Ok(())
    }

    async fn delete_account(&self, user: UserId, at: Timestamp, audit: AuditEvent) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let living = |person: &&Person| person.account.subject.status != AccountStatus::Deleted;
        let Some(person) = people.accounts.get(&user).filter(living) else { return Ok(Commit::Lost) };
        let account = buried(person.account.clone(), at);
        self.keep(&mut people, account, None);
        people.failures.retain(|(theirs, _), _| *theirs != user);
        people.links.retain(|_, link| link.user != user);
        people.mails.retain(|_, row| !row.is_for(user));
        people.organization.forget(user);
        people.upstreams.forget(user);
        self.store.end_everything(user, at, RevocationReason::Administrator);
        self.store.forget_consents(user);
        self.store.end_legacy_tokens(user);
        self.store.record(audit);
        Ok(Commit::Applied)
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
        people.check_names(user, tenant_of(&account.subject), &account.email, &account.username)?;
        self.keep(&mut people, account, hash);
        self.settle_groups(&mut people, user);
        self.store.record(audit);
        Ok(Commit::Applied)
    }

    async fn account(&self, user: UserId) -> Result<Option<(Account, Credential)>, StoreError> {
        let people = self.lock();
        Ok(people.accounts.get(&user).map(|person| (self.current(person), people.credential(person))))
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
            (query.listed == Listed::All || account.subject.status != AccountStatus::Deleted)
                && query.after.is_none_or(|after| account.subject.id > after)
                && query.tenant.is_none_or(|wanted| tenant == Some(wanted))
                && wanted.as_ref().is_none_or(named)
        };
        let page = people.accounts.values().filter(|person| fits(&person.account));
        let most = usize::try_from(query.limit).unwrap_or(usize::MAX);
        Ok(page.take(most).map(|person| self.current(person)).collect())
    }

    async fn count_accounts(&self, at: Timestamp) -> Result<AccountCounts, StoreError> {
        let people = self.lock();
        let mut counts = AccountCounts::default();
        for account in people.accounts.values().map(|person| &person.account) {
            if account.subject.status == AccountStatus::Deleted {
                continue;
            }
            counts.total += 1;
            counts.active += u64::from(account.subject.status == AccountStatus::Active);
            let held = |failures: &Failures| failures.locked_until.is_some_and(|until| until > at);
            let theirs = |(user, _): &(UserId, [u8; 16])| *user == account.subject.id;
            let by_failures = people.failures.iter().any(|(key, failures)| theirs(key) && held(failures));
            counts.locked += u64::from(account.is_locked || by_failures);
            counts.locked_by_failures += u64::from(by_failures);
            counts.unverified += u64::from(!account.is_verified);
        }
        Ok(counts)
    }

    async fn locked_until(&self, user: UserId) -> Result<Option<Timestamp>, StoreError> {
        let people = self.lock();
        let theirs = people.failures.iter().filter(|((theirs, _), _)| *theirs == user);
        Ok(theirs.filter_map(|(_, failures)| failures.locked_until).max())
    }

    async fn forgive(
        &self,
        user: UserId,
        device: Device,
        max_failures: u32,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        self.lock().forgive(user, device, max_failures);
        match audit {
            Some(event) => self.record(event).await,
            None => Ok(()),
        }
    }

    async fn clear_failures(&self, user: UserId) -> Result<(), StoreError> {
        self.lock().failures.retain(|(theirs, _), _| *theirs != user);
        Ok(())
    }

    async fn shared_with_older_program(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn put_tenant(&self, tenant: &TenantRecord, at: Timestamp, audit: AuditEvent) -> Result<(), StoreError> {
        self.store.put_tenant(tenant.clone(), audit)?;
        self.note_tenant(tenant.id, at);
        Ok(())
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

impl People {
    /// Addresses that stand for several accounts.
    fn collisions(&self) -> Vec<EmailCollision> {
        let mut owners: BTreeMap<String, Vec<UserId>> = BTreeMap::new();
        for (user, person) in &self.accounts {
            owners.entry(fold(&person.account.email)).or_default().push(*user);
        }
        let several = owners.into_iter().filter(|(_, users)| users.len() > 1);
        several.map(|(email, users)| EmailCollision { email, users }).take(MOST_COLLISIONS).collect()
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
    match change.tenant {
        None => {}
        Some(TenantMove::Into(id)) => {
            account.subject.tenant = Some(TenantRef { id, slug: String::new(), active: true })
        }
        Some(TenantMove::Out) => account.subject.tenant = None,
    }
    account.updated_at = at;
    account
}

/// What is left of an account that was deleted.
fn buried(account: Account, at: Timestamp) -> Account {
    let Tombstone { email, username } = Tombstone::of(account.subject.id);
    Account {
        subject: Subject {
            id: account.subject.id,
            status: AccountStatus::Deleted,
            is_locked: false,
            is_admin: false,
            tenant: account.subject.tenant,
            roles: Vec::new(),
            groups: Vec::new(),
            profile: Profile::default(),
            policy: None,
            created_at: account.subject.created_at,
        },
        email,
        username,
        is_verified: false,
        is_locked: false,
        reset_required: false,
        legacy_login: false,
        updated_at: at,
        last_login_at: None,
    }
}
