//! From settings to a listening server, and to its end.

use std::{net::TcpListener, sync::Arc};

use actix_web::web::Data;
use authly_admin_cases::migrate::Desk;
use authly_config::{Report, Settings};
use authly_directory::directory::Directory;
use authly_http_api::App;
use authly_runtime::{
    AnyStore, Trouble,
    background::Background,
    convert, desk, live, mail,
    start::{self, Started},
    store::{self, Database, Visitor},
    upstream,
};
use oauth_core::engine::Engine;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{args::Source, banner, http, listen, logos::Folder, logs, reload, tls::Certificate};

/// Runs until it is told to stop.
pub(crate) fn run(source: &Source) -> Result<(), Trouble> {
    let report = source.report();
    let (settings, doubts) = source.settings()?;
    let logs = logs::start(&settings)?;
    doubts.iter().for_each(|doubt| tracing::warn!("{doubt}"));
    let certificate = settings.listener.tls.as_ref().map(Certificate::load).transpose()?;
    let (listener, port) = listen::bind(&settings)?;
    let settings = settings.listening_on(port);
    let serve = Serve { source, report, settings: &settings, logs, certificate, listener };
    actix_rt::System::new().block_on(store::visit(&settings, serve))?
}

/// A start over whichever store the settings name.
struct Serve<'a> {
    source: &'a Source,
    report: Report,
    settings: &'a Settings,
    logs: logs::Logs,
    certificate: Option<Certificate>,
    listener: TcpListener,
}

impl Visitor for Serve<'_> {
    type Output = Result<(), Trouble>;

    async fn visit<D: Database>(self, database: D) -> Self::Output {
        let Self { source, report, settings, logs, certificate, listener } = self;
        let (mut stop, hang_up) = (Stop::catch()?, catch(SignalKind::hangup())?);
        for step in store::bring_up_to_date(settings, &database).await? {
            tracing::info!(step, "the schema was brought up to date");
        }
        let started = start::start(settings, database.open().await?).await?;
        let desk = desk::desk(settings, &started.live);
        let app = Data::new(app(settings, &started, desk)?);
        let uses = actix_rt::spawn(write_uses(app.clone()));
        let others = started.live.hash_pool().others();
        let server = listen::answer(settings, listener, certificate.as_ref(), others, app.clone())?;
        let background = Background::start(settings, &started.live, mail::post(settings)?);
        let files = reload::Files { certificate, logos: Folder::follow(settings, &app.http.logos) };
        let reload = reload::follow(source.clone(), report, started.live.clone(), logs, files, hang_up);
        let reload = actix_rt::spawn(reload);
        let handle = server.handle();
        let signals = actix_rt::spawn(async move {
            stop.told().await;
            tracing::info!("stopping: what is in flight is finished first");
            tokio::select! {
                () = handle.stop(true) => {}
                () = stop.told() => handle.stop(false).await,
            }
        });
        banner::print(settings, &started);
        tracing::info!(
            issuer = settings.issuer.url.as_str(),
            address = %settings.listener.address,
            store = %settings.store.database,
            environment = %settings.server.environment,
            version = env!("CARGO_PKG_VERSION"),
            "authly-server answers"
        );
        let ended = server.await;
        reload.abort();
        signals.abort();
        uses.abort();
        if let Err(error) = app.write_uses().await {
            tracing::warn!(%error, "the last uses are not counted");
        }
        background.stop(settings.listener.shutdown_timeout).await;
        tracing::info!("stopped");
        ended.map_err(|error| Trouble::caused("the server ended", &error, "look into its log"))
    }
}

/// Writes now and then what has been used, so that no request waits for a counter.
async fn write_uses<S: AnyStore>(app: Data<App<live::Live<S>>>) {
    const EVERY: std::time::Duration = std::time::Duration::from_secs(30);
    loop {
        actix_rt::time::sleep(EVERY).await;
        if let Err(error) = app.write_uses().await {
            tracing::warn!(%error, "uses wait to be counted");
        }
    }
}

/// The application: the engine, the directory and administration over the same services.
fn app<S: AnyStore>(
    settings: &Settings,
    started: &Started<S>,
    desk: Box<dyn Desk>,
) -> Result<App<live::Live<S>>, Trouble> {
    let services = started.live.clone();
    let engine = Engine::new(services.clone(), Arc::new(started.engine.clone()));
    let directory = Directory::new(engine.clone(), Arc::new(convert::directory(settings)));
    let admin = live::admin(settings, &services);
    let mut app = App::new(engine, directory, admin, http::settings(settings, started.demo_secret.as_ref())?);
    let watched = services.clone();
    app.upstreams = upstream::upstreams(settings)?;
    app.gauges = Box::new(move || crate::metrics::render(&watched));
    app.desk = Some(Arc::from(desk));
    app.catalog_changed = Box::new(move || services.catalog_changed());
    Ok(app)
}

fn catch(kind: SignalKind) -> Result<Signal, Trouble> {
    signal(kind).map_err(|error| Trouble::caused("cannot catch signals", &error, ""))
}

/// SIGTERM and Ctrl-C, caught from the first moment on.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn catch() -> Result<Self, Trouble> {
        Ok(Self { terminate: catch(SignalKind::terminate())?, interrupt: catch(SignalKind::interrupt())? })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
