//! The listener: plain HTTP or TLS, with limits on slow and many clients.

use std::{io, net::TcpListener};

use actix_http::{HttpService, KeepAlive};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory as _, Service as _, ServiceFactoryExt as _, map_config};
use actix_web::{App as WebApp, body::BoxBody, dev::AppConfig, middleware::from_fn, web::Data};
use authly_config::Settings;
use authly_directory::services::DirectoryServices;
use authly_http_api::{App, body::Patience, configure, edge::edge};
use authly_passwords::Others;
use authly_runtime::Trouble;

use crate::tls::Certificate;

/// Takes the address.
pub(crate) fn bind(settings: &Settings) -> Result<(TcpListener, u16), Trouble> {
    let address = settings.listener.address;
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    });
    bound.map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => "stop the program that listens there, or choose another with --listen",
            _ => "choose an address of this machine with --listen",
        };
        Trouble::caused(format!("cannot listen on {address}"), &error, remedy)
    })
}

/// Answers on the listener with `app`, by as many workers as the settings say.
pub(crate) fn answer<V: DirectoryServices>(
    settings: &Settings,
    listener: TcpListener,
    certificate: Option<&Certificate>,
    others: &Others,
    app: Data<App<V>>,
) -> Result<Server, Trouble> {
    let builder = builder(settings);
    // Connections that are only kept open end when the server is told to stop, and do not hold it up.
    let stopping = builder.graceful_shutdown_signal();
    let others = others.clone();
    let options = settings.listener.clone();
    let acceptor = certificate.map(Certificate::acceptor).transpose()?;
    let name = "authly";
    let keep_alive = if options.keep_alive.is_zero() { KeepAlive::Disabled } else { options.keep_alive.into() };
    macro_rules! service {
        ($finish:ident) => {{
            let others = others.clone();
            let web = WebApp::new()
                .wrap(from_fn(edge::<V, BoxBody>))
                .wrap_fn(move |request, app| others.serve(app.call(request)))
                .app_data(Patience(options.request_timeout))
                .configure(|config| configure::<V>(config, &app))
                .into_factory()
                .map_err(|error: actix_web::Error| error.error_response());
            let stopping = stopping.clone();
            HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .keep_alive(keep_alive)
                .client_request_timeout(options.request_timeout)
                .client_disconnect_timeout(options.request_timeout)
                .tcp_nodelay(true)
                .$finish(map_config(web, |()| AppConfig::default()))
        }};
    }
    let server = match acceptor {
        None => builder.listen(name, listener, move || service!(finish).tcp()),
        Some(acceptor) => builder.listen(name, listener, move || service!(h1).openssl(acceptor.clone())),
    };
    Ok(server.map_err(|error| Trouble::caused("cannot listen", &error, ""))?.run())
}

fn builder(settings: &Settings) -> ServerBuilder {
    let workers = settings.server.workers.or(std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(2);
    ServerBuilder::default()
        .workers(workers)
        .max_concurrent_connections(settings.listener.max_connections.div_ceil(workers))
        .shutdown_timeout(settings.listener.shutdown_timeout.as_secs())
        .worker_max_blocking_threads(4)
        .disable_signals()
}
