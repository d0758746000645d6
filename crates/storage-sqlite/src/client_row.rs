//! Clients with their secrets and scopes.

use std::collections::HashMap;

use oauth_core::{
    catalog::Unreadable,
    client::{
        AssertionAudience, AuthMethod, ChallengePolicy, Client, ClientSecret, ClientState, ClientType, ConsentPolicy,
        IntrospectionPolicy, JwksUri, PkcePolicy,
    },
    crypto::Algorithm,
    ids::{ClientId, ClientKey, TenantId},
    redirect::ApplicationType,
    scope::{Scope, ScopeSet},
    secret::Secret,
    store::{StoreError, StoreErrorKind},
};
use rusqlite::params;

use crate::{
    cursor::{Cursor, json_text},
    db::Db,
    error::{Fault, Outcome},
};

const ALL: &str = "SELECT key, client_id, name, client_type, application_type, auth_method, imported_secret, jwks, \
                   jwks_uri, redirect_uris, post_logout_redirect_uris, grant_types, audiences, require_pkce, \
                   ask_consent, introspects_all, token_endpoint_audience, id_token_signed_response_alg, client_uri, \
                   logo_uri, policy_uri, tos_uri, is_active, created_at, updated_at, tenant_id, \
                   first_party_challenge FROM clients \
                   ORDER BY key";

const SECRETS: &str =
    "SELECT client, hash, created_at, expires_at FROM client_secrets ORDER BY client, created_at, hash";

const SCOPES: &str = "SELECT client, scope FROM client_scopes ORDER BY client, position";

/// All clients, and those that cannot be read.
pub(crate) fn all(db: Db<'_>) -> Outcome<(Vec<Client>, Vec<Unreadable>)> {
    let mut secrets: HashMap<ClientKey, Vec<ClientSecret>> = HashMap::new();
    for (client, one) in db.all(SECRETS, [], secret)? {
        secrets.entry(client).or_default().push(one);
    }
    let mut scopes: HashMap<ClientKey, ScopeSet> = HashMap::new();
    for (client, one) in db.all(SCOPES, [], scope)? {
        scopes.entry(client).or_default().insert(one);
    }
    let (mut clients, mut left_out) = (Vec::new(), Vec::new());
    for read in db.all(ALL, [], |cursor| readable(cursor, read))? {
        match read {
            Ok(client) => clients.push(client),
            Err(unreadable) => left_out.push(unreadable),
        }
    }
    for client in &mut clients {
        client.secrets = secrets.remove(&client.key).unwrap_or_default();
        client.scopes = scopes.remove(&client.key).unwrap_or_default();
    }
    Ok((clients, left_out))
}

