//! Attempts, failure counters and successful sign-ins in memory.

use oauth_core::{
    ids::UserId,
    store::{Commit, StoreError},
    subject::AccountStatus,
    time::Timestamp,
};

use super::{MemoryDirectory, People, Person};
use crate::{
    account::Account,
    identifier::{Identifier, fold},
    store::{Attempt, Candidate, Device, SignIn},
};

/// The failures of one account on known or unknown devices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failures {
    count: u32,
    last_at: Timestamp,
    forget_at: Timestamp,
    pub(super) locked_until: Option<Timestamp>,
}

impl Failures {
    /// Whether nothing of it counts any more.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.forget_at <= now && self.locked_until.is_none_or(|until| until <= now)
    }
}

/// The most accounts that one identifier may mean.
const MOST: usize = 3;

impl MemoryDirectory {
    pub(super) fn begin(&self, attempt: &Attempt) -> Vec<Candidate> {
        let mut people = self.lock();
        let tenant = |person: &&Person| {
            attempt.tenant.is_none_or(|wanted| person.account.subject.tenant.as_ref().map(|t| t.id) == Some(wanted))
        };
        let meant: Vec<UserId> =
            people.meant_by(&attempt.identifier, tenant).into_iter().map(|person| person.account.subject.id).collect();
        let charged: Vec<_> = meant.into_iter().map(|user| (user, people.charge(user, attempt))).collect();
        let candidates = charged.into_iter().filter_map(|(user, (device, failures, locked))| {
            let person = people.accounts.get(&user)?;
            let credential = people.credential(person);
            Some(Candidate { account: self.current(person), credential, device, failures, locked })
        });
        candidates.collect()
    }

    pub(super) fn complete(&self, write: SignIn) -> Result<Commit, StoreError> {
        let mut people = self.lock();
        let Some(person) = people.accounts.get_mut(&write.user) else { return Ok(Commit::Lost) };
        let unchanged = person.hash.as_ref() == Some(&write.verified) && may_sign_in(&person.account);
        if !unchanged {
            return Ok(Commit::Lost);
        }
        self.store.begin(write.session, write.legacy, write.audit)?;
        person.account.last_login_at = Some(write.at);
        people.failures.remove(&(write.user, write.device.key()));
        Ok(Commit::Applied)
    }

    pub(super) fn find(&self, identifier: &Identifier) -> Vec<Account> {
        let people = self.lock();
        people.meant_by(identifier, |_| true).into_iter().map(|person| self.current(person)).collect()
    }
}

/// The columns that a completed sign-in is guarded by.
fn may_sign_in(account: &Account) -> bool {
    matches!(account.subject.status, AccountStatus::Active | AccountStatus::PendingVerification)
        && !account.is_locked
        && !account.reset_required
}

impl People {
    /// Those that match exactly, otherwise those that match by folded form.
    fn meant_by(&self, identifier: &Identifier, among: impl Fn(&&Person) -> bool) -> Vec<&Person> {
        let pick = |matches: &dyn Fn(&str) -> bool| -> Vec<&Person> {
            let fits = |person: &&Person| matches(&person.account.email) || matches(&person.account.username);
            self.accounts.values().filter(&among).filter(fits).take(MOST).collect()
        };
        let exact = pick(&|name| name == identifier.exact());
        if exact.is_empty() { pick(&|name| fold(name) == identifier.folded()) } else { exact }
    }

    /// Takes one charge back.
    pub(super) fn forgive(&mut self, user: UserId, device: Device, max_failures: u32) {
        if let Some(failures) = self.failures.get_mut(&(user, device.key())) {
            failures.count = failures.count.saturating_sub(1);
            if failures.count < max_failures {
                failures.locked_until = None;
            }
        }
    }

    /// Charges one account: the counter, failures with this attempt, and whether it was locked already.
    fn charge(&mut self, user: UserId, attempt: &Attempt) -> (Device, u32, bool) {
        let device = Device::of(attempt.known_device, user, self.passwords_set.get(&user).copied());
        let key = (user, device.key());
        let known = self.failures.get(&key).copied();
        if let Some(failures) = known.filter(|known| known.locked_until.is_some_and(|until| until > attempt.at)) {
            return (device, failures.count, true);
        }
        let counted = known.filter(|known| known.locked_until.is_none() && known.last_at >= attempt.forget_before);
        let count = counted.map_or(0, |known| known.count).saturating_add(1);
        let failures = Failures {
            count,
            last_at: attempt.at,
            forget_at: attempt.at.plus(attempt.at.since(attempt.forget_before)),
            locked_until: (count >= attempt.max_failures).then_some(attempt.lock_until),
        };
        self.failures.insert(key, failures);
        (device, count, false)
    }
}
