//! Signing in with an upstream provider: the way there, the way back, and what it says when somebody has signed out there.
//!
//! The way there is a link and not a form, because browsers hold a form to the addresses that the page names, and where a provider
//! sends people on to is nobody's to know. The link carries the token that a form would.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    http::{StatusCode, header},
    web,
};
use authly_directory::{
    services::DirectoryServices,
    signin::{Door, PageVisit},
    upstream::{Arrival, NewUpstreamSignIn, Refusal, UpstreamRefused, browser_hash},
};
use authly_pages::{Problem, SignInNotice, UpstreamOffer};
use authly_upstream::{
    breaker::Health,
    heard::Hearing,
    keep::{Kept, LIFETIME, Stay},
    logout_token,
    party::{Anew, Departure, Upstream, UpstreamFault},
    provider::SignOut,
    response::{ResponseFault, UpstreamResponse},
};
use oauth_core::{
    authorize::error::PageError,
    browser::BrowserId,
    csrf::{Form, FormBinding, Holder},
    endpoint::Endpoint,
    engine::{authorize::Ask, session::Remember},
    error::{RequestError, WireError},
    params::Params,
    pending::PendingId,
};

use super::{
    authorize::{self, Shown},
    cookies::{self, browser, browser_id},
    failure::{self, PageFailure},
    landing, sign_in,
};
use crate::{
    app::App,
    body, page,
    respond::{self, Dialect, Failure},
};

/// What the sign-in page offers.
pub fn offers<V: DirectoryServices>(app: &App<V>, holder: BrowserId, request: Option<&PendingId>) -> Vec<Offer> {
    let offer = |upstream: &Upstream| {
        let name = upstream.provider().name.as_str();
        let csrf = app.engine.form_token(&binding(holder, request, name));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("provider", name).append_pair("csrf", &csrf);
        if let Some(id) = request {
            query.append_pair("request", &id.to_string());
        }
        Offer {
            label: upstream.provider().label.clone(),
            url: format!("{}?{}", Endpoint::UpstreamSignIn.path(), query.finish()),
            is_up: upstream.health() == Health::Up,
        }
    };
    app.upstreams.iter().map(offer).collect()
}

/// One way to sign in that is offered.
pub struct Offer {
    label: String,
    url: String,
    is_up: bool,
}

impl Offer {
    /// As the page shows it.
    pub fn view(&self) -> UpstreamOffer<'_> {
        UpstreamOffer { provider: &self.label, url: &self.url, is_up: self.is_up }
    }
}

fn binding<'a>(holder: BrowserId, request: Option<&'a PendingId>, provider: &'a str) -> FormBinding<'a> {
    FormBinding { form: Form::Upstream, holder: Holder::Browser(holder), request, shown: provider }
}

fn find<'a, V: DirectoryServices>(app: &'a App<V>, name: Option<&str>) -> Option<&'a Upstream> {
    app.upstreams.iter().find(|upstream| Some(upstream.provider().name.as_str()) == name)
}

/// Where a provider sends people back to: an address of its own for each, so that answers of one never look like another's (RFC 9700 4.4.2).
fn redirect_uri<V: DirectoryServices>(app: &App<V>, upstream: &Upstream) -> String {
    let path = Endpoint::UpstreamCallback.path().replace("{provider}", upstream.provider().name.as_str());
    app.engine.settings().issuer.url(&path)
}

