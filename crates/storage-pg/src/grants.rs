//! Grants: what is asked of them, and their end.

use std::time::Duration;

use oauth_core::{
    audit::AuditEvent,
    ids::{AccessTokenId, ClientKey, GrantId, UserId},
    store::{
        AuthorizeSnapshot, CodeSnapshot, Commit, Grant, GrantRepository, GrantSnapshot, NewAuthorization, Redemption,
        RefreshSnapshot, Revocation, RevocationReason, RevokedAccessToken, Rotation, SpentAssertion, StoreError,
    },
    time::Timestamp,
    token::TokenHash,
};
use tokio_postgres::{Client, Error, Row, Statement};
use uuid::Uuid;

use crate::{
    audit::AuditParams,
    codes::{Redeem, commit},
    db::Unknown,
    gather::FOR_A_PERSON,
    issue::Issue,
    reader::Lookup,
    refresh::Rotate,
    rows,
    store::PgStore,
    value::{At, Reader},
    writer::alone,
};

/// The revocation's row is asked for more than its key: an index alone must not seem to answer, or it may be read whole.
macro_rules! find {
    ($asked:literal) => {
        concat!(
            "SELECT w.n, x.revoked_at IS NOT NULL, ",
            rows::grant_snapshot_columns!(),
            " FROM ",
            $asked,
            rows::grant_of!("w.id"),
            rows::grant_snapshot_joins!(),
            "LEFT JOIN LATERAL (SELECT * FROM revoked_access_tokens WHERE jti = w.jti OFFSET 0) x ON TRUE"
        )
    };
}

macro_rules! find_revocation {
    ($asked:literal) => {
        concat!(
            "SELECT w.n, x.revoked_at FROM ",
            $asked,
            " CROSS JOIN LATERAL (SELECT * FROM revoked_access_tokens WHERE jti = w.jti OFFSET 0) x"
        )
    };
}

macro_rules! authorization {
    ($asked:literal) => {
        concat!(
            "SELECT w.n, ",
            rows::session_columns!(),
            ", k.scopes, u.completed_at IS NULL FROM ",
            $asked,
            " CROSS JOIN LATERAL (SELECT * FROM sessions WHERE token = w.token OFFSET 0) s",
            rows::user_of!("s.user_id"),
            "LEFT JOIN LATERAL (
               SELECT * FROM consents WHERE user_id = s.user_id AND client_id IS NOT DISTINCT FROM w.client_id OFFSET 0
             ) k ON TRUE"
        )
    };
}

const REVOKE: &str = "
    WITH ended AS (
      UPDATE grants SET revoked_at = $2, revoked_reason = $3
       WHERE id = $1 AND revoked_at IS NULL
      RETURNING id
    )
    INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
    SELECT $4::uuid, $5::timestamptz, $6::text, $7::uuid, $8::uuid, $9::text, $10::jsonb
      FROM ended WHERE $4::uuid IS NOT NULL";

