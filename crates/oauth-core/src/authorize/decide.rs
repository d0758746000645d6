//! What comes next for an authorization request: a page, an error, or a code.
//!
//! Pure: the request, what is known of the browser and its user, the time and the installation's policy go in.

use super::{error::Problem, request::AuthorizationRequest};
use crate::{
    catalog::Catalog,
    client::{Client, ClientType, ConsentPolicy, GrantType},
    grant::rights,
    ids::SessionId,
    redirect::ApplicationType,
    scope::ScopeSet,
    session::Session,
    store::AuthorizeSnapshot,
    subject::Subject,
    time::Timestamp,
};

/// Everything about the request itself.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What was asked.
    pub request: &'a AuthorizationRequest,
    /// Who asks, as registered now.
    pub client: &'a Client,
    /// Which scopes there are.
    pub catalog: &'a Catalog,
    /// When the request began.
    pub started_at: Timestamp,
    /// The session whose user was chosen for this request.
    pub chosen: Option<SessionId>,
    /// What the user just said on the consent page.
    pub answer: Option<Answer>,
}

/// What a user says on the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// What the installation decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// REQUIRE_USER_CONSENT: clients that are not first-party are asked about.
    AskConsent,
    /// Only what must be asked is asked: `prompt=consent`, `offline_access`, and clients that nobody can identify.
    AssumeConsent,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The user says which account to use.
    ChooseAccount,
    /// The user is asked.
    Consent {
        /// What the client would get.
        scope: ScopeSet,
        /// What of it was allowed before.
        remembered: ScopeSet,
    },
    /// The client gets an error.
    Error(Problem),
    /// The client gets a code.
    Issue {
        /// For this.
        scope: ScopeSet,
        /// The consent to remember, if the user was asked.
        remember: Option<ScopeSet>,
    },
    /// The user signs in.
    SignIn(SignInReason),
}

/// Why somebody has to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInReason {
    /// The client asked for a fresh proof (`prompt=login`).
    Again,
    /// The client expects somebody else (`id_token_hint`).
    OtherAccount,
    /// Nobody is signed in.
    SignedOut,
    /// The last proof is too old (`max_age`).
    TooLongAgo,
}

/// OpenID Connect Core 3.1.2.3 and 3.1.2.4.
pub fn decide(situation: &Situation<'_>, snapshot: &AuthorizeSnapshot, now: Timestamp, policy: Policy) -> Next {
    let request = situation.request;
    let session = match signed_in(situation, snapshot.session.as_ref(), now) {
        Ok(session) => session,
        // "none: The Authorization Server MUST NOT display any authentication or consent user interface pages."
        Err(_) if request.prompt.is_silent() => return Next::Error(Problem::LoginRequired),
        Err(Unfit::NotTheExpectedUser) => return Next::Error(Problem::LoginRequired),
        Err(Unfit::OfAnotherTenant) => return Next::Error(Problem::AccessDenied),
        Err(Unfit::SignIn(reason)) => return Next::SignIn(reason),
    };
    if !situation.catalog.policies.mode_of(&session.subject, now).admits_oauth() {
        return Next::Error(Problem::AccessDenied);
    }
    let fresh = began_since(session, situation);
    if request.prompt.pages().select_account && !fresh && situation.chosen != Some(session.id) {
        return Next::ChooseAccount;
    }
    let scope = grantable(&request.scope, situation.client, &session.subject, situation.catalog);
    if scope.is_empty() {
        return Next::Error(Problem::AccessDenied);
    }
    match situation.answer {
        Some(Answer::Deny) => Next::Error(Problem::Denied),
        Some(Answer::Allow) => Next::Issue { remember: Some(snapshot.consent.union(&scope)), scope },
        None if !must_ask(situation, &scope, &snapshot.consent, fresh, policy) => Next::Issue { scope, remember: None },
        None if request.prompt.is_silent() => Next::Error(Problem::ConsentRequired),
        None => Next::Consent { remembered: scope.intersection(&snapshot.consent), scope },
    }
}

/// What this account may grant: what client and account [may have](rights::effective), and `offline_access` only to clients that
/// could use a refresh token (OpenID Connect Core 11).
pub fn grantable(asked: &ScopeSet, client: &Client, subject: &Subject, catalog: &Catalog) -> ScopeSet {
    let scope = rights::effective(asked, client, subject, catalog);
    if client.may(GrantType::RefreshToken) { scope } else { scope.without(ScopeSet::OFFLINE_ACCESS) }
}

