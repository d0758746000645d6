//! The authorization endpoint: an authorization request from its arrival to the answer (RFC 6749 4.1).

use std::sync::Arc;

use super::Engine;
pub use super::step::{Arrival, Ask, Interaction, Progress, Step};
use crate::{
    audit::AuditKind,
    authorize::{
        decide::{self, Answer, Next, Policy, SignInReason, Situation},
        error::{AuthorizeError, PageError, Problem, RedirectError, Release},
        request::{AuthorizationRequest, Reader},
        response::AuthorizationResponse,
    },
    browser::Browser,
    client::Client,
    csrf::{Form, FormBinding, Holder},
    ids::GrantId,
    jws::id_token::IdTokenHint,
    params::Params,
    pending::{self, Asked, Pending, PendingCookie, PendingId},
    redirect::RedirectUri,
    scope::ScopeSet,
    services::Services,
    session::Session,
    store::{AuthorizeSnapshot, Commit, Grant, GrantRepository as _, NewAuthorization, StoreError},
    time::Timestamp,
    token::OpaqueToken,
};

/// An authorization request cannot be answered to its client.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeFailure {
    /// Two writes in a row were lost to others: 503.
    #[error("the request lost two races in a row")]
    Contended,
    /// A page says so.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<V: Services> Engine<V> {
    /// An authorization request arrives.
    pub async fn begin_authorization(
        &self,
        params: &Params,
        arrival: Arrival,
        browser: &Browser,
    ) -> Result<Progress, AuthorizeFailure> {
        let asked = match self.read_request(params) {
            Ok(request) => Asked::Request(Box::new(request)),
            Err(AuthorizeError::Page(error)) => return Err(error.into()),
            Err(AuthorizeError::Redirect(error)) if error.release == Release::AtOnce => {
                return Ok(Progress { step: self.refuse(&error), keep: None, drop: Vec::new() });
            }
            Err(AuthorizeError::Redirect(error)) => Asked::Error(error),
        };
        let (now, sealer) = (self.now(), self.services.sealer());
        let pending = Pending::begin(asked, now, self.settings.request_ttl, self.services.random());
        // Looked at before anything else: whether a request is too long does not depend on who is signed in.
        let draft = pending.draft()?;
        let step = match arrival {
            Arrival::Get => self.next(&pending, browser, None).await?,
            Arrival::Post => Step::Continue(pending.id),
        };
        Ok(match step {
            Step::Respond(_) => Progress { step, keep: None, drop: Vec::new() },
            Step::Ask(_) | Step::Continue(_) => {
                Progress { step, keep: Some(draft.seal(sealer)), drop: pending::to_drop(&browser.pending, sealer, now) }
            }
        })
    }

    /// Goes on with a request under way: after a sign-in, or because a page is loaded again.
    pub async fn resume_authorization(&self, id: PendingId, browser: &Browser) -> Result<Progress, AuthorizeFailure> {
        let pending = self.pending(id, browser)?;
        let step = self.next(&pending, browser, None).await?;
        Ok(progress(step, &pending, None))
    }

    /// The consent page was answered. The token binds the answer to session, request and the very scopes that were shown.
    pub async fn answer_consent(
        &self,
        id: PendingId,
        answer: Answer,
        csrf: &str,
        browser: &Browser,
    ) -> Result<Progress, AuthorizeFailure> {
        let pending = self.pending(id, browser)?;
        let step = self.next(&pending, browser, Some((answer, csrf))).await?;
        Ok(progress(step, &pending, None))
    }

    /// The user chose the account that is signed in. (For another account show [`sign_in_page`](Self::sign_in_page).)
    pub async fn choose_account(
        &self,
        id: PendingId,
        csrf: &str,
        browser: &Browser,
    ) -> Result<Progress, AuthorizeFailure> {
        let mut pending = self.pending(id, browser)?;
        let mut keep = None;
        if let Some(session) = self.session(browser).await? {
            let binding = binding(Form::ChooseAccount, &session, &pending.id, "");
            self.check_form(&binding, csrf).map_err(|_| PageError::Form)?;
            pending.chosen = Some(session.id);
            keep = Some(pending.seal(self.services.sealer())?);
        }
        let step = self.next(&pending, browser, None).await?;
        Ok(progress(step, &pending, keep))
    }

    /// The sign-in page of a request under way, whoever is signed in: for "use another account" and "not you?".
    pub fn sign_in_page(&self, id: PendingId, browser: &Browser) -> Result<Interaction, PageError> {
        let pending = self.pending(id, browser)?;
        let client = self.client_of(&pending)?;
        Ok(interaction(&pending, client, sign_in(&pending, SignInReason::OtherAccount, None)))
    }

    /// Whether the client wants a fresh proof of who the user is (`prompt=login`, `max_age`): a provider behind us is then asked for one too.
    pub fn wants_fresh_proof(&self, id: PendingId, browser: &Browser) -> bool {
        self.pending(id, browser).is_ok_and(|pending| match &pending.asked {
            Asked::Request(request) => request.prompt.pages().login || request.max_age.is_some(),
            Asked::Error(_) => false,
        })
    }

    fn pending(&self, id: PendingId, browser: &Browser) -> Result<Pending, PageError> {
        let cookie = browser.pending.iter().find(|cookie| cookie.id == id).ok_or(PageError::RequestExpired)?;
        Pending::open(cookie, self.services.sealer(), self.now()).ok_or(PageError::RequestExpired)
    }

    pub(super) fn read_request(&self, params: &Params) -> Result<AuthorizationRequest, AuthorizeError> {
        let catalog = self.catalog();
        let hint = |token: &str, client: &Client| {
            let hint = IdTokenHint::verify(token, &catalog.verifiers, &self.settings.issuer).ok()?;
            (hint.client == client.id).then_some(hint.user)
        };
        Reader { catalog: &catalog, issuer: &self.settings.issuer, hint }.read(params)
    }

    /// The client of a request under way, as registered now: it may have been switched off or moved in the meantime.
    fn client_of(&self, pending: &Pending) -> Result<Arc<Client>, PageError> {
        let catalog = self.catalog();
        let client = catalog.client(pending.asked.client()).filter(|client| client.is_active());
        let client = client.ok_or(PageError::ClientUnknown)?;
        match client.redirect(Some(pending.asked.redirect().as_str())) {
            Ok(_) => Ok(client.clone()),
            Err(_) => Err(PageError::RedirectUnregistered),
        }
    }

    /// Load, decide, commit; a lost race is decided once more.
    async fn next(
        &self,
        pending: &Pending,
        browser: &Browser,
        answer: Option<(Answer, &str)>,
    ) -> Result<Step, AuthorizeFailure> {
        for _ in 0..2 {
            let client = self.client_of(pending)?;
            let snapshot = self.snapshot(browser, &client).await?;
            if let Some(step) = self.try_next(pending, client, snapshot, browser, answer).await? {
                return Ok(step);
            }
        }
        Err(AuthorizeFailure::Contended)
    }

    pub(super) async fn snapshot(&self, browser: &Browser, client: &Client) -> Result<AuthorizeSnapshot, StoreError> {
        let Some(cookie) = &browser.session else {
            return Ok(AuthorizeSnapshot { session: None, consent: ScopeSet::default(), first: false });
        };
        self.services.store().authorize_snapshot(Some(cookie.hash()), client.key).await
    }

    /// One round; `None` if the race was lost.
    async fn try_next(
        &self,
        pending: &Pending,
        client: Arc<Client>,
        snapshot: AuthorizeSnapshot,
        browser: &Browser,
        answer: Option<(Answer, &str)>,
    ) -> Result<Option<Step>, AuthorizeFailure> {
        let (now, catalog) = (self.now(), self.catalog());
        let session = snapshot.session.as_ref().filter(|session| session.is_alive(now));
        let ask = |ask| Ok(Some(Step::Ask(Box::new(interaction(pending, client.clone(), ask)))));
        let request = match (&pending.asked, session) {
            (Asked::Request(request), _) => request,
            (Asked::Error(error), Some(_)) => return Ok(Some(self.refuse(error))),
            (Asked::Error(_), None) => return ask(sign_in(pending, SignInReason::SignedOut, None)),
        };
        if let (Some((_, csrf)), Some(session)) = (answer, session) {
            let shown = decide::grantable(&request.scope, &client, &session.subject, &catalog).to_string();
            let binding = binding(Form::Consent, session, &pending.id, &shown);
            self.check_form(&binding, csrf).map_err(|_| PageError::Form)?;
        }
        let situation = Situation {
            request,
            client: &client,
            catalog: &catalog,
            started_at: pending.started_at,
            chosen: pending.chosen,
            answer: answer.map(|(answer, _)| answer),
        };
        let policy = if self.settings.require_consent { Policy::AskConsent } else { Policy::AssumeConsent };
        let next = decide::decide(&situation, &snapshot, now, policy);
        if let Some(session) = session {
            self.touch(session, now).await;
        }
        match (next, session) {
            (Next::Error(problem), _) => Ok(Some(self.refuse(&error(request, problem)))),
            (Next::SignIn(reason), session) => ask(sign_in(pending, reason, session)),
            (Next::ChooseAccount, Some(session)) => {
                let csrf = self.form_token(&binding(Form::ChooseAccount, session, &pending.id, ""));
                ask(Ask::ChooseAccount { account: Box::new(session.subject.clone()), csrf })
            }
            (Next::Consent { scope, remembered }, Some(session)) => {
                let csrf = self.form_token(&binding(Form::Consent, session, &pending.id, &scope.to_string()));
                ask(Ask::Consent { account: Box::new(session.subject.clone()), scope, remembered, csrf })
            }
            (Next::Issue { scope, remember }, Some(session)) => {
                let (code, write) =
                    self.authorization(request, &client, session, scope, remember, browser, now, snapshot.first);
                Ok(match self.services.store().issue_code(write).await? {
                    Commit::Applied => Some(self.answer_with(request, &code)),
                    Commit::Lost => None,
                })
            }
            // Only a live session leads there; without one the user signs in.
            (Next::ChooseAccount | Next::Consent { .. } | Next::Issue { .. }, None) => {
                ask(sign_in(pending, SignInReason::SignedOut, None))
            }
        }
    }

    /// The code and all that is written with it.
    #[expect(clippy::too_many_arguments, reason = "the parts of one write")]
    pub(super) fn authorization(
        &self,
        request: &AuthorizationRequest,
        client: &Client,
        session: &Session,
        scope: ScopeSet,
        remember: Option<ScopeSet>,
        browser: &Browser,
        now: Timestamp,
        first: bool,
    ) -> (OpaqueToken, NewAuthorization) {
        let random = self.services.random();
        let code = OpaqueToken::generate(random);
        let audit = remember.as_ref().map(|_| {
            let mut audit = self.audit(AuditKind::ConsentGranted, browser.address.clone(), now);
            (audit.user, audit.client) = (Some(session.subject.id), Some(client.key));
            audit.detail = serde_json::json!({ "scope": scope.to_string() });
            audit
        });
        let grant = Grant {
            id: GrantId::generate(now, random),
            user: session.subject.id,
            client: client.key,
            tenant: session.subject.tenant.as_ref().map(|tenant| tenant.id),
            session: Some(session.id),
            scope,
            resources: request.resources.clone(),
            authenticated_at: session.authenticated_at,
            methods: session.methods.clone(),
            created_at: now,
            revoked_at: None,
        };
        let write = NewAuthorization {
            grant,
            code: code.hash(),
            redirect_uri: RedirectUri::stored(request.redirect.as_str().to_owned()),
            proof: request.proof,
            nonce: request.nonce.clone(),
            expires_at: now.plus(self.settings.code_ttl),
            consent: remember,
            first,
            audit,
        };
        (code, write)
    }

    fn answer_with(&self, request: &AuthorizationRequest, code: &OpaqueToken) -> Step {
        let (to, state) = (request.redirect.clone(), request.state.as_deref());
        Step::Respond(AuthorizationResponse::code(to, request.mode, state, code, &self.settings.issuer))
    }

    fn refuse(&self, error: &RedirectError) -> Step {
        Step::Respond(AuthorizationResponse::error(error, &self.settings.issuer))
    }
}