/// What is read of a row whose second column is its name; a row that cannot be read is left out by its name.
pub(crate) fn readable<T>(
    cursor: &mut Cursor<'_>,
    read: impl FnOnce(&mut Cursor<'_>) -> Outcome<T>,
) -> Outcome<Result<T, Unreadable>> {
    match read(cursor) {
        Ok(found) => Ok(Ok(found)),
        Err(Fault(StoreError { kind: StoreErrorKind::Corrupt { table, column, key }, .. })) => {
            Ok(Err(Unreadable { table, column, name: cursor.text_at(1).unwrap_or(key) }))
        }
        Err(fault) => Err(fault),
    }
}

fn secret(cursor: &mut Cursor<'_>) -> Outcome<(ClientKey, ClientSecret)> {
    let client = cursor.id("client_secrets.client", ClientKey::from_uuid)?;
    let secret = ClientSecret {
        hash: cursor.hash("client_secrets.hash")?,
        created_at: cursor.time("client_secrets.created_at")?,
        expires_at: cursor.time_opt("client_secrets.expires_at")?,
    };
    Ok((client, secret))
}

fn scope(cursor: &mut Cursor<'_>) -> Outcome<(ClientKey, Scope)> {
    let client = cursor.id("client_scopes.client", ClientKey::from_uuid)?;
    Ok((client, cursor.parse("client_scopes.scope", |name| Scope::parse(name).ok())?))
}

fn read(cursor: &mut Cursor<'_>) -> Outcome<Client> {
    let choose = |cursor: &mut Cursor<'_>, column| cursor.value::<bool>(column);
    Ok(Client {
        key: cursor.id("clients.key", ClientKey::from_uuid)?,
        id: cursor.parse("clients.client_id", |id| ClientId::parse(id).ok())?,
        name: cursor.value("clients.name")?,
        kind: cursor.parse("clients.client_type", ClientType::parse)?,
        application: cursor.parse("clients.application_type", application)?,
        auth_method: cursor.parse("clients.auth_method", AuthMethod::parse)?,
        secrets: Vec::new(),
        imported_secret: cursor.value::<Option<String>>("clients.imported_secret")?.map(Secret::new),
        jwks: cursor.value("clients.jwks")?,
        jwks_uri: cursor.parse_opt("clients.jwks_uri", JwksUri::parse)?,
        redirect_uris: cursor.json("clients.redirect_uris")?,
        post_logout_redirect_uris: cursor.json("clients.post_logout_redirect_uris")?,
        grant_types: cursor.json("clients.grant_types")?,
        scopes: ScopeSet::default(),
        audiences: cursor.json("clients.audiences")?,
        pkce: if choose(cursor, "clients.require_pkce")? { PkcePolicy::Required } else { PkcePolicy::Exempt },
        consent: if choose(cursor, "clients.ask_consent")? { ConsentPolicy::Asked } else { ConsentPolicy::Skipped },
        introspection: if choose(cursor, "clients.introspects_all")? {
            IntrospectionPolicy::All
        } else {
            IntrospectionPolicy::Own
        },
        assertion_audience: if choose(cursor, "clients.token_endpoint_audience")? {
            AssertionAudience::TokenEndpoint
        } else {
            AssertionAudience::Issuer
        },
        id_token_alg: cursor.parse("clients.id_token_signed_response_alg", Algorithm::parse)?,
        client_uri: cursor.value("clients.client_uri")?,
        logo_uri: cursor.value("clients.logo_uri")?,
        policy_uri: cursor.value("clients.policy_uri")?,
        tos_uri: cursor.value("clients.tos_uri")?,
        state: if choose(cursor, "clients.is_active")? { ClientState::Active } else { ClientState::Inactive },
        created_at: cursor.time("clients.created_at")?,
        updated_at: cursor.time("clients.updated_at")?,
        tenant: cursor.id_opt("clients.tenant_id", TenantId::from_uuid)?,
        challenge: if choose(cursor, "clients.first_party_challenge")? {
            ChallengePolicy::Open
        } else {
            ChallengePolicy::Closed
        },
    })
}

fn application(text: &str) -> Option<ApplicationType> {
    match text {
        "native" => Some(ApplicationType::Native),
        "web" => Some(ApplicationType::Web),
        _ => None,
    }
}

const fn application_text(application: ApplicationType) -> &'static str {
    match application {
        ApplicationType::Native => "native",
        ApplicationType::Web => "web",
    }
}

const INSERT: &str = "INSERT INTO clients (key, client_id, name, client_type, application_type, auth_method, \
                      imported_secret, jwks, jwks_uri, redirect_uris, post_logout_redirect_uris, grant_types, \
                      audiences, require_pkce, ask_consent, introspects_all, token_endpoint_audience, \
                      id_token_signed_response_alg, client_uri, logo_uri, policy_uri, tos_uri, is_active, created_at, \
                      updated_at, tenant_id, first_party_challenge) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
                      ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)";

/// Registers a client.
pub(crate) fn insert(db: Db<'_>, client: &Client) -> Outcome<()> {
    write(db, INSERT, client)?;
    insert_lists(db, client)
}

