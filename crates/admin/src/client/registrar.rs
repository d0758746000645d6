//! Who registers a client through the admin API, and what they may give to it (SECURITY.md rows 37 and 39).
//!
//! The administrator of a tenant answers for that tenant and nothing else. A client that they register gets no more than the
//! operator of the installation has given to clients of that tenant before: the scopes and audiences of those, and what tells of the
//! tenant's own people. It never administers, and its identifier is made here: whether one is taken would tell of others.

use oauth_core::{
    audit::AuditEvent,
    catalog::CatalogRecords,
    client::{Client, GrantType},
    engine::bearer::BearerIdentity,
    ids::{ClientId, UserId},
    scope::ScopeSet,
    subject::Reach,
};
use serde_json::{Value, json};

use super::ClientDraft;
use crate::AdminError;

/// The bearer of a token of scope `admin` who registers a client.
#[derive(Clone, Debug)]
pub struct Registrar {
    reach: Reach,
    user: Option<UserId>,
    through: ClientId,
    address: Option<String>,
}

/// Scopes that tell of people: those who sign in at a client of a tenant are the tenant's own (OpenID Connect Core 5.4 and 11).
const OF_PEOPLE: [&str; 7] = [
    ScopeSet::OPENID,
    ScopeSet::PROFILE,
    ScopeSet::EMAIL,
    ScopeSet::ADDRESS,
    ScopeSet::PHONE,
    ScopeSet::GROUPS,
    ScopeSet::OFFLINE_ACCESS,
];

impl Registrar {
    /// The bearer, who asks from that address.
    pub fn of(bearer: &BearerIdentity, address: Option<String>) -> Self {
        Self { reach: bearer.reach(), user: bearer.user(), through: bearer.client.id.clone(), address }
    }

    /// The draft as this registrar may make it: a client of the own tenant, under a name of ours.
    pub(super) fn own(&self, draft: ClientDraft) -> Result<ClientDraft, AdminError> {
        let tenant = self.reach.tenant();
        if tenant.is_some() && draft.client_id.is_some() {
            return Err(AdminError::invalid(
                "client_id",
                "the identifier of a tenant's client is made here; leave it out",
            ));
        }
        Ok(ClientDraft { tenant, ..draft })
    }

    /// Refuses what this registrar may not give to a client.
    pub(super) fn check(&self, client: &Client, known: &CatalogRecords) -> Result<(), AdminError> {
        let Some(tenant) = self.reach.tenant() else { return Ok(()) };
        let machine = client.may(GrantType::ClientCredentials);
        // What a client does on its own behalf is nobody's of the tenant: it has to have been given to one that may do so.
        let alike = |one: &&Client| {
            one.tenant == Some(tenant) && one.is_active() && (!machine || one.may(GrantType::ClientCredentials))
        };
        let peers: Vec<&Client> = known.clients.iter().filter(alike).collect();
        if machine && peers.is_empty() {
            let why = "no client of this tenant acts on its own behalf; the operator of the installation registers the first one";
            return Err(AdminError::invalid("grant_types", why));
        }
        let default = |name: &str| known.scopes.iter().any(|scope| scope.is_default && scope.name.as_str() == name);
        let given = |name: &str| peers.iter().any(|peer| peer.scopes.contains(name));
        for scope in client.scopes.iter() {
            let name = scope.as_str();
            let may = given(name) || !machine && (OF_PEOPLE.contains(&name) || default(name));
            if name == ScopeSet::ADMIN || !may {
                return Err(AdminError::invalid("scope", format!("{name:?} {NOT_GIVEN}")));
            }
        }
        match client.audiences.iter().find(|name| !peers.iter().any(|peer| peer.audiences.contains(name))) {
            Some(name) => Err(AdminError::invalid("audience", format!("{name:?} {NOT_GIVEN}"))),
            None => Ok(()),
        }
    }

    /// What the log says: who, through which client, from where.
    pub(super) fn sign(&self, event: AuditEvent) -> AuditEvent {
        let mut detail = event.detail;
        if let Value::Object(members) = &mut detail {
            members.insert("by".to_owned(), json!(self.user));
            members.insert("through".to_owned(), json!(self.through));
        }
        AuditEvent { user: self.user, address: self.address.clone(), detail, ..event }
    }
}

/// The same whether there is such a thing or not.
const NOT_GIVEN: &str = "was given to no client of this tenant; the operator of the installation gives it";
