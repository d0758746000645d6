//! Upstream providers: links, sign-ins under way, and the sessions that came from one.

mod entry;

use authly_directory::{
    identifier::Identifier,
    tenant::TenantGroup,
    upstream::{
        KnownPerson, LinkedAccount, LinkedSessions, NewUpstreamSignIn, TakenUpstreamSignIn, UpstreamEntry, UpstreamKey,
        UpstreamLink, UpstreamLogout, UpstreamMatches, UpstreamOrigin, UpstreamRepository,
    },
};
use oauth_core::{
    audit::AuditEvent,
    ids::{SessionId, UserId},
    store::{Commit, RevocationReason, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use uuid::Uuid;

use self::entry::{LINK, enter};
use crate::{
    audit::{AuditParams, RECORD},
    db::{Steps, Unknown},
    error::Trouble,
    rows, sessions,
    store::PgStore,
    tenants,
    value::{At, Reader},
};

const KEEP: &str = "
    WITH expired AS (
      DELETE FROM upstream_sign_ins WHERE state = ANY(ARRAY(
        SELECT state FROM upstream_sign_ins WHERE expires_at <= $5 ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED))
    )
    INSERT INTO upstream_sign_ins (state, browser, provider, sealed, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const TAKE: &str = "
    DELETE FROM upstream_sign_ins WHERE state = $1 AND browser = $2 AND expires_at > $3
    RETURNING provider, sealed";

/// The link of the person `$2` at the provider `$1`. As a pair once more, which the index of both columns alone serves in full: where there is
/// a link or none, it else costs the same to read the other index, of the accounts, for all links of the provider.
macro_rules! of_person {
    () => {
        "issuer = $1 AND subject = $2 AND (issuer, subject) >= ($1, $2)"
    };
}

use of_person;

const LINKED: &str = concat!(
    "SELECT l.user_id FROM upstream_links l WHERE ",
    of_person!(),
    " AND (SELECT u.status FROM users u WHERE u.id = l.user_id) <> 'deleted'"
);

/// `OFFSET 0` keeps the order apart from the search: for the first three by id, a planner that knows of few accounts walks all of them.
const IMPORTED: &str = "
    SELECT id FROM (SELECT id, status FROM users WHERE external_subject = $1 OFFSET 0) u
     WHERE status <> 'deleted' ORDER BY id LIMIT 3";

const BY_EMAIL: &str = "
    SELECT id, external_subject
      FROM (SELECT id, external_subject, status FROM users WHERE lower(email) = $1 OFFSET 0) u
     WHERE status <> 'deleted' ORDER BY id LIMIT 3";

/// By the accounts: a provider has as many links as there are people.
const TAKEN: &str = "
    SELECT DISTINCT w.id AS user_id FROM unnest($1::uuid[]) AS w (id)
      CROSS JOIN LATERAL (SELECT issuer, subject FROM upstream_links WHERE user_id = w.id OFFSET 0) l
     WHERE l.issuer = $2 AND l.subject <> $3 ORDER BY w.id";

const MAPPED: &str = "
    SELECT tenant_id, provider, group_id, group_name, role FROM tenant_groups
     WHERE provider = $1 AND (group_id = ANY($2) OR group_name = ANY($2))
     ORDER BY tenant_id, group_id COLLATE \"C\"";

/// By the person, or by the session there if nobody is named: of the provider alone there are as many as are signed in.
const END: &str = "
    WITH meant AS MATERIALIZED (
      SELECT session_id FROM upstream_sessions
       WHERE issuer = $1 AND subject = $2::text AND ($3::text IS NULL OR sid = $3)
       UNION ALL
      SELECT session_id FROM upstream_sessions WHERE issuer = $1 AND sid = $3 AND $2 IS NULL
    )
    UPDATE sessions s SET ended_at = $4 FROM meant WHERE s.id = ANY(ARRAY[meant.session_id]) AND s.ended_at IS NULL
    RETURNING s.id";

const END_OF_USER: &str = "
    UPDATE sessions s SET ended_at = $3
     WHERE s.user_id = $1 AND s.ended_at IS NULL
       AND (SELECT o.issuer FROM upstream_sessions o WHERE o.session_id = s.id) = $2
    RETURNING s.id";

const ONLY: &str = "
    SELECT u.id FROM users u WHERE u.id = ANY($1) AND u.auth_method = 'oauth'
       AND EXISTS (SELECT FROM upstream_links l WHERE l.user_id = u.id OFFSET 0)
     ORDER BY u.id";

const LINKS: &str = "
    SELECT issuer, subject, linked_at, last_used_at FROM upstream_links WHERE user_id = $1 ORDER BY issuer COLLATE \"C\"";

/// The links of a page of accounts.
const LINKED_ACCOUNTS: &str = concat!(
    "WITH page AS MATERIALIZED (
       SELECT DISTINCT user_id FROM upstream_links WHERE ($1::text IS NULL OR issuer = $1) AND ",
    rows::behind!("user_id", "$2"),
    "   ORDER BY user_id LIMIT $3
     )
     SELECT l.issuer, l.subject, l.linked_at, l.last_used_at, l.user_id, u.email
       FROM page
      CROSS JOIN LATERAL (SELECT * FROM upstream_links WHERE user_id = page.user_id OFFSET 0) l
      CROSS JOIN LATERAL (SELECT email FROM users WHERE id = page.user_id OFFSET 0) u
      WHERE $1 IS NULL OR l.issuer = $1
      ORDER BY l.user_id, l.issuer COLLATE \"C\""
);

const ORIGIN: &str = "SELECT issuer, id_token FROM upstream_sessions WHERE session_id = $1";

const SAME: &str = "SELECT issuer FROM upstream_links WHERE issuer = $1 AND subject = $2 AND user_id = $3";

const LIVES: &str = "SELECT id FROM users WHERE id = $1 AND status <> 'deleted' FOR NO KEY UPDATE";

const UNLINK: &str = "DELETE FROM upstream_links WHERE user_id = $1 AND issuer = $2";

#[cfg(test)]
pub(crate) use entry::PLANNED as ENTRY;

/// What is planned before anybody knows how many will sign in that way, with the numbers of parameters.
#[cfg(test)]
pub(crate) const PLANNED: [(&str, usize); 14] = [
    (KEEP, 6),
    (TAKE, 3),
    (LINKED, 2),
    (IMPORTED, 1),
    (BY_EMAIL, 1),
    (TAKEN, 3),
    (END, 4),
    (END_OF_USER, 3),
    (ONLY, 1),
    (LINKS, 1),
    (LINKED_ACCOUNTS, 3),
    (ORIGIN, 1),
    (SAME, 3),
    (UNLINK, 2),
];

impl UpstreamRepository for PgStore {
    async fn keep_upstream_sign_in(&self, write: NewUpstreamSignIn) -> Result<(), StoreError> {
        let (state, browser) = (write.state.bytes().as_slice(), write.browser.bytes().as_slice());
        let (created_at, expires_at) = (At(write.created_at), At(write.expires_at));
        let params: crate::db::Params<'_> =
            &[&state, &browser, &write.provider, &write.sealed, &created_at, &expires_at];
        self.db().run(KEEP, params, Unknown::Report).await?;
        Ok(())
    }

    async fn take_upstream_sign_in(
        &self,
        state: TokenHash,
        browser: TokenHash,
        at: Timestamp,
    ) -> Result<Option<TakenUpstreamSignIn>, StoreError> {
        let params: crate::db::Params<'_> = &[&state.bytes().as_slice(), &browser.bytes().as_slice(), &At(at)];
        // A lost answer may have taken it: whoever comes again is told so, and nobody is let in twice.
        let rows = self.db().run(TAKE, params, Unknown::Report).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let mut row = Reader::new(row, "upstream_sign_ins", &"-");
        Ok(Some(TakenUpstreamSignIn { provider: row.take("provider")?, sealed: row.take("sealed")? }))
    }

    async fn upstream_matches(
        &self,
        key: &UpstreamKey,
        email: Option<&Identifier>,
    ) -> Result<UpstreamMatches, StoreError> {
        let id = |row: &tokio_postgres::Row| Reader::new(row, "users", &"-").take("id").map(UserId::from_uuid);
        let linked = self.db().read(LINKED, &[&key.issuer, &key.subject]).await?.first().map(id).transpose()?;
        let imported =
            self.db().read(IMPORTED, &[&key.subject]).await?.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        let mut by_email = Vec::new();
        if let Some(email) = email {
            for row in &self.db().read(BY_EMAIL, &[&email.folded()]).await? {
                let mut row = Reader::new(row, "users", &"-");
                let user = UserId::from_uuid(row.take("id")?);
                by_email.push(KnownPerson { user, external_subject: row.take("external_subject")? });
            }
        }
        let users: Vec<Uuid> =
            imported.iter().copied().chain(by_email.iter().map(|known| known.user)).map(UserId::uuid).collect();
        let taken = match users.is_empty() {
            true => Vec::new(),
            false => {
                let rows = self.db().read(TAKEN, &[&users, &key.issuer, &key.subject]).await?;
                rows.iter().map(id).collect::<Result<Vec<_>, _>>()?
            }
        };
        Ok(UpstreamMatches { linked, imported, by_email, taken })
    }

    async fn mapped_groups(&self, provider: &str, groups: &[String]) -> Result<Vec<TenantGroup>, StoreError> {
        self.db().read(MAPPED, &[&provider, &groups]).await?.iter().map(tenants::mapping).collect()
    }

    async fn enter_upstream(&self, write: UpstreamEntry) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        if enter(&steps, write).await? == Commit::Lost {
            return Ok(Commit::Lost);
        }
        steps.commit().await?;
        Ok(Commit::Applied)
    }

    async fn end_upstream_sessions(&self, logout: UpstreamLogout) -> Result<u64, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        let rows = steps.run(END, &[&logout.issuer, &logout.subject, &logout.sid, &At(logout.at)]).await?;
        let ended: Vec<Uuid> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
        if !ended.is_empty() {
            sessions::revoke(&steps, &ended, logout.at, RevocationReason::SignedOut).await?;
            record(&steps, logout.audit).await?;
        }
        steps.commit().await?;
        Ok(u64::try_from(ended.len()).unwrap_or(u64::MAX))
    }

    async fn only_upstream(&self, users: Vec<UserId>) -> Result<Vec<UserId>, StoreError> {
        let users: Vec<Uuid> = users.into_iter().map(UserId::uuid).collect();
        let rows = self.db().read(ONLY, &[&users]).await?;
        rows.iter().map(|row| Reader::new(row, "users", &"-").take("id").map(UserId::from_uuid)).collect()
    }

    async fn upstream_links(&self, user: UserId) -> Result<Vec<UpstreamLink>, StoreError> {
        let rows = self.db().read(LINKS, &[&user.uuid()]).await?;
        rows.iter().map(|row| link(&mut Reader::new(row, "upstream_links", &user))).collect()
    }

    async fn linked_accounts(
        &self,
        issuer: Option<&str>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<LinkedAccount>, StoreError> {
        let after = after.map(UserId::uuid);
        let rows = self.db().read(LINKED_ACCOUNTS, &[&issuer, &after, &i64::from(limit)]).await?;
        rows.iter()
            .map(|row| {
                let mut row = Reader::new(row, "upstream_links", &"-");
                let link = link(&mut row)?;
                Ok(LinkedAccount { user: UserId::from_uuid(row.take("user_id")?), email: row.take("email")?, link })
            })
            .collect()
    }

    async fn upstream_origin(&self, session: SessionId) -> Result<Option<UpstreamOrigin>, StoreError> {
        let Some(row) = self.db().read_one(ORIGIN, &[&session.uuid()]).await? else { return Ok(None) };
        let mut row = Reader::new(&row, "upstream_sessions", &session);
        Ok(Some(UpstreamOrigin { issuer: row.take("issuer")?, id_token: row.take("id_token")? }))
    }

    async fn link_upstream(
        &self,
        user: UserId,
        key: &UpstreamKey,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        if self.db().read_one(SAME, &[&key.issuer, &key.subject, &user.uuid()]).await?.is_some() {
            return Ok(Commit::Applied);
        }
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        if steps.run(LIVES, &[&user.uuid()]).await?.is_empty()
            || steps.change(LINK, &[&key.issuer, &key.subject, &user.uuid(), &At(at)]).await? == 0
        {
            return Ok(Commit::Lost);
        }
        record(&steps, audit).await?;
        steps.commit().await?;
        Ok(Commit::Applied)
    }

    async fn unlink_upstream(
        &self,
        user: UserId,
        issuer: &str,
        sessions: LinkedSessions,
        at: Timestamp,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut connection = self.db().client().await?;
        let steps = self.db().begin(&mut connection).await?;
        if steps.change(UNLINK, &[&user.uuid(), &issuer]).await? == 0 {
            return Ok(Commit::Lost);
        }
        if sessions == LinkedSessions::End {
            let rows = steps.run(END_OF_USER, &[&user.uuid(), &issuer, &At(at)]).await?;
            let ended: Vec<Uuid> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
            sessions::revoke(&steps, &ended, at, RevocationReason::Administrator).await?;
        }
        record(&steps, audit).await?;
        steps.commit().await?;
        Ok(Commit::Applied)
    }
}

fn link(row: &mut Reader<'_>) -> Result<UpstreamLink, StoreError> {
    let key = UpstreamKey { issuer: row.take("issuer")?, subject: row.take("subject")? };
    let linked_at = row.at("linked_at")?;
    Ok(UpstreamLink { key, linked_at, last_used_at: row.at("last_used_at")? })
}

async fn record(steps: &Steps<'_>, audit: AuditEvent) -> Result<(), Trouble> {
    let audit = AuditParams::from(audit);
    let params: crate::db::Params<'_> =
        &[&audit.id, &audit.at, &audit.kind, &audit.user, &audit.client, &audit.address, &audit.detail];
    steps.change(RECORD, params).await.map(|_| ())
}