/// Why the session does not do.
enum Unfit {
    /// Somebody else than expected has just signed in: asking again would go on for ever.
    NotTheExpectedUser,
    /// The client serves the accounts of another tenant only.
    OfAnotherTenant,
    SignIn(SignInReason),
}

/// The session, if it is alive and as fresh as the request wants it, with the user whom the client expects.
///
/// Freshness is judged by when the user proved who they are against the start of the request, so that one sign-in satisfies it.
fn signed_in<'a>(
    situation: &Situation<'_>,
    session: Option<&'a Session>,
    now: Timestamp,
) -> Result<&'a Session, Unfit> {
    let request = situation.request;
    let session = session.filter(|session| session.is_alive(now)).ok_or(Unfit::SignIn(SignInReason::SignedOut))?;
    // "login: The Authorization Server SHOULD prompt the End-User for reauthentication."
    let since = |instant: Timestamp| session.authenticated_at.is_some_and(|at| at >= instant);
    if request.prompt.pages().login && !since(situation.started_at) {
        return Err(Unfit::SignIn(SignInReason::Again));
    }
    // max_age: "If the elapsed time is greater than this value, the OP MUST attempt to actively re-authenticate the End-User."
    if request.max_age.is_some_and(|max_age| !since(situation.started_at.minus(max_age))) {
        return Err(Unfit::SignIn(SignInReason::TooLongAgo));
    }
    let fresh = began_since(session, situation);
    // id_token_hint: "If the End-User identified by the ID Token is logged in or is logged in by the request [..], then the
    // Authorization Server returns a positive response; otherwise, it SHOULD return an error, such as login_required."
    if request.expected_user.is_some_and(|expected| expected != session.subject.id) {
        return Err(if fresh { Unfit::NotTheExpectedUser } else { Unfit::SignIn(SignInReason::OtherAccount) });
    }
    // A client of a tenant never gets to see an account of another; whoever has just signed in cannot be asked for ever.
    if !rights::serves(situation.client, &session.subject) {
        return Err(if fresh { Unfit::OfAnotherTenant } else { Unfit::SignIn(SignInReason::OtherAccount) });
    }
    Ok(session)
}

/// Whether somebody has signed in for this request, wherever and whenever they proved who they are.
fn began_since(session: &Session, situation: &Situation<'_>) -> bool {
    session.authenticated_at.max(Some(session.created_at)) >= Some(situation.started_at)
}

fn must_ask(situation: &Situation<'_>, scope: &ScopeSet, remembered: &ScopeSet, fresh: bool, policy: Policy) -> bool {
    let client = situation.client;
    let first_party = client.consent == ConsentPolicy::Skipped;
    let new = !scope.is_subset(remembered);
    // "consent: The Authorization Server SHOULD prompt the End-User for consent": whoever the client is.
    if situation.request.prompt.pages().consent {
        return true;
    }
    // A sign-in on a page that names the client is interaction enough to tell the user who is asking.
    if !fresh && !identifiable(situation, first_party) {
        return true;
    }
    if first_party {
        return false;
    }
    // OpenID Connect Core 11: refresh tokens that outlive the session need the user's word, whatever else is assumed.
    let offline = scope.contains(ScopeSet::OFFLINE_ACCESS) && !remembered.contains(ScopeSet::OFFLINE_ACCESS);
    match policy {
        Policy::AskConsent => new,
        Policy::AssumeConsent => offline,
    }
}

/// RFC 8252 8.6: the server "SHOULD NOT process authorization requests automatically without user consent or interaction, except
/// when the identity of the client can be assured".
///
/// It is assured by a secret, or by an https redirect that only its owner receives. A private-use scheme can be claimed by any
/// application on the device; so can a loopback port, but first-party clients are trusted there: whoever runs programs on the
/// user's machine already could read the browser's cookies too.
fn identifiable(situation: &Situation<'_>, first_party: bool) -> bool {
    let redirect = situation.request.redirect.as_str();
    let native = situation.client.application == ApplicationType::Native;
    situation.client.kind == ClientType::Confidential
        || redirect.starts_with("https://")
        || (redirect.starts_with("http://") && (first_party || !native))
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
