//! Links and the outbox. Single use stands in the statements: a link is used where it is unused, a mail is begun where it is held.

use authly_directory::{
    identifier::fold,
    mail::{
        letter::{MailKind, NewMail},
        link::{Delivery, EmailLink, LinkKind, LinkSnapshot},
        outbox::{HeldMail, Hold, MOST_ATTEMPTS, MailState, OutboxEntry, OutboxQuery, Resend, Settlement},
        store::{ApiKeys, LinkUse, LinkedPassword, MailRepository, NewLink},
    },
    store::{PasswordChange, Replace},
};
use oauth_core::{
    audit::AuditEvent,
    ids::{LeaseId, MailId, UserId},
    store::{Commit, RevocationReason, StoreError},
    time::Timestamp,
    token::TokenHash,
};
use rusqlite::params;

use crate::{
    SqliteStore,
    accounts::{self, commit},
    api_keys, audit,
    cursor::Cursor,
    db::Db,
    error::Outcome,
    invite, sessions,
};

impl MailRepository for SqliteStore {
    async fn issue_link(&self, write: NewLink) -> Result<(), StoreError> {
        self.write(move |db| {
            insert_link(db, &write.link)?;
            write.mail.as_ref().map_or(Ok(()), |mail| insert_mail(db, mail))?;
            audit::write(db, &write.audit)
        })
        .await
    }

    async fn link(&self, token: TokenHash) -> Result<Option<LinkSnapshot>, StoreError> {
        self.read(|db| {
            let Some(link) = db.one(LINK, [token.bytes()], read_link)? else { return Ok(None) };
            let account = accounts::by_id(db, link.user)?;
            Ok(account.map(|found| LinkSnapshot { link, account: found.account }))
        })
    }

    async fn verify_address(&self, write: LinkUse) -> Result<Commit, StoreError> {
        self.write(move |db| {
            if !use_link(db, &write, LinkKind::VerifyAddress)? {
                return Ok(Commit::Lost);
            }
            db.run(USE_UP, params![write.user.uuid(), LinkKind::VerifyAddress.as_str(), write.at.micros()])?;
            db.run(VERIFY, params![write.user.uuid(), write.at.micros()])?;
            audit::write(db, &write.audit)?;
            Ok(Commit::Applied)
        })
        .await
    }

    async fn set_password_by_link(&self, write: LinkedPassword) -> Result<Commit, StoreError> {
        self.write(move |db| set_password(db, write)).await
    }

    async fn queue_mail(&self, mail: NewMail, event: Option<AuditEvent>) -> Result<(), StoreError> {
        self.write(move |db| {
            insert_mail(db, &mail)?;
            audit::write_if(db, event.as_ref())
        })
        .await
    }

    async fn hold_mails(&self, hold: Hold) -> Result<Vec<HeldMail>, StoreError> {
        // An idle server looks once in a while: it need not wake the writer for that.
        if !self.read(|db| db.exists(ANY_DUE, params![hold.now.micros()]))? {
            return Ok(Vec::new());
        }
        self.write(move |db| {
            let row = params![hold.lease.uuid(), hold.now.micros(), hold.until.micros(), hold.limit];
            let mut held = db.all(HOLD, row, read_held)?;
            held.sort_by_key(|mail| (mail.entry.next_at, mail.entry.id));
            Ok(held)
        })
        .await
    }

    async fn begin_transmission(
        &self,
        mail: MailId,
        lease: LeaseId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Commit, StoreError> {
        let run = move |db: Db<'_>| db.run(BEGIN, params![mail.uuid(), lease.uuid(), now.micros(), until.micros()]);
        Ok(commit(self.write(run).await?))
    }

    async fn settle_mail(&self, write: Settlement) -> Result<Commit, StoreError> {
        let run = move |db: Db<'_>| {
            let row = params![
                write.id.uuid(),
                write.lease.uuid(),
                write.state.as_str(),
                write.attempts,
                write.next_at.micros(),
                write.error,
            ];
            let changed = db.run(SETTLE, row)?;
            if changed > 0 && write.state == MailState::Sent {
                invite::accepted(db, write.id, write.next_at)?;
            }
            Ok(changed)
        };
        Ok(commit(self.write(run).await?))
    }

