//! Authorization codes as they are issued, each with the grant that it stands for.

use std::time::Duration;

use authly_cutover::account::{AuthMethod, FIRST_CODE};
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
    gather::FOR_A_PERSON,
    rows,
    value::{At, array_text, names, proven},
    writer::Kind,
};

/// A session that has ended gives no codes, and neither does a removed account or client: the locks make their end wait until the
/// grant can be seen, which then ends with them. The account goes after its sessions, so that theirs hold it too. The first code of an
/// account tells that it has come over to OAuth.
///
/// A code by itself does not wait for the disk: should the database's machine crash in the next half second, the code is as good as
/// expired, and its user, whose session stands, goes through again unasked. What its redemption writes waits for the disk, and
/// takes the grant along. A consent, an audit event and an account's first code are not to be forgotten and do wait.
const ISSUE: &str = "
    WITH live AS MATERIALIZED (
      SELECT id FROM sessions WHERE id = $5 AND ended_at IS NULL FOR SHARE
    ), person AS MATERIALIZED (
      SELECT id FROM users WHERE id = $2 AND $5::uuid IS NULL FOR KEY SHARE
    ), app AS MATERIALIZED (
      SELECT id FROM clients WHERE id = $3 FOR KEY SHARE
    ), issued AS (
      INSERT INTO grants (id, user_id, client_id, tenant_id, session_id, scopes, resources, authenticated_at, methods,
                          created_at, check_at)
      SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
       WHERE (EXISTS (SELECT 1 FROM live) OR EXISTS (SELECT 1 FROM person)) AND EXISTS (SELECT 1 FROM app)
      RETURNING id
    ), code AS (
      INSERT INTO issued_codes (hash, grant_id, redirect_uri, code_challenge, nonce, expires_at)
      SELECT $12::bytea, id, $14::text, $13::text, $15::text, $11 FROM issued
    ), consent AS (
      INSERT INTO consents (user_id, client_id, scopes, updated_at)
      SELECT $2, $3, $16::text[], $10 FROM issued WHERE $16::text[] IS NOT NULL
      ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = excluded.scopes, updated_at = excluded.updated_at
    ), completed AS (
      UPDATE users SET completed_at = $10,
                       dual_at = CASE auth_method WHEN $25::text THEN $10 ELSE dual_at END,
                       auth_method = CASE auth_method WHEN $25::text THEN $26::text ELSE auth_method END
       WHERE id = $2 AND $24::boolean AND completed_at IS NULL AND EXISTS (SELECT 1 FROM issued)
    ), audit AS (
      INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
      SELECT $17::uuid, $18::timestamptz, $19::text, $20::uuid, $21::uuid, $22::text, $23::jsonb
        FROM issued WHERE $17::uuid IS NOT NULL
    )
    SELECT count(*), CASE WHEN $16 IS NULL AND $17 IS NULL AND NOT $24 THEN set_config('synchronous_commit', 'off', TRUE) END
      FROM issued";

/// The same without consent, audit event and what an account's first code tells. Sessions, accounts of grants without one, and
/// clients are locked once for a batch, in the order of their ids. Arrays of arrays do not unnest by row, so the lists come as texts of
/// arrays.
const ISSUE_MANY: &str = "
    WITH live AS MATERIALIZED (
      SELECT id FROM sessions WHERE id = ANY($5::uuid[]) AND ended_at IS NULL ORDER BY id FOR SHARE
    ), person AS MATERIALIZED (
      SELECT id FROM users WHERE id = ANY($16::uuid[]) ORDER BY id FOR KEY SHARE
    ), app AS MATERIALIZED (
      SELECT id FROM clients WHERE id = ANY($3::uuid[]) ORDER BY id FOR KEY SHARE
    ), w AS MATERIALIZED (
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
                           $8::timestamptz[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::bytea[],
                           $13::text[], $14::text[], $15::text[])
               WITH ORDINALITY AS w (id, user_id, client_id, tenant_id, session_id, scopes, resources, authenticated_at,
                                     methods, created_at, expires_at, hash, challenge, redirect_uri, nonce, n)
       WHERE (w.session_id = ANY(ARRAY(SELECT id FROM live))
              OR w.session_id IS NULL AND w.user_id = ANY(ARRAY(SELECT id FROM person)))
         AND w.client_id = ANY(ARRAY(SELECT id FROM app))
    ), issued AS (
      INSERT INTO grants (id, user_id, client_id, tenant_id, session_id, scopes, resources, authenticated_at, methods,
                          created_at, check_at)
      SELECT id, user_id, client_id, tenant_id, session_id, scopes::text[], resources::text[], authenticated_at,
             methods::text[], created_at, expires_at
        FROM w
    ), code AS (
      INSERT INTO issued_codes (hash, grant_id, redirect_uri, code_challenge, nonce, expires_at)
      SELECT hash, id, redirect_uri, challenge, nonce, expires_at FROM w
    )
    SELECT n, set_config('synchronous_commit', 'off', TRUE) FROM w";

