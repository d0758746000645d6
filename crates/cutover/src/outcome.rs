//! What became of a row: one of thirteen outcomes, and why.
//!
//! The sum over the outcomes is the number of rows, always; [`Counters`] carry that equation through batches and resumed runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

macro_rules! texts {
    ($(#[$doc:meta])+ $name:ident { $($(#[$variant_doc:meta])+ $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every one of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text in stores, reports and metrics.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Reads the text form.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }
    };
}

texts! {
    /// What became of a row of the source; one and only one.
    Outcome {
        /// A new account.
        Import => "import",
        /// A new account, switched off (C-36).
        ImportDisabled => "import_disabled",
        /// An account that was there got the row's link.
        ImportRelink => "import_relink",
        /// A new account whose password must be set anew.
        ImportResetRequired => "import_reset_required",
        /// The account was linked before the first run; the row is noted.
        AlreadyLinked => "already_linked",
        /// The account signed in by OAuth before the first run; the row is noted.
        AlreadyMigrated => "already_migrated",
        /// Imported before; what changed in the source since was carried over.
        Updated => "updated",
        /// Imported before, and nothing is to be done.
        Unchanged => "unchanged",
        /// Deleted in the source and never imported.
        SkipDeleted => "skip_deleted",
        /// Of a tenant that is not wanted, or not in operation.
        SkipTenant => "skip_tenant",
        /// It contradicts another row or account; somebody must decide.
        Conflict => "conflict",
        /// It cannot become an account as it is; somebody must decide.
        Quarantine => "quarantine",
        /// The store refused it; the next run tries again.
        Failed => "failed",
    }
}

impl Outcome {
    /// Whether somebody has to look at the row: the run ends with exit code 2.
    pub const fn needs_a_decision(self) -> bool {
        matches!(self, Self::Conflict | Self::Quarantine | Self::Failed)
    }

    /// Whether an account is written.
    pub const fn writes_an_account(self) -> bool {
        matches!(
            self,
            Self::Import | Self::ImportDisabled | Self::ImportRelink | Self::ImportResetRequired | Self::Updated
        )
    }
}

texts! {
    /// Why a row has its outcome, where the outcome alone does not say.
    ReasonCode {
        /// The account that it is of is not here.
        AccountMissing => "account_missing",
        /// The account changed here after the row was imported, and the row changed too.
        ChangedHere => "changed_here",
        /// The account was deleted here after it was imported; it is not brought back.
        DeletedHere => "deleted_here",
        /// Deleted in the source after it was imported; the account here is switched off.
        DeletedInSource => "deleted_in_source",
        /// Another account or row has the same e-mail address, by folded form.
        EmailTaken => "email_taken",
        /// The id at the external provider belongs to another account.
        ExternalSubjectTaken => "external_subject_taken",
        /// The hash would cost too much to verify.
        HashHostile => "hash_hostile",
        /// No hash in the source.
        HashMissing => "hash_missing",
        /// A hash that no scheme verifies.
        HashUnsupported => "hash_unsupported",
        /// An account with the row's id is there, and does not come from this source.
        IdTaken => "id_taken",
        /// Switched off in the source.
        Inactive => "inactive",
        /// An access token that is no JWT: only its own program could tell whose it is.
        OpaqueAccess => "opaque_access",
        /// Dead or expired in the source.
        Over => "over",
        /// An operator decided it.
        Resolved => "resolved",
        /// The row cannot be read as a person; the flaw says what.
        Flawed => "flawed",
        /// The store refused it.
        StoreRefused => "store_refused",
        /// The tenant was not asked for.
        TenantNotWanted => "tenant_not_wanted",
        /// The tenant is not in operation in the source.
        TenantInactive => "tenant_inactive",
        /// Another account or row has the same user name, by folded form.
        UsernameTaken => "username_taken",
        /// The user name is another's e-mail address, or the other way round.
        UsernameIsEmail => "username_is_email",
    }
}

texts! {
    /// What about a row cannot be read.
    FlawKind {
        /// Neither an e-mail address nor a way to make one.
        EmailMissing => "email_missing",
        /// An e-mail address that is none.
        EmailInvalid => "email_invalid",
        /// Longer than 255 bytes.
        EmailTooLong => "email_too_long",
        /// Longer than 255 bytes.
        UsernameTooLong => "username_too_long",
        /// A user name with control characters.
        UsernameInvalid => "username_invalid",
        /// An id at the external provider that is none: `null`, blank, too long, not a UUID where one is due.
        ExternalSubjectInvalid => "external_subject_invalid",
        /// An instant that is none, or out of range.
        TimeInvalid => "time_invalid",
        /// A tenant whose short name another tenant of the source has.
        TenantSlugTaken => "tenant_slug_taken",
        /// A tenant that the source does not have.
        TenantUnknown => "tenant_unknown",
        /// A column whose content is of another type than the profile says.
        WrongType => "wrong_type",
        /// A status that the profile does not map.
        StatusUnknown => "status_unknown",
        /// A text that is too long for what it is.
        TooLong => "too_long",
    }
}

impl FlawKind {
    /// Whether the row cannot become an account because of it; the others are reported, and the value is left out.
    pub const fn quarantines(self) -> bool {
        !matches!(self, Self::ExternalSubjectInvalid | Self::TimeInvalid | Self::UsernameInvalid | Self::TooLong)
    }
}

/// Something about a row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Flaw {
    /// What.
    pub kind: FlawKind,
    /// The column of the source.
    pub column: String,
}

