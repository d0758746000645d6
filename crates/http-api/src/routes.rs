//! Routes, made from the table of endpoints: an endpoint without a handler does not compile.

use actix_web::{
    HttpRequest, HttpResponse, Resource, Route, guard,
    http::{Method, header},
    middleware::{Condition, from_fn},
    web::{self, ServiceConfig},
};
use authly_directory::services::DirectoryServices;
use oauth_core::endpoint::{Cors, Endpoint};

use crate::{admin, app::App, body, browser, demo, edge, legacy, oauth, page, public};

/// Adds all endpoints.
pub fn configure<V: DirectoryServices>(config: &mut ServiceConfig, app: &web::Data<App<V>>) {
    config.app_data(app.clone());
    config.app_data(web::PayloadConfig::new(app.http.body_limit));
    config.app_data(body::Limit(app.http.body_limit));
    for endpoint in Endpoint::ALL.iter().copied().filter(|endpoint| is_served(app, *endpoint)) {
        add(config, app, endpoint, routes::<V>(endpoint));
    }
    config.service(web::resource("/assets/{tail:.*}").route(get().to(public::assets::asset::<V>)));
    config.service(web::resource("/favicon.ico").route(get().to(public::assets::favicon::<V>)));
    if app.http.development.is_some() {
        demo::configure::<V>(config);
    }
    config.default_service(web::to(not_found::<V>));
}

/// Whether the installation has an endpoint at all.
fn is_served<V: DirectoryServices>(app: &App<V>, endpoint: Endpoint) -> bool {
    match endpoint {
        Endpoint::AuthorizeChallenge => app.engine.settings().first_party_challenge,
        Endpoint::UpstreamSignIn | Endpoint::UpstreamCallback | Endpoint::UpstreamLogout => !app.upstreams.is_empty(),
        adapter if is_adapter(adapter) => app.http.legacy_routes,
        _ => true,
    }
}

/// Whether an endpoint is the path of an earlier program to a door that has another one (C-06).
fn is_adapter(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::ApiLogin
            | Endpoint::ApiRegister
            | Endpoint::ApiResetPassword
            | Endpoint::ApiV1ChangePassword
            | Endpoint::ApiV1Login
            | Endpoint::ApiV1Register
            | Endpoint::ApiV1ResetPassword
            | Endpoint::ApiVerifyEmail
    )
}

fn add<V: DirectoryServices>(
    config: &mut ServiceConfig,
    app: &web::Data<App<V>>,
    endpoint: Endpoint,
    resource: Resource,
) {
    let resource = resource.default_service(web::to(move || method_not_allowed(endpoint)));
    let is_door = edge::closed::is_door(endpoint);
    let resource = resource.wrap(Condition::new(is_door, from_fn(edge::closed::door::<V, _>)));
    match endpoint.cors() {
        Cors::Nobody => config.service(resource),
        Cors::Anyone => config.service(resource.wrap(edge::cors::anyone(endpoint))),
        Cors::Clients => {
            config.service(resource.wrap(Condition::new(true, edge::cors::clients(app.clone(), endpoint))))
        }
    };
}

