//! The kinds of findings, and how bad each is.

use serde::{Deserialize, Serialize};

use crate::outcome::{FlawKind, ReasonCode};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// These rows become no accounts before somebody decides.
    Error,
    /// These rows are imported, and something about them is lost or must be made good later.
    Warning,
    /// Worth knowing.
    Note,
}

macro_rules! classes {
    ($($(#[$doc:meta])+ $variant:ident => $text:literal, $severity:ident, $means:literal, $remedy:literal;)+) => {
        /// A kind of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Class {
            $($(#[$doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl Class {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the command line and in reports.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// What is the case.
            pub const fn means(self) -> &'static str {
                match self { $(Self::$variant => $means,)+ }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }

            /// Reads the word.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|class| class.as_str() == text)
            }
        }
    };
}

classes! {
    /// Addresses that are equal but for case or Unicode form.
    EmailTaken => "email_taken", Error, "addresses equal but for case or Unicode form",
        "decide which account keeps the address: change the source, set users.collision, or resolve the rows after the import";
    /// User names that are equal but for case or Unicode form.
    UsernameTaken => "username_taken", Error, "user names equal but for case or Unicode form",
        "decide which account keeps the name: change the source, or resolve the rows after the import";
    /// A user name that is another account's address.
    UsernameIsEmail => "username_is_email", Error, "user names that are another account's address",
        "change the source, or resolve the rows after the import";
    /// Two rows with one id at the identity provider.
    LinkTaken => "link_taken", Error, "several rows with the same id at the identity provider",
        "find out whose it is, and clear the others in the source";
    /// No address.
    EmailMissing => "email_missing", Error, "no e-mail address",
        "add it in the source, or set users.missing_email";
    /// An address that is none.
    EmailInvalid => "email_invalid", Error, "an e-mail address that is none",
        "correct it in the source, or resolve the rows after the import";
    /// An address that is too long.
    EmailTooLong => "email_too_long", Error, "an e-mail address of more than 255 bytes",
        "correct it in the source, or resolve the rows after the import";
    /// A user name that is too long.
    UsernameTooLong => "username_too_long", Error, "a user name of more than 255 bytes",
        "shorten it in the source, or resolve the rows after the import";
    /// A user name that cannot be one.
    UsernameInvalid => "username_invalid", Error, "a user name with control characters",
        "correct it in the source, or resolve the rows after the import";
    /// A tenant that is not there.
    TenantUnknown => "tenant_unknown", Error, "a tenant that the source does not have",
        "correct the reference in the source";
    /// A status without a meaning.
    StatusUnknown => "status_unknown", Error, "a status that the profile does not explain",
        "add it to [statuses] in the profile";
    /// A column of the wrong type.
    WrongType => "wrong_type", Error, "a value of another type than the profile says, or bytes that are no UTF-8",
        "correct it in the source, or the column in the profile";
    /// Tenants whose short names become equal.
    SlugTaken => "slug_taken", Error, "tenants whose short names become equal when they are made safe",
        "rename one of them in the source";
    /// A known password that does not verify.
    CanaryFailed => "canary_failed", Error, "accounts whose known password does not verify",
        "ask `migrate verify-password` about one of them; check passwords.scheme, encoding and peppers in the profile";
    /// A hash that nobody verifies.
    HashUnsupported => "hash_unsupported", Warning, "password hashes that no scheme verifies",
        "their owners need a new password; if the source uses one recipe for all, declare it in [passwords]";
    /// A hash that costs too much.
    HashHostile => "hash_hostile", Warning, "password hashes that would take too much time or memory to verify",
        "their owners need a new password";
    /// No password.
    HashMissing => "hash_missing", Warning, "no password", "their owners need a password, or sign in by OAuth alone";
    /// A hash that is cheap to guess.
    HashWeak => "hash_weak", Warning, "password hashes that are cheap to guess",
        "import with --wrap-weak; each is made anew when its owner next signs in";
    /// A link that is none.
    LinkInvalid => "link_invalid", Warning, "an id at the identity provider that is none; it counts as no link",
        "clear it in the source, or link the account later";
    /// A time that is none.
    TimeInvalid => "time_invalid", Warning, "times that are none, or out of range; they are left out",
        "correct them in the source if they matter";
    /// A time long before the program.
    TimeOdd => "time_odd", Warning, "times before 1970 or in the future", "correct them in the source if they matter";
    /// A value that is too long.
    TooLong => "too_long", Warning, "values that are too long or hold control characters; they are left out",
        "correct them in the source if they matter";
    /// A role that is lost.
    RoleLost => "role_lost", Warning, "roles that the profile maps to nothing", "add them to [roles.map] in the profile";
    /// Somebody of a tenant that is not in operation.
    TenantInactive => "tenant_inactive", Warning, "accounts of tenants that are not in operation; they are skipped",
        "put the tenant into operation in the source if its people are to come along";
    /// User names of several tenants.
    NameShared => "name_shared", Warning, "user names that several tenants have; each gets one with the tenant's short name",
        "start a server with AUTHLY_EMAIL_UNIQUENESS=per_tenant before the import, else they wait; users.shared_name in the profile names them";
    /// Tokens of nobody.
    TokenOrphan => "token_orphan", Warning, "tokens of accounts that are not there", "nothing: they are not taken over";
    /// API keys of nobody.
    ApiKeyOrphan => "api_key_orphan", Warning, "API keys of accounts that are not there", "nothing: they are not taken over";
    /// Groups of no tenant.
    GroupOrphan => "group_orphan", Warning, "groups of tenants that are not there", "nothing: they are not taken over";
    /// Names that are equal but for case, in a table that is adopted as it is.
    NamesAlike => "names_alike", Note, "names equal but for case or Unicode form; all of them are adopted as they are",
        "nothing: each is found by its exact spelling; where the spelling is nobody's, the password decides";
    /// An administrator.
    Administrator => "administrator", Note, "administrators of the installation", "look whether they are to stay so";
}

impl Class {
    /// The kind of a flaw.
    pub const fn of_flaw(kind: FlawKind) -> Self {
        match kind {
            FlawKind::EmailMissing => Self::EmailMissing,
            FlawKind::EmailInvalid => Self::EmailInvalid,
            FlawKind::EmailTooLong => Self::EmailTooLong,
            FlawKind::UsernameTooLong => Self::UsernameTooLong,
            FlawKind::UsernameInvalid => Self::UsernameInvalid,
            FlawKind::ExternalSubjectInvalid => Self::LinkInvalid,
            FlawKind::TimeInvalid => Self::TimeInvalid,
            FlawKind::TenantSlugTaken => Self::SlugTaken,
            FlawKind::TenantUnknown => Self::TenantUnknown,
            FlawKind::WrongType => Self::WrongType,
            FlawKind::StatusUnknown => Self::StatusUnknown,
            FlawKind::TooLong => Self::TooLong,
        }
    }

    /// The kind of a collision.
    pub const fn of_collision(code: ReasonCode) -> Self {
        match code {
            ReasonCode::UsernameTaken => Self::UsernameTaken,
            ReasonCode::UsernameIsEmail => Self::UsernameIsEmail,
            ReasonCode::ExternalSubjectTaken => Self::LinkTaken,
            _ => Self::EmailTaken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_word_of_its_own() {
        for class in Class::ALL {
            assert_eq!(Class::parse(class.as_str()), Some(*class));
            assert!(!class.means().is_empty() && !class.remedy().is_empty());
        }
    }
}
