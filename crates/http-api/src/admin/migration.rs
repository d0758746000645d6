//! The pages of a migration: what is within reach of the administrator who looks, and nothing else.
//!
//! Administrators of the installation see everything; those of a tenant see that tenant, without the runs and the gate, which are the
//! installation's; for everybody else there is no such page.

mod board;
mod export;
mod gate;
mod ledger;
mod logins;
mod rollback;
mod rows;

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use authly_admin_cases::migrate::{Desk, MigrateError};
use authly_directory::services::DirectoryServices;
use authly_pages::MigrationPlace;
use oauth_core::{
    authorize::error::PageError, endpoint::Endpoint, ids::TenantId, params::Params, session::Session, subject::Reach,
};

pub use self::{
    board::show,
    export::export,
    ledger::ledger,
    rollback::{look, take_back},
    rows::rows,
};
use crate::{
    app::App,
    browser::{
        cookies::browser,
        failure::{self, PageFailure},
        landing,
    },
    page, respond,
};

/// An administrator at the desk.
struct Admitted {
    desk: Arc<dyn Desk>,
    session: Session,
    reach: Reach,
    /// The name of the only tenant within reach.
    tenant: Option<String>,
    query: Params,
}

impl Admitted {
    fn place(&self) -> MigrationPlace<'_> {
        MigrationPlace {
            base: Endpoint::AdminMigration.path(),
            account: Endpoint::Account.path(),
            tenant: self.tenant.as_deref(),
            may_roll_back: self.may_roll_back(),
        }
    }

    /// Taking back is for administrators of the installation: a line of the ledger may concern an account that is another tenant's now.
    fn may_roll_back(&self) -> bool {
        self.reach == Reach::Installation
    }

    fn asked(&self, name: &str) -> &str {
        self.query.one(name).unwrap_or_default().trim()
    }
}

/// Whoever may see these pages; otherwise the answer that they get.
async fn admit<V: DirectoryServices>(app: &App<V>, request: &HttpRequest) -> Result<Admitted, HttpResponse> {
    let Some(desk) = app.desk.clone() else { return Err(page::not_found(app, request)) };
    let session = match app.engine.session(&browser(app, request)).await {
        Ok(Some(session)) => session,
        Ok(None) => return Err(landing::sign_in_first(app, request)),
        Err(error) => return Err(failure::render(app, request, &error.into())),
    };
    if !session.subject.is_admin {
        return Err(page::not_found(app, request));
    }
    let Ok(query) = Params::parse(request.query_string().as_bytes()) else {
        return Err(failure::render(app, request, &PageError::Form.into()));
    };
    let reach = session.subject.reach();
    let tenant = reach.tenant().map(|id| tenant_name(app, id));
    Ok(Admitted { desk, session, reach, tenant, query })
}

fn tenant_name<V: DirectoryServices>(app: &App<V>, id: TenantId) -> String {
    let catalog = app.engine.catalog();
    catalog.tenant(id).map_or_else(|| id.to_string(), |tenant| tenant.slug.clone())
}

/// A failure of the desk, for people.
fn failed<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, error: MigrateError) -> HttpResponse {
    match error {
        MigrateError::Store(error) => failure::render(app, request, &PageFailure::Store(error)),
        error => {
            tracing::error!(error = respond::causes(&error), "the migration's figures cannot be told");
            failure::render(app, request, &PageFailure::Busy)
        }
    }
}

/// An address below the first page with these parameters.
fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut parameters = url::form_urlencoded::Serializer::new(String::new());
    parameters.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    format!("{path}?{}", parameters.finish())
}

/// An address or user name, so that somebody who knows it recognises it and nobody else learns it.
fn masked(label: &str) -> String {
    let hidden = |text: &str| text.chars().next().map(|first| format!("{first}\u{2022}\u{2022}\u{2022}"));
    match label.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", hidden(local).unwrap_or_default()),
        None => hidden(label).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_recognised_and_not_told() {
        assert_eq!(masked("ada@example.com"), "a•••@example.com");
        assert_eq!(masked("\"a@b\"@example.com"), "\"•••@example.com");
        assert_eq!(masked("Žofie"), "Ž•••");
        assert_eq!(masked(""), "");
        assert_eq!(masked("@example.com"), "@example.com");
    }

    #[test]
    fn what_stands_in_an_address_is_encoded() {
        assert_eq!(address("/x", &[("a", "b&c= d"), ("e", "")]), "/x?a=b%26c%3D+d");
    }
}
