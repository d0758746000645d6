//! The authorization challenge endpoint (draft-ietf-oauth-first-party-apps): a first-party application shows its own form and gets
//! a code by asking directly, without a browser in between.
//!
//! The request is the one of the authorization endpoint, read by the same reader; the code is given after the same decisions as on
//! the page. What is under way stays sealed in `auth_session`, so that nothing is written before somebody has signed in. Who may
//! not be served here at all, or would be asked something that only a page of ours may ask, is sent to the browser.

use std::sync::Arc;

use thiserror::Error;

use super::Engine;
use crate::{
    authorize::{
        decide::{self, Next, Policy, Situation},
        error::{AuthorizeError, PageError, Problem},
        request::AuthorizationRequest,
    },
    browser::{Browser, SessionCookie},
    client::{ChallengePolicy, Client, ConsentPolicy, authenticate::AuthenticatedClient},
    error::{ClientError, ErrorCode, Wire, WireError},
    params::{ParamError, Params},
    pending::{Asked, Pending, PendingCookie, PendingId},
    pkce::CodeProof,
    services::Services,
    session::NewSession,
    store::{Commit, GrantRepository as _, RevocationReason, SessionRepository as _, StoreError},
    token::OpaqueToken,
};

/// A request under way.
#[derive(Clone, Debug)]
pub struct OpenChallenge {
    pending: Pending,
    /// What continues it: the `auth_session` of the answer.
    pub auth_session: String,
    /// Who asks.
    pub client: Arc<Client>,
}

/// What a first-party application gets.
#[derive(Debug)]
pub enum ChallengeStep {
    /// A code, to be exchanged with the verifier.
    Code(OpaqueToken),
    /// Whoever signed in has to sign in in another way or as somebody else.
    More,
    /// The application opens the browser for the rest.
    Web,
}

/// Why a challenge is refused.
#[derive(Debug, Error)]
pub enum ChallengeError {
    /// The client did not prove who it is.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Two writes in a row were lost to others.
    #[error("the request lost two races in a row")]
    Contended,
    /// The client is not one that may come here.
    #[error("the client is no first-party client with the switch for this endpoint")]
    NotAllowed,
    /// The request cannot be read at all.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The parameters cannot be read.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// The request breaks a rule, or what it asks for is denied.
    #[error("{0}")]
    Problem(Problem),
    /// The `auth_session` is over, altered, or another client's.
    #[error("the auth_session is over, unknown or another client's")]
    Session,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Wire for ChallengeError {
    fn wire(&self) -> WireError {
        match self {
            Self::Client(error) => error.wire(),
            Self::Contended => WireError::unavailable(),
            Self::NotAllowed => {
                WireError::bad_request(ErrorCode::UnauthorizedClient, "the client may not use this endpoint")
            }
            Self::Page(error) => WireError::bad_request(error.code(), "the request cannot be read"),
            Self::Params(error) => error.wire(),
            Self::Problem(problem) => {
                let status = if problem.code() == ErrorCode::AccessDenied { 403 } else { 400 };
                WireError { status, ..WireError::bad_request(problem.code(), problem.to_string()) }
            }
            Self::Session => WireError::bad_request(ErrorCode::InvalidSession, "the auth_session is over; begin anew"),
            Self::Store(error) => error.wire(),
        }
    }
}

/// The parameters of an authorization request that mean something here.
const PARAMETERS: [&str; 6] = ["scope", "nonce", "code_challenge", "code_challenge_method", "resource", "max_age"];

impl<V: Services> Engine<V> {
    /// Reads a request, or goes on with the one that its `auth_session` holds.
    pub async fn open_challenge(
        &self,
        client: &AuthenticatedClient,
        params: &Params,
    ) -> Result<OpenChallenge, ChallengeError> {
        params.refuse_repeated()?;
        self.spend(client).await?;
        let client = client.client().clone();
        if client.challenge != ChallengePolicy::Open || client.consent != ConsentPolicy::Skipped {
            return Err(ChallengeError::NotAllowed);
        }
        if let Some(text) = params.one("auth_session") {
            let pending = self.resume(text, &client).ok_or(ChallengeError::Session)?;
            return Ok(OpenChallenge { pending, auth_session: text.to_owned(), client });
        }
        let request = self.challenge_request(&client, params)?;
        let (now, random) = (self.now(), self.services.random());
        let pending = Pending::begin(Asked::Request(Box::new(request)), now, self.settings.request_ttl, random);
        let PendingCookie { id, value } = pending.seal(self.services.sealer())?;
        Ok(OpenChallenge { pending, auth_session: format!("{id}.{value}"), client })
    }

