//! Mails that wait, were sent or failed; and links that an administrator hands over where no mail can be sent.

use std::time::Duration;

use authly_directory::{
    mail::{
        link::{Delivery, EmailLink, LinkKind, may_be_opened},
        outbox::{MailState, OutboxEntry, OutboxQuery},
        store::{MailRepository as _, NewLink},
    },
    services::DirectoryServices,
};
use oauth_core::{audit::AuditKind, ids::MailId, store::Commit, token::OpaqueToken};
use serde::Serialize;
use serde_json::json;

use crate::{Admin, AdminError};

/// A mail as shown; its content is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailView {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub kind: &'static str,
    /// Where it goes.
    pub to: String,
    /// The account concerned.
    pub user: Option<String>,
    /// Its state.
    pub state: &'static str,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was queued, RFC 3339.
    pub created_at: String,
    /// When it is tried next, RFC 3339.
    pub next_at: Option<String>,
    /// When it was settled, RFC 3339.
    pub settled_at: Option<String>,
    /// What the mail server said last.
    pub error: Option<String>,
}

/// A link to set a password, shown once.
#[derive(Debug)]
pub struct PasswordLink {
    /// Whose it is.
    pub user: String,
    /// The address of the account.
    pub email: String,
    /// The token for the page's address.
    pub token: OpaqueToken,
    /// Until when it is good, RFC 3339.
    pub expires_at: String,
}

impl<V: DirectoryServices> Admin<V> {
    /// Mails, newest first.
    pub async fn mails(&self, state: Option<MailState>, limit: u32) -> Result<Vec<MailView>, AdminError> {
        let found = self.services.accounts().list_mails(OutboxQuery { state, limit }).await?;
        Ok(found.iter().map(view).collect())
    }

    /// How many mails there are, by state.
    pub async fn mail_counts(&self) -> Result<Vec<(MailState, u64)>, AdminError> {
        Ok(self.services.accounts().count_mails().await?)
    }

    /// One mail.
    pub async fn mail(&self, id: &str) -> Result<MailView, AdminError> {
        Ok(view(&self.find_mail(id).await?))
    }

    /// Queues a mail again that waits, failed or is unknown.
    pub async fn retry_mail(&self, id: &str) -> Result<MailView, AdminError> {
        let mail = self.find_mail(id).await?;
        let audit = self.event(AuditKind::MailChanged, mail.user, None, json!({ "mail": id, "act": "retry" }));
        match self.services.accounts().retry_mail(mail.id, self.now(), audit).await? {
            Commit::Applied => self.mail(id).await,
            Commit::Lost => Err(stays(&mail)),
        }
    }

    /// Removes a mail that is not being sent just now.
    pub async fn drop_mail(&self, id: &str) -> Result<MailView, AdminError> {
        let mail = self.find_mail(id).await?;
        let audit = self.event(AuditKind::MailChanged, mail.user, None, json!({ "mail": id, "act": "drop" }));
        match self.services.accounts().drop_mail(mail.id, audit).await? {
            Commit::Applied => Ok(view(&mail)),
            Commit::Lost => Err(stays(&mail)),
        }
    }

    /// Makes a link to set a password that the administrator hands over; it proves nothing about the address.
    pub async fn password_link(&self, name: &str, lifetime: Duration) -> Result<PasswordLink, AdminError> {
        let account = self.find_living(name).await?;
        if !may_be_opened(&account) {
            let why = format!("{name:?} is locked or not active; activate it first");
            return Err(AdminError::invalid("user", why));
        }
        let (user, now) = (account.subject.id, self.now());
        let token = OpaqueToken::generate(self.services.random());
        let expires_at = now.plus(lifetime);
        let link = EmailLink {
            token: token.hash(),
            kind: LinkKind::SetPassword,
            user,
            address: account.email.clone(),
            delivery: Delivery::Shown,
            created_at: now,
            expires_at,
            used_at: None,
        };
        let detail = json!({ "kind": LinkKind::SetPassword.as_str(), "by": "administrator" });
        let audit = self.event(AuditKind::LinkIssued, Some(user), None, detail);
        self.services.accounts().issue_link(NewLink { link, mail: None, audit }).await?;
        Ok(PasswordLink { user: user.to_string(), email: account.email, token, expires_at: expires_at.to_rfc3339() })
    }

    async fn find_mail(&self, id: &str) -> Result<OutboxEntry, AdminError> {
        let unknown = || AdminError::NotFound { what: "mail", name: id.to_owned() };
        let mail = MailId::parse(id).ok_or_else(unknown)?;
        self.services.accounts().mail(mail).await?.ok_or_else(unknown)
    }
}

fn stays(mail: &OutboxEntry) -> AdminError {
    AdminError::invalid("id", format!("the mail is {} and stays as it is", mail.state.as_str()))
}

fn view(mail: &OutboxEntry) -> MailView {
    let waits = matches!(mail.state, MailState::Queued | MailState::Sending);
    let at = mail.next_at.to_rfc3339();
    MailView {
        id: mail.id.to_string(),
        kind: mail.kind.as_str(),
        to: mail.to.clone(),
        user: mail.user.map(|user| user.to_string()),
        state: mail.state.as_str(),
        attempts: mail.attempts,
        created_at: mail.created_at.to_rfc3339(),
        next_at: waits.then(|| at.clone()),
        settled_at: (!waits).then_some(at),
        error: mail.error.clone(),
    }
}
