//! Signing out at the provider that a session came from (OpenID Connect RP-Initiated Logout 2), and on from there.
//!
//! The session here has ended before anybody goes anywhere: who does not come back is signed out all the same. Where the application
//! wanted them travels sealed to their browser, never as an address (SECURITY.md row 4).

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use authly_directory::{services::DirectoryServices, upstream::Origin};
use authly_pages::UpstreamFarewell;
use authly_upstream::farewell::Farewell;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    browser::{Browser, BrowserId},
    endpoint::Endpoint,
    params::Params,
    services::{Purpose, Sealer as _},
    settings::Issuer,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::cookies;
use crate::{app::App, respond};

/// How long somebody may take to sign out there.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The longest `state` that is read.
const LONGEST: usize = 8_192;

/// The way to a provider, for somebody who has signed out here.
pub struct Leaving {
    url: String,
    label: String,
    /// The mark of the browser, if it has to be set.
    mark: Option<BrowserId>,
}

impl Leaving {
    /// Sends them there.
    pub fn redirect(&self, issuer: &Issuer) -> HttpResponse {
        let mut answer = respond::see_other(&self.url);
        if let Some(mark) = self.mark {
            cookies::keep_browser_id(&mut answer, (mark, true), issuer);
        }
        answer
    }

    /// As a page offers it.
    pub fn view(&self) -> UpstreamFarewell<'_> {
        UpstreamFarewell { provider: &self.label, url: &self.url }
    }
}

#[derive(Serialize, Deserialize)]
struct WayOn {
    to: String,
    until: i64,
}

/// Where the session of this browser came from. Nobody is kept from signing out by a store that cannot tell.
pub async fn origin<V: DirectoryServices>(app: &App<V>, browser: &Browser) -> Option<Origin> {
    if app.upstreams.is_empty() {
        return None;
    }
    app.directory.origin(browser).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "where a session came from is not known");
        None
    })
}

/// The way to the provider that a session came from; `redirect` is where the application wants them in the end.
pub async fn to<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    origin: Option<Origin>,
    redirect: Option<&str>,
) -> Option<Leaving> {
    let origin = origin?;
    let upstream = app.upstreams.iter().find(|it| it.provider().issuer.as_str() == origin.issuer)?;
    let (holder, fresh) = cookies::browser_id(app, request);
    let services = app.engine.services();
    let state = redirect.map(|to| {
        let way_on = WayOn { to: to.to_owned(), until: app.engine.now().plus(LIFETIME).micros() };
        let clear = serde_json::to_vec(&way_on).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(services.sealer().seal(Purpose::UpstreamSignOut, holder.to_text().as_bytes(), &clear))
    });
    let back = app.engine.settings().issuer.url(Endpoint::SignedOut.path());
    let farewell = Farewell { id_token: origin.id_token.as_ref(), back: &back, state: state.as_deref() };
    let url = upstream.farewell(services.as_ref(), farewell).await?;
    let mark = (fresh && state.is_some()).then_some(holder);
    Some(Leaving { url, label: upstream.provider().label.clone(), mark })
}

/// Where somebody goes on to who is back from a provider, in the browser that set out and in time.
pub fn way_on<V: DirectoryServices>(app: &App<V>, request: &HttpRequest) -> Option<String> {
    let params = Params::parse_unrepeated(request.query_string().as_bytes()).ok()?;
    let sealed = URL_SAFE_NO_PAD.decode(params.one("state").filter(|state| state.len() <= LONGEST)?).ok()?;
    let (holder, _) = cookies::browser_id(app, request);
    let services = app.engine.services();
    let clear = services.sealer().open(Purpose::UpstreamSignOut, holder.to_text().as_bytes(), &sealed).ok()?;
    let way_on: WayOn = serde_json::from_slice(clear.expose()).ok()?;
    (app.engine.now() < Timestamp::from_micros(way_on.until)).then_some(way_on.to)
}