const UPDATE: &str = "UPDATE clients SET client_id = ?2, name = ?3, client_type = ?4, application_type = ?5, \
                      auth_method = ?6, imported_secret = ?7, jwks = ?8, jwks_uri = ?9, redirect_uris = ?10, \
                      post_logout_redirect_uris = ?11, grant_types = ?12, audiences = ?13, require_pkce = ?14, \
                      ask_consent = ?15, introspects_all = ?16, token_endpoint_audience = ?17, \
                      id_token_signed_response_alg = ?18, client_uri = ?19, logo_uri = ?20, policy_uri = ?21, \
                      tos_uri = ?22, is_active = ?23, created_at = ?24, updated_at = ?25, tenant_id = ?26, \
                      first_party_challenge = ?27 WHERE key = ?1";

const DELETE_SECRETS: &str = "DELETE FROM client_secrets WHERE client = ?1";

const DELETE_SCOPES: &str = "DELETE FROM client_scopes WHERE client = ?1";

/// Replaces a registration; returns whether there was one.
pub(crate) fn update(db: Db<'_>, client: &Client) -> Outcome<usize> {
    let changed = write(db, UPDATE, client)?;
    if changed > 0 {
        db.run(DELETE_SECRETS, [client.key.uuid()])?;
        db.run(DELETE_SCOPES, [client.key.uuid()])?;
        insert_lists(db, client)?;
    }
    Ok(changed)
}

fn write(db: Db<'_>, sql: &str, client: &Client) -> Outcome<usize> {
    db.run(
        sql,
        params![
            client.key.uuid(),
            client.id.as_str(),
            client.name,
            client.kind.as_str(),
            application_text(client.application),
            client.auth_method.as_str(),
            client.imported_secret.as_ref().map(Secret::expose),
            client.jwks,
            client.jwks_uri.as_ref().map(JwksUri::as_str),
            json_text(&client.redirect_uris)?,
            json_text(&client.post_logout_redirect_uris)?,
            json_text(&client.grant_types)?,
            json_text(&client.audiences)?,
            client.pkce == PkcePolicy::Required,
            client.consent == ConsentPolicy::Asked,
            client.introspection == IntrospectionPolicy::All,
            client.assertion_audience == AssertionAudience::TokenEndpoint,
            client.id_token_alg.name(),
            client.client_uri,
            client.logo_uri,
            client.policy_uri,
            client.tos_uri,
            client.state == ClientState::Active,
            client.created_at.micros(),
            client.updated_at.micros(),
            client.tenant.map(TenantId::uuid),
            client.challenge == ChallengePolicy::Open,
        ],
    )
}

const INSERT_SCOPE: &str = "INSERT INTO client_scopes (client, position, scope) VALUES (?1, ?2, ?3)";

fn insert_lists(db: Db<'_>, client: &Client) -> Outcome<()> {
    for secret in &client.secrets {
        add_secret(db, client.key, secret)?;
    }
    for (position, scope) in (0_i64..).zip(client.scopes.iter()) {
        db.run(INSERT_SCOPE, params![client.key.uuid(), position, scope.as_str()])?;
    }
    Ok(())
}

const INSERT_SECRET: &str = "INSERT INTO client_secrets (client, hash, created_at, expires_at) \
                             SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM clients WHERE key = ?1) \
                             ON CONFLICT DO NOTHING";

/// Adds a secret to a client that is there; one that it has already changes nothing.
pub(crate) fn add_secret(db: Db<'_>, client: ClientKey, secret: &ClientSecret) -> Outcome<usize> {
    let expires_at = secret.expires_at.map(|at| at.micros());
    db.run(INSERT_SECRET, params![client.uuid(), secret.hash.bytes(), secret.created_at.micros(), expires_at])
}

const DELETE_GRANTS: &str = "DELETE FROM grants WHERE client = ?1";

const DELETE_REPLAY: &str = "DELETE FROM replay WHERE client = ?1";

const DELETE: &str = "DELETE FROM clients WHERE key = ?1";

/// Removes a client and all that it was allowed.
pub(crate) fn delete(db: Db<'_>, client: ClientKey) -> Outcome<usize> {
    db.run(DELETE_GRANTS, [client.uuid()])?;
    db.run(DELETE_REPLAY, [client.uuid()])?;
    db.run(DELETE, [client.uuid()])
}
