//! What the browser's use cases tell the edge to do.

use std::sync::Arc;

use crate::{
    authorize::{decide::SignInReason, response::AuthorizationResponse},
    client::Client,
    pending::{PendingCookie, PendingId},
    scope::ScopeSet,
    subject::Subject,
};

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// By GET: the cookies of the browser came along.
    Get,
    /// By POST, perhaps from another site, and then without our cookies: to be continued by a GET of our own.
    Post,
}

/// What to do for the browser, and which cookies to set and to remove.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What to do.
    pub step: Step,
    /// The request under way, to be set as a cookie.
    pub keep: Option<PendingCookie>,
    /// Requests under way whose cookies are to be removed.
    pub drop: Vec<PendingId>,
}

/// What to do for the browser.
#[derive(Clone, Debug)]
pub enum Step {
    /// Show a page.
    Ask(Box<Interaction>),
    /// Redirect with 303 to a page of ours, which resumes the request.
    Continue(PendingId),
    /// Send the client its answer.
    Respond(AuthorizationResponse),
}

/// A page to show for a request under way.
#[derive(Clone, Debug)]
pub struct Interaction {
    /// The request's name, for links and forms.
    pub request: PendingId,
    /// Who asks.
    pub client: Arc<Client>,
    /// The host (or private-use scheme) where the user will be sent.
    pub redirect_host: String,
    /// What the page's `form-action` must allow besides ourselves.
    pub form_action: Option<String>,
    /// The languages that the client asks for.
    pub ui_locales: Option<String>,
    /// Which page.
    pub ask: Ask,
}

/// Which page to show.
#[derive(Clone, Debug)]
pub enum Ask {
    /// The account chooser.
    ChooseAccount {
        /// Who is signed in.
        account: Box<Subject>,
        /// The form's token.
        csrf: String,
    },
    /// The consent page.
    Consent {
        /// Who is signed in.
        account: Box<Subject>,
        /// What the client would get.
        scope: ScopeSet,
        /// What of it was allowed before.
        remembered: ScopeSet,
        /// The form's token.
        csrf: String,
    },
    /// The sign-in page. Its form is bound to the browser's own mark.
    SignIn {
        /// Why.
        reason: SignInReason,
        /// What to write into the field.
        login_hint: Option<String>,
        /// Who has to prove again who they are.
        account: Option<Box<Subject>>,
    },
}
