//! Links and the outbox. Single use stands in the statements: a link is used where it is unused, a mail is begun where it is held.

use authly_directory::{
    identifier::fold,
    mail::{
        letter::{MailKind, NewMail},
        link::{Delivery, EmailLink, LinkKind, LinkSnapshot},
        outbox::{HeldMail, Hold, MOST_ATTEMPTS, MailState, OutboxEntry, OutboxQuery, Resend, Settlement},
        store::{LinkUse, LinkedPassword, MailRepository, NewLink},
    },
    store::{AccountRepository as _, PasswordChange, Replace},
};
use oauth_core::{
    audit::AuditEvent,
    ids::{LeaseId, MailId, UserId},
    store::{Commit, RevocationReason, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use tokio_postgres::Row;
use uuid::Uuid;

pub(crate) use crate::audit::record;
use crate::{
    api_keys,
    audit::AuditParams,
    codes::commit,
    db::{Params, Steps, Unknown},
    grants, invite,
    store::PgStore,
    value::{At, Reader, at},
};

/// Link, mail and log in one statement: asking for a link costs one trip whether there is an account or not.
const ISSUE: &str = "
    WITH link AS (
      INSERT INTO email_links (token, kind, user_id, address, mailed, created_at, expires_at, used_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ), mail AS (
      INSERT INTO mail_outbox (id, kind, recipient, user_id, sealed, state, attempts, created_at, next_at)
      SELECT $9::uuid, $10::text, $11::text, $12::uuid, $13::bytea, 'queued', 0, $14::timestamptz, $14::timestamptz
       WHERE $9::uuid IS NOT NULL
    )
    INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
    VALUES ($15, $16, $17, $18, $19, $20, $21)";

const LINK: &str = "
    SELECT token, kind, user_id, address, mailed, created_at, expires_at, used_at FROM email_links WHERE token = $1";

/// Used where it is unused, in time, and the account still has the address.
const USE: &str = "
    UPDATE email_links SET used_at = $5
     WHERE token = $1 AND kind = $2 AND user_id = $3 AND used_at IS NULL AND expires_at > $5
       AND EXISTS (SELECT 1 FROM users u WHERE u.id = $3 AND lower(u.email) = $4)";

/// Uses up all links of a kind.
pub(crate) const USE_UP: &str =
    "UPDATE email_links SET used_at = $3 WHERE user_id = $1 AND kind = $2 AND used_at IS NULL";

/// Only an address that is verified, or not, as `$3` says, if it does.
pub(crate) const VERIFY: &str = "
    UPDATE users SET is_verified = TRUE, updated_at = $2, status = CASE status WHEN 'pending_verification' THEN 'active' ELSE status END
     WHERE id = $1 AND ($3::boolean IS NULL OR COALESCE(is_verified, FALSE) = $3)";

const END_SESSIONS: &str = "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL";

/// A statement of its own after the sessions have ended: it sees the grants of a code that was being issued just then.
const REVOKE_GRANTS: &str = "
    UPDATE grants SET revoked_at = $2, revoked_reason = $3 WHERE user_id = $1 AND revoked_at IS NULL";

const QUEUE: &str = "
    INSERT INTO mail_outbox (id, kind, recipient, user_id, sealed, state, attempts, created_at, next_at)
    VALUES ($1, $2, $3, $4, $5, 'queued', 0, $6, $6)";

const HOLD: &str = "
    WITH due AS (
      SELECT id FROM mail_outbox
       WHERE state = 'queued' AND lane IS NULL AND next_at <= $2 AND (lease_until IS NULL OR lease_until <= $2)
       ORDER BY next_at, id LIMIT $4 FOR UPDATE SKIP LOCKED
    )
    UPDATE mail_outbox m SET lease = $1, lease_until = $3 FROM due WHERE m.id = ANY(ARRAY[due.id])
    RETURNING m.id, m.kind, m.recipient, m.user_id, m.state, m.attempts, m.created_at, m.next_at, m.error, m.sealed";

const BEGIN: &str = "
    WITH begun AS (
      UPDATE mail_outbox SET state = 'sending', lease_until = $4
       WHERE id = $1 AND lease = $2 AND state = 'queued' AND lease_until > $3
      RETURNING 1
    )
    SELECT count(*) FROM begun";

const SETTLE: &str = "
    WITH settled AS (
      UPDATE mail_outbox
         SET state = $3, attempts = $4, next_at = $5, error = $6, lease = NULL, lease_until = NULL,
             sealed = CASE WHEN $3::text = 'sent' THEN ''::bytea ELSE sealed END
       WHERE id = $1 AND lease = $2 AND state IN ('queued', 'sending', 'unknown')
      RETURNING id, state, next_at
    ), accepted AS (
      UPDATE invitations i SET sent_at = s.next_at, letters = i.letters + 1
        FROM settled s WHERE i.mail = $1 AND s.state = 'sent'
      RETURNING i.user_id, s.next_at
    ), invited AS (
      UPDATE users u SET invited_at = a.next_at FROM accepted a WHERE u.id = ANY(ARRAY[a.user_id]) AND u.invited_at IS NULL
    )
    SELECT count(*) FROM settled";

const RELEASE: &str = "UPDATE mail_outbox SET lease = NULL, lease_until = NULL WHERE lease = $1 AND state = 'queued'";

const RESEND: &str = "
    WITH queued AS (
      UPDATE mail_outbox
         SET state = 'queued', attempts = attempts + 1, next_at = $1, lease = NULL, lease_until = NULL
       WHERE attempts < $2 AND (state = 'unknown' OR (state = 'sending' AND lease_until <= $1))
      RETURNING 1
    )
    SELECT count(*) FROM queued";

/// The lease stays: whoever held it may still come and say what became of the mail.
const LOST: &str = "
    WITH lost AS (
      UPDATE mail_outbox SET state = 'unknown', next_at = $1 WHERE state = 'sending' AND lease_until <= $1
      RETURNING 1
    )
    SELECT count(*) FROM lost";

const LIST: &str = "
    SELECT id, kind, recipient, user_id, state, attempts, created_at, next_at, error FROM mail_outbox
     WHERE $1::text IS NULL OR state = $1 ORDER BY created_at DESC, id DESC LIMIT $2";

const ONE: &str = "
    SELECT id, kind, recipient, user_id, state, attempts, created_at, next_at, error FROM mail_outbox WHERE id = $1";

const COUNT: &str = "SELECT state, count(*) FROM mail_outbox GROUP BY state ORDER BY state";

const OLDEST: &str = "SELECT min(created_at) FROM mail_outbox WHERE state = 'queued'";

const RETRY: &str = "
    UPDATE mail_outbox SET state = 'queued', attempts = 0, next_at = $2, lease = NULL, lease_until = NULL
     WHERE id = $1 AND state IN ('queued', 'failed', 'unknown') AND (lease_until IS NULL OR lease_until <= $2)";

const DROP: &str = "DELETE FROM mail_outbox WHERE id = $1 AND state <> 'sending'";

/// What is planned before anybody knows how many rows there will be, with the numbers of parameters.
#[cfg(test)]
pub(crate) const PLANNED: [(&str, usize); 2] = [(HOLD, 4), (SETTLE, 6)];

impl MailRepository for PgStore {
    async fn issue_link(&self, write: NewLink) -> Result<(), StoreError> {
        let (link, mail, audit) = (&write.link, write.mail.as_ref(), AuditParams::from(write.audit));
        let params: Params<'_> = &[
            &link.token.bytes().as_slice(),
            &link.kind.as_str(),
            &link.user.uuid(),
            &link.address,
            &(link.delivery == Delivery::Mailed),
            &At(link.created_at),
            &At(link.expires_at),
            &at(link.used_at),
            &mail.map(|mail| mail.id.uuid()),
            &mail.map(|mail| mail.kind.as_str()),
            &mail.map(|mail| mail.to.as_str()),
            &mail.and_then(|mail| mail.user).map(UserId::uuid),
            &mail.map(|mail| mail.sealed.as_slice()),
            &mail.map(|mail| At(mail.at)),
            &audit.id,
            &audit.at,
            &audit.kind,
            &audit.user,
            &audit.client,
            &audit.address,
            &audit.detail,
        ];
        self.db().run(ISSUE, params, Unknown::Report).await?;
        Ok(())
    }

    async fn link(&self, token: TokenHash) -> Result<Option<LinkSnapshot>, StoreError> {
        let Some(row) = self.db().read_one(LINK, &[&token.bytes().as_slice()]).await? else { return Ok(None) };
        let key = token.to_text();
        let link = read_link(&mut Reader::new(&row, "email_links", &key))?;
        let found = self.account(link.user).await?;
        Ok(found.map(|(account, _)| LinkSnapshot { link, account }))
    }

    async fn verify_address(&self, write: LinkUse) -> Result<Commit, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        if !use_link(&steps, &write, LinkKind::VerifyAddress).await? {
            return Ok(Commit::Lost);
        }
        steps.change(USE_UP, &[&write.user.uuid(), &LinkKind::VerifyAddress.as_str(), &At(write.at)]).await?;
        steps.change(VERIFY, &[&write.user.uuid(), &At(write.at), &None::<bool>]).await?;
        record(&steps, Some(write.audit)).await?;
        steps.commit().await?;
        Ok(Commit::Applied)
    }

    async fn set_password_by_link(&self, write: LinkedPassword) -> Result<Commit, StoreError> {
        let link = write.link;
        let (user, now) = (link.user.uuid(), At(link.at));
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        if !use_link(&steps, &link, write.kind).await? {
            return Ok(Commit::Lost);
        }
        if write.kind == LinkKind::Invitation {
            invite::opened(&steps, link.user, link.at).await?;
        }
        if let Some(was_verified) = write.proof.was_verified() {
            if steps.change(VERIFY, &[&user, &now, &Some(was_verified)]).await? == 0 {
                return Ok(Commit::Lost);
            }
            steps.change(USE_UP, &[&user, &LinkKind::VerifyAddress.as_str(), &now]).await?;
        }
        if write.proof.forgets_consents() {
            steps.change(grants::FORGET_CONSENTS, &[&user]).await?;
        }
        let change = PasswordChange {
            user: link.user,
            replaces: Replace::Any,
            hash: write.hash,
            older_hash: write.older_hash,
            at: link.at,
            audit: Some(link.audit),
        };
        if crate::accounts::enter_password(&steps, change).await? == Commit::Lost {
            return Ok(Commit::Lost);
        }
        steps.change(END_SESSIONS, &[&user, &now]).await?;
        steps.change(REVOKE_GRANTS, &[&user, &now, &RevocationReason::User.as_str()]).await?;
        api_keys::end(&steps, write.api_keys, link.user, link.at).await?;
        if let Some(mail) = &write.notice {
            queue(&steps, mail).await?;
        }
        steps.commit().await?;
        Ok(Commit::Applied)
    }

    async fn queue_mail(&self, mail: NewMail, audit: Option<AuditEvent>) -> Result<(), StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        queue(&steps, &mail).await?;
        record(&steps, audit).await?;
        Ok(steps.commit().await?)
    }

    async fn hold_mails(&self, hold: Hold) -> Result<Vec<HeldMail>, StoreError> {
        let params: Params<'_> = &[&hold.lease.uuid(), &At(hold.now), &At(hold.until), &i64::from(hold.limit)];
        // What is held twice under one lease is held once.
        let rows = self.db().run(HOLD, params, Unknown::Report).await.map_err(StoreError::from)?;
        let mut held = rows.iter().map(read_held).collect::<Result<Vec<_>, StoreError>>()?;
        held.sort_by_key(|mail| (mail.entry.next_at, mail.entry.id));
        Ok(held)
    }

    async fn begin_transmission(
        &self,
        mail: MailId,
        lease: LeaseId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Commit, StoreError> {
        let params: Params<'_> = &[&mail.uuid(), &lease.uuid(), &At(now), &At(until)];
        Ok(commit(self.db().write(BEGIN, params, Unknown::Report).await?))
    }

    async fn settle_mail(&self, write: Settlement) -> Result<Commit, StoreError> {
        let params: Params<'_> = &[
            &write.id.uuid(),
            &write.lease.uuid(),
            &write.state.as_str(),
            &i32::try_from(write.attempts).unwrap_or(i32::MAX),
            &At(write.next_at),
            &write.error,
        ];
        // Nobody else holds the lease, so a second time finds it settled: that is the same outcome.
        Ok(commit(self.db().write(SETTLE, params, Unknown::Report).await?))
    }

    async fn release_mails(&self, lease: LeaseId) -> Result<(), StoreError> {
        self.settle(RELEASE, &[&lease.uuid()]).await
    }

    async fn sweep_mails(&self, now: Timestamp, resend: Resend) -> Result<u64, StoreError> {
        let most = i32::try_from(MOST_ATTEMPTS).unwrap_or(i32::MAX);
        let queued = match resend {
            Resend::Always => self.db().write(RESEND, &[&At(now), &most], Unknown::Report).await?,
            Resend::Never => 0,
        };
        Ok(queued + self.db().write(LOST, &[&At(now)], Unknown::Report).await?)
    }

    async fn list_mails(&self, query: OutboxQuery) -> Result<Vec<OutboxEntry>, StoreError> {
        let params: Params<'_> = &[&query.state.map(MailState::as_str), &i64::from(query.limit)];
        self.db().read(LIST, params).await?.iter().map(read_entry).collect()
    }

    async fn mail(&self, mail: MailId) -> Result<Option<OutboxEntry>, StoreError> {
        self.db().read_one(ONE, &[&mail.uuid()]).await?.as_ref().map(read_entry).transpose()
    }

    async fn count_mails(&self) -> Result<Vec<(MailState, u64)>, StoreError> {
        let rows = self.db().read(COUNT, &[]).await?;
        let counts = rows.iter().map(|row| {
            let mut row = Reader::new(row, "mail_outbox", &"-");
            let state = row.parse("state", MailState::parse)?;
            Ok((state, row.parse("id", |count: i64| u64::try_from(count).ok())?))
        });
        counts.collect()
    }

    async fn oldest_mail(&self) -> Result<Option<Timestamp>, StoreError> {
        let row = self.db().read_one(OLDEST, &[]).await?;
        row.map_or(Ok(None), |row| Reader::new(&row, "mail_outbox", &"-").maybe_at("created_at"))
    }

    async fn retry_mail(&self, mail: MailId, now: Timestamp, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.change_mail(RETRY, &[&mail.uuid(), &At(now)], audit).await
    }

    async fn drop_mail(&self, mail: MailId, audit: AuditEvent) -> Result<Commit, StoreError> {
        self.change_mail(DROP, &[&mail.uuid()], audit).await
    }
}