    async fn release_mails(&self, lease: LeaseId) -> Result<(), StoreError> {
        self.write(move |db| db.run(RELEASE, [lease.uuid()]).map(drop)).await
    }

    async fn sweep_mails(&self, now: Timestamp, resend: Resend) -> Result<u64, StoreError> {
        let again = resend == Resend::Always;
        if !self.read(|db| db.exists(ANY_LOST, params![now.micros(), again, MOST_ATTEMPTS]))? {
            return Ok(0);
        }
        self.write(move |db| {
            let queued = if again { db.run(RESEND, params![now.micros(), MOST_ATTEMPTS])? } else { 0 };
            Ok(u64::try_from(queued + db.run(LOST, [now.micros()])?).unwrap_or(u64::MAX))
        })
        .await
    }

    async fn list_mails(&self, query: OutboxQuery) -> Result<Vec<OutboxEntry>, StoreError> {
        let state = query.state.map(MailState::as_str);
        self.read_long(move |db| db.all(LIST, params![state, query.limit], read_entry)).await
    }

    async fn mail(&self, mail: MailId) -> Result<Option<OutboxEntry>, StoreError> {
        self.read(|db| db.one(ONE, [mail.uuid()], read_entry))
    }

    async fn count_mails(&self) -> Result<Vec<(MailState, u64)>, StoreError> {
        self.read_long(|db| {
            db.all(COUNT, [], |cursor| {
                let state = cursor.parse("mail_outbox.state", MailState::parse)?;
                Ok((state, u64::try_from(cursor.value::<i64>("mail_outbox.state")?).unwrap_or(0)))
            })
        })
        .await
    }

    async fn oldest_mail(&self) -> Result<Option<Timestamp>, StoreError> {
        let found = self.read(|db| db.one(OLDEST, [], |cursor| cursor.time_opt("mail_outbox.created_at")))?;
        Ok(found.flatten())
    }

    async fn retry_mail(&self, mail: MailId, now: Timestamp, event: AuditEvent) -> Result<Commit, StoreError> {
        self.write(move |db| {
            let changed = db.run(RETRY, params![mail.uuid(), now.micros()])?;
            if changed > 0 {
                audit::write(db, &event)?;
            }
            Ok(commit(changed))
        })
        .await
    }

    async fn drop_mail(&self, mail: MailId, event: AuditEvent) -> Result<Commit, StoreError> {
        self.write(move |db| {
            let changed = db.run(DROP, [mail.uuid()])?;
            if changed > 0 {
                audit::write(db, &event)?;
            }
            Ok(commit(changed))
        })
        .await
    }
}

pub(crate) fn insert_link(db: Db<'_>, link: &EmailLink) -> Outcome<()> {
    let row = params![
        link.token.bytes(),
        link.kind.as_str(),
        link.user.uuid(),
        link.address,
        link.delivery == Delivery::Mailed,
        link.created_at.micros(),
        link.expires_at.micros(),
        link.used_at.map(Timestamp::micros),
    ];
    db.run(INSERT_LINK, row).map(drop)
}

const INSERT_LINK: &str = "INSERT INTO email_links (token, kind, user_id, address, mailed, created_at, expires_at, \
                           used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const LINK: &str = "SELECT token, kind, user_id, address, mailed, created_at, expires_at, used_at \
                    FROM email_links WHERE token = ?1";

fn read_link(cursor: &mut Cursor<'_>) -> Outcome<EmailLink> {
    Ok(EmailLink {
        token: cursor.hash("email_links.token")?,
        kind: cursor.parse("email_links.kind", LinkKind::parse)?,
        user: cursor.id("email_links.user_id", UserId::from_uuid)?,
        address: cursor.value("email_links.address")?,
        delivery: if cursor.value("email_links.mailed")? { Delivery::Mailed } else { Delivery::Shown },
        created_at: cursor.time("email_links.created_at")?,
        expires_at: cursor.time("email_links.expires_at")?,
        used_at: cursor.time_opt("email_links.used_at")?,
    })
}

