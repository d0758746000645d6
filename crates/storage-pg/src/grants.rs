//! Grants: what is asked of them, and their end.

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
use uuid::Uuid;

use crate::{
    audit::AuditParams,
    codes::{self, commit},
    db::Unknown,
    refresh, rows,
    store::PgStore,
    value::{At, Reader},
};

const FIND: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM revoked_access_tokens WHERE jti = $2), ",
    rows::grant_snapshot_columns!(),
    " FROM grants g",
    rows::grant_snapshot_joins!(),
    "WHERE g.id = $1"
);

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

const IS_REVOKED: &str = "SELECT count(*) FROM revoked_access_tokens WHERE jti = $1";

const SPEND: &str = "
    WITH spent AS (
      INSERT INTO replay (client_id, jti, expires_at)
      VALUES ($1, $2, $3)
      ON CONFLICT DO NOTHING
      RETURNING 1
    )
    SELECT count(*) FROM spent";

const AUTHORIZE: &str = concat!(
    "SELECT ",
    rows::session_columns!(),
    ", k.scopes
       FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN tenants t ON t.id = u.tenant_id
       LEFT JOIN consents k ON k.user_id = s.user_id AND k.client_id = $2
      WHERE s.token = $1"
);

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

impl GrantRepository for PgStore {
    async fn code(&self, code: TokenHash) -> Result<Option<CodeSnapshot>, StoreError> {
        self.find_code(code).await
    }

    async fn redeem_code(&self, write: Redemption) -> Result<Commit, StoreError> {
        match &write.assertion {
            Some(_) => codes::redeem_alone(self.db(), &write).await,
            None => self.writers().redeem(write).await,
        }
    }

    async fn refresh(&self, token: TokenHash) -> Result<Option<RefreshSnapshot>, StoreError> {
        self.find_refresh(token).await
    }

    async fn rotate_refresh(&self, write: Rotation) -> Result<Commit, StoreError> {
        match &write.assertion {
            Some(_) => refresh::rotate_alone(self.db(), &write).await,
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
        let Some(row) = self.db().read_one(FIND, &[&grant.uuid(), &jti.uuid()]).await? else { return Ok(None) };
        let mut row = Reader::new(&row, "revoked_access_tokens", &grant);
        let token_revoked = row.take("jti")?;
        Ok(Some(GrantSnapshot { token_revoked, ..rows::grant_snapshot(&mut row)? }))
    }

    async fn revoke_access_token(&self, write: RevokedAccessToken) -> Result<(), StoreError> {
        self.settle(REVOKE_ACCESS_TOKEN, &[&write.jti.uuid(), &At(write.at), &At(write.expires_at)]).await
    }

    async fn access_token_revoked(&self, jti: AccessTokenId) -> Result<bool, StoreError> {
        Ok(self.db().write(IS_REVOKED, &[&jti.uuid()], Unknown::Repeat).await? > 0)
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
        let nobody = AuthorizeSnapshot { session: None, consent: oauth_core::scope::ScopeSet::default() };
        let Some(token) = session else { return Ok(nobody) };
        let row = self.db().read_one(AUTHORIZE, &[&token.bytes().as_slice(), &client.uuid()]).await?;
        let Some(row) = row else { return Ok(nobody) };
        let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
        let mut row = Reader::new(&row, "sessions", &key);
        let session = rows::session(&mut row)?;
        row.of("consents");
        let consent = row.parse("scopes", |scopes: Option<Vec<&str>>| {
            scopes.unwrap_or_default().into_iter().map(|name| oauth_core::scope::Scope::parse(name).ok()).collect()
        })?;
        Ok(AuthorizeSnapshot { session: Some(session), consent })
    }

    async fn issue_code(&self, write: NewAuthorization) -> Result<Commit, StoreError> {
        self.write_code(write).await
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
