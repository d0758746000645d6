//! Signing in with a password, through whichever door: one throttle, one counter, one answer (SECURITY.md rows 33, 34 and 60).
//!
//! The attempt is charged before the password is looked at, so that parallel guesses cannot outrun the counter. Every refusal
//! costs the same hashes and reads the same: unknown, locked, disabled, without a password, to be reset, wrong password. Whom a
//! name means is decided in `candidates`; who has the password of several accounts says which one is meant ([`Choice`]).

use std::time::Duration;

use oauth_core::{
    audit::AuditKind,
    browser::{Browser, SessionCookie},
    engine::session::Remember,
    error::{GrantError, TokenError},
    ids::TenantId,
    legacy::NewLegacyPair,
    secret::Secret,
    services::Busy,
    session::NewSession,
    store::{Commit, StoreError},
    time::Timestamp,
};
use thiserror::Error;

use crate::{
    account::Account,
    choose::Choice,
    device::KnownDevice,
    directory::{Directory, Limited},
    mail::{
        letter::{NewMail, Visitor},
        link::{EmailLink, LinkKind, may_be_opened},
        store::{MailRepository as _, NewLink},
    },
    password::{PasswordService as _, PresentedPassword, StoredHash, Verification},
    services::{DirectoryServices, Upgrade},
    settings::MailSending,
    store::{AccountRepository as _, Candidate, Device, SignIn},
};

/// What somebody presents.
#[derive(Clone, Debug)]
pub struct SignInRequest {
    /// E-mail address or user name, as typed.
    pub identifier: String,
    /// The password, as typed.
    pub password: Secret<String>,
    /// Only accounts of this tenant.
    pub tenant: Option<TenantId>,
    /// The browser's mark, if it has one.
    pub known_device: Option<KnownDevice>,
    /// Where the request comes from.
    pub address: Option<String>,
    /// The language that was asked for, as a tag.
    pub locale: String,
}

/// The door that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The form of a first-party application (draft-ietf-oauth-first-party-apps).
    FirstParty,
    /// The JSON login adapters (C-02).
    JsonLogin,
    /// The password grant of the legacy contract.
    PasswordGrant,
    /// The sign-in page.
    Page,
}

impl Door {
    /// The name in the audit log and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstParty => "first_party",
            Self::JsonLogin => "json_login",
            Self::PasswordGrant => "password_grant",
            Self::Page => "page",
        }
    }

    /// Whether it belongs to the legacy contract, with its switches and policies.
    pub(crate) const fn is_legacy(self) -> bool {
        matches!(self, Self::JsonLogin | Self::PasswordGrant)
    }
}

/// What a browser brings to the sign-in page.
#[derive(Clone, Debug)]
pub struct PageVisit<'a> {
    /// Ours, or a first-party application's form.
    pub door: Door,
    /// Its cookies and address.
    pub browser: &'a Browser,
    /// How long the session is to last.
    pub remember: Remember,
    /// Its name.
    pub user_agent: Option<String>,
}

/// Somebody signed in on the page.
#[derive(Clone, Debug)]
pub struct PageSignIn {
    /// Who.
    pub account: Account,
    /// The secret for the session cookie.
    pub cookie: SessionCookie,
    /// The session as written.
    pub session: NewSession,
    /// The value for the known-device cookie.
    pub device: String,
}

/// Why nobody signed in.
#[derive(Debug, Error)]
pub enum SignInRefused {
    /// The hash pool is full: 503.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Two writes in a row were lost to others: 503.
    #[error("the sign-in lost two races in a row")]
    Contended,
    /// The installation has closed this door, for everybody.
    #[error("this way to sign in is switched off")]
    DoorClosed,
    /// The same for every cause.
    #[error("the identifier or the password is wrong")]
    Failed,
    /// A switch or a policy has moved the account on to OAuth; answered as [`Failed`](Self::Failed), told in the log only.
    #[error("the password grant and the JSON logins are closed for this account by its switch or its tenant's policy")]
    Moved,
    /// The password is right for each of these accounts: whoever has it says which one is meant.
    #[error("several accounts have this name and password")]
    Several(Vec<Choice>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The legacy pair could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Too many attempts: 429 with this `Retry-After`.
    #[error("too many attempts")]
    TooMany(Duration),
}

impl From<Limited> for SignInRefused {
    fn from(limited: Limited) -> Self {
        Self::TooMany(limited.0)
    }
}

/// An account whose password was right, and what the commit is guarded by.
pub(crate) struct Verified {
    pub(crate) account: Account,
    pub(crate) hash: StoredHash,
    pub(crate) set_at: Option<Timestamp>,
    pub(crate) device: Device,
    pub(crate) outdated: bool,
}

impl<V: DirectoryServices> Directory<V> {
    /// Signs in on the page, or with a first-party application's form: begins a session under a new secret; the browser's former
    /// session ends with it.
    pub async fn sign_in_page(
        &self,
        request: &SignInRequest,
        visit: PageVisit<'_>,
    ) -> Result<PageSignIn, SignInRefused> {
        let replaced = self.replaced(&visit).await?;
        let begin = |account: &Account| {
            let proven_at = self.engine.now();
            Ok(self.begin_session(account, &visit, proven_at, request.address.clone(), replaced.as_ref()))
        };
        let (verified, session) = self.sign_in(request, visit.door, begin).await?;
        // A mark that counts no longer makes way for another.
        let known = request.known_device.filter(|_| verified.device != Device::Unknown);
        Ok(self.signed_in(verified.account, session, known, verified.set_at))
    }

