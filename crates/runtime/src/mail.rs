//! From the settings to those who send mails.

use authly_config::{MailCarrier, MailEncryption, Settings};
use authly_directory::{
    invite::InvitationFigures,
    mail::outbox::{MailState, Resend},
};
use authly_mail::{AnyCourier, Encryption, Folder, Postman, Sender, Site, Smtp, SmtpSettings};
use oauth_core::{secret::Secret, settings::Issuer, time::Timestamp};

use crate::{convert, trouble::Trouble};

/// Who sends mails, and what carries them.
#[derive(Debug)]
pub struct Post {
    /// Who sends.
    pub postman: Postman,
    /// What carries.
    pub courier: AnyCourier,
}

/// What was last counted of the mails.
#[derive(Clone, Debug, Default)]
pub struct MailGauges {
    /// Mails by state.
    pub states: Vec<(MailState, u64)>,
    /// When the oldest was queued that waits.
    pub oldest: Option<Timestamp>,
    /// How far invitations are, by tenant.
    pub invitations: Vec<InvitationFigures>,
}

/// Those that the settings name; none where no mail can be sent.
pub fn post(settings: &Settings) -> Result<Option<Post>, Trouble> {
    let Some(mail) = &settings.mail else { return Ok(None) };
    let postman = Postman {
        site: site(settings)?,
        sender: sender(settings, &mail.from_email)?,
        resend: if mail.resend_unknown { Resend::Always } else { Resend::Never },
    };
    let courier = match &mail.carrier {
        MailCarrier::Folder(path) => AnyCourier::Folder(Folder::new(path)),
        MailCarrier::Server(server) => AnyCourier::Smtp(Box::new(Smtp::new(SmtpSettings {
            host: server.host.clone(),
            port: server.port,
            credentials: server
                .username
                .clone()
                .zip(server.password.as_ref().map(|password| Secret::new(password.expose().to_owned()))),
            encryption: match server.encryption {
                MailEncryption::None => Encryption::None,
                MailEncryption::StartTls => Encryption::StartTls,
                MailEncryption::Tls => Encryption::Tls,
            },
            ca_certificate: server.ca_certificate.clone(),
            hello: host_name(&convert::issuer(settings)?),
        }))),
    };
    Ok(Some(Post { postman, courier }))
}

/// The installation as mails name it.
pub fn site(settings: &Settings) -> Result<Site, Trouble> {
    Ok(Site { product: settings.pages.product_name.clone(), issuer: convert::issuer(settings)? })
}

/// The sender of mails.
pub fn sender(settings: &Settings, address: &str) -> Result<Sender, Trouble> {
    Sender::new(address, &settings.pages.product_name)
        .map_err(|error| Trouble::caused("cannot send mails", &error, "correct SMTP_FROM_EMAIL"))
}

/// What we call ourselves before a mail server: the issuer's host.
fn host_name(issuer: &Issuer) -> String {
    let host = issuer.as_str().split_once("://").map_or(issuer.as_str(), |(_, host)| host);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name.is_empty() || name.starts_with('[') { "localhost".to_owned() } else { name.to_owned() }
}
