//! Facts that no table shows by itself: each with its instant, and with what is worth knowing of it.
//!
//! How a fact stands in a store is decided here, so that all stores keep the same words.

use std::{borrow::Cow, collections::BTreeMap};

use oauth_core::{ids::TenantId, time::Timestamp};
use serde::{Deserialize, Serialize};

use crate::source::SourceName;

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimedFact {
    /// A backup was made and verified.
    BackupVerified {
        /// When.
        at: Timestamp,
        /// Where it is, for people.
        place: String,
    },
    /// Somebody said that a box of the checklist is done which only people can know (S001-61).
    BoxConfirmed {
        /// When.
        at: Timestamp,
        /// The name of the box.
        name: String,
        /// Who said so, and what they want to be remembered.
        said: Said,
    },
    /// From when on uses of the legacy doors are counted.
    CountingSince {
        /// When.
        at: Timestamp,
    },
    /// What shall become of accounts that are switched off or deleted (S001-57).
    InactiveDecided {
        /// When.
        at: Timestamp,
        /// What, in words for people.
        decision: String,
    },
    /// The schema was compared with what its steps make (S000-34).
    SchemaVerified {
        /// When.
        at: Timestamp,
        /// What was found.
        found: SchemaFound,
    },
    /// A tenant is content (`tenants confirm`).
    TenantConfirmed {
        /// When.
        at: Timestamp,
        /// Which.
        tenant: TenantId,
        /// Who said so.
        by: String,
    },
    /// `validate` tried a running server (S000-74..76).
    Validated {
        /// When.
        at: Timestamp,
        /// Its parts, and whether each passed; those that were not asked are left out.
        parts: BTreeMap<String, bool>,
    },
    /// `verify` of a source ended; without a difference, if `clean`.
    Verified {
        /// Which source.
        source: SourceName,
        /// When.
        at: Timestamp,
        /// Whether there was no difference.
        clean: bool,
    },
}

/// What somebody said about a box of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who.
    pub by: String,
    /// What they want to be remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a look at the schema found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaFound {
    /// Whether everything was as it should be.
    pub clean: bool,
    /// The newest step then: behind a newer one the look is out of date.
    pub step: String,
}

/// What stands before the name of the source in the name of [`TimedFact::Verified`].
const VERIFIED: &str = "verified:";

/// What stands before the name of the box in the name of [`TimedFact::BoxConfirmed`].
const BOX: &str = "box:";

impl TimedFact {
    /// The name under which a store keeps it; a tenant's confirmation stands with the tenant.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Self::BackupVerified { .. } => "backup_verified".into(),
            Self::BoxConfirmed { name, .. } => Self::name_of_box(name).into(),
            Self::CountingSince { .. } => "counting_since".into(),
            Self::InactiveDecided { .. } => "inactive_decided".into(),
            Self::SchemaVerified { .. } => "schema_verified".into(),
            Self::TenantConfirmed { .. } => "tenant_confirmed".into(),
            Self::Validated { .. } => "validated".into(),
            Self::Verified { source, .. } => format!("{VERIFIED}{source}").into(),
        }
    }

    /// The name under which the confirmation of a box is kept.
    pub fn name_of_box(name: &str) -> String {
        format!("{BOX}{name}")
    }

    /// When.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::BackupVerified { at, .. }
            | Self::BoxConfirmed { at, .. }
            | Self::CountingSince { at }
            | Self::InactiveDecided { at, .. }
            | Self::SchemaVerified { at, .. }
            | Self::TenantConfirmed { at, .. }
            | Self::Validated { at, .. }
            | Self::Verified { at, .. } => *at,
        }
    }

    /// What a store keeps beside name and instant.
    pub fn detail(&self) -> Result<String, serde_json::Error> {
        Ok(match self {
            Self::BackupVerified { place, .. } => place.clone(),
            Self::BoxConfirmed { said, .. } => serde_json::to_string(said)?,
            Self::CountingSince { .. } => String::new(),
            Self::InactiveDecided { decision, .. } => decision.clone(),
            Self::SchemaVerified { found, .. } => serde_json::to_string(found)?,
            Self::TenantConfirmed { by, .. } => by.clone(),
            Self::Validated { parts, .. } => serde_json::to_string(parts)?,
            Self::Verified { clean, .. } => clean.to_string(),
        })
    }

    /// What a store keeps, read again; nothing where a newer program wrote what this one does not know.
    pub fn read(name: &str, at: Timestamp, detail: &str) -> Option<Self> {
        if let Some(source) = name.strip_prefix(VERIFIED) {
            return Some(Self::Verified { source: SourceName::parse(source)?, at, clean: detail == "true" });
        }
        if let Some(name) = name.strip_prefix(BOX) {
            let said = serde_json::from_str(detail).ok()?;
            return Some(Self::BoxConfirmed { at, name: name.to_owned(), said });
        }
        Some(match name {
            "backup_verified" => Self::BackupVerified { at, place: detail.to_owned() },
            "counting_since" => Self::CountingSince { at },
            "inactive_decided" => Self::InactiveDecided { at, decision: detail.to_owned() },
            "schema_verified" => Self::SchemaVerified { at, found: serde_json::from_str(detail).ok()? },
            "validated" => Self::Validated { at, parts: serde_json::from_str(detail).ok()? },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_read_as_it_was_written() {
        let at = Timestamp::from_seconds(1);
        let said = Said { by: "Ada".to_owned(), note: Some("x \"y\"".to_owned()) };
        let found = SchemaFound { clean: true, step: "V3__x".to_owned() };
        let parts = BTreeMap::from([("security".to_owned(), true), ("OAuth".to_owned(), false)]);
        for fact in [
            TimedFact::BackupVerified { at, place: "a folder".to_owned() },
            TimedFact::BoxConfirmed { at, name: "docs".to_owned(), said },
            TimedFact::CountingSince { at },
            TimedFact::InactiveDecided { at, decision: "they stay".to_owned() },
            TimedFact::SchemaVerified { at, found },
            TimedFact::Validated { at, parts },
            TimedFact::Verified { source: SourceName::parse("shop").unwrap(), at, clean: true },
        ] {
            assert_eq!(TimedFact::read(&fact.name(), at, &fact.detail().unwrap()), Some(fact));
        }
        assert_eq!(TimedFact::read("of_tomorrow", at, ""), None);
        assert_eq!(TimedFact::read("box:docs", at, "not JSON"), None);
    }
}