/// The handlers of an endpoint.
fn routes<V: DirectoryServices>(endpoint: Endpoint) -> Resource {
    let at = web::resource(endpoint.path());
    match endpoint {
        Endpoint::Authorize | Endpoint::LegacyAuthorize => at
            .route(get().to(browser::authorize::authorize::<V>))
            .route(web::post().to(browser::authorize::authorize::<V>)),
        Endpoint::Token => at.route(web::post().to(oauth::token::token::<V>)),
        Endpoint::Revoke => at.route(web::post().to(oauth::revoke::revoke::<V>)),
        Endpoint::Introspect => at.route(web::post().to(oauth::introspect::introspect::<V>)),
        Endpoint::UserInfo => {
            at.route(get().to(oauth::userinfo::userinfo::<V>)).route(web::post().to(oauth::userinfo::userinfo::<V>))
        }
        Endpoint::Logout => {
            at.route(get().to(browser::logout::logout::<V>)).route(web::post().to(browser::logout::logout::<V>))
        }
        Endpoint::Jwks => at.route(get().to(public::discovery::jwks::<V>)),
        Endpoint::Metadata | Endpoint::OpenIdConfiguration | Endpoint::LegacyMetadata => {
            at.route(get().to(public::discovery::metadata::<V>))
        }
        Endpoint::AuthorizeChallenge => at.route(web::post().to(oauth::challenge::challenge::<V>)),
        Endpoint::Challenge => at.route(web::post().to(legacy::challenge::challenge::<V>)),
        Endpoint::Refresh => at.route(web::post().to(legacy::refresh::refresh::<V>)),
        Endpoint::Register | Endpoint::ApiRegister | Endpoint::ApiV1Register => {
            at.route(web::post().to(legacy::register::register::<V>))
        }
        Endpoint::Me => at.route(get().to(legacy::me::me::<V>)),
        Endpoint::ApiLogin | Endpoint::ApiV1Login => at.route(web::post().to(legacy::login::login::<V>)),
        Endpoint::AdminClients => at.route(web::post().to(admin::clients::create::<V>)),
        Endpoint::AdminMigration => at.route(get().to(admin::migration::show::<V>)),
        Endpoint::AdminMigrationRows => at.route(get().to(admin::migration::rows::<V>)),
        Endpoint::AdminMigrationLedger => at.route(get().to(admin::migration::ledger::<V>)),
        Endpoint::AdminMigrationExport => at.route(get().to(admin::migration::export::<V>)),
        Endpoint::AdminMigrationRollback => {
            at.route(get().to(admin::migration::look::<V>)).route(web::post().to(admin::migration::take_back::<V>))
        }
        Endpoint::Health | Endpoint::HealthReady => at.route(get().to(public::health::ready::<V>)),
        Endpoint::HealthLive => at.route(get().to(public::health::live)),
        Endpoint::Metrics => at.route(get().to(public::health::metrics::<V>)),
        Endpoint::Home => at.route(get().to(public::home::home::<V>)),
        Endpoint::SignIn => {
            at.route(get().to(browser::sign_in::show::<V>)).route(web::post().to(browser::sign_in::submit::<V>))
        }
        Endpoint::UpstreamSignIn => at.route(get().to(browser::upstream::depart::<V>)),
        Endpoint::UpstreamCallback => at.route(get().to(browser::upstream::arrive::<V>)),
        Endpoint::UpstreamLogout => at.route(web::post().to(browser::upstream::logged_out::<V>)),
        Endpoint::Consent => {
            at.route(get().to(browser::consent::resume::<V>)).route(web::post().to(browser::consent::answer::<V>))
        }
        Endpoint::ChooseAccount => at.route(web::post().to(browser::choose::choose::<V>)),
        Endpoint::SignUp => {
            at.route(get().to(browser::register::show::<V>)).route(web::post().to(browser::register::submit::<V>))
        }
        Endpoint::Account => at.route(get().to(browser::account::show::<V>)),
        Endpoint::AccountPassword => at.route(web::post().to(browser::account::change_password::<V>)),
        Endpoint::AccountSessions => at.route(web::post().to(browser::account::end_session::<V>)),
        Endpoint::AccountApplications => at.route(web::post().to(browser::account::disconnect::<V>)),
        Endpoint::SignedOut => at.route(get().to(browser::logout::signed_out::<V>)),
        Endpoint::ForgotPassword => {
            at.route(get().to(browser::recover::ask::<V>)).route(web::post().to(browser::recover::send::<V>))
        }
        Endpoint::ResetPassword => {
            at.route(get().to(browser::recover::show::<V>)).route(web::post().to(browser::recover::set::<V>))
        }
        Endpoint::Invitation => {
            at.route(get().to(browser::invitation::show::<V>)).route(web::post().to(browser::invitation::accept::<V>))
        }
        Endpoint::VerifyEmail => {
            at.route(get().to(browser::verify::show::<V>)).route(web::post().to(browser::verify::confirm::<V>))
        }
        Endpoint::AccountVerification => at.route(web::post().to(browser::account::send_verification::<V>)),
        Endpoint::ApiResetPassword | Endpoint::ApiV1ResetPassword => {
            at.route(web::post().to(legacy::password::reset::<V>))
        }
        Endpoint::ApiV1ChangePassword => at.route(web::post().to(legacy::password::change::<V>)),
        Endpoint::ApiVerifyEmail => at.route(web::post().to(legacy::password::verify::<V>)),
        Endpoint::ChangePassword => at.route(get().to(public::well_known::change_password::<V>)),
        Endpoint::SecurityTxt => at.route(get().to(public::well_known::security_txt::<V>)),
    }
}

/// GET, and HEAD with it (RFC 9110 9.3.2).
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// 405 with the methods that the endpoint answers (RFC 9110 15.5.6).
async fn method_not_allowed(endpoint: Endpoint) -> HttpResponse {
    let mut methods = endpoint.methods().to_vec();
    if methods.contains(&Method::GET.as_str()) {
        methods.push("HEAD");
    }
    HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, methods.join(", "))).finish()
}

async fn not_found<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    page::not_found(&app, &request)
}
