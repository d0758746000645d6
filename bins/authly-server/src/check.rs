//! `authly-server --check`: would it start? Settings, store and schema, everything that is wrong at once.

use authly_config::{MailCarrier, Settings};
use authly_runtime::{
    Trouble, development, start,
    store::{self, Database, Visitor},
};
use oauth_core::store::MaintenanceRepository as _;

use crate::args::Source;

pub(crate) fn run(source: &Source) -> Result<(), Trouble> {
    let (settings, doubts) = source.settings()?;
    doubts.iter().for_each(|doubt| println!("{doubt}"));
    // What is made of them belongs to the settings; mail server and providers are not asked, since the server starts without them.
    let (mail, upstreams) = (mail(&settings)?, authly_runtime::upstream::upstreams(&settings)?);
    crate::logos::load(&settings)?;
    println!("settings: valid, issuer {}", settings.issuer.url);
    println!("mail: {mail}");
    for upstream in upstreams {
        println!("upstream: {}", authly_runtime::upstream::describe(upstream.provider()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Trouble::caused("cannot start", &error, ""))?;
    runtime.block_on(store::visit(&settings, Check { settings: &settings }))??;
    println!("the server would start");
    Ok(())
}

/// What takes mails; the mail server itself is not asked, since the server starts without it.
fn mail(settings: &Settings) -> Result<String, Trouble> {
    authly_runtime::mail::post(settings)?;
    Ok(match settings.mail.as_ref().map(|mail| &mail.carrier) {
        None => "none can be sent".to_owned(),
        Some(MailCarrier::Folder(path)) => format!("written into {}", path.display()),
        Some(MailCarrier::Server(server)) => {
            format!("{}:{}; `authly-admin mail test` tries it", server.host, server.port)
        }
    })
}

struct Check<'a> {
    settings: &'a Settings,
}

impl Visitor for Check<'_> {
    type Output = Result<(), Trouble>;

    async fn visit<D: Database>(self, database: D) -> Self::Output {
        let settings = self.settings;
        println!("store: {}, {}", settings.store.database, database.engine().await?);
        let report = database.schema().await?;
        if !report.differences.is_empty() {
            return Err(store::unfit(&report));
        }
        if report.pending.is_empty() {
            println!("schema: up to date");
            let remedy = "check that the database answers";
            let store = database.open().await?;
            store.ping().await.map_err(|error| Trouble::caused("the store does not work", &error, remedy))?;
            start::rehearse(settings, &store).await?;
            println!("keys: they open");
            return Ok(());
        }
        if settings.store.migrate_on_start {
            development::may_bring_up_to_date(settings, &database).await?;
            println!("schema: the start will apply {}", report.pending.join(", "));
            return Ok(());
        }
        Err(store::behind(&report))
    }
}
