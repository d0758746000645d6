//! Invitations. Whoever invites locks the rows of those people first; what decides is read by a later statement, which sees what
//! the last holder of the lock wrote.

use authly_directory::{
    invite::{InvitationFigures, InvitationRepository, Invitee, InviteeAsk, Lane, NewInvitation},
    mail::{
        link::{Delivery, LinkKind},
        outbox::{HeldMail, Hold, MailState},
        store::LinkUse,
    },
};
use oauth_core::{
    claims::Profile,
    ids::{TenantId, UserId},
    store::{Commit, StoreError},
    subject::AccountStatus,
    time::Timestamp,
};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use crate::{
    audit::{AuditParams, RECORD_ALL},
    db::{Params, Steps, Unknown},
    mail, rows,
    store::PgStore,
    value::{At, Reader},
};

const INVITEES: &str = concat!(
    "SELECT u.id, u.tenant_id, u.email, u.profile, u.status, COALESCE(u.is_verified, FALSE), u.is_locked,
           COALESCE(u.is_admin, FALSE), u.reset_required, u.completed_at IS NOT NULL OR u.auth_method = 'oauth',
           i.wave, m.state, i.queued_at, greatest(i.sent_at, u.invited_at)
      FROM users u
      LEFT JOIN LATERAL (SELECT * FROM invitations WHERE user_id = u.id OFFSET 0) i ON TRUE
      LEFT JOIN LATERAL (SELECT * FROM mail_outbox WHERE id = i.mail OFFSET 0) m ON TRUE
     WHERE u.status <> 'deleted' AND ($1::uuid IS NULL OR u.tenant_id = $1) AND ",
    rows::behind!("u.id", "$2"),
    " ORDER BY u.id LIMIT $3"
);

const ASSIGN: &str = "
    INSERT INTO invitations (user_id, wave)
    SELECT w.user_id, w.wave FROM unnest($1::uuid[], $2::integer[]) AS w (user_id, wave)
      CROSS JOIN LATERAL (SELECT FROM users WHERE id = w.user_id OFFSET 0) u
     ORDER BY w.user_id
    ON CONFLICT (user_id) DO UPDATE SET wave = COALESCE(invitations.wave, excluded.wave)";

/// A row for everybody, so that there is something to lock.
const SEAT: &str = "
    INSERT INTO invitations (user_id)
    SELECT id FROM users WHERE id = ANY($1) ORDER BY id
    ON CONFLICT (user_id) DO NOTHING";

const LOCK: &str = "SELECT user_id FROM invitations WHERE user_id = ANY($1) ORDER BY user_id FOR UPDATE";

/// The letters before these, if they are settled and could still be sent again by hand.
const OLD: &str = "
    DELETE FROM mail_outbox m
     WHERE m.id = ANY(ARRAY(SELECT i.mail FROM invitations i
                             WHERE i.user_id = ANY($1) AND (i.sent_at IS NULL OR i.sent_at <= $2)))
       AND (m.state = 'failed' OR (m.state = 'unknown' AND m.next_at <= $2))";

const CLAIM: &str = "
    UPDATE invitations i SET mail = w.mail, queued_at = w.at
      FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS w (user_id, mail, at)
      JOIN users u ON u.id = ANY(ARRAY[w.user_id])
     WHERE i.user_id = ANY(ARRAY[w.user_id]) AND u.status <> 'deleted' AND u.completed_at IS NULL
       AND (u.invited_at IS NULL OR u.invited_at <= $4) AND (i.sent_at IS NULL OR i.sent_at <= $4)
       AND (SELECT m.state FROM mail_outbox m WHERE m.id = i.mail AND m.state <> 'sent') IS NULL
    RETURNING i.user_id";

const LINKS: &str = "
    INSERT INTO email_links (token, kind, user_id, address, mailed, created_at, expires_at)
    SELECT token, $2, user_id, address, $3, created_at, expires_at
      FROM unnest($1::bytea[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[])
        AS w (token, user_id, address, created_at, expires_at)";

const MAILS: &str = "
    INSERT INTO mail_outbox (id, kind, recipient, user_id, sealed, state, attempts, created_at, next_at, lane)
    SELECT id, kind, recipient, user_id, sealed, 'queued', 0, at, at, $1
      FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bytea[], $7::timestamptz[])
        AS w (id, kind, recipient, user_id, sealed, at)";

const HOLD: &str = "
    WITH due AS (
      SELECT id FROM mail_outbox
       WHERE state = 'queued' AND lane = 'files' AND next_at <= $2 AND (lease_until IS NULL OR lease_until <= $2)
       ORDER BY next_at, id LIMIT $4 FOR UPDATE SKIP LOCKED
    )
    UPDATE mail_outbox m SET lease = $1, lease_until = $3 FROM due WHERE m.id = ANY(ARRAY[due.id])
    RETURNING m.id, m.kind, m.recipient, m.user_id, m.state, m.attempts, m.created_at, m.next_at, m.error, m.sealed";

