//! Small things people expect: where to change a password, whom to tell of a vulnerability.

use actix_web::{HttpRequest, HttpResponse, web};
use authly_directory::services::DirectoryServices;
use oauth_core::{endpoint::Endpoint, time::Timestamp};

use crate::{app::App, page, respond};

/// `GET /.well-known/change-password`: to the account page, as password managers expect.
pub async fn change_password<V: DirectoryServices>(app: web::Data<App<V>>) -> HttpResponse {
    respond::see_other(&app.engine.settings().issuer.url(Endpoint::Account.path()))
}

/// `GET /.well-known/security.txt` (RFC 9116); 404 while no contact is configured.
pub async fn security_txt<V: DirectoryServices>(app: web::Data<App<V>>, request: HttpRequest) -> HttpResponse {
    let Some(contact) = &app.http.security_contact else { return page::not_found(&app, &request) };
    let contact = if contact.contains(':') { contact.clone() } else { format!("mailto:{contact}") };
    let expires =
        Timestamp::from_seconds(app.engine.now().plus(std::time::Duration::from_secs(180 * 86_400)).seconds());
    let canonical = app.engine.settings().issuer.url(Endpoint::SecurityTxt.path());
    let text = format!("Contact: {contact}\nExpires: {}\nCanonical: {canonical}\n", expires.to_rfc3339());
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}
