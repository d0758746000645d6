//! Invitations. That nobody gets two letters within the interval stands in the statement, and there is one writer.

use authly_directory::{
    invite::{InvitationFigures, InvitationRepository, Invitee, InviteeAsk, Lane, NewInvitation},
    mail::{
        link::LinkKind,
        outbox::{HeldMail, Hold, MailState},
        store::LinkUse,
    },
};
use oauth_core::{
    claims::Profile,
    ids::{MailId, TenantId, UserId},
    store::{Commit, StoreError},
    subject::AccountStatus,
    time::Timestamp,
};
use rusqlite::params;

use crate::{SqliteStore, audit, cursor::Cursor, db::Db, error::Outcome, mail};

const INVITEES: &str = "SELECT u.id, u.tenant_id, u.email, u.profile, u.status, u.is_verified, u.is_locked, u.is_admin, \
                        u.reset_required, u.completed_at IS NOT NULL OR u.auth_method = 'oauth', i.wave, m.state, \
                        i.queued_at, nullif(max(ifnull(i.sent_at, -1), ifnull(u.invited_at, -1)), -1) \
                        FROM users u LEFT JOIN invitations i ON i.user_id = u.id LEFT JOIN mail_outbox m ON m.id = i.mail \
                        WHERE u.status <> 'deleted' AND (?1 IS NULL OR u.tenant_id = ?1) AND (?2 IS NULL OR u.id > ?2) \
                        ORDER BY u.id LIMIT ?3";

fn read_invitee(row: &mut Cursor<'_>) -> Outcome<Invitee> {
    let user = row.id("users.id", UserId::from_uuid)?;
    let tenant = row.id_opt("users.tenant_id", TenantId::from_uuid)?;
    let email = row.value("users.email")?;
    let profile: Profile = row.json("users.profile")?;
    Ok(Invitee {
        user,
        tenant,
        email,
        name: profile.name,
        locale: profile.locale,
        status: row.parse("users.status", AccountStatus::parse)?,
        is_verified: row.value("users.is_verified")?,
        is_locked: row.value("users.is_locked")?,
        is_admin: row.value("users.is_admin")?,
        reset_required: row.value("users.reset_required")?,
        completed: row.value("users.completed_at")?,
        wave: row.value("invitations.wave")?,
        letter: row.parse_opt("mail_outbox.state", MailState::parse)?,
        queued_at: row.time_opt("invitations.queued_at")?,
        sent_at: row.time_opt("invitations.sent_at")?,
    })
}

const ASSIGN: &str = "INSERT INTO invitations (user_id, wave) SELECT id, ?2 FROM users WHERE id = ?1 \
                      ON CONFLICT (user_id) DO UPDATE SET wave = ifnull(wave, excluded.wave)";

/// The letter before this one, if it is settled and can still be sent again by hand.
const OLD: &str = "DELETE FROM mail_outbox WHERE id = (SELECT mail FROM invitations WHERE user_id = ?1) \
                   AND (state = 'failed' OR (state = 'unknown' AND next_at <= ?2))";

const MAY: &str = "SELECT 1 FROM users u LEFT JOIN invitations i ON i.user_id = u.id \
                   LEFT JOIN mail_outbox m ON m.id = i.mail \
                   WHERE u.id = ?1 AND u.status <> 'deleted' AND u.completed_at IS NULL \
                   AND (u.invited_at IS NULL OR u.invited_at <= ?2) AND (i.sent_at IS NULL OR i.sent_at <= ?2) \
                   AND (m.state IS NULL OR m.state IN ('sent', 'failed') OR (m.state = 'unknown' AND m.next_at <= ?2))";

const CLAIM: &str = "INSERT INTO invitations (user_id, mail, queued_at) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (user_id) DO UPDATE SET mail = excluded.mail, queued_at = excluded.queued_at";

const LANE: &str = "UPDATE mail_outbox SET lane = ?2 WHERE id = ?1";

const HOLD: &str = concat!(
    "UPDATE mail_outbox SET lease = ?1, lease_until = ?3 WHERE id IN \
     (SELECT id FROM mail_outbox WHERE state = 'queued' AND lane = 'files' AND next_at <= ?2 \
        AND (lease_until IS NULL OR lease_until <= ?2) ORDER BY next_at, id LIMIT ?4) RETURNING ",
    mail::entry_columns!(),
    ", sealed"
);

const OPENED: &str = "INSERT INTO invitations (user_id, opened_at) VALUES (?1, ?2) \
                      ON CONFLICT (user_id) DO UPDATE SET opened_at = ifnull(opened_at, excluded.opened_at)";

const ACCEPTED: &str = "UPDATE invitations SET sent_at = ?2, letters = letters + 1 WHERE mail = ?1";

const INVITED: &str = "UPDATE users SET invited_at = ?2 WHERE invited_at IS NULL \
                       AND id IN (SELECT user_id FROM invitations WHERE mail = ?1)";

