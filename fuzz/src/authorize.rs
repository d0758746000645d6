//! The authorization request: an answer goes to a registered redirect URI or nowhere.

use std::sync::OnceLock;

use oauth_core::authorize::error::AuthorizeError;
use oauth_core::authorize::request::Reader;
use oauth_core::catalog::Catalog;
use oauth_core::client::Client;
use oauth_core::params::Params;
use oauth_core::scope::ScopeSet;
use oauth_core::settings::Settings;

use crate::redirect::redirect_matcher;
use crate::world::{NATIVE_REDIRECTS, SCOPES, WEB_REDIRECTS, catalog, settings};

static WORLD: OnceLock<(Catalog, Settings)> = OnceLock::new();

/// The query of `GET /authorize` or the body of a POST.
pub fn authorize_query(data: &[u8]) {
    let (catalog, settings) = WORLD.get_or_init(|| (catalog(), settings()));
    let Ok(params) = Params::parse(data) else { return };
    let hint = |_: &str, _: &Client| None;
    match (Reader { catalog, issuer: &settings.issuer, hint }).read(&params) {
        Ok(request) => {
            must_be_registered(request.client.as_str(), request.redirect.as_str());
            assert!(!request.scope.is_empty());
            assert!(request.scope.is_subset(&ScopeSet::parse(SCOPES).expect("they are scopes")), "{:?}", request.scope);
            assert_eq!(params.one("response_type"), Some("code"));
            assert_eq!(params.one("code_challenge_method"), Some("S256"));
            assert!(params.repeated().is_empty());
            assert_eq!(request.state.as_deref(), params.one("state"));
        }
        Err(AuthorizeError::Redirect(error)) => {
            must_be_registered(params.one("client_id").unwrap_or_default(), error.to.as_str())
        }
        Err(_) => {}
    }
}

fn must_be_registered(client: &str, uri: &str) {
    let registered: &[&str] = match client {
        "web-client" => &WEB_REDIRECTS,
        "native-client" => &NATIVE_REDIRECTS,
        other => panic!("an answer for the unknown client {other:?}"),
    };
    if !registered.contains(&uri) {
        assert_eq!(client, "native-client", "{uri:?} is not registered");
        // The port is free, and nothing else: the other target knows how to tell.
        assert!(NATIVE_REDIRECTS.iter().any(|known| same_but_for_the_port(known, uri)), "{uri:?} is not registered");
        NATIVE_REDIRECTS.iter().for_each(|known| redirect_matcher(format!("{known}\n{uri}").as_bytes()));
    }
}

fn same_but_for_the_port(known: &str, presented: &str) -> bool {
    let strip = |text: &str| url::Url::parse(text).ok().and_then(|mut url| url.set_port(None).ok().map(|()| url));
    strip(known).is_some_and(|url| strip(presented) == Some(url))
}
