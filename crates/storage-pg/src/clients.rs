//! Clients with their secrets and scopes.

use std::collections::HashMap;

use futures_util::future::try_join;
use oauth_core::{
    catalog::Unreadable,
    client::{
        AssertionAudience, AuthMethod, ChallengePolicy, Client, ClientSecret, ClientState, ClientType, ConsentPolicy,
        GrantType, IntrospectionPolicy, JwksUri, PkcePolicy,
    },
    crypto::Algorithm,
    ids::{ClientId, ClientKey, TenantId},
    redirect::{ApplicationType, RedirectUri},
    scope::{Scope, ScopeSet},
    secret::Secret,
    store::{StoreError, StoreErrorKind},
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    db::{Params, Steps},
    error::Trouble,
    value::{At, Reader, at, names},
};

/// What an older program finds where a confidential client has no secret that it could verify: a hash of the right form that
/// nobody knows a password for. An empty column would make the client a public one to that program.
const NO_IMPORTED_SECRET: &str = "$2b$12$.....................................................";

const LOAD: &str = "
    SELECT c.id, c.client_id, c.client_name, c.client_secret_hash, c.client_type, c.application_type,
           COALESCE(c.auth_method, 'client_secret_basic'), COALESCE(c.require_pkce, TRUE), COALESCE(c.is_active, TRUE),
           c.redirect_uris, c.post_logout_redirect_uris, c.grant_types, c.audiences, c.skip_consent, c.introspection,
           c.assertion_audience, c.id_token_alg, c.jwks, c.jwks_uri, c.client_uri, c.logo_uri, c.policy_uri, c.tos_uri,
           ARRAY(SELECT s.scope_name::text FROM client_scopes m JOIN scopes s ON s.id = m.scope_id
                  WHERE m.client_id = c.id ORDER BY m.position, s.scope_name) || c.other_scopes,
           COALESCE(c.created_at, 'epoch'), COALESCE(c.updated_at, c.created_at, 'epoch'),
           c.tenant_id, c.first_party_challenge
      FROM clients c
     ORDER BY c.id";

/// A secret that was upgraded from an imported hash is void once the older program has replaced that hash.
const LOAD_SECRETS: &str = "
    SELECT k.client_id, k.hash, k.created_at, k.expires_at
      FROM client_secrets k JOIN clients c ON c.id = k.client_id
     WHERE k.imported_from IS NULL OR k.imported_from = c.client_secret_hash
     ORDER BY k.client_id, k.position, k.created_at, k.hash";

const INSERT: &str = "
    INSERT INTO clients (id, client_id, client_name, client_secret_hash, client_type, application_type, auth_method,
                         require_pkce, is_active, redirect_uris, post_logout_redirect_uris, grant_types, audiences,
                         skip_consent, introspection, assertion_audience, id_token_alg, jwks, jwks_uri, client_uri,
                         logo_uri, policy_uri, tos_uri, created_at, updated_at, tenant_id,
                         first_party_challenge)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
            $25, $26, $27)";

const UPDATE: &str = "
    UPDATE clients
       SET client_id = $2, client_name = $3, client_secret_hash = $4, client_type = $5, application_type = $6,
           auth_method = $7, require_pkce = $8, is_active = $9, redirect_uris = $10, post_logout_redirect_uris = $11,
           grant_types = $12, audiences = $13, skip_consent = $14, introspection = $15, assertion_audience = $16,
           id_token_alg = $17, jwks = $18, jwks_uri = $19, client_uri = $20, logo_uri = $21, policy_uri = $22,
           tos_uri = $23, created_at = $24, updated_at = $25, tenant_id = $26,
           first_party_challenge = $27
     WHERE id = $1";

const DROP_SECRETS: &str = "DELETE FROM client_secrets WHERE client_id = $1 AND hash <> ALL($2)";

