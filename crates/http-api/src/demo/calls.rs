//! The buttons of the result page: userinfo, introspection, refresh, revocation, sign-out.

use actix_web::{HttpRequest, HttpResponse, web};
use authly_directory::services::DirectoryServices;
use oauth_core::{
    endpoint::Endpoint,
    error::{TokenError, Wire},
};
use serde::Serialize;

use super::{
    result::{self, Made},
    state::{DemoState, Tokens},
};
use crate::{app::App, body, respond};

/// `POST /demo/result`.
pub async fn call<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let issuer = &app.engine.settings().issuer;
    let state = DemoState::read(&app, &request);
    let form = body::form(&request, payload).await.ok();
    let csrf = form.as_ref().and_then(|form| form.one("csrf"));
    let Some(state) = state.filter(|state| csrf == Some(&state.csrf)) else {
        return respond::see_other(&issuer.url("/demo"));
    };
    let Some(tokens) = state.tokens.clone() else { return respond::see_other(&issuer.url("/demo")) };
    let (made, tokens) = match form.as_ref().and_then(|form| form.one("step")) {
        Some("introspect") => (introspect(&app, &tokens).await, tokens),
        Some("refresh") => refresh(&app, tokens).await,
        Some("revoke") => (revoke(&app, &tokens).await, tokens),
        Some("sign_out") => return sign_out(&app, &tokens),
        _ => (userinfo(&app, &tokens).await, tokens),
    };
    let state = DemoState { tokens: Some(tokens), ..state };
    let mut answer = result::render(&app, &request, &state, Some(&made));
    state.keep(&app, &mut answer);
    answer
}

async fn userinfo<V: DirectoryServices>(app: &App<V>, tokens: &Tokens) -> Made {
    let answer = app.engine.userinfo(&tokens.access).await;
    made("userinfo", format!("GET {}", url(app, Endpoint::UserInfo)), Vec::new(), answer)
}

async fn introspect<V: DirectoryServices>(app: &App<V>, tokens: &Tokens) -> Made {
    let answer = async {
        let client = app.engine.authenticate(result::credentials(app)?).await?;
        app.engine.introspect(client, &tokens.access).await
    };
    let parameters = vec![("token", tokens.access.clone())];
    made("introspect", format!("POST {}", url(app, Endpoint::Introspect)), parameters, answer.await)
}

async fn refresh<V: DirectoryServices>(app: &App<V>, tokens: Tokens) -> (Made, Tokens) {
    let refresh = tokens.refresh.clone().unwrap_or_default();
    let parameters = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", refresh)];
    let answer = result::exchange(app, &parameters).await;
    let next = match &answer {
        Ok(answer) => {
            let fresh = Tokens::of(answer.clone());
            Tokens { id: fresh.id.clone().or(tokens.id), ..fresh }
        }
        Err(_) => tokens,
    };
    (made("refresh", format!("POST {}", url(app, Endpoint::Token)), parameters, answer), next)
}

async fn revoke<V: DirectoryServices>(app: &App<V>, tokens: &Tokens) -> Made {
    let token = tokens.refresh.as_ref().unwrap_or(&tokens.access);
    let answer = async {
        let client = app.engine.authenticate(result::credentials(app)?).await?;
        app.engine.revoke(client, token).await
    };
    let parameters = vec![("token", token.clone())];
    let answer: Result<(), TokenError> = answer.await;
    let mut made = made("revoke", format!("POST {}", url(app, Endpoint::Revoke)), parameters, answer);
    if made.status == 200 {
        made.body = String::new();
    }
    made
}

/// RP-initiated logout, with the ID token as hint.
fn sign_out<V: DirectoryServices>(app: &App<V>, tokens: &Tokens) -> HttpResponse {
    let back = app.engine.settings().issuer.url("/demo");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("id_token_hint", tokens.id.as_deref().unwrap_or_default())
        .append_pair("post_logout_redirect_uri", &back)
        .finish();
    let mut answer = respond::see_other(&format!("{}?{query}", url(app, Endpoint::Logout)));
    DemoState::forget(app, &mut answer);
    answer
}

fn url<V: DirectoryServices>(app: &App<V>, endpoint: Endpoint) -> String {
    app.engine.settings().issuer.url(endpoint.path())
}

fn made<T: Serialize, E: Wire>(
    step: &'static str,
    request: String,
    parameters: Vec<(&'static str, String)>,
    answer: Result<T, E>,
) -> Made {
    let (status, body) = match answer {
        Ok(answer) => (200, serde_json::to_string_pretty(&answer).unwrap_or_default()),
        Err(error) => {
            let wire = error.wire();
            let body = serde_json::json!({ "error": wire.code.as_str(), "error_description": wire.description });
            (wire.status, serde_json::to_string_pretty(&body).unwrap_or_default())
        }
    };
    Made { step, request, parameters, status, body }
}
