//! Which account somebody is. Pure; the order is the rule: the link, the id that an import brought along, the address.
//!
//! Two accounts are never merged, and an account that is somebody else's at this provider is nobody's second one. An address finds an
//! account only if both sides have verified it: otherwise whoever registers at a provider with a stranger's address would take the
//! stranger's account over, and whoever registers here with a stranger's address would lie in wait for them.

use authly_upstream::{
    identity::UpstreamSubject,
    provider::{LinkRule, TenantRule},
};
use oauth_core::{
    ids::{TenantId, UserId},
    subject::{AccountStatus, Subject},
};
use thiserror::Error;

use super::{Admission, Question, creates};
use crate::{account::Account, uniqueness::tenant_of};

/// The accounts that the person may be, as they are now.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The one that is linked.
    pub linked: Option<Account>,
    /// Those to which an import brought this id along.
    pub imported: Vec<Account>,
    /// Those with the address, and the id that an import brought along for them.
    pub by_email: Vec<(Account, Option<String>)>,
    /// Those that are linked to somebody else at this issuer.
    pub taken: Vec<UserId>,
}

impl Found {
    /// The accounts whose stored id cannot be one: it counts as none, and is reported (S001-45).
    pub(super) fn broken_links(&self) -> Vec<UserId> {
        let broken = |(account, subject): &(Account, Option<String>)| {
            let broken = subject.as_deref().is_some_and(|subject| UpstreamSubject::parse(subject).is_none());
            broken.then_some(account.subject.id)
        };
        self.by_email.iter().filter_map(broken).collect()
    }
}

/// How somebody came to be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkedBy {
    /// The account was made for them.
    Creation,
    /// By the address.
    Email,
    /// By the id that an import brought along.
    Import,
}

impl LinkedBy {
    /// The text in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creation => "creation",
            Self::Email => "email",
            Self::Import => "import",
        }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Make an account.
    Create {
        /// Its tenant.
        tenant: Option<TenantId>,
    },
    /// Sign in.
    SignIn {
        /// Who it is.
        account: Box<Account>,
        /// How the link comes about, if there is none yet.
        by: Option<LinkedBy>,
    },
}

/// Why somebody does not get in. Pages tell [`NoTenant`](Self::NoTenant) from the others and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The account is linked to somebody else at this provider, or an import says that it is somebody else's.
    #[error("the account is somebody else's at this provider")]
    AlreadyLinked(UserId),
    /// Several accounts fit, and nothing says which one is meant.
    #[error("several accounts fit")]
    Ambiguous,
    /// The account is locked, switched off, or its tenant is.
    #[error("the account is closed")]
    Closed(UserId),
    /// Nobody has proven here that the account's address belongs to its owner.
    #[error("the address of the account is not verified")]
    AccountUnverified(UserId),
    /// The provider does not say that the address is verified.
    #[error("the provider has not verified the address")]
    EmailUnverified,
    /// No account fits.
    #[error("no account fits")]
    NoAccount,
    /// In no group of a tenant, or not of the account's.
    #[error("no group of a tenant")]
    NoTenant(Option<UserId>),
}

impl Refusal {
    /// The word for the log and the metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlreadyLinked(_) => "already_linked",
            Self::Ambiguous => "ambiguous",
            Self::Closed(_) => "closed",
            Self::AccountUnverified(_) => "account_unverified",
            Self::EmailUnverified => "email_unverified",
            Self::NoAccount => "no_account",
            Self::NoTenant(_) => "no_tenant",
        }
    }

    /// The account concerned.
    pub const fn account(self) -> Option<UserId> {
        match self {
            Self::AlreadyLinked(user) | Self::Closed(user) | Self::AccountUnverified(user) => Some(user),
            Self::NoTenant(user) => user,
            Self::Ambiguous | Self::EmailUnverified | Self::NoAccount => None,
        }
    }
}

/// Decides.
pub fn decide(question: Question<'_>, admission: &Admission, found: &Found) -> Result<Decision, Refusal> {
    let (account, by) = match whom(question, admission, found)? {
        Some(found) => found,
        None if creates(question.rule) => return create(question, admission),
        None => return Err(Refusal::NoAccount),
    };
    let user = account.subject.id;
    if !account.subject.may_hold_tokens() || account.is_locked {
        return Err(Refusal::Closed(user));
    }
    if question.rule.tenants == TenantRule::Required && !admission.admits(&account.subject) {
        return Err(Refusal::NoTenant(Some(user)));
    }
    Ok(Decision::SignIn { account: Box::new(account.clone()), by })
}

