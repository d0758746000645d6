//! What came back: the code is exchanged, and everything is shown.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::services::DirectoryServices;
use authly_pages::{Call, Claim, DemoResult, Parameter, Token, TokenKind};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    client::presented::PresentedClient,
    endpoint::Endpoint,
    error::{TokenError, Wire as _},
    grant::{request::TokenRequest, response::TokenResponse},
    ids::ClientId,
    params::Params,
    secret::Secret,
};
use serde_json::{Map, Value, json};

use super::{
    start,
    state::{DemoState, Tokens},
};
use crate::{app::App, page, respond};

/// `GET /demo/callback`: checks what a client has to check, and redeems the code.
pub async fn callback<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let Some(state) = DemoState::read(&app, &request) else {
        return respond::see_other(&app.engine.settings().issuer.url("/demo"));
    };
    let params = Params::parse(request.query_string().as_bytes()).unwrap_or_default();
    // RFC 6749 10.12 and RFC 9207 2.4: the answer, an error too, belongs to our request and comes from the server that we asked.
    if params.one("state") != Some(&state.state) || params.one("iss") != Some(app.engine.settings().issuer.as_str()) {
        return start::render(&app, &request, Some(("invalid_state", "the answer does not belong to this request")));
    }
    if let Some(error) = params.one("error") {
        return start::render(&app, &request, Some((error, params.one("error_description").unwrap_or_default())));
    }
    let code = params.one("code").unwrap_or_default().to_owned();
    let state = DemoState { code: Some(code), ..state };
    match exchange(&app, &token_parameters(&app, &state)).await {
        Ok(tokens) => {
            let nonce = tokens.id_token.as_deref().and_then(|token| claims(token)?.get("nonce").cloned());
            if nonce != Some(json!(state.nonce)) {
                return start::render(&app, &request, Some(("invalid_nonce", "the ID token is not for this request")));
            }
            let info = app.engine.userinfo(&tokens.access_token).await.unwrap_or_default();
            let name = info.get("email").or_else(|| info.get("sub")).and_then(Value::as_str);
            let account = name.unwrap_or_default().to_owned();
            let mut answer = respond::see_other(&app.engine.settings().issuer.url("/demo/result"));
            DemoState { tokens: Some(Tokens::of(tokens)), account, ..state }.keep(&app, &mut answer);
            answer
        }
        Err(error) => {
            let wire = error.wire();
            start::render(&app, &request, Some((wire.code.as_str(), &wire.description)))
        }
    }
}

/// `GET /demo/result`.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    match DemoState::read(&app, &request).filter(|state| state.tokens.is_some()) {
        Some(state) => render(&app, &request, &state, None),
        None => respond::see_other(&app.engine.settings().issuer.url("/demo")),
    }
}

impl Tokens {
    /// From the answer of the token endpoint.
    pub fn of(answer: TokenResponse) -> Self {
        Self {
            access: answer.access_token,
            id: answer.id_token,
            refresh: answer.refresh_token,
            expires_in: answer.expires_in,
            scope: answer.scope,
        }
    }
}

/// A token request of the demo's client.
pub async fn exchange<V: DirectoryServices>(
    app: &App<V>,
    parameters: &[(&'static str, String)],
) -> Result<TokenResponse, TokenError> {
    let params = Params::from_pairs(parameters.iter().map(|(name, value)| (*name, value.as_str())))?;
    let client = app.engine.authenticate(credentials(app)?).await?;
    app.engine.token(client, TokenRequest::parse(&params)?).await
}

/// How the demo proves who it is: HTTP Basic.
pub fn credentials<V: DirectoryServices>(app: &App<V>) -> Result<PresentedClient, TokenError> {
    let id = ClientId::parse(&start::client_id(app)).map_err(|_| oauth_core::error::ClientError::Unknown)?;
    let secret = app.http.development.as_ref().map(|development| development.demo_secret.expose().clone());
    Ok(PresentedClient::Basic { id, secret: Secret::new(secret.unwrap_or_default()), undecoded: None })
}

/// The parameters of the code exchange.
pub fn token_parameters<V: DirectoryServices>(app: &App<V>, state: &DemoState) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", state.code.clone().unwrap_or_default()),
        ("redirect_uri", start::redirect_uri(app)),
        ("code_verifier", state.verifier.clone()),
    ]
}

