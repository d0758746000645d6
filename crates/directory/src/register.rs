//! Registration (S000-60, C-41): the answer never tells whether an address or a user name was known before.

use std::time::Duration;

use oauth_core::{
    audit::AuditKind,
    claims::Profile,
    ids::UserId,
    secret::Secret,
    services::{Busy, Random as _},
    store::{StoreError, StoreErrorKind},
    subject::AccountStatus,
    text,
    time::Timestamp,
};
use thiserror::Error;

use crate::{
    account::{Account, NewAccount},
    directory::{Directory, Limited},
    identifier::{EmailAddress, Identifier, fold},
    mail::{
        letter::{MailKind, Visitor},
        link::may_be_opened,
        store::MailRepository as _,
    },
    password::{MAX_PRESENTED, PasswordRefused, PasswordService as _, PresentedPassword, StoredHash},
    services::DirectoryServices,
    settings::{MailSending, RegistrationPolicy},
    store::AccountRepository as _,
};

/// What somebody who registers sends: nothing that gives rights (SECURITY.md row 36).
#[derive(Clone, Debug)]
pub struct Registration {
    /// The e-mail address, as typed.
    pub email: String,
    /// The user name, as typed.
    pub username: String,
    /// The password, as typed.
    pub password: Secret<String>,
    /// Where the request comes from.
    pub visitor: Visitor,
}

/// The answer, in the same shape whether anything was stored or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The id: of the account, or of nobody.
    pub id: UserId,
    /// The e-mail address, normalized.
    pub email: String,
    /// The user name, perhaps with a suffix.
    pub username: String,
    /// When.
    pub created_at: Timestamp,
    /// What happened: for mails and metrics, never for the answer.
    pub outcome: Outcome,
}

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The address was known before; its owner may be told by mail.
    AddressKnown,
    /// There is a new account.
    Created,
}

/// A field that is not in order; the sentence is for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// `email`, `username` or `password`.
    pub field: &'static str,
    /// What is wrong.
    pub message: String,
    /// What the policy has against the password, if that is what is wrong.
    pub policy: Option<PasswordRefused>,
}

/// Why there is no registration.
#[derive(Debug, Error)]
pub enum RegisterRefused {
    /// The hash pool is full: 503.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Registration is closed: 403 `registration_disabled`.
    #[error("registration is closed")]
    Closed,
    /// No free user name was found: 503.
    #[error("no free user name was found")]
    Contended,
    /// Fields are not in order: 422.
    #[error("fields are not in order")]
    Fields(Vec<FieldProblem>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many registrations: 429 with this `Retry-After`.
    #[error("too many registrations")]
    TooMany(Duration),
}

impl From<Limited> for RegisterRefused {
    fn from(limited: Limited) -> Self {
        Self::TooMany(limited.0)
    }
}

/// The longest user name, in bytes: what the column of the program before takes (S003-33).
const MAX_USERNAME: usize = 255;
/// How much of a name stays before a suffix.
const BEFORE_SUFFIX: usize = MAX_USERNAME - "-0000".len();
/// How often another suffix is tried.
const MOST_SUFFIXES: usize = 8;

/// Fields in order.
struct Draft {
    email: EmailAddress,
    username: String,
    password: PresentedPassword,
}

impl<V: DirectoryServices> Directory<V> {
    /// Registers an account. For a known address the same work is done, and nothing but an audit event is written.
    pub async fn register(&self, registration: &Registration) -> Result<Registered, RegisterRefused> {
        if self.settings.registration == RegistrationPolicy::Closed {
            return Err(RegisterRefused::Closed);
        }
        let now = self.engine.now();
        let address = registration.visitor.address.as_deref();
        self.charge_address("register:address", address, |limits| limits.registration, now).await?;
        let draft = self.draft(registration).map_err(RegisterRefused::Fields)?;
        let hashes = self.new_hashes::<RegisterRefused>(&draft.password).await?;
        let known = self.in_the_way(&draft.email).await?;
        for attempt in 0..MOST_SUFFIXES {
            let username = if attempt == 0 { draft.username.clone() } else { self.suffixed(&draft.username) };
            if self.username_is_taken(&username, &draft.email).await? {
                continue;
            }
            let id = UserId::generate(now, self.services().random());
            let account = new_account(id, &draft.email, username, hashes.clone(), now);
            let (email, username) = (account.email.clone(), account.username.clone());
            let outcome = match known.is_empty() {
                true => self.create(account, &registration.visitor, now).await?,
                false => {
                    self.note_known(&known, &draft.email, &registration.visitor, now).await?;
                    Some(Outcome::AddressKnown)
                }
            };
            if let Some(outcome) = outcome {
                return Ok(Registered { id, email, username, created_at: now, outcome });
            }
        }
        Err(RegisterRefused::Contended)
    }