/// `GET /sign-in/upstream`: sends the browser to a provider.
pub async fn depart<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let Ok(params) = Params::parse_unrepeated(request.query_string().as_bytes()) else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let Some(upstream) = find(&app, params.one("provider")) else { return page::not_found(&app, &request) };
    let id = params.one("request").and_then(PendingId::parse);
    let (holder, _) = browser_id(&app, &request);
    let name = upstream.provider().name.as_str();
    if app.engine.check_form(&binding(holder, id.as_ref(), name), params.one("csrf").unwrap_or_default()).is_err() {
        return sign_in_page(&app, &request, id, SignInNotice::Expired, StatusCode::BAD_REQUEST);
    }
    let address = cookies::address(&request);
    if let Err(refused) = app.directory.admit_departure(address.as_deref()).await {
        return turned_away(&app, &request, id, upstream, &refused);
    }
    let browser = browser(&app, &request);
    let hint = id.and_then(|id| app.engine.sign_in_page(id, &browser).ok()).and_then(|page| match page.ask {
        Ask::SignIn { login_hint, .. } => login_hint,
        Ask::ChooseAccount { .. } | Ask::Consent { .. } => None,
    });
    // Pages of administration ask for one too.
    let fresh = match id {
        Some(id) => app.engine.wants_fresh_proof(id, &browser),
        None => landing::is_kept(&request, &app.engine.settings().issuer),
    };
    let anew = if fresh { Anew::Yes } else { Anew::No };
    let redirect_uri = redirect_uri(&app, upstream);
    let departure =
        Departure { redirect_uri: &redirect_uri, request: id, stay: Stay::Browser, anew, hint: hint.as_deref() };
    let services = app.engine.services();
    let departed = match upstream.depart(services.as_ref(), departure).await {
        Ok(departed) => departed,
        Err(fault) => return failed(&app, &request, id, upstream, &fault),
    };
    let now = app.engine.now();
    let kept = app.directory.keep_departure(NewUpstreamSignIn {
        state: departed.state.hash(),
        browser: browser_hash(holder),
        provider: name.to_owned(),
        sealed: departed.kept.seal(&departed.state, services.sealer()),
        created_at: now,
        expires_at: now.plus(LIFETIME),
    });
    match kept.await {
        Ok(()) => respond::see_other(&departed.location),
        Err(error) => failure::render(&app, &request, &PageFailure::Store(error)),
    }
}

/// `GET /sign-in/upstream/{provider}/callback`: the browser is back.
pub async fn arrive<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    provider: web::Path<String>,
) -> HttpResponse {
    let Some(upstream) = find(&app, Some(provider.as_str())) else { return page::not_found(&app, &request) };
    let params = Params::parse(request.query_string().as_bytes()).unwrap_or_default();
    let expired = || failure::render(&app, &request, &PageError::RequestExpired.into());
    let Ok(response) = UpstreamResponse::read(&params) else { return expired() };
    let (holder, fresh) = browser_id(&app, &request);
    if fresh {
        return expired();
    }
    let taken = match app.directory.take_departure(response.state.hash(), holder).await {
        Ok(taken) => taken,
        Err(error) => return failure::render(&app, &request, &PageFailure::Store(error)),
    };
    let services = app.engine.services();
    let name = upstream.provider().name.as_str();
    let kept = taken.filter(|taken| taken.provider == name);
    let kept = kept.and_then(|taken| Kept::open(&taken.sealed, &response.state, services.sealer()));
    let Some(kept) = kept else {
        app.metrics.upstream(name, "unknown_state");
        return expired();
    };
    let redirect_uri = redirect_uri(&app, upstream);
    let arrived = match upstream.arrive(services.as_ref(), &response, &kept, &redirect_uri).await {
        Ok(arrived) => arrived,
        Err(fault) => {
            if let Some(error) = response.error() {
                tracing::info!(provider = name, error, "the provider answered with an error");
            }
            return failed(&app, &request, kept.request, upstream, &fault);
        }
    };
    let browser = browser(&app, &request);
    let remember = match kept.stay {
        Stay::Browser => Remember::BrowserSession,
        Stay::Device => Remember::Device,
    };
    let visit = PageVisit { door: Door::Page, browser: &browser, remember, user_agent: cookies::user_agent(&request) };
    let arrival = Arrival {
        identity: &arrived.identity,
        id_token: (upstream.provider().sign_out == SignOut::There).then_some(&arrived.id_token),
        authenticated_at: arrived.authenticated_at,
        rule: &upstream.provider().people,
        tenant: sign_in::tenant_of(&app, kept.request, &browser),
        visit,
        known_device: sign_in::known_device(&app, &request),
        address: cookies::address(&request),
    };
    match app.directory.sign_in_upstream(&arrival).await {
        Ok(signed_in) => {
            app.metrics.upstream(name, "success");
            sign_in::count_upstream(&app, &signed_in.account.subject);
            sign_in::go_on(&app, &request, kept.request, &signed_in)
        }
        Err(refused) => turned_away(&app, &request, kept.request, upstream, &refused),
    }
}

