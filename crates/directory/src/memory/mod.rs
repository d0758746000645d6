//! A directory in memory, for embedders, examples and tests.
//!
//! It wraps the protocol's [`MemoryStore`], so that accounts and what is issued for them stand in one place, and implements
//! every port of both crates.

mod accounts;
mod forward;
mod invite;
mod mail;
mod sign_in;
mod tenant;
mod upstream;
mod usage;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use oauth_core::{
    ids::{MailId, TenantId, UserId},
    legacy::LegacyAccount,
    memory::MemoryStore,
    store::{StoreError, StoreErrorKind},
    subject::{AccountStatus, Subject},
    time::Timestamp,
    token::TokenHash,
};

use self::{mail::MailRow, sign_in::Failures, tenant::Organization};
use crate::{
    account::{Account, Credential},
    identifier::fold,
    mail::link::EmailLink,
    password::StoredHash,
    uniqueness::{EmailUniqueness, tenant_of},
    usage::UseKey,
};

/// Accounts in memory, with the protocol's store beside them; clones share their contents.
#[derive(Clone, Debug, Default)]
pub struct MemoryDirectory {
    people: Arc<Mutex<People>>,
    store: MemoryStore,
    down: Arc<AtomicBool>,
}

impl MemoryDirectory {
    /// An empty directory with an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The protocol's store behind it; it knows every account of the directory.
    pub const fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// Puts an account with its password in, whatever was there before: for tests that need an unusual one.
    pub fn put_account(&self, account: Account, hash: Option<StoredHash>) {
        self.keep(&mut self.lock(), account, hash);
    }

    /// Lets every port of the protocol fail as a database that is gone does: for tests of what is answered then.
    pub fn take_down(&self) {
        self.down.store(true, Ordering::SeqCst);
    }

    /// Ends what [`take_down`](Self::take_down) began.
    pub fn bring_up(&self) {
        self.down.store(false, Ordering::SeqCst);
    }

    fn reachable(&self) -> Result<(), StoreError> {
        if self.down.load(Ordering::SeqCst) { Err(StoreError::new(StoreErrorKind::Unavailable)) } else { Ok(()) }
    }

    fn lock(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an account here and tells the protocol's store.
    fn keep(&self, people: &mut People, account: Account, hash: Option<StoredHash>) {
        let subject = with_claims(&account);
        self.store.put_account(LegacyAccount {
            subject,
            email: account.email.clone(),
            username: account.username.clone(),
            is_verified: account.is_verified,
            is_locked: account.is_locked,
            legacy_login: account.legacy_login,
            updated_at: account.updated_at,
        });
        people.accounts.insert(account.subject.id, Person { account, hash });
    }

    /// The account as of now: its tenant comes from the catalog.
    fn current(&self, person: &Person) -> Account {
        let mut account = person.account.clone();
        if let Some(known) = self.store.account(account.subject.id) {
            account.subject = known.subject;
        }
        account
    }
}

/// The account as the protocol sees it, with the claims that it holds in fields of its own.
fn with_claims(account: &Account) -> Subject {
    let Account { subject, email, username, is_verified, is_locked, updated_at, .. } = account;
    let profile = subject.profile.clone().of_account(email, *is_verified, username, *updated_at);
    Subject { profile, is_locked: *is_locked, ..subject.clone() }
}

#[derive(Debug, Default)]
struct People {
    accounts: BTreeMap<UserId, Person>,
    passwords_set: HashMap<UserId, Timestamp>,
    uniqueness: EmailUniqueness,
    failures: HashMap<(UserId, [u8; 16]), Failures>,
    links: HashMap<TokenHash, EmailLink>,
    invitations: BTreeMap<UserId, invite::InvitationRow>,
    mails: BTreeMap<MailId, MailRow>,
    organization: Organization,
    uses: BTreeMap<UseKey, (u64, Timestamp)>,
    upstreams: upstream::Upstreams,
}

#[derive(Debug)]
struct Person {
    account: Account,
    hash: Option<StoredHash>,
}

impl People {
    fn credential(&self, person: &Person) -> Credential {
        let set_at = self.passwords_set.get(&person.account.subject.id).copied();
        Credential { hash: person.hash.clone(), set_at, shared_with_older_program: false }
    }

    /// Whether there is such an account and it is not deleted.
    fn lives(&self, user: UserId) -> bool {
        self.accounts.get(&user).is_some_and(|person| person.account.subject.status != AccountStatus::Deleted)
    }

    /// User names are unique by folded form, and addresses too, everywhere or in their tenant.
    fn check_names(&self, id: UserId, tenant: Option<TenantId>, email: &str, username: &str) -> Result<(), StoreError> {
        let others = || self.accounts.values().filter(|person| person.account.subject.id != id);
        let conflict = |constraint| Err(StoreError::new(StoreErrorKind::Conflict(constraint)));
        let near = |person: &&Person| self.uniqueness.shared(tenant, tenant_of(&person.account.subject));
        if others().filter(near).any(|person| fold(&person.account.email) == fold(email)) {
            return conflict("users.email");
        }
        if others().any(|person| fold(&person.account.username) == fold(username)) {
            return conflict("users.username");
        }
        Ok(())
    }
}
