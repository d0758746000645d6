//! The audit log.

use oauth_core::{
    audit::{AuditEvent, AuditKind},
    ids::{AuditId, ClientKey, UserId},
};
use rusqlite::params;

use crate::{cursor::Cursor, db::Db, error::Outcome};

const INSERT: &str = "INSERT INTO audit_events (id, at, kind, user_id, client, address, detail) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// Writes an event.
pub(crate) fn write(db: Db<'_>, event: &AuditEvent) -> Outcome<()> {
    let (user, client) = (event.user.map(UserId::uuid), event.client.map(ClientKey::uuid));
    let (kind, detail) = (event.kind.as_str(), event.detail.to_string());
    db.run(INSERT, params![event.id.uuid(), event.at.micros(), kind, user, client, event.address, detail]).map(drop)
}

/// Writes an event, if there is one.
pub(crate) fn write_if(db: Db<'_>, event: Option<&AuditEvent>) -> Outcome<()> {
    event.map_or(Ok(()), |event| write(db, event))
}

const NEWEST: &str = "SELECT id, at, kind, user_id, client, address, detail FROM audit_events \
                      ORDER BY at DESC, id DESC LIMIT ?1";

/// The newest events.
pub(crate) fn newest(db: Db<'_>, limit: u32) -> Outcome<Vec<AuditEvent>> {
    db.all(NEWEST, [limit], read)
}

fn read(cursor: &mut Cursor<'_>) -> Outcome<AuditEvent> {
    Ok(AuditEvent {
        id: cursor.id("audit_events.id", AuditId::from_uuid)?,
        at: cursor.time("audit_events.at")?,
        kind: cursor.parse("audit_events.kind", AuditKind::parse)?,
        user: cursor.id_opt("audit_events.user_id", UserId::from_uuid)?,
        client: cursor.id_opt("audit_events.client", ClientKey::from_uuid)?,
        address: cursor.value("audit_events.address")?,
        detail: cursor.parse("audit_events.detail", |text| serde_json::from_str(text).ok())?,
    })
}
