//! Grants, revocation, consent, and what is spent once.

use oauth_core::{
    audit::AuditEvent,
    ids::{AccessTokenId, ClientKey, GrantId, UserId},
    scope::ScopeSet,
    store::{
        AuthorizeSnapshot, CodeSnapshot, Commit, Grant, GrantRepository, GrantSnapshot, NewAuthorization, Redemption,
        RefreshSnapshot, Revocation, RevocationReason, RevokedAccessToken, Rotation, SpentAssertion, StoreError,
    },
    time::Timestamp,
    token::TokenHash,
};
use rusqlite::params;

use crate::{
    SqliteStore, audit, codes,
    db::Db,
    error::Outcome,
    refresh, sessions,
    snapshot::{grant_columns, snapshot, snapshot_columns, snapshot_tables},
};

impl GrantRepository for SqliteStore {
    async fn code(&self, code: TokenHash) -> Result<Option<CodeSnapshot>, StoreError> {
        self.read(|db| codes::find(db, code))
    }

    async fn redeem_code(&self, write: Redemption) -> Result<Commit, StoreError> {
        self.write(move |db| codes::redeem(db, &write)).await
    }

    async fn refresh(&self, token: TokenHash) -> Result<Option<RefreshSnapshot>, StoreError> {
        self.read(|db| refresh::find(db, token))
    }

    async fn rotate_refresh(&self, write: Rotation) -> Result<Commit, StoreError> {
        self.write(move |db| refresh::rotate(db, &write)).await
    }

    async fn revoke_grant(&self, write: Revocation) -> Result<(), StoreError> {
        self.write(move |db| revoke(db, &write)).await
    }

    async fn grant(&self, grant: GrantId, jti: AccessTokenId) -> Result<Option<GrantSnapshot>, StoreError> {
        self.read(|db| find(db, grant, jti))
    }

    async fn revoke_access_token(&self, write: RevokedAccessToken) -> Result<(), StoreError> {
        let row = (write.jti.uuid(), write.at.micros(), write.expires_at.micros());
        self.write(move |db| db.run(REVOKE_TOKEN, row).map(drop)).await
    }

    async fn access_token_revoked(&self, jti: AccessTokenId) -> Result<bool, StoreError> {
        self.read(|db| db.exists(TOKEN_REVOKED, [jti.uuid()]))
    }

    async fn spend_assertion(&self, write: SpentAssertion) -> Result<Commit, StoreError> {
        self.write(move |db| {
            if is_spent(db, Some(&write))? {
                return Ok(Commit::Lost);
            }
            spend(db, Some(&write))?;
            Ok(Commit::Applied)
        })
        .await
    }

    async fn authorize_snapshot(
        &self,
        session: Option<TokenHash>,
        client: ClientKey,
    ) -> Result<AuthorizeSnapshot, StoreError> {
        let found = session.map(|token| self.read(|db| sessions::with_consent(db, token, client))).transpose()?;
        let nobody = AuthorizeSnapshot { session: None, consent: ScopeSet::default(), first: false };
        Ok(found.flatten().unwrap_or(nobody))
    }

    async fn issue_code(&self, write: NewAuthorization) -> Result<Commit, StoreError> {
        self.write(move |db| codes::issue(db, &write)).await
    }

    async fn grants_of(&self, user: UserId) -> Result<Vec<Grant>, StoreError> {
        self.read(|db| db.all(LIVING, [user.uuid()], crate::snapshot::grant))
    }

    async fn withdraw_consent(
        &self,
        user: UserId,
        client: ClientKey,
        at: Timestamp,
        audit: Option<AuditEvent>,
    ) -> Result<(), StoreError> {
        self.write(move |db| withdraw(db, user, client, at, audit.as_ref())).await
    }
}

const FIND: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM revoked_access_tokens WHERE jti = ?2), ",
    snapshot_columns!(),
    " FROM grants g",
    snapshot_tables!(),
    " WHERE g.id = ?1",
);

fn find(db: Db<'_>, grant: GrantId, jti: AccessTokenId) -> Outcome<Option<GrantSnapshot>> {
    db.one(FIND, [grant.uuid(), jti.uuid()], |cursor| {
        let token_revoked = cursor.value("revoked_access_tokens.jti")?;
        Ok(GrantSnapshot { token_revoked, ..snapshot(cursor)? })
    })
}

const LIVING: &str = concat!(
    "SELECT ",
    grant_columns!(),
    " FROM grants g WHERE g.user_id = ?1 AND g.revoked_at IS NULL ORDER BY g.created_at DESC, g.id DESC",
);

const REVOKE: &str = "UPDATE grants SET revoked_at = ?2, revoked_reason = ?3 WHERE id = ?1 AND revoked_at IS NULL";

fn revoke(db: Db<'_>, write: &Revocation) -> Outcome<()> {
    let revoked = db.run(REVOKE, params![write.grant.uuid(), write.at.micros(), write.reason.as_str()])?;
    audit::write_if(db, write.audit.as_ref().filter(|_| revoked > 0))
}

const FORGET: &str = "DELETE FROM consents WHERE user_id = ?1 AND client = ?2";

const REVOKE_BETWEEN: &str = "UPDATE grants SET revoked_at = ?3, revoked_reason = ?4 \
                              WHERE user_id = ?1 AND client = ?2 AND revoked_at IS NULL";

fn withdraw(db: Db<'_>, user: UserId, client: ClientKey, at: Timestamp, event: Option<&AuditEvent>) -> Outcome<()> {
    let forgotten = db.run(FORGET, [user.uuid(), client.uuid()])?;
    let reason = RevocationReason::User.as_str();
    let revoked = db.run(REVOKE_BETWEEN, params![user.uuid(), client.uuid(), at.micros(), reason])?;
    audit::write_if(db, event.filter(|_| forgotten + revoked > 0))
}

const REVOKE_TOKEN: &str = "INSERT INTO revoked_access_tokens (jti, revoked_at, expires_at) VALUES (?1, ?2, ?3) \
                            ON CONFLICT DO NOTHING";

const TOKEN_REVOKED: &str = "SELECT 1 FROM revoked_access_tokens WHERE jti = ?1";

const SPENT: &str = "SELECT 1 FROM replay WHERE client = ?1 AND jti = ?2";

/// Whether an assertion was spent. Nobody else writes between this question and the step's own write.
pub(crate) fn is_spent(db: Db<'_>, assertion: Option<&SpentAssertion>) -> Outcome<bool> {
    assertion.map_or(Ok(false), |spent| db.exists(SPENT, params![spent.client.uuid(), spent.jti.bytes()]))
}

const SPEND: &str = "INSERT INTO replay (client, jti, expires_at) VALUES (?1, ?2, ?3)";

pub(crate) fn spend(db: Db<'_>, assertion: Option<&SpentAssertion>) -> Outcome<()> {
    let Some(spent) = assertion else { return Ok(()) };
    db.run(SPEND, params![spent.client.uuid(), spent.jti.bytes(), spent.expires_at.micros()]).map(drop)
}