    /// Signs in at a door of the legacy contract: `mint` makes the pair to record and what the answer needs of it.
    pub async fn sign_in_legacy<P>(
        &self,
        request: &SignInRequest,
        door: Door,
        mint: impl Fn(&Account, Timestamp) -> Result<(NewLegacyPair, P), TokenError>,
    ) -> Result<(Account, P), SignInRefused> {
        let now = self.engine.now();
        let begin = |account: &Account| {
            let (pair, answer) = mint(account, now).map_err(|error| match error {
                TokenError::Grant(GrantError::LegacyMoved) => SignInRefused::Moved,
                error => SignInRefused::Token(error),
            })?;
            Ok((Entry { session: None, legacy: Some(pair) }, answer))
        };
        let (verified, answer) = self.sign_in(request, door, begin).await?;
        Ok((verified.account, answer))
    }

    /// Charge, verify, commit; a commit that is lost to a change of the account is verified once more.
    async fn sign_in<P>(
        &self,
        request: &SignInRequest,
        door: Door,
        begin: impl Fn(&Account) -> Result<(Entry, P), SignInRefused>,
    ) -> Result<(Verified, P), SignInRefused> {
        let now = self.engine.now();
        if door.is_legacy() && !self.legacy_doors_open(now) {
            return Err(SignInRefused::DoorClosed);
        }
        self.throttle(request, now).await?;
        let mut verified = self.verify_attempt(request, door, now).await?;
        for _ in 0..2 {
            let (entry, answer) = begin(&verified.account)?;
            match self.commit(&verified, entry, door, request.address.clone(), now).await? {
                Commit::Applied => {
                    self.upgrade(&verified, &request.password, now).await;
                    return Ok((verified, answer));
                }
                Commit::Lost => verified = self.verify_again(request, door, verified).await?,
            }
        }
        Err(SignInRefused::Contended)
    }

    /// Writes a sign-in; it applies while the account has the hash that was verified.
    pub(crate) async fn commit(
        &self,
        verified: &Verified,
        entry: Entry,
        door: Door,
        address: Option<String>,
        now: Timestamp,
    ) -> Result<Commit, StoreError> {
        let mut audit = self.engine.audit(AuditKind::SignedIn, address, now);
        audit.user = Some(verified.account.subject.id);
        audit.detail = serde_json::json!({ "door": door.name() });
        let write = SignIn {
            user: verified.account.subject.id,
            verified: verified.hash.clone(),
            device: verified.device,
            at: now,
            session: entry.session,
            legacy_use_at: entry.legacy.as_ref().filter(|_| !verified.account.subject.is_check()).map(|_| now),
            legacy: entry.legacy,
            audit: Some(audit),
        };
        self.services().accounts().complete_sign_in(write).await
    }

    /// Whether anybody at all gets legacy tokens: the switch, the cut-off and the secrets of the installation.
    fn legacy_doors_open(&self, now: Timestamp) -> bool {
        self.engine.settings().legacy.is_some() && self.engine.catalog().switches.legacy_doors_are_open(now)
    }

    /// Token buckets before anything that costs: of the address, and of the identifier, or of the mark that a browser brings
    /// ([`bucket`](KnownDevice::bucket)): it is sealed, so that nothing need be asked of the store.
    async fn throttle(&self, request: &SignInRequest, now: Timestamp) -> Result<(), Limited> {
        self.charge_address("sign-in:address", request.address.as_deref(), |limits| limits.address, now).await?;
        match request.known_device {
            Some(known) => self.charge("sign-in:known", &known.bucket(), |limits| limits.account, now).await,
            None => self.charge_name(request, now).await,
        }
    }

    /// The bucket of everybody for a browser whose mark counts for nothing here, before the password is looked at: only the account tells.
    /// Whoever is turned away has not guessed: the attempt is taken back. That costs two writes, which nobody causes more often than the
    /// bucket of the mark allows.
    pub(crate) async fn throttle_stranger(
        &self,
        request: &SignInRequest,
        candidates: &[Candidate],
        now: Timestamp,
    ) -> Result<(), Limited> {
        let is_known = || candidates.iter().any(|candidate| candidate.device != Device::Unknown);
        if request.known_device.is_none() || is_known() {
            return Ok(());
        }
        let charged = self.charge_name(request, now).await;
        if charged.is_err() {
            self.forgive(candidates).await;
        }
        charged
    }

