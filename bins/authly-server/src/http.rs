//! From the settings of the installation to those of its HTTP side.

use std::net::{IpAddr, Ipv4Addr};

use authly_config::{Fallback, Network, Settings};
use authly_http_api::{Development, HttpSettings, edge, logo::Logos};
use authly_pages::{Accent, Theme};
use authly_runtime::{Trouble, development::DEMO_CLIENT};
use oauth_core::{limit::Rate, secret::Secret};

use crate::logos;

/// The HTTP side's settings; the demo exists where it has a secret, which is in development mode.
pub(crate) fn settings(settings: &Settings, demo_secret: Option<&Secret<String>>) -> Result<HttpSettings, Trouble> {
    Ok(HttpSettings {
        allowed_hosts: settings.listener.allowed_hosts.clone(),
        cors_origins: settings.listener.cors_origins.clone(),
        trusted_proxies: networks(&settings.listener.trusted_proxies)?,
        admin_networks: networks(&settings.admin.networks)?,
        client_failures: settings.limits.enabled.then(|| Rate::per_minute(settings.limits.per_minute)),
        legacy_routes: settings.legacy.routes,
        body_limit: settings.listener.body_limit,
        metrics: settings.operations.metrics,
        health: settings.operations.health,
        registration: settings.accounts.registration,
        password_min: settings.passwords.min_length,
        development: demo_secret.map(|secret| Development {
            store: settings.store.database.to_string(),
            demo_client: DEMO_CLIENT.to_owned(),
            demo_secret: secret.clone(),
        }),
        product: settings.pages.product_name.clone(),
        theme: theme(settings)?,
        logos: Logos::new(logos::load(settings)?),
        // In development the home page says who runs this.
        security_contact: settings
            .pages
            .security_contact
            .clone()
            .or_else(|| demo_secret.map(|_| format!("{}/", settings.issuer.url))),
        discovery_max_age: std::time::Duration::from_secs(3_600),
        jwks_max_age: settings.store.cache_lifetime,
        version: env!("CARGO_PKG_VERSION"),
        fallback_address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    })
}

fn networks(networks: &[Network]) -> Result<Vec<edge::network::Network>, Trouble> {
    let convert = |network: &Network| {
        format!("{}/{}", network.address(), network.prefix())
            .parse()
            .map_err(|error| Trouble::caused("cannot use a network of the settings", &error, "write it as 10.0.0.0/8"))
    };
    networks.iter().map(convert).collect()
}

/// The colours, where they are not those of the stylesheet.
fn theme(settings: &Settings) -> Result<Option<Theme>, Trouble> {
    let accent = settings.pages.accent_color.as_str();
    let usual = authly_config::settings().any(|row| {
        row.key == "pages.accent_color" && matches!(row.fallback, Fallback::Value(default) if default == accent)
    });
    if usual {
        return Ok(None);
    }
    let accent = Accent::parse(accent);
    accent
        .map(|accent| Some(accent.theme()))
        .map_err(|error| Trouble::caused("cannot use the accent color", &error, "write AUTHLY_ACCENT_COLOR as #rrggbb"))
}

#[cfg(test)]
mod tests {
    use authly_config::{Fallback, SETTINGS};

    #[test]
    fn the_documented_accent_color_is_that_of_the_pages() {
        let css = include_str!("../../../crates/pages/assets/authly.css");
        let accent = SETTINGS.iter().flat_map(|section| section.settings).find(|row| row.key == "pages.accent_color");
        let Some(Fallback::Value(documented)) = accent.map(|row| row.fallback) else { panic!("it has a default") };
        assert!(css.contains(&format!("--accent: {documented};")), "{documented}");
    }
}
