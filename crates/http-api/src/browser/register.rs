//! The page that creates an account.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use authly_directory::{
    password::PasswordRefused,
    register::{FieldProblem, RegisterRefused, Registration},
    services::DirectoryServices,
};
use authly_pages::{FormTarget, Note, Register, RegisterError};
use oauth_core::{
    authorize::error::PageError,
    csrf::{Form, FormBinding, Holder},
    endpoint::Endpoint,
    engine::authorize::Interaction,
    params::Params,
    pending::PendingId,
    secret::Secret,
};

use super::{
    authorize, consent,
    cookies::{self, browser, browser_id, keep_browser_id},
    failure::{self, PageFailure},
    mail_link, recover, view,
};
use crate::{app::App, body, page, respond};

/// `GET /register`.
pub async fn show<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    if !app.http.registration {
        return page::not_found(&app, &request);
    }
    let id = consent::request_id(request.query_string().as_bytes());
    render(&app, &request, id, &Params::default(), &[], StatusCode::OK)
}

/// `POST /register`: whatever becomes of it, the way on is the sign-in page, so that the answer tells nothing of who has an account.
pub async fn submit<V: DirectoryServices>(
    app: web::Data<App<V>>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    if !app.http.registration {
        return page::not_found(&app, &request);
    }
    let Ok(form) = body::form(&request, payload).await else {
        return failure::render(&app, &request, &PageError::Form.into());
    };
    let id = form.one("request").and_then(PendingId::parse);
    let (holder, _) = browser_id(&app, &request);
    let binding =
        FormBinding { form: Form::Register, holder: Holder::Browser(holder), request: id.as_ref(), shown: "" };
    if app.engine.check_form(&binding, form.one("csrf").unwrap_or_default()).is_err() {
        return render(&app, &request, id, &form, &[RegisterError::Expired], StatusCode::BAD_REQUEST);
    }
    let text = |name| form.one(name).unwrap_or_default().to_owned();
    let registration = Registration {
        email: text("email"),
        username: text("username"),
        password: Secret::new(text("password")),
        visitor: cookies::visitor(&request),
    };
    match app.directory.register(&registration).await {
        Ok(_) if recover::sends_mail(&app) => {
            mail_link::note(&app, &request, Note::Registered, StatusCode::OK, &recover::sign_in_path(id))
        }
        Ok(_) => {
            let query = id.map(|id| format!("?request={id}")).unwrap_or_default();
            respond::see_other(&app.engine.settings().issuer.url(&format!("{}{query}", Endpoint::SignIn.path())))
        }
        Err(RegisterRefused::Fields(problems)) => {
            let errors: Vec<_> = problems.iter().map(error).collect();
            render(&app, &request, id, &form, &errors, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(RegisterRefused::TooMany(wait)) => {
            let seconds = respond::retry_seconds(wait);
            let mut answer = page::busy(&app, &request, seconds, StatusCode::TOO_MANY_REQUESTS);
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            answer
        }
        Err(RegisterRefused::Closed) => page::not_found(&app, &request),
        Err(RegisterRefused::Busy(_) | RegisterRefused::Contended) => {
            failure::render(&app, &request, &PageFailure::Busy)
        }
        Err(RegisterRefused::Store(error)) => failure::render(&app, &request, &PageFailure::Store(error)),
    }
}

/// What the page says of a field; the directory's sentence is for programs.
fn error(problem: &FieldProblem) -> RegisterError {
    match problem.field {
        "email" => RegisterError::EmailInvalid,
        "username" => RegisterError::UsernameInvalid,
        _ => match problem.policy {
            Some(PasswordRefused::TooShort(_)) => RegisterError::PasswordShort,
            Some(PasswordRefused::TooLong(_)) => RegisterError::PasswordLong,
            Some(PasswordRefused::Nul | PasswordRefused::Personal) | None => RegisterError::PasswordCommon,
        },
    }
}

fn render<V: DirectoryServices>(
    app: &App<V>,
    request: &HttpRequest,
    id: Option<PendingId>,
    form: &Params,
    errors: &[RegisterError],
    status: StatusCode,
) -> HttpResponse {
    let interaction: Option<Interaction> = id.and_then(|id| app.engine.sign_in_page(id, &browser(app, request)).ok());
    let id = interaction.as_ref().map(|interaction| interaction.request);
    let (holder, fresh) = browser_id(app, request);
    let csrf = app.engine.form_token(&FormBinding {
        form: Form::Register,
        holder: Holder::Browser(holder),
        request: id.as_ref(),
        shown: "",
    });
    let request_id = id.map(|id| id.to_string()).unwrap_or_default();
    let query = id.map(|id| format!("?request={id}")).unwrap_or_default();
    let logos = app.http.logos.now();
    let view = Register {
        action: Endpoint::SignUp.path(),
        request: &request_id,
        csrf: &csrf,
        client: interaction.as_ref().map(|interaction| view::client(&interaction.client, &logos)),
        email: form.one("email").unwrap_or_default(),
        username: form.one("username").unwrap_or_default(),
        password_min: u64::try_from(app.http.password_min).unwrap_or(u64::MAX),
        errors,
        sign_in_url: Some(&format!("{}{query}", Endpoint::SignIn.path())),
    };
    let setting = page::Setting::of(request, interaction.as_ref().and_then(|found| found.ui_locales.as_deref()));
    let target = interaction.as_ref().and_then(authorize::form_action);
    let html = authly_pages::register(&view, &setting.frame(app));
    let mut answer = page::html(status, html, target.as_deref().and_then(FormTarget::parse));
    keep_browser_id(&mut answer, (holder, fresh), &app.engine.settings().issuer);
    answer
}
