//! Signing in with a password, through whichever door: one throttle, one counter, one answer (SECURITY.md rows 33, 34 and 60).
//!
//! The attempt is charged before the password is looked at, so that parallel guesses cannot outrun the counter. Every refusal
//! costs the same hash and reads the same: unknown, locked, disabled, without a password, to be reset, wrong password.

use std::time::Duration;

use oauth_core::{
    audit::AuditKind,
    browser::{Browser, SessionCookie},
    engine::session::{Remember, SessionStart},
    error::TokenError,
    ids::TenantId,
    legacy::{NewLegacyPair, active},
    secret::Secret,
    services::Busy,
    session::{AuthenticationMethod, NewSession},
    store::{Commit, SessionRepository as _, StoreError},
    time::Timestamp,
};
use thiserror::Error;

use crate::{
    account::Account,
    device::KnownDevice,
    directory::{Directory, Limited},
    identifier::Identifier,
    mail::{
        letter::{NewMail, Visitor},
        link::{EmailLink, LinkKind, may_be_opened},
        store::{MailRepository as _, NewLink},
    },
    password::{PasswordService as _, PresentedPassword, StoredHash, Verification},
    services::DirectoryServices,
    settings::MailSending,
    store::{AccountRepository as _, Attempt, Candidate, Device, SignIn},
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
    const fn is_legacy(self) -> bool {
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
struct Verified {
    account: Account,
    hash: StoredHash,
    device: Device,
    outdated: bool,
}

impl<V: DirectoryServices> Directory<V> {
    /// Signs in on the page, or with a first-party application's form: begins a session under a new secret; the browser's former session ends with it.
    pub async fn sign_in_page(
        &self,
        request: &SignInRequest,
        visit: PageVisit<'_>,
    ) -> Result<PageSignIn, SignInRefused> {
        let replaces = match &visit.browser.session {
            Some(cookie) => self.services().store().session(cookie.hash()).await?,
            None => None,
        };
        let replaces = replaces.filter(|session| session.ended_at.is_none()).map(|session| session.id);
        let begin = |account: &Account| {
            let (session, cookie) = self.engine.new_session(SessionStart {
                user: account.subject.id,
                methods: vec![AuthenticationMethod::Pwd],
                remember: visit.remember,
                user_agent: visit.user_agent.clone(),
                address: request.address.clone(),
                replaces,
            });
            Ok((Entry { session: Some(session.clone()), legacy: None }, (session, cookie)))
        };
        let (account, (session, cookie)) = self.sign_in(request, visit.door, begin).await?;
        let user = account.subject.id;
        let known = request.known_device.filter(|known| known.user == user);
        let known = known.unwrap_or_else(|| KnownDevice::generate(user, self.services().random()));
        let device = known.seal(self.services().sealer(), self.engine.now());
        Ok(PageSignIn { account, cookie, session, device })
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
            let (pair, answer) = mint(account, now)?;
            Ok((Entry { session: None, legacy: Some(pair) }, answer))
        };
        self.sign_in(request, door, begin).await
    }

    /// Charge, verify, commit; a commit that is lost to a change of the account is verified once more.
    async fn sign_in<P>(
        &self,
        request: &SignInRequest,
        door: Door,
        begin: impl Fn(&Account) -> Result<(Entry, P), SignInRefused>,
    ) -> Result<(Account, P), SignInRefused> {
        let now = self.engine.now();
        if door.is_legacy() && !self.legacy_doors_open(now) {
            return Err(SignInRefused::DoorClosed);
        }
        self.throttle(request, now).await?;
        let mut verified = self.verify_attempt(request, door, now).await?;
        for _ in 0..2 {
            let (entry, answer) = begin(&verified.account)?;
            let mut audit = self.engine.audit(AuditKind::SignedIn, request.address.clone(), now);
            audit.user = Some(verified.account.subject.id);
            audit.detail = serde_json::json!({ "door": door.name() });
            let write = SignIn {
                user: verified.account.subject.id,
                verified: verified.hash.clone(),
                device: verified.device,
                at: now,
                session: entry.session,
                legacy: entry.legacy,
                audit: Some(audit),
            };
            match self.services().accounts().complete_sign_in(write).await? {
                Commit::Applied => {
                    self.upgrade(&verified, &request.password, now).await;
                    return Ok((verified.account, answer));
                }
                Commit::Lost => verified = self.verify_again(request, door, verified).await?,
            }
        }
        Err(SignInRefused::Contended)
    }

    /// Whether anybody at all gets legacy tokens: the switch, the cut-off and the secrets of the installation.
    fn legacy_doors_open(&self, now: Timestamp) -> bool {
        let switches = &self.engine.catalog().switches;
        self.engine.settings().legacy.is_some()
            && switches.legacy_login_enabled
            && switches.legacy_tokens_until.is_none_or(|until| now < until)
    }

    /// Token buckets before anything that costs: of the address, and of the identifier or of the known browser.
    async fn throttle(&self, request: &SignInRequest, now: Timestamp) -> Result<(), Limited> {
        self.charge_address("sign-in:address", request.address.as_deref(), |limits| limits.address, now).await?;
        match &request.known_device {
            Some(known) => self.charge("sign-in:device", &known.mark, |limits| limits.account, now).await,
            None => {
                let folded = crate::identifier::fold(&request.identifier);
                self.charge("sign-in:account", folded.as_bytes(), |limits| limits.account, now).await
            }
        }
    }

    /// Exactly one of at most three candidates must have that password and be allowed to sign in here.
    async fn verify_attempt(
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
        let mut found = Vec::new();
        for candidate in candidates.iter().take(MOST_CANDIDATES) {
            let hash = candidate.credential.hash.clone().filter(|_| self.admits(candidate, door));
            let verification = self.verify(request, hash.clone()).await?;
            if let (Verification::Match { outdated }, Some(hash)) = (verification, hash) {
                let (account, device) = (candidate.account.clone(), candidate.device);
                found.push(Verified { account, hash, device, outdated });
            }
        }
        if candidates.is_empty() {
            self.verify(request, None).await?;
        }
        match (found.pop(), found.is_empty()) {
            (Some(verified), true) => Ok(verified),
            _ => {
                self.record_failure(request, door, &candidates, now).await?;
                let moved = candidates.iter().any(|candidate| self.is_moved(&candidate.account, door));
                Err(if moved { SignInRefused::Moved } else { SignInRefused::Failed })
            }
        }
    }

    fn attempt(&self, identifier: Identifier, request: &SignInRequest, now: Timestamp) -> Attempt {
        Attempt {
            identifier,
            tenant: request.tenant,
            known_device: request.known_device.map(|known| (known.user, known.mark)),
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
    fn admits_account(&self, account: &Account, door: Door) -> bool {
        account.may_sign_in() && !self.is_moved(account, door)
    }

    /// Whether a switch or a policy keeps this account from the legacy doors.
    fn is_moved(&self, account: &Account, door: Door) -> bool {
        let issued =
            || active::are_issued_to(&account.subject, account.created_at, &self.engine.catalog(), self.engine.now());
        door.is_legacy() && !(account.legacy_login && issued())
    }

    async fn verify(&self, request: &SignInRequest, stored: Option<StoredHash>) -> Result<Verification, Busy> {
        match presented(request).or_else(|| PresentedPassword::parse("-")) {
            Some(password) => self.services().passwords().verify(password, stored).await,
            None => Ok(Verification::Mismatch),
        }
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
        let Some(hash) = credential.hash else { return Err(SignInRefused::Failed) };
        match self.verify(request, Some(hash.clone())).await? {
            Verification::Match { outdated } => Ok(Verified { account, hash, device: before.device, outdated }),
            Verification::Mismatch | Verification::Unreadable => Err(SignInRefused::Failed),
        }
    }

    /// One event per failure, whether the account exists or not; what was typed is not kept, it may be a password.
    async fn record_failure(
        &self,
        request: &SignInRequest,
        door: Door,
        candidates: &[Candidate],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let locks = |candidate: &&Candidate| !candidate.locked && candidate.failures >= self.settings.max_failures;
        let locked = candidates.iter().find(locks);
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
            None => self.services().accounts().record(audit).await,
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
        if let Ok(better) = self.services().passwords().hash(password).await {
            let user = verified.account.subject.id;
            let _ = self.services().accounts().upgrade_hash(user, verified.hash.clone(), better, now).await;
        }
    }
}

/// The most accounts that one identifier may mean.
const MOST_CANDIDATES: usize = 3;

/// What begins with a sign-in.
struct Entry {
    session: Option<NewSession>,
    legacy: Option<NewLegacyPair>,
}

fn presented(request: &SignInRequest) -> Option<PresentedPassword> {
    PresentedPassword::parse(request.password.expose())
}

#[cfg(test)]
#[path = "signin_tests.rs"]
mod tests;
