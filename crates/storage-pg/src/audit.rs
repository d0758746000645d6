//! Audit events as parameters of the statement that they tell of, and as rows.

use oauth_core::{
    audit::{AuditEvent, AuditKind},
    ids::{AuditId, ClientKey, UserId},
    store::StoreError,
};
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use crate::{
    db::{Params, Steps},
    store::PgStore,
    value::{At, Reader},
};

/// The seven parameters of an event; all empty where there is none, and then the statement writes none.
#[derive(Default)]
pub(crate) struct AuditParams {
    pub(crate) id: Option<Uuid>,
    pub(crate) at: Option<At>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) user: Option<Uuid>,
    pub(crate) client: Option<Uuid>,
    pub(crate) address: Option<String>,
    pub(crate) detail: Option<Json<serde_json::Value>>,
}

impl From<AuditEvent> for AuditParams {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: Some(event.id.uuid()),
            at: Some(At(event.at)),
            kind: Some(event.kind.as_str()),
            user: event.user.map(UserId::uuid),
            client: event.client.map(ClientKey::uuid),
            address: event.address,
            detail: Some(Json(event.detail)),
        }
    }
}

impl From<Option<AuditEvent>> for AuditParams {
    fn from(event: Option<AuditEvent>) -> Self {
        event.map(Self::from).unwrap_or_default()
    }
}

/// Writes one event by itself; an event that stands there already is the same one.
pub(crate) const RECORD: &str = "
    INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (id) DO NOTHING";

/// The same for many.
pub(crate) const RECORD_ALL: &str = "
    INSERT INTO audit_events (id, at, kind, user_id, client_id, address, detail)
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::jsonb[])
    ON CONFLICT (id) DO NOTHING";

/// Writes an event within a step, where there is one.
pub(crate) async fn record(steps: &Steps<'_>, audit: Option<AuditEvent>) -> Result<(), StoreError> {
    let Some(event) = audit.map(AuditParams::from) else { return Ok(()) };
    let params: Params<'_> =
        &[&event.id, &event.at, &event.kind, &event.user, &event.client, &event.address, &event.detail];
    steps.change(RECORD, params).await?;
    Ok(())
}

const NEWEST: &str = "
    SELECT id, at, kind, user_id, client_id, address, detail
      FROM audit_events
     ORDER BY at DESC, id DESC
     LIMIT $1";

impl PgStore {
    pub(crate) async fn record_event(&self, event: AuditEvent) -> Result<(), StoreError> {
        let event = AuditParams::from(event);
        self.settle(
            RECORD,
            &[&event.id, &event.at, &event.kind, &event.user, &event.client, &event.address, &event.detail],
        )
        .await
    }

    pub(crate) async fn newest_events(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        let rows = self.db().read(NEWEST, &[&i64::from(limit)]).await?;
        rows.iter().filter_map(|row| event(row).transpose()).collect()
    }
}

/// Reads an event; nothing if a newer program wrote it about something that this one does not know.
fn event(row: &Row) -> Result<Option<AuditEvent>, StoreError> {
    let key = row.try_get::<_, Uuid>(0).unwrap_or_default();
    let mut row = Reader::new(row, "audit_events", &key);
    let (id, at, kind) = (AuditId::from_uuid(row.take("id")?), row.at("at")?, row.take("kind")?);
    let Ok(kind) = serde_json::from_value::<AuditKind>(serde_json::Value::String(kind)) else { return Ok(None) };
    Ok(Some(AuditEvent {
        id,
        at,
        kind,
        user: row.take::<Option<Uuid>>("user_id")?.map(UserId::from_uuid),
        client: row.take::<Option<Uuid>>("client_id")?.map(ClientKey::from_uuid),
        address: row.take("address")?,
        detail: row.take::<Json<serde_json::Value>>("detail")?.0,
    }))
}
