//! Rows that the end of a migration removes, and what its archive holds of them.

use oauth_core::services::{Purpose, Sealer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::columns::ColumnError;

/// What kind of row was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelicKind {
    /// An API key of an older program.
    ApiKey,
    /// What stood in dropped columns of a row of an application's own table.
    AppRow,
    /// How such columns come back.
    AppTable,
    /// A token of the legacy contract.
    LegacyToken,
    /// What rotation keeps a token together with; it goes before its token, and comes back behind it.
    TokenFamily,
    /// A row of a source that waited until somebody decided about it.
    WaitingRow,
}

impl RelicKind {
    /// Rows of the store itself, in the order in which they go.
    pub const ALL: [Self; 4] = [Self::ApiKey, Self::TokenFamily, Self::LegacyToken, Self::WaitingRow];

    /// The text in stores and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::AppRow => "app_row",
            Self::AppTable => "app_table",
            Self::LegacyToken => "legacy_token",
            Self::TokenFamily => "token_family",
            Self::WaitingRow => "waiting_row",
        }
    }

    /// What is kept of applications' own tables.
    pub const OF_APPLICATIONS: [Self; 2] = [Self::AppRow, Self::AppTable];

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().chain(Self::OF_APPLICATIONS).find(|kind| kind.as_str() == text)
    }
}

/// A row that the end removes.
#[derive(Clone, Debug, PartialEq)]
pub struct Relic {
    /// Its kind.
    pub kind: RelicKind,
    /// Its key in its table, as text.
    pub key: String,
    /// All its columns by name, as its store writes and reads them.
    pub content: Value,
}

/// The same as the archive holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRelic {
    /// Its kind.
    pub kind: RelicKind,
    /// Its key in its table, as text.
    pub key: String,
    /// Its columns under the installation's key.
    pub sealed: Vec<u8>,
}

impl Relic {
    /// Seals it, bound to its kind and key.
    pub fn seal(&self, sealer: &impl Sealer) -> SealedRelic {
        let clear = self.content.to_string();
        let sealed = sealer.seal(Purpose::AtRest, &context(self.kind, &self.key), clear.as_bytes());
        SealedRelic { kind: self.kind, key: self.key.clone(), sealed }
    }

    /// Whether it opens something in the name of an account.
    pub fn opens(&self) -> bool {
        matches!(self.kind, RelicKind::ApiKey | RelicKind::LegacyToken)
    }

    /// For a token or key of somebody whose password was set, or who was removed, after the end began: it comes back dead.
    pub fn kill(&mut self) {
        let Some(columns) = self.content.as_object_mut() else { return };
        if self.kind == RelicKind::ApiKey {
            // In the store's own words for an instant.
            let since = columns.get("created_at").cloned().unwrap_or_default();
            let revoked = columns.entry("revoked_at").or_insert(Value::Null);
            if revoked.is_null() {
                *revoked = since;
            }
        } else {
            columns.insert("invalidated".to_owned(), Value::Bool(true));
        }
    }

    /// Whose token or key it is, as the store wrote it.
    pub fn owner(&self) -> Option<oauth_core::ids::UserId> {
        self.content.get("user_id")?.as_str().and_then(oauth_core::ids::UserId::parse)
    }
}

impl SealedRelic {
    /// Opens it.
    pub fn open(&self, sealer: &impl Sealer) -> Result<Relic, ColumnError> {
        let clear = sealer.open(Purpose::AtRest, &context(self.kind, &self.key), &self.sealed);
        let clear = clear.map_err(|_| ColumnError::Sealed)?;
        let content = serde_json::from_slice(clear.expose());
        let content = content.map_err(|_| ColumnError::Corrupt("the archive".to_owned()))?;
        Ok(Relic { kind: self.kind, key: self.key.clone(), content })
    }
}

fn context(kind: RelicKind, key: &str) -> Vec<u8> {
    format!("archived {} {key}", kind.as_str()).into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_comes_back_dead_opens_nothing() {
        let dead = |kind, content| {
            let mut relic = Relic { kind, key: "1".to_owned(), content };
            assert!(relic.opens());
            relic.kill();
            relic.content
        };
        let token = dead(RelicKind::LegacyToken, json!({ "jti": "a", "invalidated": false }));
        assert_eq!(token, json!({ "jti": "a", "invalidated": true }));
        let key = |revoked: Value| json!({ "created_at": 7, "revoked_at": revoked });
        assert_eq!(dead(RelicKind::ApiKey, key(Value::Null)), key(json!(7)));
        assert_eq!(dead(RelicKind::ApiKey, key(json!(8))), key(json!(8)), "it ended when it ended");
    }
}
