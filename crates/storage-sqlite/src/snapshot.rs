//! The grant in a row, with its account and its session: what every decision about tokens looks at.

use oauth_core::{
    ids::{ClientKey, GrantId, SessionId, TenantId, UserId},
    store::{Grant, GrantSnapshot, SessionEnd},
};

use crate::{cursor::Cursor, error::Outcome, person::Person};

/// Columns of a grant; table `grants g`.
macro_rules! grant_columns {
    () => {
        "g.id, g.user_id, g.client, g.tenant_id, g.session_id, g.scope, g.resources, g.authenticated_at, g.methods, \
         g.created_at, g.revoked_at"
    };
}
pub(crate) use grant_columns;

/// Columns of a whole snapshot; goes with [`snapshot_tables`].
macro_rules! snapshot_columns {
    () => {
        concat!(
            $crate::snapshot::grant_columns!(),
            ", s.ended_at, s.idle_expires_at, s.expires_at, s.grants_end_at, ",
            $crate::person::person_columns!()
        )
    };
}
pub(crate) use snapshot_columns;

/// What is joined to `grants g`.
macro_rules! snapshot_tables {
    () => {
        " JOIN users u ON u.id = g.user_id LEFT JOIN tenants t ON t.id = u.tenant_id \
          LEFT JOIN sessions s ON s.id = g.session_id"
    };
}
pub(crate) use snapshot_tables;

pub(crate) fn grant(cursor: &mut Cursor<'_>) -> Outcome<Grant> {
    Ok(Grant {
        id: cursor.id("grants.id", GrantId::from_uuid)?,
        user: cursor.id("grants.user_id", UserId::from_uuid)?,
        client: cursor.id("grants.client", ClientKey::from_uuid)?,
        tenant: cursor.id_opt("grants.tenant_id", TenantId::from_uuid)?,
        session: cursor.id_opt("grants.session_id", SessionId::from_uuid)?,
        scope: cursor.scopes("grants.scope")?,
        resources: cursor.json("grants.resources")?,
        authenticated_at: cursor.proven("grants.authenticated_at")?,
        methods: cursor.methods("grants.methods")?,
        created_at: cursor.time("grants.created_at")?,
        revoked_at: cursor.time_opt("grants.revoked_at")?,
    })
}

pub(crate) fn snapshot(cursor: &mut Cursor<'_>) -> Outcome<GrantSnapshot> {
    let grant = grant(cursor)?;
    let ended_at = cursor.time_opt("sessions.ended_at")?;
    let idle_expires_at = cursor.time_opt("sessions.idle_expires_at")?;
    let expires_at = cursor.time_opt("sessions.expires_at")?;
    let grants_end_at = cursor.time_opt("sessions.grants_end_at")?;
    let session = idle_expires_at.zip(expires_at).map(|(idle_expires_at, expires_at)| SessionEnd {
        ended_at,
        idle_expires_at,
        expires_at,
        grants_end_at,
    });
    Ok(GrantSnapshot { grant, session, subject: Person::read(cursor)?.subject, token_revoked: false })
}
