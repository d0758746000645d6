//! The account chooser: because the client asks for it (`prompt=select_account`, OpenID Connect Core 3.1.2.1), or because several
//! accounts have the name and password that were typed (MIGRATION.md 3.4).

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use authly_directory::{
    choose::{Choice, Offer},
    services::DirectoryServices,
    signin::{Door, PageVisit, SignInRefused},
};
use authly_pages::{Chooser, FormTarget, KnownAccount};
use oauth_core::{
    authorize::error::PageError,
    browser::BrowserId,
    csrf::{Form, FormBinding, Holder},
    endpoint::Endpoint,
    engine::{authorize::Interaction, session::Remember},
    ids::UserId,
    pending::PendingId,
    subject::Subject,
};

use super::{
    authorize,
    cookies::{self, browser, browser_id},
    failure::{self, PageFailure},
    sign_in, view,
};
use crate::{app::App, body, page, respond};

/// `POST /choose-account`: the user takes an account that is offered, or another one.
pub async fn choose<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let Ok(form) = body::form(&request, payload).await else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let id = form.one("request").and_then(PendingId::parse);
    match (form.one("account").and_then(Chosen::parse), id) {
        (Some(Chosen::Offered { user, remember, token }), id) => {
            sign_in_as(&app, &request, id, user, remember, token).await
        }
        (_, None) if form.one("request").is_some() => failure::render(&app, &request, &PageError::Form.into()),
        (Some(Chosen::Current), Some(id)) => {
            let csrf = form.one("csrf").unwrap_or_default();
            match app.engine.choose_account(id, csrf, &browser(&app, &request)).await {
                Ok(progress) => authorize::render(&app, &request, progress),
                Err(error) => failure::render(&app, &request, &error.into()),
            }
        }
        (_, Some(id)) => {
            let url = format!("{}?request={id}", Endpoint::SignIn.path());
            respond::see_other(&app.engine.settings().issuer.url(&url))
        }
        (_, None) => respond::see_other(&app.engine.settings().issuer.url(Endpoint::SignIn.path())),
    }
}

/// What a button of the page stands for.
enum Chosen<'a> {
    /// The account of the session.
    Current,
    /// One of several with the name and password that were typed.
    Offered { user: UserId, remember: Remember, token: &'a str },
}

impl<'a> Chosen<'a> {
    fn parse(value: &'a str) -> Option<Self> {
        if value == CURRENT {
            return Some(Self::Current);
        }
        let (user, rest) = value.split_once('.')?;
        let (remember, token) = rest.split_once('.')?;
        let remember = [Remember::BrowserSession, Remember::Device].into_iter().find(|one| word(*one) == remember)?;
        Some(Self::Offered { user: UserId::parse(user)?, remember, token })
    }
}

const fn word(remember: Remember) -> &'static str {
    match remember {
        Remember::BrowserSession => "s",
        Remember::Device => "d",
    }
}

/// Each offer is bound to the browser, the request under way, the account, its password and the length of the session.
fn offer_binding<'a>(holder: BrowserId, request: Option<&'a PendingId>, shown: &'a str) -> FormBinding<'a> {
    FormBinding { form: Form::ChooseAccount, holder: Holder::Browser(holder), request, shown }
}

fn shown(choice: &Choice, remember: Remember) -> String {
    format!("{} {} {}", choice.account.subject.id, choice.proof, word(remember))
}