/// A secret that was given an end no longer falls with the hash that it was imported from: that hash goes when the secret is replaced.
const KEEP_SECRETS: &str = "
    INSERT INTO client_secrets (client_id, hash, created_at, expires_at, position)
    SELECT $1, k.hash, k.created_at, k.expires_at, k.position
      FROM unnest($2::bytea[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
           AS k (hash, created_at, expires_at, position)
    ON CONFLICT (client_id, hash) DO UPDATE
       SET created_at = excluded.created_at, expires_at = excluded.expires_at, position = excluded.position,
           imported_from = CASE WHEN excluded.expires_at IS NULL THEN client_secrets.imported_from END";

const DROP_SCOPES: &str = "
    DELETE FROM client_scopes m USING scopes s
     WHERE m.client_id = $1 AND s.id = m.scope_id AND s.scope_name <> ALL($2)";

const KEEP_SCOPES: &str = "
    INSERT INTO client_scopes (client_id, scope_id, position)
    SELECT $1, s.id, w.position
      FROM unnest($2::text[]) WITH ORDINALITY AS w (name, position) JOIN scopes s ON s.scope_name = w.name
    ON CONFLICT (client_id, scope_id) DO UPDATE SET position = excluded.position";

const KEEP_OTHER_SCOPES: &str = "
    UPDATE clients
       SET other_scopes = ARRAY(SELECT w.name FROM unnest($2::text[]) WITH ORDINALITY AS w (name, position)
                                 WHERE NOT EXISTS (SELECT 1 FROM scopes s WHERE s.scope_name = w.name)
                                 ORDER BY w.position)
     WHERE id = $1";

/// The grants and what hangs on them go with the client.
const DELETE: &str = "DELETE FROM clients WHERE id = $1";

const DELETE_SPENT: &str = "DELETE FROM replay WHERE client_id = $1";

/// Adds the fast hash of an imported secret; the imported hash stays where it is.
pub(crate) const UPGRADE_SECRET: &str = "
    INSERT INTO client_secrets (client_id, hash, created_at, expires_at, imported_from, position)
    SELECT c.id, $2, $3, $4, c.client_secret_hash,
           1 + COALESCE((SELECT max(k.position) FROM client_secrets k WHERE k.client_id = c.id), 0)
      FROM clients c WHERE c.id = $1
    ON CONFLICT (client_id, hash) DO NOTHING";

/// All clients, and those that cannot be read, as the older program may write what no rule of ours allows.
pub(crate) async fn load(steps: &Steps<'_>) -> Result<(Vec<Client>, Vec<Unreadable>), StoreError> {
    let mut secrets: HashMap<Uuid, Vec<ClientSecret>> = HashMap::new();
    let (secret_rows, rows) = try_join(steps.run(LOAD_SECRETS, &[]), steps.run(LOAD, &[])).await?;
    for row in &secret_rows {
        let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
        let mut row = Reader::new(row, "client_secrets", &key);
        let client = row.take("client_id")?;
        secrets.entry(client).or_default().push(ClientSecret {
            hash: row.hash("hash")?,
            created_at: row.at("created_at")?,
            expires_at: row.maybe_at("expires_at")?,
        });
    }
    let (mut clients, mut left_out) = (Vec::new(), Vec::new());
    for row in &rows {
        if let Some(mut client) = readable(client(row), row, &mut left_out)? {
            client.secrets = secrets.remove(&client.key.uuid()).unwrap_or_default();
            clients.push(client);
        }
    }
    Ok((clients, left_out))
}

/// What was read of a row whose second column is its name; a row that cannot be read is noted and left out.
pub(crate) fn readable<T>(
    read: Result<T, StoreError>,
    row: &Row,
    left_out: &mut Vec<Unreadable>,
) -> Result<Option<T>, StoreError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(StoreError { kind: StoreErrorKind::Corrupt { table, column, key }, .. }) => {
            left_out.push(Unreadable { table, column, name: row.try_get(1).unwrap_or(key) });
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

pub(crate) async fn insert(steps: &Steps<'_>, client: &Client) -> Result<(), Trouble> {
    write(steps, INSERT, client).await?;
    keep_parts(steps, client).await
}

pub(crate) async fn replace(steps: &Steps<'_>, client: &Client) -> Result<u64, Trouble> {
    let changed = write(steps, UPDATE, client).await?;
    if changed > 0 {
        keep_parts(steps, client).await?;
    }
    Ok(changed)
}

pub(crate) async fn remove(steps: &Steps<'_>, client: ClientKey) -> Result<u64, Trouble> {
    let changed = steps.change(DELETE, &[&client.uuid()]).await?;
    if changed > 0 {
        steps.change(DELETE_SPENT, &[&client.uuid()]).await?;
    }
    Ok(changed)
}

async fn write(steps: &Steps<'_>, sql: &'static str, client: &Client) -> Result<u64, Trouble> {
    let secret = match (&client.imported_secret, client.kind) {
        (Some(hash), _) => Some(hash.expose().as_str()),
        (None, ClientType::Confidential) => Some(NO_IMPORTED_SECRET),
        (None, ClientType::Public) => None,
    };
    let texts = |uris: &[RedirectUri]| uris.iter().map(|uri| uri.as_str().to_owned()).collect::<Vec<_>>();
    let grant_types: Vec<&str> = client.grant_types.iter().map(|grant| grant.as_str()).collect();
    let params: Params<'_> = &[
        &client.key.uuid(),
        &client.id.as_str(),
        &client.name,
        &secret,
        &client.kind.as_str(),
        &application_text(client.application),
        &client.auth_method.as_str(),
        &(client.pkce == PkcePolicy::Required),
        &client.is_active(),
        &texts(&client.redirect_uris),
        &texts(&client.post_logout_redirect_uris),
        &grant_types,
        &client.audiences,
        &(client.consent == ConsentPolicy::Skipped),
        &introspection_text(client.introspection),
        &audience_text(client.assertion_audience),
        &client.id_token_alg.name(),
        &client.jwks,
        &client.jwks_uri.as_ref().map(JwksUri::as_str),
        &client.client_uri,
        &client.logo_uri,
        &client.policy_uri,
        &client.tos_uri,
        &At(client.created_at),
        &At(client.updated_at),
        &client.tenant.map(TenantId::uuid),
        &(client.challenge == ChallengePolicy::Open),
    ];
    steps.change(sql, params).await
}

async fn keep_parts(steps: &Steps<'_>, client: &Client) -> Result<(), Trouble> {
    let key = client.key.uuid();
    let hashes: Vec<&[u8]> = client.secrets.iter().map(|secret| secret.hash.bytes().as_slice()).collect();
    let created: Vec<At> = client.secrets.iter().map(|secret| At(secret.created_at)).collect();
    let expiries: Vec<Option<At>> = client.secrets.iter().map(|secret| at(secret.expires_at)).collect();
    steps.change(DROP_SECRETS, &[&key, &hashes]).await?;
    steps.change(KEEP_SECRETS, &[&key, &hashes, &created, &expiries]).await?;
    let scopes = names(&client.scopes);
    steps.change(DROP_SCOPES, &[&key, &scopes]).await?;
    steps.change(KEEP_SCOPES, &[&key, &scopes]).await?;
    steps.change(KEEP_OTHER_SCOPES, &[&key, &scopes]).await?;
    Ok(())
}

fn client(row: &Row) -> Result<Client, StoreError> {
    let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
    let mut row = Reader::new(row, "clients", &key);
    let uris = |uris: Vec<String>| uris.into_iter().map(RedirectUri::stored).collect();
    let key = ClientKey::from_uuid(row.take("id")?);
    let id = row.parse("client_id", |id: &str| ClientId::parse(id).ok())?;
    let name = row.take("client_name")?;
    let imported: Option<String> = row.take("client_secret_hash")?;
    let kind = row.parse("client_type", ClientType::parse)?;
    let application = row.parse("application_type", application)?;
    let auth_method = row.parse("auth_method", AuthMethod::parse)?;
    let pkce = if row.take("require_pkce")? { PkcePolicy::Required } else { PkcePolicy::Exempt };
    let state = if row.take("is_active")? { ClientState::Active } else { ClientState::Inactive };
    Ok(Client {
        key,
        id,
        name,
        kind,
        application,
        // The older program gave every client a method of confidential ones.
        auth_method: if kind == ClientType::Public { AuthMethod::None } else { auth_method },
        secrets: Vec::new(),
        imported_secret: imported.filter(|hash| hash != NO_IMPORTED_SECRET).map(Secret::new),
        redirect_uris: uris(row.take("redirect_uris")?),
        post_logout_redirect_uris: uris(row.take("post_logout_redirect_uris")?),
        grant_types: row.take::<Vec<&str>>("grant_types")?.into_iter().filter_map(GrantType::parse).collect(),
        audiences: row.take("audiences")?,
        pkce,
        consent: if row.take("skip_consent")? { ConsentPolicy::Skipped } else { ConsentPolicy::Asked },
        introspection: row.parse("introspection", introspection)?,
        assertion_audience: row.parse("assertion_audience", audience)?,
        id_token_alg: row.parse("id_token_alg", Algorithm::parse)?,
        jwks: row.take("jwks")?,
        jwks_uri: row.parse("jwks_uri", |uri: Option<&str>| match uri {
            Some(uri) => JwksUri::parse(uri).map(Some),
            None => Some(None),
        })?,
        client_uri: row.take("client_uri")?,
        logo_uri: row.take("logo_uri")?,
        policy_uri: row.take("policy_uri")?,
        tos_uri: row.take("tos_uri")?,
        scopes: row.parse("other_scopes", |names: Vec<&str>| {
            // A scope whose name no client could ask for is told of where scopes are read.
            Some(names.into_iter().filter_map(|name| Scope::parse(name).ok()).collect::<ScopeSet>())
        })?,
        state,
        created_at: row.at("created_at")?,
        updated_at: row.at("updated_at")?,
        tenant: row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid),
        challenge: if row.take("first_party_challenge")? { ChallengePolicy::Open } else { ChallengePolicy::Closed },
    })
}

const fn application_text(kind: ApplicationType) -> &'static str {
    match kind {
        ApplicationType::Native => "native",
        ApplicationType::Web => "web",
    }
}

fn application(text: &str) -> Option<ApplicationType> {
    [ApplicationType::Native, ApplicationType::Web].into_iter().find(|kind| application_text(*kind) == text)
}

const fn introspection_text(policy: IntrospectionPolicy) -> &'static str {
    match policy {
        IntrospectionPolicy::All => "all",
        IntrospectionPolicy::Own => "own",
    }
}

fn introspection(text: &str) -> Option<IntrospectionPolicy> {
    [IntrospectionPolicy::All, IntrospectionPolicy::Own].into_iter().find(|policy| introspection_text(*policy) == text)
}

const fn audience_text(audience: AssertionAudience) -> &'static str {
    match audience {
        AssertionAudience::Issuer => "issuer",
        AssertionAudience::TokenEndpoint => "token_endpoint",
    }
}

fn audience(text: &str) -> Option<AssertionAudience> {
    [AssertionAudience::Issuer, AssertionAudience::TokenEndpoint].into_iter().find(|kind| audience_text(*kind) == text)
}
