//! Links between accounts and people at an upstream provider: list, make, remove.

use authly_directory::{
    services::DirectoryServices,
    upstream::{LinkedAccount, LinkedSessions, UpstreamKey, UpstreamLink, UpstreamRepository as _},
};
use authly_upstream::identity::UpstreamSubject;
use oauth_core::{audit::AuditKind, ids::UserId, store::Commit};
use serde::Serialize;
use serde_json::json;

use crate::{Admin, AdminError};

/// A link as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkView {
    /// The account.
    pub user: String,
    /// Its e-mail address.
    pub email: String,
    /// The short name of the provider; none if the settings do not name it any more.
    pub provider: Option<String>,
    /// Its issuer.
    pub issuer: String,
    /// The person there.
    pub subject: String,
    /// When the link was made, RFC 3339.
    pub linked_at: String,
    /// When somebody last signed in by it, or else when it was made, RFC 3339.
    pub last_used_at: String,
}

/// A provider as links name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedProvider {
    /// Its short name.
    pub name: String,
    /// Its issuer.
    pub issuer: String,
}

/// A removed link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unlinked {
    /// The account.
    pub user: String,
    /// The issuer.
    pub issuer: String,
    /// The person there.
    pub subject: String,
    /// Whether the sessions that came by it have ended.
    pub sessions_ended: bool,
}

impl<V: DirectoryServices> Admin<V> {
    /// The links of one account, by issuer.
    pub async fn links_of(&self, user: &str, known: &[NamedProvider]) -> Result<Vec<LinkView>, AdminError> {
        let account = self.find_user(user).await?;
        let links = self.services.accounts().upstream_links(account.subject.id).await?;
        Ok(links.into_iter().map(|link| shown(account.subject.id, &account.email, link, known)).collect())
    }

    /// The links of a page of accounts, at one issuer or anywhere.
    pub async fn links(
        &self,
        issuer: Option<&str>,
        after: Option<UserId>,
        limit: u32,
        known: &[NamedProvider],
    ) -> Result<Vec<LinkView>, AdminError> {
        let linked = self.services.accounts().linked_accounts(issuer, after, limit).await?;
        Ok(linked.into_iter().map(|LinkedAccount { user, email, link }| shown(user, &email, link, known)).collect())
    }

    /// Links an account with a person at a provider; the same link a second time changes nothing.
    pub async fn link(&self, user: &str, provider: &NamedProvider, subject: &str) -> Result<LinkView, AdminError> {
        let account = self.find_living(user).await?;
        let user = account.subject.id;
        let subject = UpstreamSubject::parse(subject)
            .ok_or_else(|| AdminError::invalid("subject", "it is empty, too long, or a word for nothing"))?;
        let key = UpstreamKey { issuer: provider.issuer.clone(), subject: subject.as_str().to_owned() };
        let detail = json!({ "by": "administrator", "provider": provider.name, "subject": key.subject });
        let audit = self.event(AuditKind::UpstreamLinked, Some(user), None, detail);
        let accounts = self.services.accounts();
        match accounts.link_upstream(user, &key, self.now(), audit).await? {
            Commit::Applied => {
                let made = accounts.upstream_links(user).await?.into_iter().find(|link| link.key == key);
                let made = made.ok_or_else(|| AdminError::not_found("link", &provider.name))?;
                Ok(shown(user, &account.email, made, std::slice::from_ref(provider)))
            }
            Commit::Lost => {
                let why =
                    "that person is another account's, or the account is somebody else's there: remove that link first";
                Err(AdminError::invalid("subject", why))
            }
        }
    }

    /// Removes the link of an account at an issuer, and ends the sessions that came from there if asked to.
    pub async fn unlink(&self, user: &str, issuer: &str, sessions: LinkedSessions) -> Result<Unlinked, AdminError> {
        let user = self.find_user(user).await?.subject.id;
        let accounts = self.services.accounts();
        let links = accounts.upstream_links(user).await?;
        let gone = links.into_iter().find(|link| link.key.issuer == issuer);
        let Some(UpstreamLink { key, .. }) = gone else { return Err(AdminError::not_found("link at", issuer)) };
        let sessions_ended = sessions == LinkedSessions::End;
        let detail = json!({
            "by": "administrator", "issuer": issuer, "subject": key.subject, "sessions_ended": sessions_ended,
        });
        let audit = self.event(AuditKind::UpstreamUnlinked, Some(user), None, detail);
        match accounts.unlink_upstream(user, issuer, sessions, self.now(), audit).await? {
            Commit::Applied => {
                Ok(Unlinked { user: user.to_string(), issuer: key.issuer, subject: key.subject, sessions_ended })
            }
            Commit::Lost => Err(AdminError::not_found("link at", issuer)),
        }
    }
}

fn shown(user: UserId, email: &str, link: UpstreamLink, known: &[NamedProvider]) -> LinkView {
    let provider = known.iter().find(|provider| provider.issuer == link.key.issuer);
    LinkView {
        user: user.to_string(),
        email: email.to_owned(),
        provider: provider.map(|provider| provider.name.clone()),
        issuer: link.key.issuer,
        subject: link.key.subject,
        linked_at: link.linked_at.to_rfc3339(),
        last_used_at: link.last_used_at.to_rfc3339(),
    }
}
