//! `POST /authorize-challenge` (draft-ietf-oauth-first-party-apps 4 and 5): the form of a first-party application.
//!
//! The same throttles, counters and answers as on the sign-in page; a wrong password, an unknown user and an account that is locked
//! read the same and cost the same.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{
    services::DirectoryServices,
    signin::{Door, PageVisit, SignInRefused, SignInRequest},
    usage::Way,
};
use oauth_core::{
    browser::Browser,
    engine::{challenge::ChallengeStep, session::Remember},
    error::{ErrorCode, RequestError, Wire as _, WireError},
    secret::Secret,
};
use serde_json::json;

use super::prove::authenticated;
use crate::{
    app::App,
    body,
    browser::{cookies, sign_in},
    page,
    respond::{self, Dialect, Failure},
};

/// The authorization challenge endpoint.
pub async fn challenge<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Failure> {
    let params = body::form(&request, payload).await?;
    let client = authenticated(&app, &request, &params).await?;
    let open = app.engine.open_challenge(&client, &params).await?;
    let (Some(username), Some(password)) = (params.one("username"), params.one("password")) else {
        return Ok(more(ErrorCode::InsufficientAuthorization, "send username and password", &open.auth_session));
    };
    let asked = SignInRequest {
        identifier: username.to_owned(),
        password: Secret::new(password.to_owned()),
        tenant: open.client.tenant,
        known_device: None,
        address: cookies::address(&request),
        locale: page::Setting::of(&request, None).language().to_owned(),
    };
    let browser = Browser::default();
    let visit = PageVisit {
        door: Door::FirstParty,
        browser: &browser,
        remember: Remember::Device,
        user_agent: cookies::user_agent(&request),
    };
    let outcome = app.directory.sign_in_page(&asked, visit).await;
    let entered = outcome.as_ref().ok().map(|signed_in| &signed_in.account.subject);
    sign_in::count(&app, Door::FirstParty, asked.tenant, entered);
    let signed_in = match outcome {
        Ok(signed_in) => signed_in,
        Err(refused) => return refusal(&refused, &open.auth_session),
    };
    Ok(match app.engine.answer_challenge(&open, &signed_in.session, &signed_in.cookie).await? {
        ChallengeStep::Code(code) => {
            app.uses.note(Way::FirstParty, Some(open.client.key), None, app.engine.now());
            respond::json(StatusCode::OK, &json!({ "authorization_code": code.expose() }))
        }
        ChallengeStep::More => {
            more(ErrorCode::InsufficientAuthorization, "sign in as somebody else", &open.auth_session)
        }
        ChallengeStep::Web => more(ErrorCode::RedirectToWeb, "go on in the browser", &open.auth_session),
    })
}

/// draft-ietf-oauth-first-party-apps 5.2.2: what is missing, and what continues the request.
fn more(code: ErrorCode, description: &str, auth_session: &str) -> HttpResponse {
    let body = json!({
        "error": code.as_str(),
        "error_description": description,
        "auth_session": auth_session,
    });
    respond::json(StatusCode::BAD_REQUEST, &body)
}

fn refusal(refused: &SignInRefused, auth_session: &str) -> Result<HttpResponse, Failure> {
    let wire = match refused {
        SignInRefused::Failed | SignInRefused::Moved | SignInRefused::DoorClosed | SignInRefused::Token(_) => {
            let text = "the user name or the password is wrong";
            return Ok(more(ErrorCode::InsufficientAuthorization, text, auth_session));
        }
        // Our page asks which one is meant.
        SignInRefused::Several(_) => {
            return Ok(more(ErrorCode::RedirectToWeb, "several accounts have this name and password", auth_session));
        }
        SignInRefused::Busy(_) | SignInRefused::Contended => WireError::unavailable(),
        SignInRefused::Store(error) => error.wire(),
        SignInRefused::TooMany(wait) => RequestError::TooMany { what: "attempts", wait: *wait }.wire(),
    };
    Err(Failure::caused(wire, refused, Dialect::OAuth))
}
