//! What the demo remembers between two requests, sealed in a cookie.

use actix_web::{HttpRequest, HttpResponse};
use authly_directory::services::DirectoryServices;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    services::{Purpose, Sealer as _},
    token::OpaqueToken,
};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    browser::cookies::add,
    cookies::{self, Name},
};

/// The demo's side of one sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub struct DemoState {
    /// Binds the demo's own forms to this browser.
    pub csrf: String,
    /// The `state` of the request.
    pub state: String,
    /// The `nonce` of the request.
    pub nonce: String,
    /// The `code_verifier`.
    pub verifier: String,
    /// The code that came back; shown, and of no more use.
    pub code: Option<String>,
    /// What the token endpoint answered.
    pub tokens: Option<Tokens>,
    /// What the user is called, from userinfo.
    pub account: String,
}

/// What the token endpoint answered.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The ID token.
    pub id: Option<String>,
    /// The refresh token.
    pub refresh: Option<String>,
    /// Its lifetime in seconds.
    pub expires_in: u64,
    /// What it allows.
    pub scope: String,
}

const CONTEXT: &[u8] = b"demo";

impl DemoState {
    /// A fresh one.
    pub fn new<V: DirectoryServices>(app: &App<V>) -> Self {
        let random = || OpaqueToken::generate(app.engine.services().random()).expose().to_owned();
        Self {
            csrf: random(),
            state: random(),
            nonce: random(),
            verifier: random(),
            code: None,
            tokens: None,
            account: String::new(),
        }
    }

    /// Reads the cookie.
    pub fn read<V: DirectoryServices>(app: &App<V>, request: &HttpRequest) -> Option<Self> {
        let value = cookies::read(request, Name::Demo.under(&app.engine.settings().issuer))?;
        let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        let clear = app.engine.services().sealer().open(Purpose::AtRest, CONTEXT, &sealed).ok()?;
        serde_json::from_slice(clear.expose()).ok()
    }

    /// Writes the cookie.
    pub fn keep<V: DirectoryServices>(&self, app: &App<V>, answer: &mut HttpResponse) {
        let issuer = &app.engine.settings().issuer;
        let clear = serde_json::to_vec(self).unwrap_or_default();
        let sealed = app.engine.services().sealer().seal(Purpose::AtRest, CONTEXT, &clear);
        add(answer, &cookies::set(Name::Demo.under(issuer).to_owned(), URL_SAFE_NO_PAD.encode(sealed), None, issuer));
    }

    /// Forgets everything.
    pub fn forget<V: DirectoryServices>(app: &App<V>, answer: &mut HttpResponse) {
        let issuer = &app.engine.settings().issuer;
        add(answer, &cookies::clear(Name::Demo.under(issuer).to_owned(), issuer));
    }
}