    /// Somebody signed in for this request: decides, and gives a code. A session that leads to none ends.
    pub async fn answer_challenge(
        &self,
        open: &OpenChallenge,
        session: &NewSession,
        cookie: &SessionCookie,
    ) -> Result<ChallengeStep, ChallengeError> {
        let browser = Browser { session: Some(cookie.clone()), address: session.address.clone(), ..Browser::default() };
        for _ in 0..2 {
            match self.try_challenge(open, &browser).await {
                Ok(None) => {}
                Ok(Some(ChallengeStep::Code(code))) => return Ok(ChallengeStep::Code(code)),
                outcome => {
                    let (id, now) = (session.id, self.now());
                    self.services.store().end_session(id, now, RevocationReason::SignedOut, None).await?;
                    return outcome.map(|step| step.unwrap_or(ChallengeStep::More));
                }
            }
        }
        Err(ChallengeError::Contended)
    }

    /// One round; `None` if the race was lost.
    async fn try_challenge(
        &self,
        open: &OpenChallenge,
        browser: &Browser,
    ) -> Result<Option<ChallengeStep>, ChallengeError> {
        let Asked::Request(request) = &open.pending.asked else { return Err(ChallengeError::Session) };
        let (now, catalog) = (self.now(), self.catalog());
        let snapshot = self.snapshot(browser, &open.client).await?;
        let situation = Situation {
            request,
            client: &open.client,
            catalog: &catalog,
            started_at: open.pending.started_at,
            chosen: None,
            answer: None,
        };
        let policy = if self.settings.require_consent { Policy::AskConsent } else { Policy::AssumeConsent };
        match (decide::decide(&situation, &snapshot, now, policy), &snapshot.session) {
            (Next::Error(problem), _) => Err(ChallengeError::Problem(problem)),
            (Next::ChooseAccount | Next::Consent { .. }, _) => Ok(Some(ChallengeStep::Web)),
            (Next::Issue { scope, remember }, Some(session)) => {
                let client = &open.client;
                let (code, write) =
                    self.authorization(request, client, session, scope, remember, browser, now, snapshot.first);
                Ok(match self.services.store().issue_code(write).await? {
                    Commit::Applied => Some(ChallengeStep::Code(code)),
                    Commit::Lost => None,
                })
            }
            (Next::SignIn(_) | Next::Issue { .. }, _) => Ok(Some(ChallengeStep::More)),
        }
    }

    /// The request as the authorization endpoint would read it; the code goes back in the answer, so that the redirect URI is only
    /// the registered one that the code is bound to.
    fn challenge_request(&self, client: &Client, params: &Params) -> Result<AuthorizationRequest, ChallengeError> {
        let mut pairs: Vec<(&str, &str)> =
            PARAMETERS.into_iter().flat_map(|name| params.many(name).map(move |value| (name, value))).collect();
        let redirect = client.redirect_uris.first().ok_or(PageError::RedirectMissing)?;
        pairs.extend([
            ("response_type", "code"),
            ("client_id", client.id.as_str()),
            ("redirect_uri", redirect.as_str()),
        ]);
        let request = self.read_request(&Params::from_pairs(pairs)?).map_err(|error| match error {
            AuthorizeError::Page(error) => ChallengeError::Page(error),
            AuthorizeError::Redirect(error) => ChallengeError::Problem(error.problem),
        })?;
        // Whatever the client is exempted from elsewhere: here nothing but the verifier ties the code to who asked.
        match request.proof {
            CodeProof::Challenge(_) => Ok(request),
            _ => Err(ChallengeError::Problem(Problem::ChallengeMissing)),
        }
    }

    fn resume(&self, text: &str, client: &Client) -> Option<Pending> {
        let (id, value) = text.split_once('.')?;
        let cookie = PendingCookie { id: PendingId::parse(id)?, value: value.to_owned() };
        let pending = Pending::open(&cookie, self.services.sealer(), self.now())?;
        (*pending.asked.client() == client.id).then_some(pending)
    }
}
