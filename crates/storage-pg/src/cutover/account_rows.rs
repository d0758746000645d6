//! Accounts as columns, one array for each: the server reads them as they are, which takes a third of what JSON takes.

use authly_cutover::{account::TargetAccount, columns};
use authly_directory::password::StoredHash;
use oauth_core::ids::TenantId;
use serde_json::Value;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use crate::value::{At, array_text, at};

/// The rows of [`Rows::params`] as a table `w`.
macro_rules! rows {
    () => {
        "unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::text[], $8::timestamptz[],
                $9::timestamptz[], $10::text[], $11::boolean[], $12::boolean[], $13::boolean[], $14::boolean[], $15::boolean[],
                $16::text[], $17::text[], $18::text[], $19::text[], $20::timestamptz[], $21::timestamptz[], $22::timestamptz[],
                $23::timestamptz[], $24::timestamptz[], $25::timestamptz[], $26::timestamptz[])
         AS w(id, tenant_id, email, username, profile, password_hash, upgraded_hash, password_set_at, hash_upgraded_at, status,
              is_admin, is_verified, is_locked, reset_required, legacy_login, roles, auth_method, credential_state,
              external_subject, imported_at, invited_at, completed_at, last_password_login_at, last_login_at, created_at,
              updated_at)"
    };
}
pub(super) use rows;

/// Accounts as they are to be.
#[derive(Default)]
pub(super) struct Rows<'a> {
    id: Vec<Uuid>,
    tenant_id: Vec<Option<Uuid>>,
    email: Vec<&'a str>,
    username: Vec<&'a str>,
    profile: Vec<Json<Value>>,
    password_hash: Vec<Option<&'a str>>,
    upgraded_hash: Vec<Option<&'a str>>,
    password_set_at: Vec<Option<At>>,
    hash_upgraded_at: Vec<Option<At>>,
    status: Vec<&'static str>,
    is_admin: Vec<bool>,
    is_verified: Vec<bool>,
    is_locked: Vec<bool>,
    reset_required: Vec<bool>,
    legacy_login: Vec<bool>,
    /// Each the text of an array: an array of arrays has no place for rows that differ in length.
    roles: Vec<String>,
    auth_method: Vec<&'static str>,
    credential_state: Vec<&'static str>,
    external_subject: Vec<Option<&'a str>>,
    imported_at: Vec<Option<At>>,
    invited_at: Vec<Option<At>>,
    completed_at: Vec<Option<At>>,
    last_password_login_at: Vec<Option<At>>,
    last_login_at: Vec<Option<At>>,
    created_at: Vec<At>,
    updated_at: Vec<At>,
}

impl<'a> Rows<'a> {
    pub(super) const fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    pub(super) fn push(&mut self, account: &'a TargetAccount) {
        self.id.push(account.user.uuid());
        self.tenant_id.push(account.tenant.map(TenantId::uuid));
        self.email.push(&account.email);
        self.username.push(&account.username);
        self.profile.push(Json(columns::claims(&account.profile)));
        self.password_hash.push(account.hash.as_ref().map(StoredHash::expose));
        self.upgraded_hash.push(account.upgraded_hash.as_ref().map(StoredHash::expose));
        self.password_set_at.push(at(account.password_set_at));
        self.hash_upgraded_at.push(at(account.hash_upgraded_at));
        self.status.push(account.status.as_str());
        self.is_admin.push(account.is_admin);
        self.is_verified.push(account.is_verified);
        self.is_locked.push(account.is_locked);
        self.reset_required.push(account.reset_required);
        self.legacy_login.push(account.legacy_login);
        self.roles.push(array_text(account.roles.iter().map(String::as_str)));
        self.auth_method.push(account.auth_method.as_str());
        self.credential_state.push(account.credential_state.as_str());
        self.external_subject.push(account.external_subject.as_deref());
        self.imported_at.push(at(account.imported_at));
        self.invited_at.push(at(account.invited_at));
        self.completed_at.push(at(account.completed_at));
        self.last_password_login_at.push(at(account.last_password_login_at));
        self.last_login_at.push(at(account.last_login_at));
        self.created_at.push(At(account.created_at));
        self.updated_at.push(At(account.updated_at));
    }

    /// In the order of [`rows`].
    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![
            &self.id,
            &self.tenant_id,
            &self.email,
            &self.username,
            &self.profile,
            &self.password_hash,
            &self.upgraded_hash,
            &self.password_set_at,
            &self.hash_upgraded_at,
            &self.status,
            &self.is_admin,
            &self.is_verified,
            &self.is_locked,
            &self.reset_required,
            &self.legacy_login,
            &self.roles,
            &self.auth_method,
            &self.credential_state,
            &self.external_subject,
            &self.imported_at,
            &self.invited_at,
            &self.completed_at,
            &self.last_password_login_at,
            &self.last_login_at,
            &self.created_at,
            &self.updated_at,
        ]
    }
}

/// Accounts as they were read, which must still stand so.
#[derive(Default)]
pub(super) struct Standing<'a> {
    pub(super) ids: Vec<Uuid>,
    emails: Vec<&'a str>,
    usernames: Vec<&'a str>,
    hashes: Vec<Option<&'a str>>,
    upgraded: Vec<Option<&'a str>>,
    states: Vec<&'static str>,
    updated_at: Vec<At>,
}

impl<'a> Standing<'a> {
    pub(super) fn push(&mut self, from: &'a TargetAccount) {
        self.ids.push(from.user.uuid());
        self.emails.push(&from.email);
        self.usernames.push(&from.username);
        self.hashes.push(from.hash.as_ref().map(StoredHash::expose));
        self.upgraded.push(from.upgraded_hash.as_ref().map(StoredHash::expose));
        self.states.push(from.status.as_str());
        self.updated_at.push(At(from.updated_at));
    }

    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        let Self { ids, emails, usernames, hashes, upgraded, states, updated_at } = self;
        vec![ids, emails, usernames, hashes, upgraded, states, updated_at]
    }
}
