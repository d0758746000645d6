//! `authly-admin client`.

use std::path::Path;

use authly_admin_cases::{
    Admin,
    client::{ClientChange, ClientDraft, Registered, SecretChoice},
};
use authly_directory::services::DirectoryServices;
use authly_runtime::trouble::Trouble;
use oauth_core::client::{ChallengePolicy, ClientState, ConsentPolicy, PkcePolicy};
use serde_json::Value;

use crate::{
    args::{ClientCommand, CreateClient, UpdateClient},
    console::{Column, Console},
    failure::{Failure, refused},
    secret_input,
};

const COLUMNS: &[Column] = &[
    ("Client", "client_id"),
    ("Name", "client_name"),
    ("Type", "client_type"),
    ("Authentication", "token_endpoint_auth_method"),
    ("Scopes", "scope"),
    ("Active", "is_active"),
];

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    command: ClientCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        ClientCommand::Create(create) => {
            let tenant = match &create.tenant {
                Some(slug) => Some(admin.tenant_by_slug(slug).await.map_err(refused("cannot create the client"))?),
                None => None,
            };
            let draft = ClientDraft { tenant, ..draft(*create)? };
            let client = admin.create_client(draft).await.map_err(refused("cannot create the client"))?;
            registered(&client, console)
        }
        ClientCommand::List => {
            let clients = admin.clients().await.map_err(refused("cannot list the clients"))?;
            let left_out = admin.unreadable_clients().await.map_err(refused("cannot list the clients"))?;
            let empty = "No clients yet. `authly-admin client create` registers one.";
            if left_out.is_empty() {
                return console.list(&clients, COLUMNS, empty);
            }
            let views = clients.iter().map(|client| serde_json::to_value(client).unwrap_or_default());
            let rest = left_out.iter().map(|(id, column)| serde_json::json!({ "client_id": id, "unreadable": column }));
            let all: Vec<Value> = views.chain(rest).collect();
            console.list(&all, &[COLUMNS, &[("Unreadable", "unreadable")]].concat(), empty)?;
            console.note("A client with an unreadable column is left out: correct the value in the database.");
            Ok(())
        }
        ClientCommand::Show { client } => {
            console.item(&admin.client(&client).await.map_err(refused("cannot show the client"))?)
        }
        ClientCommand::Update(update) => {
            let id = update.client.clone();
            let changed = admin.update_client(&id, change(*update)?).await;
            console.item(&changed.map_err(refused("cannot change the client"))?)
        }
        ClientCommand::RotateSecret { client, overlap } => {
            let client = admin.rotate_client_secret(&client, overlap).await;
            registered(&client.map_err(refused("cannot give the client a new secret"))?, console)
        }
        ClientCommand::Activate { client } => set(admin, &client, ClientState::Active, console).await,
        ClientCommand::Deactivate { client } => set(admin, &client, ClientState::Inactive, console).await,
        ClientCommand::Delete { client } => {
            let before = admin.client(&client).await.map_err(refused("cannot delete the client"))?;
            console.confirm("delete", &before.client_id)?;
            admin.delete_client(&client).await.map_err(refused("cannot delete the client"))?;
            console.item(&serde_json::json!({ "deleted": before.client_id }))
        }
    }
}

async fn set<V: DirectoryServices>(
    admin: &Admin<V>,
    client: &str,
    state: ClientState,
    console: Console,
) -> Result<(), Failure> {
    console.item(&admin.set_client_state(client, state).await.map_err(refused("cannot switch the client"))?)
}

/// Prints a client with its secret, the only time that it is seen.
fn registered(registered: &Registered, console: Console) -> Result<(), Failure> {
    let mut shown = serde_json::to_value(&registered.client)
        .map_err(|error| Failure::from(Trouble::caused("cannot print the client", &error, "")))?;
    if let (Value::Object(members), Some(secret)) = (&mut shown, &registered.secret) {
        members.insert("client_secret".to_owned(), secret.expose().clone().into());
        console.note("Keep the client_secret now: it is not shown again.");
    }
    console.item(&shown)
}

fn draft(create: CreateClient) -> Result<ClientDraft, Failure> {
    let secret = if create.secret_stdin {
        SecretChoice::Keep(secret_input::from_stdin("secret")?)
    } else {
        SecretChoice::Generate
    };
    Ok(ClientDraft {
        client_id: create.client_id,
        name: create.name,
        kind: create.kind,
        tenant: None,
        application: None,
        auth_method: create.auth_method,
        secret,
        redirect_uris: create.redirect_uri,
        post_logout_redirect_uris: create.post_logout_redirect_uri,
        scopes: create.scope,
        grant_types: create.grant_type,
        jwks: create.jwks.as_deref().map(document).transpose()?,
        jwks_uri: create.jwks_uri,
        audiences: create.audience,
        first_party: create.first_party,
        challenge: create.first_party_challenge,
        no_pkce: create.no_pkce,
        introspect_all: create.introspect_all,
        assertion_at_token_endpoint: create.assertion_at_token_endpoint,
        id_token_alg: create.id_token_alg.map(Into::into),
        client_uri: create.client_uri,
        policy_uri: create.policy_uri,
        tos_uri: create.tos_uri,
    })
}

fn change(update: UpdateClient) -> Result<ClientChange, Failure> {
    let consent = |on: bool| if on { ConsentPolicy::Skipped } else { ConsentPolicy::Asked };
    let challenge = |on: bool| if on { ChallengePolicy::Open } else { ChallengePolicy::Closed };
    let pkce = |on: bool| if on { PkcePolicy::Required } else { PkcePolicy::Exempt };
    Ok(ClientChange {
        name: update.name,
        redirect_uris: update.redirect_uri,
        post_logout_redirect_uris: update.post_logout_redirect_uri,
        scopes: update.scope,
        grant_types: update.grant_type,
        audiences: update.audience,
        jwks: update.jwks.as_deref().map(document).transpose()?,
        jwks_uri: update.jwks_uri,
        consent: update.first_party.map(|choice| consent(choice.is_on())),
        challenge: update.first_party_challenge.map(|choice| challenge(choice.is_on())),
        pkce: update.pkce.map(|choice| pkce(choice.is_on())),
        id_token_alg: update.id_token_alg.map(Into::into),
        client_uri: update.client_uri,
        policy_uri: update.policy_uri,
        tos_uri: update.tos_uri,
    })
}

fn document(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        let what = format!("cannot read {}", path.display());
        Trouble::caused(what, &error, "name a readable file with a JWK Set in --jwks").into()
    })
}