const OPENED: &str = "
    INSERT INTO invitations (user_id, opened_at) VALUES ($1, $2)
    ON CONFLICT (user_id) DO UPDATE SET opened_at = COALESCE(invitations.opened_at, excluded.opened_at)";

const FIGURES: &str = "
    SELECT u.tenant_id, t.slug, count(*) FILTER (WHERE m.state IN ('queued', 'sending')),
           count(*) FILTER (WHERE i.letters > 0), count(*) FILTER (WHERE m.state = 'failed'),
           count(*) FILTER (WHERE m.state = 'unknown'), count(i.opened_at),
           count(*) FILTER (WHERE i.letters > 0 AND u.completed_at IS NOT NULL), COALESCE(sum(i.letters), 0)
      FROM invitations i JOIN users u ON u.id = i.user_id LEFT JOIN tenants t ON t.id = u.tenant_id
      LEFT JOIN mail_outbox m ON m.id = i.mail
     WHERE u.status <> 'deleted'
     GROUP BY u.tenant_id, t.slug ORDER BY t.slug COLLATE \"C\" NULLS FIRST";

/// What is planned before anybody knows how many rows there will be, with the numbers of parameters.
#[cfg(test)]
pub(crate) const PLANNED: [(&str, usize); 5] = [(INVITEES, 3), (ASSIGN, 2), (OLD, 2), (CLAIM, 4), (HOLD, 4)];

fn read_invitee(row: &Row) -> Result<Invitee, StoreError> {
    let id: Uuid = row.try_get(0).unwrap_or_default();
    let mut row = Reader::new(row, "users", &id);
    let user = UserId::from_uuid(row.take("id")?);
    let tenant = row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid);
    let email = row.take("email")?;
    let profile = row.take::<Option<Json<Profile>>>("profile")?.map(|profile| profile.0).unwrap_or_default();
    Ok(Invitee {
        user,
        tenant,
        email,
        name: profile.name,
        locale: profile.locale,
        status: row.parse("status", AccountStatus::parse)?,
        is_verified: row.take("is_verified")?,
        is_locked: row.take("is_locked")?,
        is_admin: row.take("is_admin")?,
        reset_required: row.take("reset_required")?,
        completed: row.take("completed_at")?,
        wave: row.take::<Option<i32>>("wave")?.and_then(|wave| u32::try_from(wave).ok()),
        letter: row.take::<Option<&str>>("state")?.and_then(MailState::parse),
        queued_at: row.maybe_at("queued_at")?,
        sent_at: row.maybe_at("sent_at")?,
    })
}

