//! The sign-in page.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use authly_directory::{
    device::KnownDevice,
    services::DirectoryServices,
    signin::{Door, PageSignIn, PageVisit, SignInRefused, SignInRequest},
};
use authly_pages::{FormTarget, SignIn, SignInNotice};
use oauth_core::{
    authorize::error::PageError,
    browser::{Browser, BrowserId},
    csrf::{Form, FormBinding, Holder},
    endpoint::Endpoint,
    engine::{
        authorize::{Ask, Interaction, Step},
        session::Remember,
    },
    ids::TenantId,
    params::Params,
    pending::PendingId,
    secret::Secret,
    subject::Subject,
};

use super::{
    authorize::{self, Shown},
    choose, consent,
    cookies::{self, browser, browser_id, keep_browser_id},
    failure::{self, PageFailure},
    landing, recover, upstream, view,
};
use crate::{
    app::App,
    body,
    cookies::{self as jar, Name},
    page, respond,
};

/// `GET /sign-in`: for a request under way (`request=..`), or for the account page.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    if request.query_string().is_empty() {
        return render(&app, &request, None, None, "", &Shown::default());
    }
    let Some(id) = consent::request_id(request.query_string().as_bytes()) else {
        return match login_hint(&request) {
            Some(hint) => render(&app, &request, None, None, &hint, &Shown::default()),
            None => failure::render(&app, &request, &PageError::RequestExpired.into()),
        };
    };
    // "Use another account" leads here, so nobody is taken to be known.
    match app.engine.sign_in_page(id, &browser(&app, &request)) {
        Ok(interaction) => authorize::ask(&app, &request, &interaction, &Shown::default()),
        Err(error) => failure::render(&app, &request, &error.into()),
    }
}

/// The longest address that is filled in.
const LONGEST_HINT: usize = 320;

/// The sign-in page with an address filled in, for those who come by a link of ours.
pub fn hinted(address: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("login_hint", address).finish();
    format!("{}?{query}", Endpoint::SignIn.path())
}

/// Who means to sign in, where nothing else is asked for.
fn login_hint(request: &HttpRequest) -> Option<String> {
    let params = Params::parse_unrepeated(request.query_string().as_bytes()).ok()?;
    params.one("login_hint").filter(|hint| hint.len() <= LONGEST_HINT).map(str::to_owned)
}

/// `POST /sign-in`.
pub async fn submit<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let Ok(form) = body::form(&request, payload).await else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let id = form.one("request").and_then(PendingId::parse);
    let shown = Shown { identifier: form.one("identifier"), remember: form.one("remember").is_some(), notice: None };
    let (holder, _) = browser_id(&app, &request);
    let csrf = form.one("csrf").unwrap_or_default();
    if app.engine.check_form(&binding(holder, id.as_ref()), csrf).is_err() {
        let shown = Shown { notice: Some(SignInNotice::Expired), ..shown };
        return again(&app, &request, id, &shown, StatusCode::BAD_REQUEST).await;
    }
    let browser = browser(&app, &request);
    let visit = PageVisit {
        door: Door::Page,
        browser: &browser,
        remember: visit_length(shown.remember),
        user_agent: cookies::user_agent(&request),
    };
    let asked = SignInRequest { tenant: tenant_of(&app, id, &browser), ..credentials(&app, &request, &form) };
    let outcome = app.directory.sign_in_page(&asked, visit).await;
    if let Err(SignInRefused::Several(choices)) = &outcome {
        return choose::offer(&app, &request, id, visit_length(shown.remember), choices);
    }
    count(&app, Door::Page, asked.tenant, outcome.as_ref().ok().map(|signed_in| &signed_in.account.subject));
    match outcome {
        Ok(signed_in) => go_on(&app, &request, id, &signed_in),
        Err(SignInRefused::TooMany(wait)) => {
            let seconds = respond::retry_seconds(wait);
            let shown = Shown { notice: Some(SignInNotice::TooMany { seconds }), ..shown };
            let mut answer = again(&app, &request, id, &shown, StatusCode::TOO_MANY_REQUESTS).await;
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            answer
        }
        Err(SignInRefused::Busy(_) | SignInRefused::Contended) => failure::render(&app, &request, &PageFailure::Busy),
        Err(SignInRefused::Store(error)) => failure::render(&app, &request, &PageFailure::Store(error)),
        Err(
            SignInRefused::Failed
            | SignInRefused::Moved
            | SignInRefused::DoorClosed
            | SignInRefused::Several(_)
            | SignInRefused::Token(_),
        ) => {
            let shown = Shown { notice: Some(SignInNotice::Failed), ..shown };
            again(&app, &request, id, &shown, StatusCode::BAD_REQUEST).await
        }
    }
}

