//! Attempts to sign in, their counters, and what a success writes.

use authly_directory::store::{Attempt, Candidate, Device, SignIn};
use oauth_core::{audit::AuditEvent, ids::UserId, store::Commit, time::Timestamp};
use rusqlite::params;

use crate::{
    accounts::{self, Match},
    audit,
    db::Db,
    error::Outcome,
    legacy, sessions,
};

/// Finds whom an attempt means and charges each of them.
pub(crate) fn begin(db: Db<'_>, attempt: &Attempt) -> Outcome<Vec<Candidate>> {
    let meant = accounts::meant_by(db, &attempt.identifier, attempt.tenant)?;
    if meant.is_empty() {
        db.run(NOBODY, [])?;
    }
    let charged = meant.into_iter().map(|Match { account, credential }| {
        let user = account.subject.id;
        let device = Device::of(attempt.known_device, user, credential.set_at);
        let (failures, locked) = charge(db, user, device, attempt)?;
        Ok(Candidate { account, credential, device, failures, locked })
    });
    charged.collect()
}

/// Changes nothing, but is written to disk like the charge of an account: the time does not tell whether there is one.
const NOBODY: &str = "UPDATE revision SET number = number";

/// A lock that holds is left alone; one that is over, and failures of long ago, begin anew.
const CHARGE: &str = "INSERT INTO login_failures (user_id, device, failures, last_failed_at, forget_at, locked_until) \
                      VALUES (?1, ?2, 1, ?3, ?4, CASE WHEN 1 >= ?6 THEN ?7 END) \
                      ON CONFLICT (user_id, device) DO UPDATE SET \
                        failures = CASE WHEN locked_until IS NULL AND last_failed_at >= ?5 THEN failures + 1 ELSE 1 END, \
                        last_failed_at = ?3, \
                        forget_at = ?4, \
                        locked_until = CASE WHEN \
                          CASE WHEN locked_until IS NULL AND last_failed_at >= ?5 THEN failures + 1 ELSE 1 END >= ?6 \
                          THEN ?7 END \
                      WHERE locked_until IS NULL OR locked_until <= ?3 \
                      RETURNING failures";

const COUNTED: &str = "SELECT failures FROM login_failures WHERE user_id = ?1 AND device = ?2";

/// Charges one account: failures with this attempt, and whether it was locked already.
fn charge(db: Db<'_>, user: UserId, device: Device, attempt: &Attempt) -> Outcome<(u32, bool)> {
    let forget_at = attempt.at.plus(attempt.at.since(attempt.forget_before));
    let charged = db.one(
        CHARGE,
        params![
            user.uuid(),
            device.key(),
            attempt.at.micros(),
            forget_at.micros(),
            attempt.forget_before.micros(),
            attempt.max_failures,
            attempt.lock_until.micros(),
        ],
        |cursor| cursor.value("login_failures.failures"),
    )?;
    if let Some(failures) = charged {
        return Ok((failures, false));
    }
    let failures =
        db.one(COUNTED, params![user.uuid(), device.key()], |cursor| cursor.value("login_failures.failures"))?;
    Ok((failures.unwrap_or_default(), true))
}

const FORGIVE: &str = "UPDATE login_failures SET failures = failures - 1, \
                         locked_until = CASE WHEN failures - 1 < ?3 THEN NULL ELSE locked_until END \
                       WHERE user_id = ?1 AND device = ?2 AND failures > 0";

/// Takes one charge back.
pub(crate) fn forgive(
    db: Db<'_>,
    user: UserId,
    device: Device,
    max_failures: u32,
    audit: Option<&AuditEvent>,
) -> Outcome<()> {
    db.run(FORGIVE, params![user.uuid(), device.key(), max_failures])?;
    audit::write_if(db, audit)
}

const SIGN_IN: &str = "UPDATE users SET last_login_at = ?3, \
                         last_password_login_at = coalesce(?4, last_password_login_at) \
                       WHERE id = ?1 AND coalesce(upgraded_hash, password_hash) = ?2 \
                       AND status IN ('active', 'pending_verification') AND is_locked = 0 AND reset_required = 0";

const CLEAR: &str = "DELETE FROM login_failures WHERE user_id = ?1 AND device = ?2";

/// Completes a sign-in.
pub(crate) fn complete(db: Db<'_>, write: &SignIn) -> Outcome<Commit> {
    let (user, verified, at) = (write.user.uuid(), write.verified.expose(), write.at.micros());
    if db.run(SIGN_IN, params![user, verified, at, write.legacy_use_at.map(Timestamp::micros)])? == 0 {
        return Ok(Commit::Lost);
    }
    db.run(CLEAR, params![write.user.uuid(), write.device.key()])?;
    if let Some(session) = &write.session {
        sessions::begin(db, session)?;
    }
    if let Some(pair) = &write.legacy {
        legacy::record(db, pair)?;
    }
    audit::write_if(db, write.audit.as_ref())?;
    Ok(Commit::Applied)
}
