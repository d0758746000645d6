//! The authorization request (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1), read once and then never changed.
//!
//! Left out on purpose: request objects, `claims` and dynamic registration. What is not supported is refused where the
//! specification demands it and ignored where it allows that.

use std::{sync::Arc, time::Duration};

use super::{
    error::{AuthorizeError, PageError, Problem, RedirectError, Release},
    prompt::Prompt,
    response::ResponseMode,
};
use crate::{
    catalog::Catalog,
    client::{Client, ClientType, GrantType, PkcePolicy, RedirectRefused},
    grant::rights,
    ids::{ClientId, UserId},
    params::Params,
    pkce::{CodeChallenge, CodeProof},
    redirect::TrustedRedirect,
    scope::{Scope, ScopeSet},
    settings::Issuer,
    text,
};

/// A request that is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client: ClientId,
    /// Where the answer goes.
    pub redirect: TrustedRedirect,
    /// How it goes there.
    pub mode: ResponseMode,
    /// What the client wants back unchanged.
    pub state: Option<String>,
    /// What is asked for: never empty, and nothing that the client may not have.
    pub scope: ScopeSet,
    /// For the ID token.
    pub nonce: Option<String>,
    /// What the client has to prove when it redeems the code.
    pub proof: CodeProof,
    /// Which pages the client wants to be shown.
    pub prompt: Prompt,
    /// How long ago the user may have signed in.
    pub max_age: Option<Duration>,
    /// What to write into the field of the sign-in page.
    pub login_hint: Option<String>,
    /// Whom the client expects to be signed in (`id_token_hint`).
    pub expected_user: Option<UserId>,
    /// The audiences asked for (RFC 8707).
    pub resources: Vec<String>,
    /// The languages that the user prefers, for the pages.
    pub ui_locales: Option<String>,
}

/// What a request is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a, H> {
    /// Clients and scopes.
    pub catalog: &'a Catalog,
    /// Who we are; the audience of clients that have none of their own.
    pub issuer: &'a Issuer,
    /// Says whom an `id_token_hint` names, if it is an ID token of ours for that client; an expired one still is.
    pub hint: H,
}

/// The longest `nonce`: it is stored with the code and repeated in the ID token.
const MAX_NONCE: usize = 512;
/// The longest `login_hint` and `ui_locales` that are used; longer ones are ignored, since neither may be an error.
const MAX_HINT: usize = 320;

impl<H: Fn(&str, &Client) -> Option<UserId>> Reader<'_, H> {
    /// Reads a request: client and redirect URI before anything else (SECURITY.md row 2).
    pub fn read(&self, params: &Params) -> Result<AuthorizationRequest, AuthorizeError> {
        let (client, redirect) = self.client_and_redirect(params)?;
        let mode = params.one("response_mode").map_or(Some(ResponseMode::Query), ResponseMode::parse);
        let once = |name: &str| (!repeated(params, name)).then(|| params.one(name)).flatten();
        self.read_rest(params, &client, redirect.clone(), mode).map_err(|problem| {
            let error = RedirectError {
                client: client.id.clone(),
                to: redirect,
                mode: mode.unwrap_or_default(),
                state: once("state").map(str::to_owned),
                problem,
                release: release(params),
            };
            AuthorizeError::Redirect(Box::new(error))
        })
    }

    /// RFC 6749 4.1.2.1: as long as these two are not certain there is nobody to redirect to.
    fn client_and_redirect(&self, params: &Params) -> Result<(Arc<Client>, TrustedRedirect), PageError> {
        if repeated(params, "client_id") || repeated(params, "redirect_uri") {
            return Err(PageError::Repeated);
        }
        let id = params.one("client_id").ok_or(PageError::ClientMissing)?;
        let id = ClientId::parse(id).map_err(|_| PageError::ClientUnknown)?;
        let client = self.catalog.client(&id).filter(|client| client.is_active()).ok_or(PageError::ClientUnknown)?;
        // OpenID Connect Core 3.1.2.1: redirect_uri is REQUIRED, even where OAuth knows which one is meant.
        if is_openid(params) && params.one("redirect_uri").is_none() {
            return Err(PageError::RedirectMissing);
        }
        let redirect = client.redirect(params.one("redirect_uri")).map_err(|refused| match refused {
            RedirectRefused::Missing => PageError::RedirectMissing,
            RedirectRefused::Unregistered => PageError::RedirectUnregistered,
        })?;
        if !leads_to_an_application(redirect.as_str()) {
            return Err(PageError::RedirectUnregistered);
        }
        Ok((client.clone(), redirect))
    }

    fn read_rest(
        &self,
        params: &Params,
        client: &Client,
        redirect: TrustedRedirect,
        mode: Option<ResponseMode>,
    ) -> Result<AuthorizationRequest, Problem> {
        // RFC 6749 3.1: "Request and response parameters MUST NOT be included more than once."
        if !params.repeated().is_empty() {
            return Err(Problem::Repeated);
        }
        refuse_unsupported(params)?;
        match params.one("response_type") {
            Some("code") => {}
            Some(_) => return Err(Problem::ResponseTypeUnsupported),
            None => return Err(Problem::ResponseTypeMissing),
        }
        let mode = mode.ok_or(Problem::ResponseModeUnsupported)?;
        if !client.may(GrantType::AuthorizationCode) {
            return Err(Problem::GrantNotAllowed);
        }
        let prompt = Prompt::parse(params.one("prompt")).map_err(|_| Problem::PromptInvalid)?;
        let hint = |token| (self.hint)(token, client).ok_or(Problem::HintInvalid);
        let short = |name| params.one(name).filter(|value| value.len() <= MAX_HINT).map(str::to_owned);
        Ok(AuthorizationRequest {
            client: client.id.clone(),
            redirect,
            mode,
            state: params.one("state").map(str::to_owned),
            scope: self.scope(params, client)?,
            nonce: nonce(params)?,
            proof: proof(params, client)?,
            prompt,
            max_age: max_age(params)?,
            login_hint: short("login_hint"),
            expected_user: params.one("id_token_hint").map(hint).transpose()?,
            resources: self.resources(params, client)?,
            ui_locales: short("ui_locales"),
        })
    }

    /// RFC 6749 3.3: "If the client omits the scope parameter [..] the authorization server MUST either process the request using
    /// a pre-defined default value or fail the request indicating an invalid scope."
    ///
    /// What the client may not have, or nobody here knows, is left out, as RFC 6749 3.3 allows ("MAY fully or partially ignore the scope
    /// requested by the client") and OpenID Connect Core 3.1.2.1 wants it; the answer's `scope` tells what was given. Where nothing
    /// is left, the request is refused.
    fn scope(&self, params: &Params, client: &Client) -> Result<ScopeSet, Problem> {
        let scope = match params.one("scope") {
            None => self.catalog.default_scopes().intersection(&client.scopes),
            Some(text) => {
                let asked = ScopeSet::parse(text).map_err(|_| Problem::ScopeRefused)?;
                let exists = |scope: &&Scope| self.catalog.scope(scope.as_str()).is_some();
                asked.intersection(&client.scopes).iter().filter(exists).cloned().collect()
            }
        };
        if scope.is_empty() { Err(Problem::ScopeRefused) } else { Ok(scope) }
    }

    /// RFC 8707 2: what is asked for must be an [audience](rights::audience) of the client.
    fn resources(&self, params: &Params, client: &Client) -> Result<Vec<String>, Problem> {
        let mut resources: Vec<String> = Vec::new();
        for asked in params.many("resource") {
            if !resources.iter().any(|known| known == asked) {
                resources.push(asked.to_owned());
            }
        }
        rights::audience(client, &[], &resources, &ScopeSet::default(), self.issuer)
            .map_err(|_| Problem::ResourceRefused)?;
        Ok(resources)
    }
}