fn read_figures(row: &Row) -> Result<InvitationFigures, StoreError> {
    let mut row = Reader::new(row, "invitations", &"-");
    let tenant = row.take::<Option<Uuid>>("tenant_id")?.map(TenantId::from_uuid);
    let slug = row.take("slug")?;
    let mut count = || row.parse("letters", |count: i64| u64::try_from(count).ok());
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

/// The owner of the account has come.
pub(crate) async fn opened(steps: &Steps<'_>, user: UserId, at: Timestamp) -> Result<(), StoreError> {
    steps.change(mail::USE_UP, &[&user.uuid(), &LinkKind::Invitation.as_str(), &At(at)]).await?;
    steps.change(OPENED, &[&user.uuid(), &At(at)]).await?;
    Ok(())
}

impl InvitationRepository for PgStore {
    async fn invitees(&self, ask: InviteeAsk) -> Result<Vec<Invitee>, StoreError> {
        let params: Params<'_> =
            &[&ask.tenant.map(TenantId::uuid), &ask.after.map(UserId::uuid), &i64::from(ask.limit)];
        self.db().read(INVITEES, params).await?.iter().map(read_invitee).collect()
    }

    async fn assign_waves(&self, waves: Vec<(UserId, u32)>) -> Result<(), StoreError> {
        let (users, waves): (Vec<Uuid>, Vec<i32>) =
            waves.iter().map(|(user, wave)| (user.uuid(), i32::try_from(*wave).unwrap_or(i32::MAX))).unzip();
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        steps.change(ASSIGN, &[&users, &waves]).await?;
        Ok(steps.commit().await?)
    }

    async fn invite(
        &self,
        letters: Vec<NewInvitation>,
        lane: Lane,
        before: Timestamp,
    ) -> Result<Vec<UserId>, StoreError> {
        let users: Vec<Uuid> = letters.iter().map(|letter| letter.link.user.uuid()).collect();
        let mails: Vec<Uuid> = letters.iter().map(|letter| letter.mail.id.uuid()).collect();
        let times: Vec<At> = letters.iter().map(|letter| At(letter.mail.at)).collect();
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        steps.change(SEAT, &[&users]).await?;
        steps.run(LOCK, &[&users]).await?;
        steps.change(OLD, &[&users, &At(before)]).await?;
        let claimed = steps.run(CLAIM, &[&users, &mails, &times, &At(before)]).await?;
        let claimed: Vec<UserId> =
            claimed.iter().filter_map(|row| row.try_get(0).ok()).map(UserId::from_uuid).collect();
        let chosen: Vec<NewInvitation> =
            letters.into_iter().filter(|letter| claimed.contains(&letter.link.user)).collect();
        write(&steps, chosen, lane).await?;
        steps.commit().await?;
        Ok(claimed)
    }

    async fn hold_files(&self, hold: Hold) -> Result<Vec<HeldMail>, StoreError> {
        let params: Params<'_> = &[&hold.lease.uuid(), &At(hold.now), &At(hold.until), &i64::from(hold.limit)];
        let rows = self.db().run(HOLD, params, Unknown::Report).await.map_err(StoreError::from)?;
        let mut held = rows.iter().map(mail::read_held).collect::<Result<Vec<_>, StoreError>>()?;
        held.sort_by_key(|mail| (mail.entry.next_at, mail.entry.id));
        Ok(held)
    }

    async fn open_invitation(&self, write: LinkUse) -> Result<Commit, StoreError> {
        let mut client = self.db().client().await?;
        let steps = self.db().begin(&mut client).await?;
        if !mail::use_link(&steps, &write, LinkKind::Invitation).await? {
            return Ok(Commit::Lost);
        }
        opened(&steps, write.user, write.at).await?;
        steps.change(mail::VERIFY, &[&write.user.uuid(), &At(write.at), &None::<bool>]).await?;
        mail::record(&steps, Some(write.audit)).await?;
        steps.commit().await?;
        Ok(Commit::Applied)
    }

    async fn invitation_figures(&self) -> Result<Vec<InvitationFigures>, StoreError> {
        self.db().read(FIGURES, &[]).await?.iter().map(read_figures).collect()
    }
}

/// Links, letters and log of those who are invited.
async fn write(steps: &Steps<'_>, letters: Vec<NewInvitation>, lane: Lane) -> Result<(), StoreError> {
    let links = || letters.iter().map(|letter| &letter.link);
    let tokens: Vec<&[u8]> = links().map(|link| link.token.bytes().as_slice()).collect();
    let users: Vec<Uuid> = links().map(|link| link.user.uuid()).collect();
    let addresses: Vec<&str> = links().map(|link| link.address.as_str()).collect();
    let created: Vec<At> = links().map(|link| At(link.created_at)).collect();
    let expires: Vec<At> = links().map(|link| At(link.expires_at)).collect();
    let mailed = links().all(|link| link.delivery == Delivery::Mailed);
    let kind = LinkKind::Invitation.as_str();
    steps.change(LINKS, &[&tokens, &kind, &mailed, &users, &addresses, &created, &expires]).await?;
    let mails = || letters.iter().map(|letter| &letter.mail);
    let ids: Vec<Uuid> = mails().map(|mail| mail.id.uuid()).collect();
    let kinds: Vec<&str> = mails().map(|mail| mail.kind.as_str()).collect();
    let recipients: Vec<&str> = mails().map(|mail| mail.to.as_str()).collect();
    let owners: Vec<Option<Uuid>> = mails().map(|mail| mail.user.map(UserId::uuid)).collect();
    let sealed: Vec<&[u8]> = mails().map(|mail| mail.sealed.as_slice()).collect();
    let times: Vec<At> = mails().map(|mail| At(mail.at)).collect();
    steps.change(MAILS, &[&lane.as_str(), &ids, &kinds, &recipients, &owners, &sealed, &times]).await?;
    // One trip for all of them.
    let events: Vec<AuditParams> = letters.into_iter().map(|letter| letter.audit.into()).collect();
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let times: Vec<_> = events.iter().map(|event| &event.at).collect();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    let users: Vec<_> = events.iter().map(|event| event.user).collect();
    let clients: Vec<_> = events.iter().map(|event| event.client).collect();
    let places: Vec<_> = events.iter().map(|event| event.address.as_deref()).collect();
    let details: Vec<_> = events.iter().map(|event| &event.detail).collect();
    steps.change(RECORD_ALL, &[&ids, &times, &kinds, &users, &clients, &places, &details]).await?;
    Ok(())
}
