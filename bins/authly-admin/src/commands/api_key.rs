//! `authly-admin api-key`.

use authly_admin_cases::{Admin, AdminError};
use authly_directory::services::DirectoryServices;
use oauth_core::ids::ApiKeyId;
use serde_json::json;

use crate::{
    args::ApiKeyCommand,
    console::Console,
    failure::{Failure, refused},
};

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    command: ApiKeyCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        ApiKeyCommand::List { all } => {
            let keys = admin.api_keys(all).await.map_err(refused("cannot list API keys"))?;
            let columns = [
                ("Id", "id"),
                ("Label", "label"),
                ("Account", "username"),
                ("Client", "client"),
                ("Scope", "scope"),
                ("State", "state"),
                ("Uses", "uses"),
                ("Last used", "last_used_at"),
                ("Expires", "expires_at"),
            ];
            console.list(&keys, &columns, "No API key of an older program is taken.")
        }
        ApiKeyCommand::Revoke { id } => {
            let cannot = "cannot revoke the API key";
            // Nobody is asked about what can be no key.
            if ApiKeyId::parse(&id).is_none() {
                return Err(refused(cannot)(AdminError::NotFound { what: "living API key", name: id }));
            }
            console.confirm("revoke", &id)?;
            admin.revoke_api_key(&id).await.map_err(refused(cannot))?;
            console.item(&json!({ "revoked": id }))
        }
    }
}