    async fn charge_name(&self, request: &SignInRequest, now: Timestamp) -> Result<(), Limited> {
        let folded = crate::identifier::fold(&request.identifier);
        self.charge("sign-in:account", folded.as_bytes(), |limits| limits.account, now).await
    }

    /// After a lost commit: somebody changed the account, perhaps a parallel sign-in its hash.
    async fn verify_again(
        &self,
        request: &SignInRequest,
        door: Door,
        before: Verified,
    ) -> Result<Verified, SignInRefused> {
        let now = self.services().accounts().account(before.account.subject.id).await?;
        let Some((account, credential)) = now.filter(|(account, _)| self.admits_account(account, door)) else {
            return Err(SignInRefused::Failed);
        };
        let set_at = credential.set_at;
        let Some(hash) = credential.hash else { return Err(SignInRefused::Failed) };
        match self.verify(request, Some(hash.clone())).await? {
            Verification::Match { outdated } => Ok(Verified { account, hash, set_at, device: before.device, outdated }),
            Verification::Mismatch | Verification::Unreadable => Err(SignInRefused::Failed),
        }
    }

    /// One event per failure, whether the account exists or not; what was typed is not kept, it may be a password.
    pub(crate) async fn record_failure(
        &self,
        request: &SignInRequest,
        door: Door,
        candidates: &[Candidate],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let most = self.settings.max_failures;
        // An older program goes on with the password that it has stored, and must not lock out whoever has moved on: the charge of an
        // attempt that was no guess is taken back, in the one write that every refusal costs.
        let charged = || candidates.iter().filter(|candidate| !candidate.locked);
        let (free, guessed): (Vec<_>, Vec<_>) = charged().partition(|one| self.is_moved(&one.account, door));
        let locked = guessed.into_iter().find(|candidate| candidate.failures >= most);
        let kind = if locked.is_some() { AuditKind::AccountLocked } else { AuditKind::SignInFailed };
        let mut audit = self.engine.audit(kind, request.address.clone(), now);
        audit.user = locked.or(candidates.first()).map(|candidate| candidate.account.subject.id);
        audit.detail = serde_json::json!({ "door": door.name() });
        match self.way_in(request, candidates, now).await {
            // One write here as there.
            Some((link, mail)) => {
                self.services().accounts().issue_link(NewLink { link, mail: Some(mail), audit }).await?;
                self.services().mail_queued();
                Ok(())
            }
            None => {
                let mut audit = Some(audit);
                for one in free {
                    let user = one.account.subject.id;
                    self.services().accounts().forgive(user, one.device, most, audit.take()).await?;
                }
                match audit {
                    Some(audit) => self.services().accounts().record(audit).await,
                    None => Ok(()),
                }
            }
        }
    }

    /// An account without a usable password (C-13) is led to a link, which goes to its own address; the answer stays the same for
    /// every cause.
    async fn way_in(
        &self,
        request: &SignInRequest,
        candidates: &[Candidate],
        now: Timestamp,
    ) -> Option<(EmailLink, NewMail)> {
        let [Candidate { account, credential, .. }] = candidates else { return None };
        let without = account.reset_required || credential.hash.is_none();
        let sending = self.settings.mail.sending == MailSending::On;
        if !sending || !without || !may_be_opened(account) || !self.may_get_mail(account.subject.id, now).await {
            return None;
        }
        let visitor = Visitor { address: request.address.clone(), browser: None, locale: request.locale.clone() };
        self.mailed_link(LinkKind::SetPassword, account.subject.id, &account.email, &visitor, now)
    }

    /// Makes an outdated hash anew while the clear password is at hand. The sign-in has happened: a full pool, a lost race or a
    /// failing store leave the old hash for the next time.
    async fn upgrade(&self, verified: &Verified, password: &Secret<String>, now: Timestamp) {
        if !verified.outdated {
            return;
        }
        let Some(password) = PresentedPassword::parse(password.expose()) else { return };
        let told = |to: Option<&StoredHash>, result| self.services().password_upgrade(&verified.hash, to, result);
        let Ok(better) = self.services().passwords().hash(password).await else {
            return told(None, Upgrade::Failed);
        };
        let user = verified.account.subject.id;
        let written = self.services().accounts().upgrade_hash(user, verified.hash.clone(), better.clone(), now).await;
        let result = match written {
            Ok(Commit::Applied) => Upgrade::Done,
            Ok(Commit::Lost) => Upgrade::Lost,
            Err(_) => Upgrade::Failed,
        };
        told(Some(&better), result);
    }
}

/// What begins with a sign-in.
pub(crate) struct Entry {
    pub(crate) session: Option<NewSession>,
    pub(crate) legacy: Option<NewLegacyPair>,
}

#[cfg(test)]
#[path = "signin_tests.rs"]
mod tests;