/// A request that was answered is over; one that goes on keeps its cookie.
fn progress(step: Step, pending: &Pending, keep: Option<PendingCookie>) -> Progress {
    match step {
        Step::Respond(_) => Progress { step, keep: None, drop: vec![pending.id] },
        Step::Ask(_) | Step::Continue(_) => Progress { step, keep, drop: Vec::new() },
    }
}

fn error(request: &AuthorizationRequest, problem: Problem) -> RedirectError {
    RedirectError {
        client: request.client.clone(),
        to: request.redirect.clone(),
        mode: request.mode,
        state: request.state.clone(),
        problem,
        release: Release::AfterSignIn,
    }
}

fn binding<'a>(form: Form, session: &Session, request: &'a PendingId, shown: &'a str) -> FormBinding<'a> {
    FormBinding { form, holder: Holder::Session(session.id), request: Some(request), shown }
}

fn interaction(pending: &Pending, client: Arc<Client>, ask: Ask) -> Interaction {
    let redirect = pending.asked.redirect().as_str();
    let ui_locales = match &pending.asked {
        Asked::Error(_) => None,
        Asked::Request(request) => request.ui_locales.clone(),
    };
    Interaction {
        request: pending.id,
        client,
        redirect_host: RedirectUri::display_host(redirect),
        form_action: RedirectUri::form_action(redirect),
        ui_locales,
        ask,
    }
}

fn sign_in(pending: &Pending, reason: SignInReason, session: Option<&Session>) -> Ask {
    let login_hint = match &pending.asked {
        Asked::Error(_) => None,
        Asked::Request(request) => request.login_hint.clone(),
    };
    let account = match reason {
        SignInReason::Again | SignInReason::TooLongAgo => session.map(|session| Box::new(session.subject.clone())),
        SignInReason::OtherAccount | SignInReason::SignedOut => None,
    };
    Ask::SignIn { reason, login_hint, account }
}

#[cfg(test)]
#[path = "authorize_race_tests.rs"]
mod race_tests;
#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
