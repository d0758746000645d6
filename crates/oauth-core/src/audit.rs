//! What is worth remembering: audit events, written in the same step as what they tell of.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AuditId, ClientKey, UserId},
    time::Timestamp,
};

/// What happened; the text is stable and documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// An account was locked after too many failures.
    AccountLocked,
    /// An administrator changed an account.
    AccountChanged,
    /// An account was created.
    AccountCreated,
    /// Somebody registered with an address that has an account; nothing was stored.
    AddressKnown,
    /// Somebody proved that an address is theirs, by the link that was mailed to it.
    AddressVerified,
    /// An administrator changed a client.
    ClientChanged,
    /// An authorization code was presented twice: its grant was revoked.
    CodeReplayed,
    /// A user allowed a client something new.
    ConsentGranted,
    /// A grant was revoked.
    GrantRevoked,
    /// Somebody followed the link of an invitation.
    InvitationOpened,
    /// An invitation to sign in the new way was queued.
    InvitationQueued,
    /// A link to verify an address or to set a password was asked for or handed out.
    LinkIssued,
    /// An administrator sent a mail again or dropped it.
    MailChanged,
    /// A signing key was made or changed its state.
    KeyChanged,
    /// A password was set or changed.
    PasswordChanged,
    /// A spent refresh token was presented: its grant was revoked.
    RefreshReplayed,
    /// A group was made, changed or removed, or somebody joined or left it.
    GroupChanged,
    /// A setting was changed.
    SettingChanged,
    /// Somebody signed in.
    SignedIn,
    /// Somebody signed out.
    SignedOut,
    /// A sign-in failed.
    SignInFailed,
    /// A tenant was made, changed, confirmed or removed.
    TenantChanged,
    /// Somebody signed in with an upstream provider for the first time: the account is linked.
    UpstreamLinked,
    /// Somebody whom an upstream provider has proven was turned away.
    UpstreamRefused,
    /// An administrator removed a link to a person at an upstream provider.
    UpstreamUnlinked,
}

impl AuditKind {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountLocked => "account_locked",
            Self::AccountChanged => "account_changed",
            Self::AccountCreated => "account_created",
            Self::AddressKnown => "address_known",
            Self::AddressVerified => "address_verified",
            Self::ClientChanged => "client_changed",
            Self::CodeReplayed => "code_replayed",
            Self::ConsentGranted => "consent_granted",
            Self::GrantRevoked => "grant_revoked",
            Self::InvitationOpened => "invitation_opened",
            Self::InvitationQueued => "invitation_queued",
            Self::LinkIssued => "link_issued",
            Self::MailChanged => "mail_changed",
            Self::KeyChanged => "key_changed",
            Self::PasswordChanged => "password_changed",
            Self::RefreshReplayed => "refresh_replayed",
            Self::GroupChanged => "group_changed",
            Self::SettingChanged => "setting_changed",
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::SignInFailed => "sign_in_failed",
            Self::TenantChanged => "tenant_changed",
            Self::UpstreamLinked => "upstream_linked",
            Self::UpstreamRefused => "upstream_refused",
            Self::UpstreamUnlinked => "upstream_unlinked",
        }
    }

    /// Reads the stable text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text)).ok()
    }
}

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// The account concerned.
    pub user: Option<UserId>,
    /// The client concerned.
    pub client: Option<ClientKey>,
    /// The address it came from.
    pub address: Option<String>,
    /// Ids and names that explain it; never a secret.
    pub detail: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stable_text_is_read_back() {
        for kind in [AuditKind::AccountLocked, AuditKind::RefreshReplayed, AuditKind::SignedIn, AuditKind::SignInFailed]
        {
            assert_eq!(AuditKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(AuditKind::parse("something_else"), None);
    }
}