    /// Writes the account, and sends the link that verifies its address; nothing if its name is another's since we looked.
    async fn create(
        &self,
        account: NewAccount,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<Option<Outcome>, StoreError> {
        let (id, email) = (account.id, account.email.clone());
        let mut audit = self.engine.audit(AuditKind::AccountCreated, visitor.address.clone(), now);
        audit.user = Some(id);
        audit.detail = serde_json::json!({ "by": "registration" });
        match self.services().accounts().create_account(account, audit).await {
            Ok(()) => {
                if self.settings.mail.sending == MailSending::On {
                    self.send_verification(id, &email, visitor, now).await?;
                }
                Ok(Some(Outcome::Created))
            }
            Err(StoreError { kind: StoreErrorKind::Conflict("users.username"), .. }) => Ok(None),
            Err(StoreError { kind: StoreErrorKind::Conflict("users.email"), .. }) => Ok(Some(Outcome::AddressKnown)),
            Err(error) => Err(error),
        }
    }

    /// Writes as much as for an address that nobody has, so that the answer takes as long.
    async fn note_known(
        &self,
        known: &[Account],
        address: &EmailAddress,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut audit = self.engine.audit(AuditKind::AddressKnown, visitor.address.clone(), now);
        audit.detail = serde_json::json!({ "by": "registration" });
        self.services().accounts().record(audit).await?;
        self.tell_owner(known, address, visitor, now).await
    }

    /// The hashes of a new password: by the policy, and for an older program where the database is shared with one.
    pub(crate) async fn new_hashes<E: From<Busy> + From<StoreError>>(
        &self,
        password: &PresentedPassword,
    ) -> Result<(StoredHash, Option<StoredHash>), E> {
        let hash = self.services().passwords().hash(password.clone()).await?;
        let older = match self.services().accounts().shared_with_older_program().await? {
            true => Some(self.services().passwords().hash_for_older_program(password.clone()).await?),
            false => None,
        };
        Ok((hash, older))
    }

    fn draft(&self, registration: &Registration) -> Result<Draft, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let mut problem = |field, message: String| problems.push(FieldProblem { field, message, policy: None });
        let email = EmailAddress::parse(&registration.email);
        if email.is_none() {
            problem("email", "This is not an e-mail address.".to_owned());
        }
        let username = username(&registration.username, email.as_ref());
        if username.is_none() {
            problem("username", format!("The user name must have 1 to {MAX_USERNAME} bytes and no @ sign."));
        }
        let typed = registration.password.expose();
        let names = [registration.email.as_str(), registration.username.as_str()];
        let password = PresentedPassword::parse(typed);
        let judged = self.settings.password_policy.judge(typed, &names);
        // A policy may allow more than is ever verified.
        let judged = judged.and_then(|()| password.as_ref().map(|_| ()).ok_or(PasswordRefused::TooLong(MAX_PRESENTED)));
        if let Err(refused) = judged {
            let message = refused.to_string();
            problems.push(FieldProblem { field: "password", message, policy: Some(refused) });
        }
        match (email, username, password) {
            (Some(email), Some(username), Some(password)) if problems.is_empty() => {
                Ok(Draft { email, username, password })
            }
            _ => Err(problems),
        }
    }

    async fn meant_by(&self, name: &str) -> Result<Vec<Account>, StoreError> {
        let Ok(identifier) = Identifier::parse(name) else { return Ok(Vec::new()) };
        self.services().accounts().find_accounts(&identifier).await
    }

    /// Tells the owner of a known address that somebody registered with it; not more often than the account may get mail.
    async fn tell_owner(
        &self,
        known: &[Account],
        address: &EmailAddress,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let owner = known.iter().find(|account| fold(&account.email) == fold(address.as_str()));
        let Some(owner) = owner.filter(|account| may_be_opened(account)) else { return Ok(()) };
        let Some(mail) = self.notice(MailKind::AddressKnown, owner, visitor, now) else { return Ok(()) };
        if self.may_get_mail(owner.subject.id, now).await {
            self.services().accounts().queue_mail(mail, None).await?;
            self.services().mail_queued();
        }
        Ok(())
    }

    /// The accounts that keep the address from being registered: all that it means, or those without a tenant where addresses stand
    /// for one account in each tenant. Should a crowd hide one of them, the store still refuses.
    async fn in_the_way(&self, email: &EmailAddress) -> Result<Vec<Account>, StoreError> {
        let mut known = self.meant_by(email.as_str()).await?;
        if !known.is_empty()
            && let Ok(address) = Identifier::parse(email.as_str())
        {
            let uniqueness = self.services().accounts().email_uniqueness().await?;
            known.retain(|found| uniqueness.is_in_the_way(found, &address, None));
        }
        Ok(known)
    }

    /// Whether the name would mean somebody else. One's own address as user name is taken only by another account's name.
    async fn username_is_taken(&self, username: &str, email: &EmailAddress) -> Result<bool, StoreError> {
        if fold(username) == fold(email.as_str()) {
            return Ok(false);
        }
        Ok(!self.meant_by(username).await?.is_empty())
    }

    /// The name with four random digits: a taken name is never reported.
    pub(crate) fn suffixed(&self, username: &str) -> String {
        let mut bytes = [0; 4];
        self.services().random().fill(&mut bytes);
        let kept = username.get(..username.floor_char_boundary(BEFORE_SUFFIX)).unwrap_or(username);
        format!("{kept}-{:04}", u32::from_be_bytes(bytes) % 10_000)
    }
}

/// What somebody who registers becomes: nobody's administrator, with an address that is to be verified.
fn new_account(
    id: UserId,
    email: &EmailAddress,
    username: String,
    (hash, older_hash): (StoredHash, Option<StoredHash>),
    now: Timestamp,
) -> NewAccount {
    NewAccount {
        id,
        tenant: None,
        email: email.as_str().to_owned(),
        hash: Some(hash),
        older_hash,
        is_verified: false,
        is_admin: false,
        status: AccountStatus::PendingVerification,
        roles: vec!["user".to_owned()],
        profile: Profile { preferred_username: Some(username.clone()), ..Profile::default() },
        username,
        created_at: now,
    }
}

/// A user name: one line, and no address but one's own, so that nobody's name reads like another's address (SECURITY.md row 54).
fn username(typed: &str, email: Option<&EmailAddress>) -> Option<String> {
    let name = Identifier::parse(text::line(typed.trim(), MAX_USERNAME).ok()?).ok()?;
    let own = email.is_some_and(|email| fold(email.as_str()) == name.folded());
    (own || !name.exact().contains('@')).then(|| name.exact().to_owned())
}

#[cfg(test)]
#[path = "register_tests.rs"]
mod tests;