/// Why a row has its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Why.
    pub code: ReasonCode,
    /// Ids and names that explain it; never a secret. `null` where the code says all.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

impl Reason {
    /// A reason whose code says all.
    pub const fn plain(code: ReasonCode) -> Self {
        Self { code, detail: Value::Null }
    }

    /// A reason with what explains it.
    pub const fn with(code: ReasonCode, detail: Value) -> Self {
        Self { code, detail }
    }

    /// A row that cannot be read.
    pub fn flawed(flaws: &[Flaw]) -> Self {
        Self::with(ReasonCode::Flawed, json!({ "flaws": flaws }))
    }

    /// In one line, for tables.
    pub fn text(&self) -> String {
        if self.detail.is_null() {
            self.code.as_str().to_owned()
        } else {
            format!("{} {}", self.code.as_str(), self.detail)
        }
    }
}

/// How many rows have which outcome, and beside that what is worth counting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Rows by outcome; outcomes without a row are not there.
    #[serde(default)]
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Rows by reason, where there is one.
    #[serde(default)]
    pub reasons: BTreeMap<ReasonCode, u64>,
    /// Imported hashes by scheme.
    #[serde(default)]
    pub schemes: BTreeMap<String, u64>,
    /// Administrators that were imported (S002-16).
    #[serde(default)]
    pub administrators: u64,
    /// Roles of the source that the mapping knows nothing for, with how many rows have them.
    #[serde(default)]
    pub unmapped_roles: BTreeMap<String, u64>,
    /// Accounts whose address counts as verified, by the profile's rule.
    #[serde(default)]
    pub verified: u64,
    /// Values that could not be read and were left out.
    #[serde(default)]
    pub left_out: BTreeMap<FlawKind, u64>,
    /// Accounts that got another user name, because several tenants have their own.
    #[serde(default)]
    pub names_given: u64,
}

impl Counters {
    /// Notes a row.
    pub fn note(&mut self, outcome: Outcome, reason: Option<&Reason>) {
        *self.outcomes.entry(outcome).or_default() += 1;
        if let Some(reason) = reason {
            *self.reasons.entry(reason.code).or_default() += 1;
        }
    }

    /// Rows with that outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }

    /// All rows: the left side of the equation.
    pub fn rows(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Rows that somebody has to look at.
    pub fn needing_a_decision(&self) -> u64 {
        self.outcomes.iter().filter(|(outcome, _)| outcome.needs_a_decision()).map(|(_, rows)| rows).sum()
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        fn merge<K: Ord + Clone>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
            for (key, count) in from {
                *into.entry(key.clone()).or_default() += count;
            }
        }
        merge(&mut self.outcomes, &other.outcomes);
        merge(&mut self.reasons, &other.reasons);
        merge(&mut self.schemes, &other.schemes);
        merge(&mut self.unmapped_roles, &other.unmapped_roles);
        merge(&mut self.left_out, &other.left_out);
        self.administrators += other.administrators;
        self.verified += other.verified;
        self.names_given += other.names_given;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirteen_outcomes_and_their_texts_are_read_back() {
        assert_eq!(Outcome::ALL.len(), 13);
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(*outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }

    #[test]
    fn counts_add_up() {
        let mut one = Counters::default();
        one.note(Outcome::Import, None);
        one.note(Outcome::Conflict, Some(&Reason::plain(ReasonCode::EmailTaken)));
        let mut two = one.clone();
        two.add(&one);
        assert_eq!((two.rows(), two.of(Outcome::Import), two.needing_a_decision()), (4, 2, 2));
        assert_eq!(two.reasons.get(&ReasonCode::EmailTaken), Some(&2));
        let json = serde_json::to_string(&two).unwrap();
        assert_eq!(serde_json::from_str::<Counters>(&json).unwrap(), two);
    }
}