/// The claims of a JWT, for display only.
fn claims(token: &str) -> Option<Map<String, Value>> {
    part(token, 1)
}

fn part(token: &str, position: usize) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(position)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// A call that was made from the result page.
pub struct Made {
    /// `userinfo`, `introspect`, `refresh` or `revoke`.
    pub step: &'static str,
    /// The first line of the request.
    pub request: String,
    /// Its parameters.
    pub parameters: Vec<(&'static str, String)>,
    /// The status of the answer.
    pub status: u16,
    /// The answer, indented.
    pub body: String,
}

/// Renders the result page.
pub fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    state: &DemoState,
    made: Option<&Made>,
) -> HttpResponse {
    let issuer = &app.engine.settings().issuer;
    let Some(tokens) = &state.tokens else { return respond::see_other(&issuer.url("/demo")) };
    let (asked, sent) = (start::parameters(app, state), token_parameters(app, state));
    let code = state.code.clone().unwrap_or_default();
    let answered = [("code", code), ("state", state.state.clone()), ("iss", issuer.as_str().to_owned())];
    let shown: Vec<Shown> = [
        tokens.id.as_ref().map(|token| Shown::of(TokenKind::Id, token)),
        Some(Shown::of(TokenKind::Access, &tokens.access)),
        tokens.refresh.as_ref().map(|token| Shown::of(TokenKind::Refresh, token)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let rows: Vec<(Vec<Claim<'_>>, Vec<Claim<'_>>)> =
        shown.iter().map(|token| (claim_rows(&token.header), claim_rows(&token.claims))).collect();
    let views: Vec<Token<'_>> = shown
        .iter()
        .zip(&rows)
        .map(|(token, (header, claims))| Token { kind: token.kind, raw: &token.raw, header, claims })
        .collect();
    let call_rows = made.map(|made| parameter_rows(&made.parameters)).unwrap_or_default();
    let call = made.map(|made| Call {
        step: made.step,
        request: &made.request,
        parameters: &call_rows,
        status: made.status,
        body: &made.body,
    });
    let answer = json!({
        "access_token": shorten(&tokens.access),
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "scope": tokens.scope,
        "id_token": tokens.id.as_deref().map(shorten),
        "refresh_token": tokens.refresh.as_deref().map(shorten),
    });
    let view = DemoResult {
        action: "/demo/result",
        csrf: &state.csrf,
        account: &state.account,
        authorize_url: &issuer.url(Endpoint::Authorize.path()),
        request: &parameter_rows(&asked),
        response: &parameter_rows(&answered),
        token_url: &issuer.url(Endpoint::Token.path()),
        token_request: &parameter_rows(&sent),
        token_response: &serde_json::to_string_pretty(&answer).unwrap_or_default(),
        tokens: &views,
        call,
        can_refresh: tokens.refresh.is_some(),
    };
    let setting = page::Setting::of(request, None);
    page::html(StatusCode::OK, authly_pages::demo_result(&view, &setting.frame(app)), None)
}

struct Shown {
    kind: TokenKind,
    raw: String,
    header: Vec<(String, String)>,
    claims: Vec<(String, String)>,
}

impl Shown {
    fn of(kind: TokenKind, token: &str) -> Self {
        let rows = |position| {
            part(token, position).unwrap_or_default().into_iter().map(|(name, value)| (name, text(&value))).collect()
        };
        Self { kind, raw: token.to_owned(), header: rows(0), claims: rows(1) }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn claim_rows(rows: &[(String, String)]) -> Vec<Claim<'_>> {
    rows.iter().map(|(name, value)| Claim { name, value, note: None }).collect()
}

fn parameter_rows<'a>(rows: &'a [(&'static str, String)]) -> Vec<Parameter<'a>> {
    rows.iter().map(|(name, value)| Parameter { name, value }).collect()
}

/// The beginning of a token: the whole one stands beside.
fn shorten(token: &str) -> String {
    if token.len() <= 24 { token.to_owned() } else { format!("{}…", token.chars().take(20).collect::<String>()) }
}
