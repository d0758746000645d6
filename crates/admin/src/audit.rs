//! Audit events of administration.

use authly_directory::services::DirectoryServices;
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    ids::{AuditId, ClientKey, UserId},
};
use serde_json::Value;

use crate::Admin;

impl<V: DirectoryServices> Admin<V> {
    /// An event of now.
    pub(crate) fn event(
        &self,
        kind: AuditKind,
        user: Option<UserId>,
        client: Option<ClientKey>,
        detail: Value,
    ) -> AuditEvent {
        let at = self.now();
        AuditEvent { id: AuditId::generate(at, self.services.random()), at, kind, user, client, address: None, detail }
    }
}