const FIGURES: &str = "SELECT u.tenant_id, t.slug, ifnull(sum(m.state IN ('queued', 'sending')), 0), sum(i.letters > 0), \
                       ifnull(sum(m.state = 'failed'), 0), ifnull(sum(m.state = 'unknown'), 0), count(i.opened_at), \
                       sum(i.letters > 0 AND u.completed_at IS NOT NULL), sum(i.letters) \
                       FROM invitations i JOIN users u ON u.id = i.user_id LEFT JOIN tenants t ON t.id = u.tenant_id \
                       LEFT JOIN mail_outbox m ON m.id = i.mail WHERE u.status <> 'deleted' \
                       GROUP BY u.tenant_id, t.slug ORDER BY t.slug";

fn read_figures(row: &mut Cursor<'_>) -> Outcome<InvitationFigures> {
    let (tenant, slug) = (row.id_opt("users.tenant_id", TenantId::from_uuid)?, row.value("tenants.slug")?);
    let mut count = || -> Outcome<u64> { Ok(u64::try_from(row.value::<i64>("invitations")?).unwrap_or(0)) };
    Ok(InvitationFigures {
        tenant,
        slug,
        queued: count()?,
        sent: count()?,
        failed: count()?,
        unknown: count()?,
        opened: count()?,
        completed: count()?,
        letters: count()?,
    })
}

/// A mail server has the letter, if the mail is one.
pub(crate) fn accepted(db: Db<'_>, mail: MailId, at: Timestamp) -> Outcome<()> {
    if db.run(ACCEPTED, params![mail.uuid(), at.micros()])? > 0 {
        db.run(INVITED, params![mail.uuid(), at.micros()])?;
    }
    Ok(())
}

/// The owner of the account has come.
pub(crate) fn opened(db: Db<'_>, user: UserId, at: Timestamp) -> Outcome<()> {
    db.run(mail::USE_UP, params![user.uuid(), LinkKind::Invitation.as_str(), at.micros()])?;
    db.run(OPENED, params![user.uuid(), at.micros()]).map(drop)
}

impl InvitationRepository for SqliteStore {
    async fn invitees(&self, ask: InviteeAsk) -> Result<Vec<Invitee>, StoreError> {
        let row = (ask.tenant.map(TenantId::uuid), ask.after.map(UserId::uuid), ask.limit);
        self.read_long(move |db| db.all(INVITEES, params![row.0, row.1, row.2], read_invitee)).await
    }

    async fn assign_waves(&self, waves: Vec<(UserId, u32)>) -> Result<(), StoreError> {
        self.write(move |db| {
            waves.iter().try_for_each(|(user, wave)| db.run(ASSIGN, params![user.uuid(), wave]).map(drop))
        })
        .await
    }

    async fn invite(
        &self,
        letters: Vec<NewInvitation>,
        lane: Lane,
        before: Timestamp,
    ) -> Result<Vec<UserId>, StoreError> {
        self.write(move |db| {
            let mut invited = Vec::new();
            for NewInvitation { link, mail: letter, audit: event } in &letters {
                let user = link.user;
                if !db.exists(MAY, params![user.uuid(), before.micros()])? {
                    continue;
                }
                db.run(OLD, params![user.uuid(), before.micros()])?;
                db.run(CLAIM, params![user.uuid(), letter.id.uuid(), letter.at.micros()])?;
                mail::insert_link(db, link)?;
                mail::insert_mail(db, letter)?;
                if lane == Lane::Files {
                    db.run(LANE, params![letter.id.uuid(), lane.as_str()])?;
                }
                audit::write(db, event)?;
                invited.push(user);
            }
            Ok(invited)
        })
        .await
    }

    async fn hold_files(&self, hold: Hold) -> Result<Vec<HeldMail>, StoreError> {
        self.write(move |db| {
            let row = params![hold.lease.uuid(), hold.now.micros(), hold.until.micros(), hold.limit];
            let mut held = db.all(HOLD, row, mail::read_held)?;
            held.sort_by_key(|mail| (mail.entry.next_at, mail.entry.id));
            Ok(held)
        })
        .await
    }

    async fn open_invitation(&self, write: LinkUse) -> Result<Commit, StoreError> {
        self.write(move |db| {
            if !mail::use_link(db, &write, LinkKind::Invitation)? {
                return Ok(Commit::Lost);
            }
            opened(db, write.user, write.at)?;
            db.run(mail::VERIFY, params![write.user.uuid(), write.at.micros()])?;
            audit::write(db, &write.audit)?;
            Ok(Commit::Applied)
        })
        .await
    }

    async fn invitation_figures(&self) -> Result<Vec<InvitationFigures>, StoreError> {
        self.read_long(move |db| db.all(FIGURES, [], read_figures)).await
    }
}
