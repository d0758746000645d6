//! Where somebody lands who signs in for a page of ours and for no application: back on the page that sent them.
//!
//! The page stands in a cookie and not in an address, so that it outlives a provider, a chooser and a forgotten password, and no link of
//! a stranger's says where a sign-in leads. What it may be is a list: whatever the cookie holds, nobody is sent anywhere else.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::Method};
use authly_directory::services::DirectoryServices;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{endpoint::Endpoint, settings::Issuer};

use super::cookies::add;
use crate::{
    app::App,
    cookies::{self, Name},
    edge::endpoint_of,
    respond,
};

/// How long somebody may take to sign in.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The longest address that is kept.
const LONGEST: usize = 1_000;

/// A page that somebody may land on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Landing {
    page: Endpoint,
    query: String,
}

impl Landing {
    fn parse(address: &str) -> Option<Self> {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let page = endpoint_of(path).filter(|page| {
            matches!(
                page,
                Endpoint::AdminMigration
                    | Endpoint::AdminMigrationLedger
                    | Endpoint::AdminMigrationRollback
                    | Endpoint::AdminMigrationRows
            )
        })?;
        // Written anew, so that nothing but parameters is left of it.
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form_urlencoded::parse(query.as_bytes()))
            .finish();
        (query.len() <= LONGEST).then_some(Self { page, query })
    }

    fn address(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{}{mark}{}", self.page.path(), self.query)
    }
}

/// Sends somebody to the sign-in page, who then comes back here if this is a page to land on, and to the account page otherwise.
pub fn sign_in_first<V: DirectoryServices>(app: &App<V>, request: &HttpRequest) -> HttpResponse {
    let issuer = &app.engine.settings().issuer;
    let mut answer = respond::see_other(&issuer.url(Endpoint::SignIn.path()));
    keep(&mut answer, request, issuer);
    answer
}

/// Notes the page that is asked for, and forgets the one that was.
pub fn keep(answer: &mut HttpResponse, request: &HttpRequest, issuer: &Issuer) {
    let landing = match *request.method() {
        Method::GET => Landing::parse(&request.uri().to_string()),
        _ => Landing::parse(request.path()),
    };
    match landing {
        Some(landing) => {
            let value = URL_SAFE_NO_PAD.encode(landing.address());
            add(answer, &cookies::set(Name::Landing.under(issuer).to_owned(), value, Some(LIFETIME), issuer));
        }
        None => forget(answer, request, issuer),
    }
}

/// Where a sign-in leads that is for no application.
pub fn address(request: &HttpRequest, issuer: &Issuer) -> String {
    kept(request, issuer).map_or_else(|| Endpoint::Account.path().to_owned(), |it| it.address())
}

/// Whether a page of ours sent somebody to sign in.
pub fn is_kept(request: &HttpRequest, issuer: &Issuer) -> bool {
    kept(request, issuer).is_some()
}

fn kept(request: &HttpRequest, issuer: &Issuer) -> Option<Landing> {
    let kept = URL_SAFE_NO_PAD.decode(cookies::read(request, Name::Landing.under(issuer))?).ok()?;
    Landing::parse(&String::from_utf8(kept).ok()?)
}

/// Forgets the page, if there is one.
pub fn forget(answer: &mut HttpResponse, request: &HttpRequest, issuer: &Issuer) {
    let name = Name::Landing.under(issuer);
    if cookies::read(request, name).is_some() {
        add(answer, &cookies::clear(name.to_owned(), issuer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_lands_anywhere_but_on_a_page_of_the_list() {
        let lands = |address: &str| Landing::parse(address).map(|landing| landing.address());
        for page in ["/admin/migration", "/admin/migration/rows?reason=hash_missing&after=a%2Fb"] {
            assert_eq!(lands(page).as_deref(), Some(page));
        }
        let odd = "/admin/migration?a=b\r\nx: y&c=//evil.example#d";
        assert_eq!(lands(odd).as_deref(), Some("/admin/migration?a=b%0D%0Ax%3A+y&c=%2F%2Fevil.example%23d"));
        let elsewhere = ["", "//evil.example", "https://evil.example/admin/migration", "/admin/migration/../evil"];
        let ours = ["/logout", "/sign-in", "/admin/migration/export?what=accounts", "/admin/migration#x", "/account"];
        for address in elsewhere.iter().chain(&ours) {
            assert_eq!(lands(address), None, "{address}");
        }
        assert_eq!(lands(&format!("/admin/migration?a={}", "x".repeat(LONGEST))), None);
    }
}
