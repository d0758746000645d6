//! Whom a name means, and which of them the password opens (MIGRATION.md 3.4).
//!
//! An address may stand for an account in each tenant, somebody's user name may be somebody else's address, and an adopted
//! database may hold names that differ in case only. At most three accounts are tried. The tenant of the client, or the one that was
//! asked for, has narrowed them before. A refusal costs the same however many there are.

use std::sync::atomic::{AtomicUsize, Ordering};

use oauth_core::{legacy::active, services::Busy, store::StoreError, time::Timestamp};

use crate::{
    account::Account,
    choose::Choice,
    directory::Directory,
    identifier::Identifier,
    password::{PasswordService as _, PresentedPassword, StoredHash, Verification},
    services::DirectoryServices,
    signin::{Door, SignInRefused, SignInRequest, Verified},
    store::{AccountRepository as _, Attempt, Candidate},
    uniqueness::EmailUniqueness,
};

/// The most accounts that are tried.
const MOST: usize = 3;

/// How many hashes a refusal costs at least. Where addresses are unique in the whole installation that is one, until a name has
/// turned out to mean more; within one tenant likewise; otherwise as many as are ever tried.
#[derive(Debug, Default)]
pub(crate) struct Padding {
    anywhere: AtomicUsize,
    in_tenant: AtomicUsize,
}

impl<V: DirectoryServices> Directory<V> {
    /// Exactly one of at most three candidates must have that password and be allowed to sign in here.
    pub(crate) async fn verify_attempt(
        &self,
        request: &SignInRequest,
        door: Door,
        now: Timestamp,
    ) -> Result<Verified, SignInRefused> {
        let candidates = match (Identifier::parse(&request.identifier), presented(request)) {
            (Ok(identifier), Some(_)) => {
                self.services().accounts().begin_sign_in(self.attempt(identifier, request, now)).await?
            }
            // Nobody can have such a name or password; it costs the same.
            _ => Vec::new(),
        };
        self.throttle_stranger(request, &candidates, now).await?;
        let least = self.least_hashes(request, candidates.len()).await?;
        // An account that signs in with its provider alone has no password here, whatever still stands in its row (C-30).
        let elsewhere = self.only_upstream(candidates.iter().map(|one| one.account.subject.id).collect()).await?;
        let mut found = Vec::new();
        for candidate in candidates.iter().take(MOST) {
            let is_here = !elsewhere.contains(&candidate.account.subject.id);
            let hash = candidate.credential.hash.clone().filter(|_| is_here && self.admits(candidate, door));
            let verification = self.verify(request, hash.clone()).await?;
            if let (Verification::Match { outdated }, Some(hash)) = (verification, hash) {
                let (account, device) = (candidate.account.clone(), candidate.device);
                found.push(Verified { account, hash, set_at: candidate.credential.set_at, device, outdated });
            }
        }
        let several = found.iter().map(|one| Choice::new(one.account.clone(), &one.hash)).collect();
        // The password was right for one of several: it was no guess at the others, whose counters must not run up because their
        // namesake signs in. (Nobody guesses that way: each guess that is not the namesake's own password stays charged, and so does one
        // that the namesake has just made theirs.)
        if candidates.len() > 1 && !found.is_empty() && found.iter().all(|one| self.is_settled(&one.account, now)) {
            self.forgive(&candidates).await;
        }
        match (found.pop(), found.is_empty()) {
            (Some(verified), true) => Ok(verified),
            // Only whoever has the password is told. Our page asks which one is meant; for a legacy door that is the end.
            (Some(_), false) => {
                if door.is_legacy() {
                    self.record_failure(request, door, &candidates, now).await?;
                }
                Err(SignInRefused::Several(several))
            }
            (None, _) => {
                for _ in candidates.len()..least {
                    self.verify(request, None).await?;
                }
                self.record_failure(request, door, &candidates, now).await?;
                let moved = candidates.iter().any(|candidate| self.is_moved(&candidate.account, door));
                Err(if moved { SignInRefused::Moved } else { SignInRefused::Failed })
            }
        }
    }

    /// Takes the charge of an attempt back that was no guess.
    pub(crate) async fn forgive(&self, candidates: &[Candidate]) {
        for candidate in candidates.iter().filter(|candidate| !candidate.locked) {
            let user = candidate.account.subject.id;
            // A store that fails here fails at the commit as well, or the next charge is one too many.
            let most = self.settings.max_failures;
            let _ = self.services().accounts().forgive(user, candidate.device, most, None).await;
        }
    }

    /// Whether the address is the account's own, or the account has not been changed for as long as failures are remembered. Whoever
    /// registers with a stranger's address, sets each guess as the own password and signs in with it guesses at the stranger's.
    fn is_settled(&self, account: &Account, now: Timestamp) -> bool {
        account.is_verified || account.updated_at.plus(self.settings.lockout) <= now
    }

    /// What a refusal costs here, now that a name has turned out to mean `found` accounts.
    async fn least_hashes(&self, request: &SignInRequest, found: usize) -> Result<usize, StoreError> {
        let known = match request.tenant {
            Some(_) => &self.padding.in_tenant,
            None => &self.padding.anywhere,
        };
        let mut least = found.clamp(1, MOST);
        if known.load(Ordering::Relaxed) == 0 && request.tenant.is_none() {
            let uniqueness = self.services().accounts().email_uniqueness().await?;
            least = if uniqueness == EmailUniqueness::PerTenant { MOST } else { least };
        }
        Ok(known.fetch_max(least, Ordering::Relaxed).max(least))
    }

    fn attempt(&self, identifier: Identifier, request: &SignInRequest, now: Timestamp) -> Attempt {
        Attempt {
            identifier,
            tenant: request.tenant,
            known_device: request.known_device,
            at: now,
            forget_before: now.minus(self.settings.lockout),
            max_failures: self.settings.max_failures,
            lock_until: now.plus(self.settings.lockout),
        }
    }

    /// Whether the right password would open this door. If not, the stored hash is not even looked at: a match would be
    /// answered sooner than a mismatch.
    fn admits(&self, candidate: &Candidate, door: Door) -> bool {
        !candidate.locked && self.admits_account(&candidate.account, door)
    }

    /// The states of the account, and C-02: the legacy doors have a switch per installation, per tenant and per account.
    pub(crate) fn admits_account(&self, account: &Account, door: Door) -> bool {
        account.may_sign_in() && !self.is_moved(account, door)
    }

    /// Whether a switch or a policy keeps this account from the legacy doors. What is tried there is no guess, as the stored hash is
    /// not even looked at.
    pub(crate) fn is_moved(&self, account: &Account, door: Door) -> bool {
        let issued = || active::are_issued(&account.subject, &self.engine.catalog(), self.engine.now());
        door.is_legacy() && !(account.legacy_login && issued())
    }

    pub(crate) async fn verify(
        &self,
        request: &SignInRequest,
        stored: Option<StoredHash>,
    ) -> Result<Verification, Busy> {
        match presented(request).or_else(|| PresentedPassword::parse("-")) {
            Some(password) => self.services().passwords().verify(password, stored).await,
            None => Ok(Verification::Mismatch),
        }
    }
}

fn presented(request: &SignInRequest) -> Option<PresentedPassword> {
    PresentedPassword::parse(request.password.expose())
}