/// Used where it is unused, in time, and the account still has the address.
const USE: &str = "UPDATE email_links SET used_at = ?5 WHERE token = ?1 AND kind = ?2 AND user_id = ?3 \
                   AND used_at IS NULL AND expires_at > ?5 \
                   AND EXISTS (SELECT 1 FROM users u WHERE u.id = ?3 AND u.email_search = ?4)";

pub(crate) fn use_link(db: Db<'_>, write: &LinkUse, kind: LinkKind) -> Outcome<bool> {
    let address = fold(&write.address);
    let row = params![write.token.bytes(), kind.as_str(), write.user.uuid(), address, write.at.micros()];
    Ok(db.run(USE, row)? > 0)
}

/// Uses up all links of a kind.
pub(crate) const USE_UP: &str =
    "UPDATE email_links SET used_at = ?3 WHERE user_id = ?1 AND kind = ?2 AND used_at IS NULL";

pub(crate) const VERIFY: &str = "UPDATE users SET is_verified = 1, updated_at = ?2, \
                      status = CASE status WHEN 'pending_verification' THEN 'active' ELSE status END WHERE id = ?1";

/// Whether the address is verified, or not, as was decided upon.
const STANDS: &str = "SELECT 1 FROM users WHERE id = ?1 AND is_verified = ?2";

const FORGET_CONSENTS: &str = "DELETE FROM consents WHERE user_id = ?1";

fn set_password(db: Db<'_>, write: LinkedPassword) -> Outcome<Commit> {
    let link = write.link;
    let was_verified = write.proof.was_verified();
    if let Some(was_verified) = was_verified
        && !db.exists(STANDS, params![link.user.uuid(), was_verified])?
    {
        return Ok(Commit::Lost);
    }
    if !use_link(db, &link, write.kind)? {
        return Ok(Commit::Lost);
    }
    if write.kind == LinkKind::Invitation {
        invite::opened(db, link.user, link.at)?;
    }
    if was_verified.is_some() {
        db.run(USE_UP, params![link.user.uuid(), LinkKind::VerifyAddress.as_str(), link.at.micros()])?;
        db.run(VERIFY, params![link.user.uuid(), link.at.micros()])?;
    }
    if write.proof.forgets_consents() {
        db.run(FORGET_CONSENTS, [link.user.uuid()])?;
    }
    let change = PasswordChange {
        user: link.user,
        replaces: Replace::Any,
        hash: write.hash,
        older_hash: write.older_hash,
        at: link.at,
        audit: Some(link.audit),
    };
    let commit = accounts::set_password(db, &change)?;
    sessions::end_everything(db, link.user, link.at, RevocationReason::User)?;
    if write.api_keys == ApiKeys::End {
        api_keys::end(db, link.user, link.at)?;
    }
    write.notice.as_ref().map_or(Ok(()), |mail| insert_mail(db, mail))?;
    Ok(commit)
}

const INSERT_MAIL: &str = "INSERT INTO mail_outbox (id, kind, recipient, user_id, sealed, state, attempts, created_at, \
                           next_at) VALUES (?1, ?2, ?3, ?4, ?5, 'queued', 0, ?6, ?6)";

pub(crate) fn insert_mail(db: Db<'_>, mail: &NewMail) -> Outcome<()> {
    let (id, user) = (mail.id.uuid(), mail.user.map(UserId::uuid));
    db.run(INSERT_MAIL, params![id, mail.kind.as_str(), mail.to.as_str(), user, mail.sealed, mail.at.micros()])
        .map(drop)
}

macro_rules! entry_columns {
    () => {
        "id, kind, recipient, user_id, state, attempts, created_at, next_at, error"
    };
}
pub(crate) use entry_columns;

