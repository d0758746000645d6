//! `authly-bench`: measures a release build over loopback; `cargo xtask bench` builds it, gives it a database and runs it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use authly_bench::crash::{self, Trial};
use authly_bench::failure::Failure;
use authly_bench::installation::{Installation, Programs, Store, StoreKind};
use authly_bench::measure::{self, Watched};
use authly_bench::options::{HELP, Options, Output, Task};
use authly_bench::report::Report;
use authly_bench::server::Server;
use authly_bench::site::Site;
use authly_bench::sources::{self, Sources};
use authly_bench::{machine, migrate, usage};

/// How long a server is left alone before its idle memory is looked at: it gives back what it keeps for a while only.
const REST: Duration = Duration::from_secs(8);
/// A crash is tried this often.
const CRASH: Trial = Trial { chains: 16, rounds: 5, run: Duration::from_millis(300) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = Options::parse(&arguments)?;
    if options.task == Task::Help {
        print!("{HELP}");
        return Ok(());
    }
    let own = std::env::current_exe().map_err(|error| Failure::of("cannot find ourselves", error))?;
    let programs = Programs::within(own.parent().unwrap_or(&own))?;
    if options.task == Task::Migrate {
        return migrated(&programs, own.parent().unwrap_or(&own), &options).await;
    }
    let mut reports = Vec::new();
    for kind in &options.stores {
        let installation = Installation::new(programs.clone(), store(*kind)?)?;
        let set = |installation: Installation, (name, value): &(String, String)| installation.with(name, value);
        let installation = options.settings.iter().fold(installation, set);
        let site = Site::prepare(&installation, options.connections)?;
        match options.task {
            Task::Crash => {
                let survival = crash::check(&installation, &site, CRASH).await?;
                println!(
                    "{}: after {} crashes all {} chains continued; {} refreshes had been answered",
                    kind.name(),
                    CRASH.rounds,
                    survival.continued,
                    survival.answered
                );
            }
            _ => reports.push(measured(&installation, &site, &options).await?),
        }
    }
    if options.output == Output::Json && options.task == Task::Measure {
        println!("{:#}", serde_json::Value::from_iter(reports.iter().map(Report::json)));
    }
    Ok(())
}

/// Every source into every store that was asked for.
async fn migrated(programs: &Programs, folder: &Path, options: &Options) -> Result<(), Failure> {
    let program = folder.join(format!("legacy-source{}", std::env::consts::EXE_SUFFIX));
    let postgres = store(StoreKind::Postgres).ok();
    let url = postgres
        .as_ref()
        .and_then(|store| if let Store::Postgres { url, .. } = store { Some(url.as_str()) } else { None });
    eprintln!("making {} people of older programs", options.size.users);
    let sources = Sources::make(&program, url, options.size)?;
    let mut all = Vec::new();
    for kind in &options.stores {
        for (name, address) in &sources.all {
            eprintln!("{name} to {} (load of the machine {})", kind.name(), machine::load());
            let set = |installation: Installation, (name, value): &(String, String)| installation.with(name, value);
            let installation = |busy| {
                let target = migrate::beside(&store(*kind)?, migrate::ending(*kind, name, busy));
                Ok::<_, Failure>(options.settings.iter().fold(Installation::new(programs.clone(), target)?, set))
            };
            let figures =
                migrate::measure(&installation(false)?, &installation(true)?, (name, address), options.pace).await?;
            match options.output {
                Output::Table => print!("{}", figures.table(options.size)),
                Output::Json => all.push(figures.json()),
            }
        }
        if let Store::Postgres { url, .. } = &store(*kind)? {
            sources::fill(&program, "authly", options.size, &format!("{url}_old"))?;
            let installation = Installation::new(programs.clone(), migrate::beside(&store(*kind)?, "_old"))?;
            let stage = migrate::adopt(&installation).await?;
            match options.output {
                Output::Table => println!("{}", stage.line("schema up", options.size)),
                Output::Json => all.push(serde_json::json!({ "adoption_seconds": stage.seconds })),
            }
        }
    }
    match options.output {
        Output::Table => println!("{}", machine::describe()),
        Output::Json => println!("{:#}", serde_json::Value::from_iter(all)),
    }
    Ok(())
}

async fn measured(installation: &Installation, site: &Site, options: &Options) -> Result<Report, Failure> {
    // The first start makes the signing keys, which only happens once.
    Server::start(installation)?.stop()?;
    let server = Server::start(installation)?;
    std::thread::sleep(REST);
    let kind = installation.store.kind().name();
    let mut report = Report { store: kind, start: server.took, idle: usage::memory(server.id()), runs: Vec::new() };
    let database = match installation.store {
        Store::Postgres { process, .. } => process,
        Store::Sqlite => None,
    };
    let watched = Watched { server: server.id(), database };
    for scenario in &options.scenarios {
        eprintln!("{kind}: {} (load of the machine {})", scenario.name(), machine::load());
        let named = |failure| Failure::of(scenario.name(), failure);
        let groups = scenario.prepare(site, options.connections).await.map_err(named)?;
        report.runs.push(measure::run(groups, options.load, watched).await.map_err(named)?);
    }
    server.stop()?;
    if options.output == Output::Table {
        print!("{}", report.table());
    }
    Ok(report)
}

fn store(kind: StoreKind) -> Result<Store, Failure> {
    let variable = |name: &str| std::env::var_os(name).and_then(|value| value.into_string().ok());
    match kind {
        StoreKind::Sqlite => Ok(Store::Sqlite),
        StoreKind::Postgres => {
            let url = variable("AUTHLY_BENCH_DATABASE_URL");
            let url = url.ok_or_else(|| Failure::new("AUTHLY_BENCH_DATABASE_URL does not name an empty database"))?;
            let process = variable("AUTHLY_BENCH_DATABASE_PROCESS").and_then(|id| id.parse().ok());
            Ok(Store::Postgres { url, process })
        }
    }
}