/// How long a session lasts.
const fn visit_length(remember: bool) -> Remember {
    if remember { Remember::Device } else { Remember::BrowserSession }
}

/// What was typed, and what the browser brings along.
fn credentials<V: DirectoryServices>(app: &App<V>, request: &HttpRequest, form: &Params) -> SignInRequest {
    SignInRequest {
        identifier: form.one("identifier").unwrap_or_default().to_owned(),
        password: Secret::new(form.one("password").unwrap_or_default().to_owned()),
        tenant: None,
        known_device: known_device(app, request),
        address: cookies::address(request),
        locale: page::Setting::of(request, None).language().to_owned(),
    }
}

/// The mark of a browser that has signed in before.
pub fn known_device<V: DirectoryServices>(app: &App<V>, request: &HttpRequest) -> Option<KnownDevice> {
    let value = jar::read(request, Name::Device.under(&app.engine.settings().issuer))?;
    let lifetime = app.directory.settings().known_device;
    KnownDevice::open(&value, app.engine.services().sealer(), app.engine.now(), lifetime)
}

/// Counts a sign-in by its door and tenant: the account's own if somebody signed in, otherwise the one that was asked for.
pub fn count<V: DirectoryServices>(app: &App<V>, door: Door, asked: Option<TenantId>, entered: Option<&Subject>) {
    let own = entered.and_then(|subject| subject.tenant.as_ref()).map(|tenant| tenant.id);
    let tenant = if entered.is_some() { own } else { asked };
    let catalog = app.engine.catalog();
    let slug = tenant.and_then(|id| catalog.tenant(id)).map_or("", |tenant| tenant.slug.as_str());
    app.metrics.login(door.name(), slug, entered.is_some());
}

/// Counts a sign-in with an upstream provider.
pub fn count_upstream<V: DirectoryServices>(app: &App<V>, entered: &Subject) {
    let slug = entered.tenant.as_ref().map_or("", |tenant| tenant.slug.as_str());
    app.metrics.login("upstream", slug, true);
}

/// The tenant whose accounts alone the client of a request under way serves.
pub fn tenant_of<V: DirectoryServices>(app: &App<V>, id: Option<PendingId>, browser: &Browser) -> Option<TenantId> {
    app.engine.sign_in_page(id?, browser).ok()?.client.tenant
}

/// Sets the cookies of the new session and goes on with 303 (SECURITY.md row 12).
pub fn go_on<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    id: Option<PendingId>,
    signed_in: &PageSignIn,
) -> HttpResponse {
    let issuer = &app.engine.settings().issuer;
    let target = match id {
        Some(id) => format!("{}?request={id}", Endpoint::Consent.path()),
        None => landing::address(request, issuer),
    };
    let mut answer = respond::see_other(&issuer.url(&target));
    if id.is_none() {
        landing::forget(&mut answer, request, issuer);
    }
    let session = &signed_in.session;
    let lifetime = session.remembered.then(|| session.expires_at.since(app.engine.now()));
    cookies::set_session(&mut answer, &signed_in.cookie, lifetime, issuer);
    keep_mark(app, &mut answer, signed_in.device.clone());
    answer
}

