//! Authorization codes as they are issued, each with the grant that it stands for.

use oauth_core::{
    ids::{SessionId, TenantId},
    pkce::CodeProof,
    store::{Commit, NewAuthorization, StoreError},
};

use tokio_postgres::{Client, Statement, types::ToSql};
use uuid::Uuid;

use crate::{
    audit::AuditParams,
    codes::{commit, count, ordinals},
    db::{Db, Params, Unknown},
    error::{Trouble, is_conflict},
    rows,
    value::{At, array_text, names},
    writer::Kind,
};

/// The first code of an account tells that it has come over to OAuth. A session that has ended gives no codes; the lock makes its end wait until the grant can be seen.
const ISSUE: &str = "
    WITH live AS MATERIALIZED (
      SELECT id FROM sessions WHERE id = $5 AND ended_at IS NULL FOR SHARE
    ), issued AS (
      INSERT INTO grants (id, user_id, client_id, tenant_id, session_id, scopes, resources, authenticated_at, methods,
                          created_at, check_at)
      SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
       WHERE $5::uuid IS NULL OR EXISTS (SELECT 1 FROM live)
      RETURNING id
    ), code AS (
      INSERT INTO authorization_codes (id, code, client_id, user_id, scopes, code_challenge, code_challenge_method,
                                       redirect_uri, nonce, expires_at, created_at, grant_id)
      SELECT id, $12, $3, $2, $6, $13::text, CASE WHEN $13::text IS NOT NULL THEN 'S256' END, $14, $15, $11, $10, id
        FROM issued
    ), consent AS (
      INSERT INTO consents (user_id, client_id, scopes, updated_at)
      SELECT $2, $3, $16::text[], $10 FROM issued WHERE $16::text[] IS NOT NULL
      ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = excluded.scopes, updated_at = excluded.updated_at
    ), completed AS (
      UPDATE users SET completed_at = $10,
                       dual_at = CASE auth_method WHEN 'password' THEN $10 ELSE dual_at END,
                       auth_method = CASE auth_method WHEN 'password' THEN 'dual' ELSE auth_method END
       WHERE id = $2 AND $24::boolean AND completed_at IS NULL AND EXISTS (SELECT 1 FROM issued)
    ), audit AS (
      INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
      SELECT $17::uuid, $18::timestamptz, $19::text, $20::uuid, $21::uuid, $22::text, $23::jsonb
        FROM issued WHERE $17::uuid IS NOT NULL
    )
    SELECT count(*) FROM issued";

/// The same without consent, audit event and what an account's first code tells. Arrays of arrays do not unnest by row, so the lists come as texts of arrays.
const ISSUE_MANY: &str = "
    WITH w AS MATERIALIZED (
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
                           $8::timestamptz[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::text[],
                           $13::text[], $14::text[], $15::text[])
               WITH ORDINALITY AS w (id, user_id, client_id, tenant_id, session_id, scopes, resources, authenticated_at,
                                     methods, created_at, expires_at, code, challenge, redirect_uri, nonce, n)
    ), live AS MATERIALIZED (
      SELECT id FROM sessions WHERE id = ANY($5::uuid[]) AND ended_at IS NULL ORDER BY id FOR SHARE
    ), issued AS (
      INSERT INTO grants (id, user_id, client_id, tenant_id, session_id, scopes, resources, authenticated_at, methods,
                          created_at, check_at)
      SELECT w.id, w.user_id, w.client_id, w.tenant_id, w.session_id, w.scopes::text[], w.resources::text[],
             w.authenticated_at, w.methods::text[], w.created_at, w.expires_at
        FROM w WHERE w.session_id IS NULL OR w.session_id IN (SELECT id FROM live)
      RETURNING id
    ), code AS (
      INSERT INTO authorization_codes (id, code, client_id, user_id, scopes, code_challenge, code_challenge_method,
                                       redirect_uri, nonce, expires_at, created_at, grant_id)
      SELECT w.id, w.code, w.client_id, w.user_id, w.scopes::text[], w.challenge,
             CASE WHEN w.challenge IS NOT NULL THEN 'S256' END, w.redirect_uri, w.nonce, w.expires_at, w.created_at, w.id
        FROM w WHERE w.id IN (SELECT id FROM issued)
    )
    SELECT w.n FROM w WHERE w.id IN (SELECT id FROM issued)";

/// The account or the client was removed meanwhile.
const REMOVED: &[&str] =
    &["grants.user_id", "grants.client_id", "authorization_codes.user_id", "authorization_codes.client_id"];

/// Codes in groups; those that come with a consent or an audit event go alone, and so does an account's first.
pub(crate) struct Issue;

impl Kind for Issue {
    type Write = NewAuthorization;
    const ONE: &'static str = ISSUE;
    const MANY: &'static str = ISSUE_MANY;

    async fn one(client: &Client, statement: &Statement, write: &NewAuthorization) -> Result<u64, Trouble> {
        let bound = Bound::of(write);
        count(&client.query(statement, &bound.params()).await?)
    }