/// Codes in groups; those that come with a consent or an audit event go alone, and so does an account's first.
pub(crate) struct Issue;

impl Kind for Issue {
    type Write = NewAuthorization;
    const ONE: &'static str = ISSUE;
    const MANY: &'static str = ISSUE_MANY;
    const PAUSE: Duration = FOR_A_PERSON;

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
        let authenticated: Vec<At> = grants().map(|grant| proven(grant.authenticated_at)).collect();
        let methods: Vec<String> = grants().map(|grant| array_text(rows::method_names(&grant.methods))).collect();
        let created: Vec<At> = grants().map(|grant| At(grant.created_at)).collect();
        let expiries: Vec<At> = writes.iter().map(|write| At(write.expires_at)).collect();
        let codes: Vec<&[u8]> = writes.iter().map(|write| write.code.bytes().as_slice()).collect();
        let challenges: Vec<Option<String>> = writes.iter().map(|write| challenge(write)).collect();
        let redirects: Vec<&str> = writes.iter().map(|write| write.redirect_uri.as_str()).collect();
        let nonces: Vec<Option<&str>> = writes.iter().map(|write| write.nonce.as_deref()).collect();
        let bare: Vec<Uuid> = grants().filter(|grant| grant.session.is_none()).map(|grant| grant.user.uuid()).collect();
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
            &bare,
        ];
        ordinals(&client.query(statement, params).await?)
    }

    async fn once(db: &Db, write: &NewAuthorization) -> Result<u64, Trouble> {
        db.write(ISSUE, &Bound::of(write).params(), Unknown::Report).await
    }

    async fn again(db: &Db, write: &NewAuthorization) -> Result<Commit, StoreError> {
        match Self::once(db, write).await.map_err(StoreError::from) {
            Ok(count) => Ok(commit(count)),
            // Ids are never made twice: after a lost answer it is our own grant that stands there.
            Err(error) if is_conflict(&error, &["grants.id"]) => Ok(Commit::Applied),
            Err(error) => Err(error),
        }
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
    code: &'a [u8],
    challenge: Option<String>,
    redirect_uri: &'a str,
    nonce: &'a Option<String>,
    consent: Option<Vec<&'a str>>,
    audit: AuditParams,
    first: bool,
    step: [&'static str; 2],
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
            authenticated_at: proven(grant.authenticated_at),
            created_at: At(grant.created_at),
            expires_at: At(write.expires_at),
            code: write.code.bytes().as_slice(),
            challenge: challenge(write),
            redirect_uri: write.redirect_uri.as_str(),
            nonce: &write.nonce,
            consent: write.consent.as_ref().map(names),
            audit: AuditParams::from(write.audit.clone()),
            first: write.first,
            step: FIRST_CODE.map(AuthMethod::as_str),
        }
    }

    fn params(&self) -> [&(dyn ToSql + Sync); 26] {
        let [grant, user, client] = &self.ids;
        let [from, to] = &self.step;
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
            from,
            to,
        ]
    }
}

fn challenge(write: &NewAuthorization) -> Option<String> {
    match &write.proof {
        CodeProof::Challenge(challenge) => Some(challenge.to_text()),
        CodeProof::None => None,
    }
}