/// Gives a browser the mark by which it is known from now on.
pub fn keep_mark<V: DirectoryServices>(app: &App<V>, answer: &mut HttpResponse, mark: String) {
    let issuer = &app.engine.settings().issuer;
    let lifetime = Some(app.directory.settings().known_device);
    cookies::add(answer, &jar::set(Name::Device.under(issuer).to_owned(), mark, lifetime, issuer));
}

/// The page once more, for the same request under way; who has to prove again who they are is still known.
async fn again<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    id: Option<PendingId>,
    shown: &Shown<'_>,
    status: StatusCode,
) -> HttpResponse {
    let mut answer = match id {
        None => render(app, request, None, None, shown.identifier.unwrap_or_default(), shown),
        Some(id) => {
            let browser = browser(app, request);
            let resumed = app.engine.resume_authorization(id, &browser).await.map(|progress| progress.step);
            let interaction = match resumed {
                Ok(Step::Ask(interaction)) if matches!(interaction.ask, Ask::SignIn { .. }) => Ok(*interaction),
                Ok(_) | Err(_) => app.engine.sign_in_page(id, &browser),
            };
            match interaction {
                Ok(interaction) => authorize::ask(app, request, &interaction, shown),
                Err(error) => return failure::render(app, request, &error.into()),
            }
        }
    };
    *answer.status_mut() = status;
    answer
}

/// Renders the page; its form is bound to the browser's own mark, which is set if it is new.
pub fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    interaction: Option<&Interaction>,
    account: Option<&Subject>,
    identifier: &str,
    shown: &Shown<'_>,
) -> HttpResponse {
    let issuer = &app.engine.settings().issuer;
    let (holder, fresh) = browser_id(app, request);
    let id = interaction.map(|interaction| interaction.request);
    let csrf = app.engine.form_token(&binding(holder, id.as_ref()));
    let known = account.map(view::account);
    let request_id = id.map(|id| id.to_string()).unwrap_or_default();
    let with_request =
        |path: &str| if request_id.is_empty() { path.to_owned() } else { format!("{path}?request={request_id}") };
    // Whoever registers is in no tenant, so that a client of one would refuse them.
    let open = app.http.registration && interaction.is_none_or(|interaction| interaction.client.tenant.is_none());
    let register = open.then(|| with_request(Endpoint::SignUp.path()));
    let forgot = recover::sends_mail(app).then(|| with_request(Endpoint::ForgotPassword.path()));
    let switch = with_request(Endpoint::SignIn.path());
    let offers = upstream::offers(app, holder, id.as_ref());
    let upstreams: Vec<_> = offers.iter().map(upstream::Offer::view).collect();
    let logos = app.http.logos.now();
    let view = SignIn {
        action: Endpoint::SignIn.path(),
        request: &request_id,
        csrf: &csrf,
        client: interaction.map(|interaction| view::client(&interaction.client, &logos)),
        identifier: known.as_deref().unwrap_or(identifier),
        reauthenticate: known.is_some(),
        switch_url: known.is_some().then_some(switch.as_str()),
        notice: shown.notice,
        offer_remember: true,
        remember: shown.remember,
        register_url: register.as_deref(),
        forgot_url: forgot.as_deref(),
        offer_cancel: false,
        upstreams: &upstreams,
    };
    let setting = page::Setting::of(request, interaction.and_then(|interaction| interaction.ui_locales.as_deref()));
    let target = interaction.and_then(authorize::form_action);
    let html = authly_pages::sign_in(&view, &setting.frame(app));
    let mut answer = page::html(StatusCode::OK, html, target.as_deref().and_then(FormTarget::parse));
    keep_browser_id(&mut answer, (holder, fresh), issuer);
    answer
}

fn binding(holder: BrowserId, request: Option<&PendingId>) -> FormBinding<'_> {
    FormBinding { form: Form::SignIn, holder: Holder::Browser(holder), request, shown: "" }
}
