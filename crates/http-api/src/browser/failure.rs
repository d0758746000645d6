//! What went wrong on a page, for people.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use authly_directory::services::DirectoryServices;
use authly_pages::Problem;
use oauth_core::{
    authorize::error::PageError,
    engine::{authorize::AuthorizeFailure, logout::LogoutFailure},
    store::{StoreError, StoreErrorKind},
};

use crate::{app::App, page};

/// Why there is no ordinary page.
#[derive(Debug)]
pub enum PageFailure {
    /// Something is wrong with the request.
    Page(PageError),
    /// The store failed or is busy.
    Store(StoreError),
    /// Two races lost in a row, or a full hash pool.
    Busy,
}

impl From<AuthorizeFailure> for PageFailure {
    fn from(failure: AuthorizeFailure) -> Self {
        match failure {
            AuthorizeFailure::Contended => Self::Busy,
            AuthorizeFailure::Page(error) => Self::Page(error),
            AuthorizeFailure::Store(error) => Self::Store(error),
        }
    }
}

impl From<LogoutFailure> for PageFailure {
    fn from(failure: LogoutFailure) -> Self {
        match failure {
            LogoutFailure::Page(error) => Self::Page(error),
            LogoutFailure::Store(error) => Self::Store(error),
        }
    }
}

impl From<PageError> for PageFailure {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

impl From<StoreError> for PageFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Renders a failure, and logs its cause once.
pub fn render<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, failure: &PageFailure) -> HttpResponse {
    match failure {
        PageFailure::Busy => page::busy(app, request, 1, StatusCode::SERVICE_UNAVAILABLE),
        PageFailure::Store(error) => {
            tracing::error!(%error, cause = ?error.source, "a page failed");
            match error.kind {
                StoreErrorKind::Busy | StoreErrorKind::Unavailable => {
                    page::busy(app, request, 2, StatusCode::SERVICE_UNAVAILABLE)
                }
                StoreErrorKind::Conflict(_) | StoreErrorKind::Corrupt { .. } => {
                    page::problem(app, request, StatusCode::INTERNAL_SERVER_ERROR, Problem::Internal, None)
                }
            }
        }
        PageFailure::Page(error) => {
            tracing::debug!(%error, "an authorization request stays on a page");
            let problem = match error {
                PageError::ClientMissing | PageError::Params(_) | PageError::Repeated | PageError::RedirectMissing => {
                    Problem::InvalidRequest
                }
                PageError::ClientUnknown => Problem::UnknownClient,
                PageError::Form => Problem::FormExpired,
                PageError::RedirectUnregistered => Problem::RedirectMismatch,
                PageError::RequestExpired => Problem::RequestExpired,
                PageError::TooLong => Problem::RequestTooLarge,
            };
            page::problem(app, request, StatusCode::BAD_REQUEST, problem, Some(error.code().as_str()))
        }
    }
}