/// Whether this is an OpenID request; one whose scope is repeated or malformed is too, if any of its words say so.
fn is_openid(params: &Params) -> bool {
    params.many("scope").any(|text| text.split(' ').any(|scope| scope == ScopeSet::OPENID))
}

/// What must be answered with an error of its own and may not be ignored.
fn refuse_unsupported(params: &Params) -> Result<(), Problem> {
    // OpenID Connect Core 3.1.2.6: request_not_supported, request_uri_not_supported, registration_not_supported.
    for (name, problem) in [
        ("request", Problem::RequestNotSupported),
        ("request_uri", Problem::RequestUriNotSupported),
        ("registration", Problem::RegistrationNotSupported),
    ] {
        if params.one(name).is_some() {
            return Err(problem);
        }
    }
    Ok(())
}

/// RFC 7636 4.4.1: "If the server requires Proof Key for Code Exchange and the client does not send the code_challenge in the
/// request, the authorization endpoint MUST return [..] invalid_request". Public clients always need one (OAuth 2.1 4.1.1).
fn proof(params: &Params, client: &Client) -> Result<CodeProof, Problem> {
    let method = params.one("code_challenge_method");
    match params.one("code_challenge") {
        Some(challenge) => {
            CodeChallenge::parse(challenge, method).map(CodeProof::Challenge).map_err(|_| Problem::ChallengeInvalid)
        }
        None if method.is_some() => Err(Problem::ChallengeMissing),
        None if client.kind == ClientType::Confidential && client.pkce == PkcePolicy::Exempt => Ok(CodeProof::None),
        None => Err(Problem::ChallengeMissing),
    }
}

fn nonce(params: &Params) -> Result<Option<String>, Problem> {
    params
        .one("nonce")
        .map(|nonce| text::opaque(nonce, MAX_NONCE).map(str::to_owned).map_err(|_| Problem::NonceInvalid))
        .transpose()
}

fn max_age(params: &Params) -> Result<Option<Duration>, Problem> {
    let seconds = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten().map(Duration::from_secs).ok_or(Problem::MaxAgeInvalid)
    };
    params.one("max_age").map(seconds).transpose()
}

/// A client that allows no page cannot have one shown, whatever else is wrong with its request.
fn release(params: &Params) -> Release {
    let silent = params.many("prompt").any(|value| value.split(' ').any(|prompt| prompt == "none"));
    if silent { Release::AtOnce } else { Release::AfterSignIn }
}

fn repeated(params: &Params, name: &str) -> bool {
    params.repeated().iter().any(|own| own == name)
}

/// Whether a browser that follows the URI leaves for an application. Registration refuses everything else, but a store may hold
/// what an older program let pass (SECURITY.md row 4: stored `javascript:` targets).
fn leads_to_an_application(uri: &str) -> bool {
    let scheme = uri.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let inert = !matches!(
        scheme.as_str(),
        "about"
            | "blob"
            | "data"
            | "file"
            | "filesystem"
            | "ftp"
            | "javascript"
            | "vbscript"
            | "view-source"
            | "ws"
            | "wss"
    );
    inert && uri.contains(':') && uri.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) && !uri.contains('#')
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