    async fn many(client: &Client, statement: &Statement, writes: &[&NewAuthorization]) -> Result<Vec<i64>, Trouble> {
        let grants = || writes.iter().map(|write| &write.grant);
        let ids: Vec<Uuid> = grants().map(|grant| grant.id.uuid()).collect();
        let users: Vec<Uuid> = grants().map(|grant| grant.user.uuid()).collect();
        let clients: Vec<Uuid> = grants().map(|grant| grant.client.uuid()).collect();
        let tenants: Vec<Option<Uuid>> = grants().map(|grant| grant.tenant.map(TenantId::uuid)).collect();
        let sessions: Vec<Option<Uuid>> = grants().map(|grant| grant.session.map(SessionId::uuid)).collect();
        let scopes: Vec<String> = grants().map(|grant| array_text(names(&grant.scope))).collect();
        let resources: Vec<String> =
            grants().map(|grant| array_text(grant.resources.iter().map(String::as_str))).collect();
        let authenticated: Vec<At> = grants().map(|grant| At(grant.authenticated_at)).collect();
        let methods: Vec<String> = grants().map(|grant| array_text(rows::method_names(&grant.methods))).collect();
        let created: Vec<At> = grants().map(|grant| At(grant.created_at)).collect();
        let expiries: Vec<At> = writes.iter().map(|write| At(write.expires_at)).collect();
        let codes: Vec<String> = writes.iter().map(|write| write.code.to_text()).collect();
        let challenges: Vec<Option<String>> = writes.iter().map(|write| challenge(write)).collect();
        let redirects: Vec<&str> = writes.iter().map(|write| write.redirect_uri.as_str()).collect();
        let nonces: Vec<Option<&str>> = writes.iter().map(|write| write.nonce.as_deref()).collect();
        let params: Params<'_> = &[
            &ids,
            &users,
            &clients,
            &tenants,
            &sessions,
            &scopes,
            &resources,
            &authenticated,
            &methods,
            &created,
            &expiries,
            &codes,
            &challenges,
            &redirects,
            &nonces,
        ];
        ordinals(&client.query(statement, params).await?)
    }

    async fn again(db: &Db, write: &NewAuthorization) -> Result<Commit, StoreError> {
        let bound = Bound::of(write);
        match db.write(ISSUE, &bound.params(), Unknown::Report).await.map_err(StoreError::from) {
            Ok(count) => Ok(commit(count)),
            // Ids are never made twice: after a lost answer it is our own grant that stands there.
            Err(error) if is_conflict(&error, &["grants.id"]) => Ok(Commit::Applied),
            Err(error) => Self::refused(error),
        }
    }

    fn refused(error: StoreError) -> Result<Commit, StoreError> {
        if is_conflict(&error, REMOVED) { Ok(Commit::Lost) } else { Err(error) }
    }
}

/// Issues by itself, on a connection of the pool.
pub(crate) async fn issue_alone(db: &Db, write: NewAuthorization) -> Result<Commit, StoreError> {
    let bound = Bound::of(&write);
    match db.write(ISSUE, &bound.params(), Unknown::Report).await {
        Err(Trouble::Disconnected(_)) => Issue::again(db, &write).await,
        Err(trouble) => Issue::refused(trouble.into()),
        Ok(count) => Ok(commit(count)),
    }
}

/// The parameters of [`ISSUE`].
struct Bound<'a> {
    ids: [Uuid; 3],
    tenant: Option<Uuid>,
    session: Option<Uuid>,
    scopes: Vec<&'a str>,
    methods: Vec<&'static str>,
    resources: &'a Vec<String>,
    authenticated_at: At,
    created_at: At,
    expires_at: At,
    code: String,
    challenge: Option<String>,
    redirect_uri: &'a str,
    nonce: &'a Option<String>,
    consent: Option<Vec<&'a str>>,
    audit: AuditParams,
    first: bool,
}

impl<'a> Bound<'a> {
    fn of(write: &'a NewAuthorization) -> Self {
        let grant = &write.grant;
        Self {
            ids: [grant.id.uuid(), grant.user.uuid(), grant.client.uuid()],
            tenant: grant.tenant.map(TenantId::uuid),
            session: grant.session.map(SessionId::uuid),
            scopes: names(&grant.scope),
            methods: rows::method_names(&grant.methods),
            resources: &grant.resources,
            authenticated_at: At(grant.authenticated_at),
            created_at: At(grant.created_at),
            expires_at: At(write.expires_at),
            code: write.code.to_text(),
            challenge: challenge(write),
            redirect_uri: write.redirect_uri.as_str(),
            nonce: &write.nonce,
            consent: write.consent.as_ref().map(names),
            audit: AuditParams::from(write.audit.clone()),
            first: write.first,
        }
    }

    fn params(&self) -> [&(dyn ToSql + Sync); 24] {
        let [grant, user, client] = &self.ids;
        [
            grant,
            user,
            client,
            &self.tenant,
            &self.session,
            &self.scopes,
            self.resources,
            &self.authenticated_at,
            &self.methods,
            &self.created_at,
            &self.expires_at,
            &self.code,
            &self.challenge,
            &self.redirect_uri,
            self.nonce,
            &self.consent,
            &self.audit.id,
            &self.audit.at,
            &self.audit.kind,
            &self.audit.user,
            &self.audit.client,
            &self.audit.address,
            &self.audit.detail,
            &self.first,
        ]
    }
}

fn challenge(write: &NewAuthorization) -> Option<String> {
    match &write.proof {
        CodeProof::Challenge(challenge) => Some(challenge.to_text()),
        CodeProof::None => None,
    }
}
