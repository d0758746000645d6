//! An installation with people, and a mail server beside it.

use std::{sync::Arc, time::Duration};

use authly_admin_cases::{
    Admin, AdminSettings,
    invite::{InviteOptions, InviteReport, Words},
    migrate::{Observer, Silent, Stop},
    user::UserDraft,
};
use authly_directory::{
    invite::{InvitationFigures, InvitationRepository as _, Lane},
    mail::{
        letter::{Invitation, Letter, MailKind, OwnWords},
        outbox::Resend,
    },
    password::PasswordPolicy,
    services::DirectoryServices as _,
};
use authly_mail::{Encryption, Postman, Sender, Site, Smtp, SmtpSettings};
use authly_testkit::TestServices;
use oauth_core::{client::PkcePolicy, crypto::Algorithm, policy::Policies, secret::Secret, settings::Issuer};

use crate::support::MailServer;

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Leaves every letter to the catalogue.
pub(crate) struct Catalogue;

impl Words for Catalogue {
    fn words(&self, _: MailKind, _: &Letter) -> Result<Option<OwnWords>, String> {
        Ok(None)
    }
}

/// An installation with `count` people.
pub(crate) async fn people(count: usize) -> Arc<TestServices> {
    let services = Arc::new(TestServices::new());
    for number in 0..count {
        let draft = UserDraft {
            email: format!("p{number}@example.org"),
            username: Some(format!("p{number}")),
            password: Some(Secret::new("correct horse".to_owned())),
            verified: true,
            ..UserDraft::default()
        };
        admin(&services).create_user(draft).await.unwrap();
    }
    services
}

pub(crate) fn admin(services: &Arc<TestServices>) -> Admin<TestServices> {
    let settings = AdminSettings {
        password_policy: PasswordPolicy { min_characters: 8, max_bytes: 1024 },
        key_retirement: DAY,
        pkce_default: PkcePolicy::Required,
        id_token_alg: Algorithm::RS256,
    };
    Admin::new(services.clone(), settings)
}

pub(crate) fn options() -> InviteOptions {
    InviteOptions {
        tenant: None,
        wave: None,
        wave_size: None,
        limit: None,
        remind: false,
        unverified: false,
        remind_after: 14 * DAY,
        lifetime: 30 * DAY,
        kind: MailKind::Invitation,
        lane: Lane::Servers,
        execute: true,
        language: "en".to_owned(),
        says: Invitation::default(),
        policies: Policies::default(),
    }
}

pub(crate) async fn invite(services: &Arc<TestServices>, options: &InviteOptions) -> InviteReport {
    invite_until(services, options, &Stop::default(), &mut Silent).await
}

pub(crate) async fn invite_until(
    services: &Arc<TestServices>,
    options: &InviteOptions,
    stop: &Stop,
    observer: &mut impl Observer,
) -> InviteReport {
    let report = admin(services).invite(options, &Catalogue, stop, observer).await.unwrap();
    assert!(report.reconciles, "{report:?}");
    assert_eq!(report.verdicts.values().sum::<u64>(), report.accounts);
    report
}

pub(crate) fn postman() -> Postman {
    let site = Site { product: "Nordwind".into(), issuer: Issuer::parse("https://auth.example.com").unwrap() };
    let sender = Sender::new("no-reply@example.com", &site.product).unwrap();
    Postman { sender, site, resend: Resend::Never }
}

pub(crate) fn smtp(server: &MailServer) -> Smtp {
    Smtp::new(settings(server.port))
}

pub(crate) fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".into(),
        port,
        credentials: None,
        encryption: Encryption::None,
        ca_certificate: None,
        hello: "auth.example.com".into(),
    }
}

/// Sends all that is due.
pub(crate) async fn deliver(services: &Arc<TestServices>, server: &MailServer) -> usize {
    let (mut courier, mut sent) = (smtp(server), 0);
    loop {
        let round = postman().round(&**services, &mut courier, || false).await.unwrap();
        sent += round.sent;
        if round.taken == 0 {
            return sent;
        }
    }
}

/// Whom the server has mails for, in order.
pub(crate) fn recipients(server: &MailServer) -> Vec<String> {
    let contents = server.seen().contents;
    let to = |content: &String| content.lines().find_map(|line| line.strip_prefix("To: ")).unwrap().to_owned();
    let mut all: Vec<String> = contents.iter().map(to).collect();
    all.sort();
    all
}

pub(crate) async fn funnel(services: &Arc<TestServices>) -> InvitationFigures {
    services.accounts().invitation_figures().await.unwrap().pop().unwrap_or_default()
}