/// The account, and how it was found if it is not linked yet.
fn whom<'a>(
    question: Question<'_>,
    admission: &Admission,
    found: &'a Found,
) -> Result<Option<(&'a Account, Option<LinkedBy>)>, Refusal> {
    if let Some(account) = found.linked.as_ref().filter(|account| lives(account)) {
        return Ok(Some((account, None)));
    }
    if question.rule.link == LinkRule::Nothing {
        return Ok(None);
    }
    // An imported id does not say at which provider it is one: elsewhere the same id is somebody else.
    let believed = question.rule.link.believes_imported();
    let imported: Vec<&Account> = found.imported.iter().filter(|account| believed && lives(account)).collect();
    match imported.as_slice() {
        [] => {}
        [only] => return free(only, found).map(|account| Some((account, Some(LinkedBy::Import)))),
        _ => return Err(Refusal::Ambiguous),
    }
    if question.rule.link == LinkRule::Imported || found.by_email.is_empty() {
        return Ok(None);
    }
    let Some(email) = &question.identity.email else { return Ok(None) };
    if !email.verified {
        return Err(Refusal::EmailUnverified);
    }
    let candidates: Vec<_> = found.by_email.iter().filter(|(account, _)| lives(account)).collect();
    let (account, imported_as) = match candidates.as_slice() {
        [] => return Ok(None),
        [only] => *only,
        // The same address in several tenants: the client's tenant says which, then the groups.
        several => {
            let of_tenant = |tenants: &dyn Fn(TenantId) -> bool| -> Vec<_> {
                several.iter().filter(|(account, _)| tenant_of(&account.subject).is_some_and(tenants)).collect()
            };
            let of_client = of_tenant(&|tenant| question.tenant == Some(tenant));
            let of_groups = of_tenant(&|tenant| admission.names(tenant));
            match (of_client.as_slice(), of_groups.as_slice()) {
                ([only], _) | ([], [only]) => **only,
                _ => return Err(Refusal::Ambiguous),
            }
        }
    };
    let somebody_else = imported_as.as_deref().and_then(UpstreamSubject::parse);
    if somebody_else.is_some_and(|subject| subject != question.identity.subject) {
        return Err(Refusal::AlreadyLinked(account.subject.id));
    }
    let account = free(account, found)?;
    if !account.is_verified {
        return Err(Refusal::AccountUnverified(account.subject.id));
    }
    Ok(Some((account, Some(LinkedBy::Email))))
}

fn free<'a>(account: &'a Account, found: &Found) -> Result<&'a Account, Refusal> {
    let user = account.subject.id;
    if found.taken.contains(&user) { Err(Refusal::AlreadyLinked(user)) } else { Ok(account) }
}

/// Somebody new: the address is their own, and the tenant is clear.
fn create(question: Question<'_>, admission: &Admission) -> Result<Decision, Refusal> {
    if !question.identity.email.as_ref().is_some_and(|email| email.verified) {
        return Err(Refusal::EmailUnverified);
    }
    if question.rule.tenants == TenantRule::Ignore {
        return Ok(Decision::Create { tenant: question.tenant });
    }
    match (admission.tenants().as_slice(), question.tenant) {
        ([], _) => Err(Refusal::NoTenant(None)),
        (tenants, Some(tenant)) if tenants.contains(&tenant) => Ok(Decision::Create { tenant: Some(tenant) }),
        ([only], None) => Ok(Decision::Create { tenant: Some(*only) }),
        (_, Some(_)) => Err(Refusal::NoTenant(None)),
        (_, None) => Err(Refusal::Ambiguous),
    }
}

fn lives(account: &Account) -> bool {
    account.subject.status != AccountStatus::Deleted
}

impl Admission {
    /// Whether the groups let this account in: its tenant is among theirs; one without a tenant needs any.
    fn admits(&self, subject: &Subject) -> bool {
        match tenant_of(subject) {
            Some(tenant) => self.names(tenant),
            None => !self.tenants().is_empty(),
        }
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
