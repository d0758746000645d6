//! The edge: what happens to every request before and after its handler.
//!
//! Hosts are checked, the client's address is found, endpoints that are switched off are hidden, security headers are added, and
//! one line per request goes to the log and the metrics. Nothing here reads a body or knows a rule of the protocol.

pub mod address;
pub mod closed;
pub mod cors;
pub mod finish;
pub mod headers;
pub mod host;
pub mod network;
pub mod request_id;

use std::{net::IpAddr, time::Instant};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web,
};
use authly_directory::services::DirectoryServices;
use oauth_core::endpoint::{Availability, Endpoint};

pub use self::{
    address::ClientAddress,
    request_id::{RequestId, RequestIds},
};
use crate::{app::App, page, respond};

/// The middleware around everything.
///
/// A request that has begun is brought to its end, though its caller hangs up: a guess must be counted and written down, and what it began
/// for others must not stay half done.
pub async fn edge<V: DirectoryServices, B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    finish::Finish::new(answer::<V, B>(request, next)).await
}

async fn answer<V: DirectoryServices, B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let started = Instant::now();
    let Some(app) = request.app_data::<web::Data<App<V>>>().cloned() else {
        return Ok(request.into_response(HttpResponse::InternalServerError()).map_into_right_body());
    };
    let id = app.request_ids.next();
    let peer = request.peer_addr().map_or(app.http.fallback_address, |socket| socket.ip());
    let forwarded = if app.http.trusted_proxies.is_empty() { None } else { address::forwarded_for(request.headers()) };
    let client = address::client_address(peer, forwarded.as_deref(), &app.http.trusted_proxies);
    let is_obscured = address::is_obscured(peer, request.headers(), &app.http.trusted_proxies);
    let known = (!is_obscured).then_some(client.0);
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(id);
    // The path as the router reads it, percent encoding undone: a rule that judged another spelling could be walked around
    // (SECURITY.md row 57).
    let path = request.match_info().as_str().to_owned();
    let endpoint = endpoint_of(&path);
    let method = request.method().clone();
    let mut response = match turn_away(&app, &request, endpoint, &path, known) {
        Some(refusal) => request.into_response(refusal).map_into_right_body(),
        None => next.call(request).await?.map_into_left_body(),
    };
    headers::secure(response.headers_mut(), app.engine.settings().issuer.is_https());
    headers::insert_id(response.headers_mut(), id);
    let status = response.status();
    let elapsed = started.elapsed();
    app.metrics.request(endpoint, &method, status, elapsed);
    log(&response, status, elapsed, id);
    Ok(response)
}

/// The endpoint at `path`.
pub fn endpoint_of(path: &str) -> Option<Endpoint> {
    Endpoint::ALL.iter().copied().find(|endpoint| endpoint.is_at(path))
}

/// The answer to a request that gets no further.
fn turn_away<V: DirectoryServices>(
    app: &App<V>,
    request: &ServiceRequest,
    endpoint: Option<Endpoint>,
    path: &str,
    client: Option<IpAddr>,
) -> Option<HttpResponse> {
    // RFC 9112 3.2: more than one Host is no request at all; which of them somebody in front has judged is not known.
    if request.headers().get_all(header::HOST).nth(1).is_some() {
        return Some(respond::plain(StatusCode::BAD_REQUEST, "A request names one host."));
    }
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    // Probes say nothing that a stranger's page must not read; the metrics do.
    let is_probe = matches!(endpoint, Some(Endpoint::Health | Endpoint::HealthLive | Endpoint::HealthReady));
    let by_address = |host: Option<&str>| endpoint == Some(Endpoint::Metrics) && host.is_some_and(host::is_address);
    // RFC 9112 3.2.2: a target in absolute form names the host too.
    let target = request.uri().authority().map(|authority| authority.as_str());
    let is_foreign =
        |host| host::judge(host, &app.http.allowed_hosts) == host::HostVerdict::Foreign && !by_address(host);
    if !is_probe && (is_foreign(host) || target.is_some_and(|target| is_foreign(Some(target)))) {
        return Some(respond::plain(StatusCode::MISDIRECTED_REQUEST, "This server does not answer for that host."));
    }
    let is_admitted = client.is_some_and(|client| app.is_admin_network(client));
    if (path.starts_with("/admin") || endpoint == Some(Endpoint::Metrics)) && !is_admitted {
        return Some(respond::plain(
            StatusCode::FORBIDDEN,
            "This address is reached from the administration networks only.",
        ));
    }
    let needs_oauth = match endpoint {
        Some(endpoint) => endpoint.availability() == Availability::OAuth,
        None => path == "/demo" || path.starts_with("/demo/"),
    };
    if needs_oauth && !app.engine.catalog().switches.oauth_enabled {
        return Some(page::not_found(app, request.request()));
    }
    // Cookies and passkeys need one name: pages opened under 127.0.0.1 move to the issuer's (development mode only).
    if app.http.development.is_some()
        && page::is_page(endpoint, path)
        && *request.method() == actix_web::http::Method::GET
    {
        let wanted = app.issuer_host();
        if host.is_some_and(|host| !host.eq_ignore_ascii_case(wanted)) {
            let target = request.uri().path_and_query().map_or("/", |path| path.as_str());
            return Some(respond::see_other(&app.engine.settings().issuer.url(target)));
        }
    }
    None
}

fn log<B>(response: &ServiceResponse<B>, status: StatusCode, elapsed: std::time::Duration, id: RequestId) {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let request = response.request();
    // The path only: queries hold codes and states.
    if status.is_server_error() {
        tracing::warn!(target: "authly::access", method = %request.method(), path = request.path(), status = status.as_u16(), micros, request_id = %id, "request");
    } else {
        tracing::info!(target: "authly::access", method = %request.method(), path = request.path(), status = status.as_u16(), micros, request_id = %id, "request");
    }
}