const REVOKE_ACCESS_TOKEN: &str = "
    INSERT INTO revoked_access_tokens (jti, revoked_at, expires_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (jti) DO NOTHING";

const SPEND: &str = "
    WITH spent AS (
      INSERT INTO replay (client_id, jti, expires_at)
      VALUES ($1, $2, $3)
      ON CONFLICT DO NOTHING
      RETURNING 1
    )
    SELECT count(*) FROM spent";

const OF_USER: &str = concat!(
    "SELECT ",
    rows::grant_columns!(),
    " FROM grants g WHERE g.user_id = $1 AND g.revoked_at IS NULL ORDER BY g.created_at DESC, g.id DESC"
);

const WITHDRAW: &str = "
    WITH forgotten AS (
      DELETE FROM consents WHERE user_id = $1 AND client_id = $2 RETURNING 1
    ), ended AS (
      UPDATE grants SET revoked_at = $3, revoked_reason = $4
       WHERE user_id = $1 AND client_id = $2 AND revoked_at IS NULL
      RETURNING 1
    )
    INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
    SELECT $5::uuid, $6::timestamptz, $7::text, $8::uuid, $9::uuid, $10::text, $11::jsonb
     WHERE $5::uuid IS NOT NULL AND (EXISTS (SELECT 1 FROM forgotten) OR EXISTS (SELECT 1 FROM ended))";

pub(crate) const FORGET_CONSENTS: &str = "DELETE FROM consents WHERE user_id = $1";

impl GrantRepository for PgStore {
    async fn code(&self, code: TokenHash) -> Result<Option<CodeSnapshot>, StoreError> {
        self.find_code(code).await
    }

    async fn redeem_code(&self, write: Redemption) -> Result<Commit, StoreError> {
        match &write.assertion {
            Some(_) => alone::<Redeem>(self.db(), &write).await,
            None => self.writers().redeem(write).await,
        }
    }

    async fn refresh(&self, token: TokenHash) -> Result<Option<RefreshSnapshot>, StoreError> {
        self.find_refresh(token).await
    }

    async fn rotate_refresh(&self, write: Rotation) -> Result<Commit, StoreError> {
        match &write.assertion {
            Some(_) => alone::<Rotate>(self.db(), &write).await,
            None => self.writers().rotate(write).await,
        }
    }

    async fn revoke_grant(&self, write: Revocation) -> Result<(), StoreError> {
        let audit = AuditParams::from(write.audit);
        self.settle(
            REVOKE,
            &[
                &write.grant.uuid(),
                &At(write.at),
                &write.reason.as_str(),
                &audit.id,
                &audit.at,
                &audit.kind,
                &audit.user,
                &audit.client,
                &audit.address,
                &audit.detail,
            ],
        )
        .await
    }

    async fn grant(&self, grant: GrantId, jti: AccessTokenId) -> Result<Option<GrantSnapshot>, StoreError> {
        let Some(row) = self.readers().grants.find((grant, jti)).await? else { return Ok(None) };
        let mut row = Reader::answer(&row, "revoked_access_tokens", &grant);
        let token_revoked = row.take("jti")?;
        Ok(Some(GrantSnapshot { token_revoked, ..rows::grant_snapshot(&mut row)? }))
    }

    async fn revoke_access_token(&self, write: RevokedAccessToken) -> Result<(), StoreError> {
        self.settle(REVOKE_ACCESS_TOKEN, &[&write.jti.uuid(), &At(write.at), &At(write.expires_at)]).await
    }

    async fn access_token_revoked(&self, jti: AccessTokenId) -> Result<bool, StoreError> {
        Ok(self.readers().revocations.find(jti).await?.is_some())
    }

    async fn spend_assertion(&self, write: SpentAssertion) -> Result<Commit, StoreError> {
        let (client, jti) = (write.client.uuid(), write.jti);
        let params: crate::db::Params<'_> = &[&client, &jti.bytes().as_slice(), &At(write.expires_at)];
        // A lost answer is reported: whether the assertion is ours or a replay could not be told apart.
        Ok(commit(self.db().write(SPEND, params, Unknown::Report).await?))
    }

    async fn authorize_snapshot(
        &self,
        session: Option<TokenHash>,
        client: ClientKey,
    ) -> Result<AuthorizeSnapshot, StoreError> {
        let nobody = AuthorizeSnapshot { session: None, consent: oauth_core::scope::ScopeSet::default(), first: false };
        let Some(token) = session else { return Ok(nobody) };
        let Some(row) = self.readers().authorizations.find((token, client)).await? else { return Ok(nobody) };
        let key = row.try_get::<_, Uuid>(1).unwrap_or_default();
        let mut row = Reader::answer(&row, "sessions", &key);
        let session = rows::session(&mut row)?;
        row.of("consents");
        let consent = row.parse("scopes", |scopes: Option<Vec<&str>>| {
            scopes.unwrap_or_default().into_iter().map(|name| oauth_core::scope::Scope::parse(name).ok()).collect()
        })?;
        row.of("users");
        let first = row.take("completed_at")?;
        Ok(AuthorizeSnapshot { session: Some(session), consent, first })
    }

    async fn issue_code(&self, write: NewAuthorization) -> Result<Commit, StoreError> {
        // What is remembered with the code may concern what another of its group remembers.
        match write.consent.is_some() || write.first || write.audit.is_some() {
            true => alone::<Issue>(self.db(), &write).await,
            false => self.writers().issue(write).await,
        }
    }

    async fn grants_of(&self, user: UserId) -> Result<Vec<Grant>, StoreError> {
        let rows = self.db().read(OF_USER, &[&user.uuid()]).await?;
        rows.iter().map(|row| rows::grant(&mut Reader::new(row, "grants", &user))).collect()
    }

    async fn withdraw_consent(
        &self,
        user: UserId,
        client: ClientKey,
        at: Timestamp,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        let audit = AuditParams::from(audit);
        self.settle(
            WITHDRAW,
            &[
                &user.uuid(),
                &client.uuid(),
                &At(at),
                &RevocationReason::User.as_str(),
                &audit.id,
                &audit.at,
                &audit.kind,
                &audit.user,
                &audit.client,
                &audit.address,
                &audit.detail,
            ],
        )
        .await
    }
}

/// Grants, looked up in groups together with whether an access token is revoked.
pub(crate) struct GrantOf;

impl Lookup for GrantOf {
    type Key = (GrantId, AccessTokenId);
    const ONE: &'static str = find!("(SELECT $1::uuid AS id, $2::uuid AS jti, 1::bigint AS n) AS w");
    const MANY: &'static str = find!("unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS w (id, jti, n)");

    async fn one(client: &Client, statement: &Statement, key: &Self::Key) -> Result<Vec<Row>, Error> {
        client.query(statement, &[&key.0.uuid(), &key.1.uuid()]).await
    }

    async fn many(client: &Client, statement: &Statement, keys: &[&Self::Key]) -> Result<Vec<Row>, Error> {
        let (grants, tokens): (Vec<Uuid>, Vec<Uuid>) = keys.iter().map(|key| (key.0.uuid(), key.1.uuid())).unzip();
        client.query(statement, &[&grants, &tokens]).await
    }
}

/// Revoked access tokens, looked up in groups; there is a row for each that is.
pub(crate) struct RevocationOf;

impl Lookup for RevocationOf {
    type Key = AccessTokenId;
    const ONE: &'static str = find_revocation!("(SELECT $1::uuid AS jti, 1::bigint AS n) AS w");
    const MANY: &'static str = find_revocation!("unnest($1::uuid[]) WITH ORDINALITY AS w (jti, n)");

    async fn one(client: &Client, statement: &Statement, key: &Self::Key) -> Result<Vec<Row>, Error> {
        client.query(statement, &[&key.uuid()]).await
    }

    async fn many(client: &Client, statement: &Statement, keys: &[&Self::Key]) -> Result<Vec<Row>, Error> {
        let tokens: Vec<Uuid> = keys.iter().map(|key| key.uuid()).collect();
        client.query(statement, &[&tokens]).await
    }
}

/// What authorization requests depend on, looked up in groups: the session behind a cookie, and the consent for a client.
pub(crate) struct AuthorizationOf;

impl Lookup for AuthorizationOf {
    type Key = (TokenHash, ClientKey);
    const ONE: &'static str = authorization!("(SELECT $1::bytea AS token, $2::uuid AS client_id, 1::bigint AS n) AS w");
    const MANY: &'static str =
        authorization!("unnest($1::bytea[], $2::uuid[]) WITH ORDINALITY AS w (token, client_id, n)");
    const PAUSE: Duration = FOR_A_PERSON;

    async fn one(client: &Client, statement: &Statement, key: &Self::Key) -> Result<Vec<Row>, Error> {
        client.query(statement, &[&key.0.bytes().as_slice(), &key.1.uuid()]).await
    }

    async fn many(client: &Client, statement: &Statement, keys: &[&Self::Key]) -> Result<Vec<Row>, Error> {
        let (tokens, clients): (Vec<&[u8]>, Vec<Uuid>) =
            keys.iter().map(|key| (key.0.bytes().as_slice(), key.1.uuid())).unzip();
        client.query(statement, &[&tokens, &clients]).await
    }
}