impl PgStore {
    async fn change_mail(
        &self,
        sql: &'static str,
        params: Params<'_>,
        audit: AuditEvent,
    ) -> Result<Commit, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        let changed = steps.change(sql, params).await?;
        if changed > 0 {
            record(&steps, Some(audit)).await?;
            steps.commit().await?;
        }
        Ok(commit(changed))
    }
}

pub(crate) async fn use_link(steps: &Steps<'_>, write: &LinkUse, kind: LinkKind) -> Result<bool, StoreError> {
    let params: Params<'_> =
        &[&write.token.bytes().as_slice(), &kind.as_str(), &write.user.uuid(), &fold(&write.address), &At(write.at)];
    Ok(steps.change(USE, params).await? > 0)
}

async fn queue(steps: &Steps<'_>, mail: &NewMail) -> Result<(), StoreError> {
    let params: Params<'_> = &[
        &mail.id.uuid(),
        &mail.kind.as_str(),
        &mail.to.as_str(),
        &mail.user.map(UserId::uuid),
        &mail.sealed,
        &At(mail.at),
    ];
    steps.change(QUEUE, params).await?;
    Ok(())
}

fn read_link(row: &mut Reader<'_>) -> Result<EmailLink, StoreError> {
    Ok(EmailLink {
        token: row.hash("token")?,
        kind: row.parse("kind", LinkKind::parse)?,
        user: UserId::from_uuid(row.take("user_id")?),
        address: row.take("address")?,
        delivery: if row.take("mailed")? { Delivery::Mailed } else { Delivery::Shown },
        created_at: row.at("created_at")?,
        expires_at: row.at("expires_at")?,
        used_at: row.maybe_at("used_at")?,
    })
}

/// An entry with its content.
pub(crate) fn read_held(row: &Row) -> Result<HeldMail, StoreError> {
    let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
    let mut row = Reader::new(row, "mail_outbox", &key);
    Ok(HeldMail { entry: entry(&mut row)?, sealed: row.take("sealed")? })
}

fn read_entry(row: &Row) -> Result<OutboxEntry, StoreError> {
    entry(&mut Reader::new(row, "mail_outbox", &row.try_get::<_, Uuid>(0).unwrap_or_default()))
}

fn entry(row: &mut Reader<'_>) -> Result<OutboxEntry, StoreError> {
    Ok(OutboxEntry {
        id: MailId::from_uuid(row.take("id")?),
        kind: row.parse("kind", MailKind::parse)?,
        to: row.take("recipient")?,
        user: row.take::<Option<Uuid>>("user_id")?.map(UserId::from_uuid),
        state: row.parse("state", MailState::parse)?,
        attempts: row.parse("attempts", |attempts: i32| u32::try_from(attempts).ok())?,
        created_at: row.at("created_at")?,
        next_at: row.at("next_at")?,
        error: row.take("error")?,
    })
}
