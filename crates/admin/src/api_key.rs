//! API keys of an older program: listed and revoked (C-32).

use authly_directory::{services::DirectoryServices, store::AccountRepository as _};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    ids::{ApiKeyId, AuditId},
    legacy::api_key::ApiKey,
    store::{ApiKeyRepository as _, Commit},
    time::Timestamp,
};
use serde::Serialize;
use serde_json::json;

use crate::{Admin, AdminError};

/// Keys of a page.
const PAGE: u32 = 1_000;

/// An API key; neither the key nor its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiKeyView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// The account's id.
    pub user: String,
    /// The account's user name.
    pub username: Option<String>,
    /// The client that it stands for.
    pub client: Option<String>,
    /// What it allows.
    pub scope: String,
    /// `live`, `expired` or `revoked`.
    pub state: &'static str,
    /// How often it was used here.
    pub uses: u64,
    /// When last.
    pub last_used_at: Option<String>,
    /// Until when it is taken.
    pub expires_at: Option<String>,
    /// When it was imported.
    pub created_at: String,
}

impl<V: DirectoryServices> Admin<V> {
    /// All keys; only those that are live, unless `all`.
    pub async fn api_keys(&self, all: bool) -> Result<Vec<ApiKeyView>, AdminError> {
        let (mut views, mut after, now) = (Vec::new(), None, self.now());
        loop {
            let page = self.services.accounts().api_keys(after, PAGE).await?;
            let last = u32::try_from(page.len()).is_ok_and(|count| count < PAGE);
            after = page.last().map(|key| key.id);
            for key in page {
                if all || state(&key, now) == "live" {
                    let found = self.services.accounts().account(key.user).await?;
                    views.push(view(key, found.map(|(account, _)| account.username), now));
                }
            }
            if last {
                return Ok(views);
            }
        }
    }

    /// Revokes a key; whoever holds it is refused from now on.
    pub async fn revoke_api_key(&self, id: &str) -> Result<(), AdminError> {
        let missing = || AdminError::NotFound { what: "living API key", name: id.to_owned() };
        let key = ApiKeyId::parse(id).ok_or_else(missing)?;
        let at = self.now();
        let audit = AuditEvent {
            id: AuditId::generate(at, self.services.random()),
            at,
            kind: AuditKind::SettingChanged,
            user: None,
            client: None,
            address: None,
            detail: json!({ "api_key": key, "revoked": true }),
        };
        match self.services.accounts().revoke_api_key(key, audit).await? {
            Commit::Applied => Ok(()),
            Commit::Lost => Err(missing()),
        }
    }
}

fn state(key: &ApiKey, now: Timestamp) -> &'static str {
    match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(until)) if now >= until => "expired",
        _ => "live",
    }
}

fn view(key: ApiKey, username: Option<String>, now: Timestamp) -> ApiKeyView {
    ApiKeyView {
        state: state(&key, now),
        id: key.id.to_string(),
        label: key.label,
        user: key.user.to_string(),
        username,
        client: key.client.map(|client| client.to_string()),
        scope: key.scope.to_string(),
        uses: key.uses,
        last_used_at: key.last_used_at.map(Timestamp::to_rfc3339),
        expires_at: key.expires_at.map(Timestamp::to_rfc3339),
        created_at: key.created_at.to_rfc3339(),
    }
}
