//! RP-initiated logout: the session ends in the store, with or without a question.

use std::sync::Arc;

use super::{Engine, authorize::Arrival};
use crate::{
    authorize::error::PageError,
    browser::Browser,
    client::Client,
    csrf::{Form, FormBinding, Holder},
    grant::rights,
    logout::{LogoutNext, LogoutRequest},
    params::Params,
    services::Services,
    session::Session,
    store::StoreError,
    subject::Subject,
};

/// What to do for the browser.
#[derive(Clone, Debug)]
pub enum LogoutStep {
    /// Ask whether to sign out.
    Ask {
        /// Who is signed in.
        account: Box<Subject>,
        /// Who wants it, if it is known.
        client: Option<Arc<Client>>,
        /// The form's token.
        csrf: String,
    },
    /// Redirect with 303 to our own GET with this query.
    Continue {
        /// The query.
        query: String,
    },
    /// Nobody is signed in any more: remove the session cookie, then go there or show the signed-out page.
    SignedOut {
        /// Where the client wants the user to go.
        redirect: Option<String>,
    },
}

/// A request to sign out cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum LogoutFailure {
    /// A page says so.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<V: Services> Engine<V> {
    /// A request to sign out arrives.
    pub async fn logout(
        &self,
        params: &Params,
        arrival: Arrival,
        browser: &Browser,
    ) -> Result<LogoutStep, LogoutFailure> {
        if arrival == Arrival::Post {
            return Ok(LogoutStep::Continue { query: LogoutRequest::own_query(params) });
        }
        let catalog = self.catalog();
        let request = LogoutRequest::read(params, &catalog, &self.settings.issuer);
        let session = self.session(browser).await?;
        match (request.decide(session.as_ref(), self.now()), session) {
            (LogoutNext::Ask, Some(session)) => Ok(LogoutStep::Ask {
                csrf: self.form_token(&binding(&session)),
                // A client that does not serve whoever is signed in is none of their business.
                client: request
                    .client
                    .as_ref()
                    .and_then(|id| catalog.client(id))
                    .filter(|client| rights::serves(client, &session.subject))
                    .cloned(),
                account: Box::new(session.subject),
            }),
            (LogoutNext::SignOut { redirect }, Some(session)) => {
                self.sign_out(&session, browser.address.clone()).await?;
                Ok(LogoutStep::SignedOut { redirect })
            }
            (LogoutNext::Done { redirect }, _) => Ok(LogoutStep::SignedOut { redirect }),
            (LogoutNext::Ask | LogoutNext::SignOut { .. }, None) => Ok(LogoutStep::SignedOut { redirect: None }),
        }
    }

    /// The user said yes. There is no way back to a client that did not prove itself.
    pub async fn confirm_logout(&self, csrf: &str, browser: &Browser) -> Result<LogoutStep, LogoutFailure> {
        if let Some(session) = self.session(browser).await? {
            self.check_form(&binding(&session), csrf).map_err(|_| PageError::Form)?;
            self.sign_out(&session, browser.address.clone()).await?;
        }
        Ok(LogoutStep::SignedOut { redirect: None })
    }
}

fn binding(session: &Session) -> FormBinding<'static> {
    FormBinding { form: Form::SignOut, holder: Holder::Session(session.id), request: None, shown: "" }
}

#[cfg(test)]
#[path = "logout_tests.rs"]
mod tests;