/// The page that asks which of several accounts with the same name and password is meant.
pub fn offer<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    id: Option<PendingId>,
    remember: Remember,
    choices: &[Choice],
) -> HttpResponse {
    let browser = browser(app, request);
    let interaction = id.and_then(|id| app.engine.sign_in_page(id, &browser).ok());
    let (holder, _) = browser_id(app, request);
    let catalog = app.engine.catalog();
    let expires_at = Offer { proven_at: app.engine.now() }.ends_at();
    let rows: Vec<_> = choices
        .iter()
        .map(|choice| {
            let binding = shown(choice, remember);
            let token = offer_binding(holder, id.as_ref(), &binding).token(app.engine.services().sealer(), expires_at);
            let subject = &choice.account.subject;
            let tenant = subject.tenant.as_ref().and_then(|tenant| catalog.tenant(tenant.id));
            let name = tenant.map_or_else(|| view::account(subject), |tenant| tenant.name.clone());
            (format!("{}.{}.{token}", subject.id, word(remember)), name, choice.account.username.as_str())
        })
        .collect();
    let accounts: Vec<_> =
        rows.iter().map(|(value, name, detail)| KnownAccount { value, name, detail, signed_in: true }).collect();
    let logos = app.http.logos.now();
    let view = Chooser {
        action: Endpoint::ChooseAccount.path(),
        request: &id.map(|id| id.to_string()).unwrap_or_default(),
        csrf: "",
        client: interaction.as_ref().map(|interaction| view::client(&interaction.client, &logos)),
        accounts: &accounts,
        same_password: true,
    };
    let locales = interaction.as_ref().and_then(|interaction| interaction.ui_locales.as_deref());
    let setting = page::Setting::of(request, locales);
    let target = interaction.as_ref().and_then(authorize::form_action);
    page::html(
        StatusCode::OK,
        authly_pages::chooser(&view, &setting.frame(app)),
        target.as_deref().and_then(FormTarget::parse),
    )
}

/// Somebody who has the password said which account is meant.
async fn sign_in_as<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    id: Option<PendingId>,
    user: UserId,
    remember: Remember,
    token: &str,
) -> HttpResponse {
    let choice = match app.directory.choice(user).await {
        Ok(Some(choice)) => choice,
        Ok(None) => return failure::render(app, request, &PageError::Form.into()),
        Err(error) => return failure::render(app, request, &PageFailure::Store(error)),
    };
    let (holder, _) = browser_id(app, request);
    let Ok(ends) = app.engine.form_expiry(&offer_binding(holder, id.as_ref(), &shown(&choice, remember)), token) else {
        return failure::render(app, request, &PageError::Form.into());
    };
    let offer = Offer::ending_at(ends);
    let browser = browser(app, request);
    let visit = PageVisit { door: Door::Page, browser: &browser, remember, user_agent: cookies::user_agent(request) };
    let known = sign_in::known_device(app, request);
    match app.directory.sign_in_chosen(&choice, offer, known, cookies::address(request), visit).await {
        Ok(signed_in) => {
            sign_in::count(app, Door::Page, None, Some(&signed_in.account.subject));
            sign_in::go_on(app, request, id, &signed_in)
        }
        Err(SignInRefused::Store(error)) => failure::render(app, request, &PageFailure::Store(error)),
        Err(_) => failure::render(app, request, &PageError::Form.into()),
    }
}

/// The value that stands for the account of the session.
const CURRENT: &str = "current";

/// Renders the page.
pub fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    interaction: &Interaction,
    account: &Subject,
    csrf: &str,
) -> HttpResponse {
    let name = view::account(account);
    let display = account.profile.name.clone().unwrap_or_else(|| name.clone());
    let accounts = [KnownAccount { value: CURRENT, name: &display, detail: &name, signed_in: true }];
    let logos = app.http.logos.now();
    let view = Chooser {
        action: Endpoint::ChooseAccount.path(),
        request: &interaction.request.to_string(),
        csrf,
        client: Some(view::client(&interaction.client, &logos)),
        accounts: &accounts,
        same_password: false,
    };
    let setting = page::Setting::of(request, interaction.ui_locales.as_deref());
    let target = authorize::form_action(interaction);
    page::html(
        StatusCode::OK,
        authly_pages::chooser(&view, &setting.frame(app)),
        target.as_deref().and_then(FormTarget::parse),
    )
}
