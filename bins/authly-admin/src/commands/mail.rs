//! `authly-admin mail test`, and the link that `user reset-link` shows.

use std::path::PathBuf;

use authly_admin_cases::Admin;
use authly_config::Settings;
use authly_directory::{
    mail::{
        letter::{Letter, Visitor},
        outbox::Attempted,
    },
    services::DirectoryServices,
};
use authly_mail::{Courier as _, Folder, Handed, Occasion, render::render};
use authly_runtime::{
    Trouble, convert,
    mail::{self, Post},
};
use authly_seal::{SystemClock, SystemRandom};
use oauth_core::{endpoint::Endpoint, ids::MailId, services::Clock as _};
use serde_json::json;

use crate::{
    console::Console,
    failure::{Failure, refused},
};

/// Sends a mail past the outbox, so that the answer of the mail server is seen at once.
pub(crate) async fn test(
    settings: &Settings,
    to: &str,
    outbox: Option<PathBuf>,
    language: String,
    console: Console,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    let (sender, site) = match &settings.mail {
        Some(mail) => (mail::sender(settings, &mail.from_email)?, mail::site(settings)?),
        None => (mail::sender(settings, "no-reply@localhost")?, mail::site(settings)?),
    };
    let visitor = Visitor { locale: language, ..Visitor::default() };
    let letter = Letter { account: to.to_owned(), visitor, at: now, link: None, invitation: None };
    let id = MailId::generate(now, &SystemRandom);
    let composed = sender.compose(id, to, &render(Occasion::Test, &letter, &site), now);
    let outgoing = composed.map_err(|error| {
        Failure::usage(Trouble::caused("cannot send the mail", &error, "write --to as in name@example.com"))
    })?;
    let mut shown = json!({ "to": to, "message_id": format!("<{id}@{}>", sender.address().domain()) });
    let handed = if let Some(path) = outbox {
        let mut folder = Folder::new(path);
        if let Some(members) = shown.as_object_mut() {
            members.insert("file".to_owned(), folder.file_of(&outgoing).display().to_string().into());
        }
        folder.carry(&outgoing, async { true }).await
    } else {
        let Some(Post { mut courier, .. }) = mail::post(settings)? else { return Err(no_mail().into()) };
        let handed = courier.carry(&outgoing, async { true }).await;
        courier.rest().await;
        handed
    };
    let why = match handed {
        Handed::Tried(Attempted::Accepted) => return console.item(&shown),
        Handed::Tried(Attempted::Postponed(why) | Attempted::Refused(why) | Attempted::Unanswered(why))
        | Handed::NobodyThere(why) => why,
        Handed::NotOurs => String::new(),
    };
    let remedy = "correct SMTP_HOST, SMTP_PORT, SMTP_USERNAME, SMTP_PASSWORD or AUTHLY_SMTP_ENCRYPTION";
    Err(Trouble::new("the mail was not accepted", why, remedy).into())
}

/// Shows a link to set a password; who opens it needs nothing else.
pub(crate) async fn reset_link<V: DirectoryServices>(
    admin: &Admin<V>,
    settings: &Settings,
    user: &str,
    console: Console,
) -> Result<(), Failure> {
    let lifetime = settings.mail.as_ref().map_or(LINK_LIFETIME, |mail| mail.password_link_lifetime);
    let link = admin.password_link(user, lifetime).await.map_err(refused("cannot make a link"))?;
    let path = format!("{}?token={}", Endpoint::ResetPassword.path(), link.token.expose());
    console.item(&json!({
        "user": link.user,
        "email": link.email,
        "link": convert::issuer(settings)?.url(&path),
        "expires_at": link.expires_at,
    }))?;
    console.note("Whoever opens the link sets the password. It works once; hand it over on a way that you trust.");
    Ok(())
}

/// How long a link that is handed over is good where mail has no settings.
const LINK_LIFETIME: std::time::Duration = std::time::Duration::from_secs(3_600);

fn no_mail() -> Trouble {
    Trouble::new(
        "no mail can be sent",
        "SMTP_HOST is not set",
        "set SMTP_HOST and SMTP_FROM_EMAIL, or add --outbox DIR to write the mail into a folder",
    )
}