/// `POST /sign-in/upstream/logout`: a provider says that somebody has signed out there (OpenID Connect Back-Channel Logout 2.5 to 2.8).
pub async fn logged_out<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let bad = || Failure::from(RequestError::LogoutToken).error_response();
    let not_yet = |cause: &str| Failure::caused(WireError::unavailable(), &cause, Dialect::OAuth).error_response();
    let Ok(form) = body::form(&request, payload).await else { return bad() };
    let Some(token) = form.one("logout_token") else { return bad() };
    let Ok(issuer) = logout_token::claimed_issuer(token) else { return bad() };
    let Some(upstream) = app.upstreams.iter().find(|upstream| upstream.provider().issuer.as_str() == issuer) else {
        return bad();
    };
    let name = upstream.provider().name.as_str();
    match upstream.signed_out(app.engine.services().as_ref(), token).await {
        Ok(said) => match upstream.heard().hear(&said, app.engine.now()) {
            Hearing::Done => respond::empty_ok(),
            Hearing::UnderWay => not_yet("another request with this logout token is under way"),
            Hearing::News(doing) => {
                match app.directory.signed_out_upstream(&issuer, &said, cookies::address(&request)).await {
                    Ok(ended) => {
                        doing.done();
                        tracing::info!(provider = name, ended, "a provider ended sessions");
                        respond::empty_ok()
                    }
                    Err(error) => not_yet(&respond::causes(&error)),
                }
            }
        },
        Err(fault) => {
            tracing::warn!(provider = name, %fault, "a logout token is not taken");
            bad()
        }
    }
}

/// The sign-in page with what went wrong at the provider; nothing of it depends on any account here.
fn failed<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    id: Option<PendingId>,
    upstream: &Upstream,
    fault: &UpstreamFault,
) -> HttpResponse {
    let name = upstream.provider().name.as_str();
    let (notice, status, result) = match fault {
        UpstreamFault::Response(ResponseFault::Cancelled) => {
            (SignInNotice::UpstreamCancelled, StatusCode::OK, "cancelled")
        }
        UpstreamFault::Untold => (SignInNotice::UpstreamNotFresh, StatusCode::BAD_GATEWAY, "not_fresh"),
        fault if fault.is_away() => (SignInNotice::UpstreamAway, StatusCode::SERVICE_UNAVAILABLE, "away"),
        _ => (SignInNotice::UpstreamFailed, StatusCode::BAD_GATEWAY, "failed"),
    };
    app.metrics.upstream(name, result);
    tracing::warn!(provider = name, %fault, "a sign-in with a provider failed");
    sign_in_page(app, request, id, notice, status)
}

/// Whom the rules keep out. Two pages: no account that could be used, and no tenant; which account is meant is told to nobody.
fn turned_away<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    id: Option<PendingId>,
    upstream: &Upstream,
    refused: &UpstreamRefused,
) -> HttpResponse {
    let name = upstream.provider().name.as_str();
    match refused {
        UpstreamRefused::Contended => failure::render(app, request, &PageFailure::Busy),
        UpstreamRefused::Store(error) => {
            tracing::error!(%error, cause = ?error.source, "a sign-in with a provider failed");
            page::busy(app, request, 2, StatusCode::SERVICE_UNAVAILABLE)
        }
        UpstreamRefused::TooMany(wait) => {
            let seconds = respond::retry_seconds(*wait);
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut answer = sign_in_page(app, request, id, SignInNotice::TooMany { seconds }, status);
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            answer
        }
        UpstreamRefused::Refused(refusal) => {
            app.metrics.upstream(name, refusal.code());
            tracing::warn!(provider = name, reason = refusal.code(), account = ?refusal.account(), "somebody is turned away");
            let problem = match refusal {
                Refusal::NoTenant(_) => Problem::UpstreamNoTenant,
                _ => Problem::UpstreamNoAccount,
            };
            page::problem(app, request, StatusCode::FORBIDDEN, problem, None)
        }
    }
}

/// The sign-in page for the request under way, or for none if it is over.
fn sign_in_page<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    id: Option<PendingId>,
    notice: SignInNotice,
    status: StatusCode,
) -> HttpResponse {
    let shown = Shown { notice: Some(notice), ..Shown::default() };
    let mut answer = match id {
        None => sign_in::render(app, request, None, None, "", &shown),
        Some(id) => match app.engine.sign_in_page(id, &browser(app, request)) {
            Ok(interaction) => authorize::ask(app, request, &interaction, &shown),
            Err(error) => return failure::render(app, request, &error.into()),
        },
    };
    *answer.status_mut() = status;
    answer
}