/// An entry with its content.
pub(crate) fn read_held(cursor: &mut Cursor<'_>) -> Outcome<HeldMail> {
    let entry = read_entry(cursor)?;
    Ok(HeldMail { entry, sealed: cursor.value("mail_outbox.sealed")? })
}

fn read_entry(cursor: &mut Cursor<'_>) -> Outcome<OutboxEntry> {
    Ok(OutboxEntry {
        id: cursor.id("mail_outbox.id", MailId::from_uuid)?,
        kind: cursor.parse("mail_outbox.kind", MailKind::parse)?,
        to: cursor.value("mail_outbox.recipient")?,
        user: cursor.id_opt("mail_outbox.user_id", UserId::from_uuid)?,
        state: cursor.parse("mail_outbox.state", MailState::parse)?,
        attempts: cursor.value("mail_outbox.attempts")?,
        created_at: cursor.time("mail_outbox.created_at")?,
        next_at: cursor.time("mail_outbox.next_at")?,
        error: cursor.value("mail_outbox.error")?,
    })
}

const ANY_DUE: &str = "SELECT 1 FROM mail_outbox WHERE state = 'queued' AND lane IS NULL AND next_at <= ?1 \
                       AND (lease_until IS NULL OR lease_until <= ?1)";

const HOLD: &str = concat!(
    "UPDATE mail_outbox SET lease = ?1, lease_until = ?3 WHERE id IN \
     (SELECT id FROM mail_outbox WHERE state = 'queued' AND lane IS NULL AND next_at <= ?2 \
        AND (lease_until IS NULL OR lease_until <= ?2) ORDER BY next_at, id LIMIT ?4) RETURNING ",
    entry_columns!(),
    ", sealed"
);

const BEGIN: &str = "UPDATE mail_outbox SET state = 'sending', lease_until = ?4 \
                     WHERE id = ?1 AND lease = ?2 AND state = 'queued' AND lease_until > ?3";

const SETTLE: &str = "UPDATE mail_outbox SET state = ?3, attempts = ?4, next_at = ?5, error = ?6, lease = NULL, \
                      lease_until = NULL, sealed = CASE ?3 WHEN 'sent' THEN x'' ELSE sealed END \
                      WHERE id = ?1 AND lease = ?2 AND state IN ('queued', 'sending', 'unknown')";

const RELEASE: &str = "UPDATE mail_outbox SET lease = NULL, lease_until = NULL WHERE lease = ?1 AND state = 'queued'";

const ANY_LOST: &str = "SELECT 1 FROM mail_outbox WHERE (state = 'sending' AND lease_until <= ?1) \
                        OR (?2 AND state = 'unknown' AND attempts < ?3)";

const RESEND: &str = "UPDATE mail_outbox SET state = 'queued', attempts = attempts + 1, next_at = ?1, lease = NULL, \
                      lease_until = NULL WHERE attempts < ?2 \
                      AND (state = 'unknown' OR (state = 'sending' AND lease_until <= ?1))";

/// The lease stays: whoever held it may still come and say what became of the mail.
const LOST: &str =
    "UPDATE mail_outbox SET state = 'unknown', next_at = ?1 WHERE state = 'sending' AND lease_until <= ?1";

const LIST: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM mail_outbox WHERE ?1 IS NULL OR state = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2"
);

const ONE: &str = concat!("SELECT ", entry_columns!(), " FROM mail_outbox WHERE id = ?1");

const COUNT: &str = "SELECT state, count(*) FROM mail_outbox GROUP BY state ORDER BY state";

const OLDEST: &str = "SELECT min(created_at) FROM mail_outbox WHERE state = 'queued'";

const RETRY: &str = "UPDATE mail_outbox SET state = 'queued', attempts = 0, next_at = ?2, lease = NULL, \
                     lease_until = NULL WHERE id = ?1 AND state IN ('queued', 'failed', 'unknown') \
                     AND (lease_until IS NULL OR lease_until <= ?2)";

const DROP: &str = "DELETE FROM mail_outbox WHERE id = ?1 AND state <> 'sending'";
