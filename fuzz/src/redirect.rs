//! The redirect matcher (RFC 6749 3.1.2.3, RFC 8252 7.3): nothing but the port of a loopback address may differ.

use oauth_core::redirect::{ApplicationType, LoopbackPorts, RedirectUri};
use url::{Host, Url};

/// Two lines: what is registered, what is presented.
pub fn redirect_matcher(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (registered, presented) = text.split_once('\n').unwrap_or((text, text));
    for application in [ApplicationType::Web, ApplicationType::Native] {
        let Ok(uri) = RedirectUri::parse(registered, application) else { continue };
        assert_eq!(uri.as_str(), registered, "the bytes of the registration are kept");
        assert!(!registered.contains(['#', '\\', '\n', '\r', ' ', '\0']), "{registered:?} should not be registered");
        assert!(uri.accepts(registered, LoopbackPorts::Exact) && uri.accepts(registered, LoopbackPorts::Free));
        let _host = (RedirectUri::display_host(registered), RedirectUri::form_action(registered));

        assert_eq!(uri.accepts(presented, LoopbackPorts::Exact), presented == registered);
        if uri.accepts(presented, LoopbackPorts::Free) && presented != registered {
            assert_eq!(without_port(registered), without_port(presented), "{registered:?} took {presented:?}");
        }
    }
}

/// The URI with the port of its loopback address taken away; panics if it is anything else.
fn without_port(text: &str) -> Url {
    let mut url = Url::parse(text).expect("an accepted URI is a URI");
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    assert!(loopback && url.scheme() == "http", "only loopback addresses have free ports, not {text:?}");
    assert!(url.username().is_empty() && url.password().is_none(), "{text:?} has a user");
    url.set_port(None).expect("http has ports");
    url
}
