//! The one port: requests to a provider. Who implements it keeps the fence of SECURITY.md row 28: where it may go, no redirects, and limits of
//! time and size.

use std::{future::Future, pin::Pin};

use oauth_core::{secret::Secret, services::FetchError};

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where to.
    pub url: String,
    /// The `Authorization` header.
    pub authorization: Option<Secret<String>>,
    /// The form to post; without one it is a GET.
    pub form: Option<Secret<String>>,
}

impl Call {
    /// A plain GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self { url: url.into(), authorization: None, form: None }
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body: UTF-8, within the limit.
    pub text: Secret<String>,
}

/// The future of an answer.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, FetchError>> + Send + 'a>>;

/// Carries requests to one provider.
pub trait Carrier: Send + Sync {
    /// Sends a request and reads its answer.
    fn send(&self, call: Call) -> Answering<'_>;
}
