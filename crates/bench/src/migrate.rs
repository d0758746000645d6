//! A whole migration at size: the import, its check and its status, and what people who sign in meanwhile notice of it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::exchange::{Connection, Request};
use crate::failure::Failure;
use crate::html::encode;
use crate::installation::{HOST, Installation, Store, StoreKind};
use crate::machine;
use crate::measure::Samples;
use crate::server::Server;
use crate::site::{PASSWORD, Site, signed_in};
use crate::usage::{self, Gauge};

/// How many people sign in while it goes on; one at a time.
const PEOPLE: usize = 4;
/// The pause between two of them.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How often people sign in before anything begins, for comparison.
const BEFORE: usize = 30;
/// How often a command that is soon done is repeated.
const TIMES: usize = 5;

/// How big it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Size {
    /// People of the source.
    pub users: u32,
    /// Tenants of the source.
    pub tenants: u32,
}

impl Default for Size {
    fn default() -> Self {
        Self { users: 100_000, tenants: 10_000 }
    }
}

/// What one command took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stage {
    /// On the wall.
    pub seconds: f64,
    /// Of the command's process, in seconds.
    pub cpu: f64,
    /// Of the database, in seconds.
    pub database_cpu: Option<f64>,
    /// At its peak, in MiB.
    pub peak_mib: f64,
}

/// How long people wait.
#[derive(Clone, Debug)]
pub struct Waits {
    /// For a password grant.
    pub sign_in: Samples,
    /// For an introspection.
    pub introspection: Samples,
}

/// What was measured of one source and one target.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The source's kind.
    pub source: &'static str,
    /// The target's kind.
    pub target: &'static str,
    /// The stages by name, in their order.
    pub stages: Vec<(&'static str, Stage)>,
    /// While nothing went on.
    pub before: Waits,
    /// While the import went on.
    pub during: Waits,
    /// The load of the machine before anything began: what else it did.
    pub load: String,
}

/// Databases of older programs, made once for all targets.
#[derive(Debug)]
pub struct Sources {
    folder: TempDir,
    /// Their kinds and addresses.
    pub all: Vec<(&'static str, String)>,
}

impl Sources {
    /// Fills an SQLite file, and a database of PostgreSQL where there is one.
    pub fn make(program: &std::path::Path, postgres: Option<&str>, size: Size) -> Result<Self, Failure> {
        let folder = TempDir::with_prefix("authly-old-").map_err(|error| Failure::of("no temporary folder", error))?;
        let mut all = vec![("sqlite", format!("sqlite:{}", folder.path().join("old.db").display()))];
        all.extend(postgres.map(|url| ("postgres", format!("{url}_source"))));
        for (_, address) in &all {
            fill(program, "tenants", size, address)?;
        }
        Ok(Self { folder, all })
    }

    /// Where the files are.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// Makes the tables of an older program.
pub fn fill(program: &std::path::Path, profile: &str, size: Size, address: &str) -> Result<(), Failure> {
    let (users, tenants) = (size.users.to_string(), size.tenants.to_string());
    let mut command = Command::new(program);
    command.args(["--profile", profile, "--users", &users, "--tenants", &tenants, "--dirty", address]);
    let output = command.output().map_err(|error| Failure::of("cannot run legacy-source", error))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(Failure::of("legacy-source", String::from_utf8_lossy(&output.stderr))),
    }
}

/// Measures the migration of one source into one target.
pub async fn measure(installation: &Installation, source: (&'static str, &str)) -> Result<Figures, Failure> {
    let load = machine::load();
    let site = Site::prepare(installation, PEOPLE)?;
    let server = Server::start(installation)?;
    let database = match installation.store {
        Store::Postgres { process, .. } => process,
        Store::Sqlite => None,
    };
    let mut crowd = Crowd::of(&site).await?;
    for _ in 0..BEFORE {
        crowd.ask().await?;
        tokio::time::sleep(PAUSE).await;
    }
    let before = crowd.waits();
    let watch = Watch { installation, database };
    let about = ["--profile", "tenants", "--source", source.1, "--output", "json"];
    let words = |command: &[&'static str]| [&["migrate"], command, about.as_slice()].concat();
    let mut stages = vec![("dry run", watch.run(&words(&["import"]), None).await?)];
    stages.push(("import", watch.run(&words(&["import", "--execute"]), Some(&mut crowd)).await?));
    let during = crowd.waits();
    stages.push(("verify", watch.run(&words(&["verify"]), None).await?));
    stages.push(("import again", watch.run(&words(&["import", "--execute"]), None).await?));
    stages.push(("status", watch.median(&["migrate", "status", "--output", "json"]).await?));
    server.stop()?;
    Ok(Figures { source: source.0, target: installation.store.kind().name(), stages, before, during, load })
}

/// Measures what `schema up` takes where an older program's table is adopted: columns, and indexes that are built online.
pub async fn adopt(installation: &Installation) -> Result<Stage, Failure> {
    let database = match installation.store {
        Store::Postgres { process, .. } => process,
        Store::Sqlite => None,
    };
    Watch { installation, database }.run(&["migrate", "schema", "up"], None).await
}

/// The people who sign in meanwhile, one at a time.
struct Crowd {
    site: Site,
    connection: Connection,
    sign_ins: Vec<Request>,
    introspection: Request,
    turn: usize,
    took: (Vec<u32>, Vec<u32>),
}

impl Crowd {
    async fn of(site: &Site) -> Result<Self, Failure> {
        let token = signed_in(site, &site.web_es256, 0).await?.access_token;
        let headers = [("Authorization", site.web_es256.authorization.as_str())];
        let introspection = Request::form(HOST, "/auth/introspect", &headers, &encode([("token", token.as_str())]));
        let sign_in = |position| {
            let body = json!({"grant_type": "password", "username": site.person(position), "password": PASSWORD});
            Request::post(HOST, "/auth/token", &[], "application/json", &body.to_string())
        };
        let sign_ins = (0..PEOPLE).map(sign_in).collect();
        let (site, connection) = (site.clone(), site.connect());
        Ok(Self { site, connection, sign_ins, introspection, turn: 0, took: (Vec::new(), Vec::new()) })
    }

    async fn ask(&mut self) -> Result<(), Failure> {
        self.turn += 1;
        let position = self.turn % self.sign_ins.len().max(1);
        let Some(sign_in) = self.sign_ins.get(position) else { return Ok(()) };
        let began = Instant::now();
        self.connection.exchange(sign_in).await?.expect(200, "a sign-in during the migration")?;
        self.took.0.push(micros(began));
        let began = Instant::now();
        self.connection.exchange(&self.introspection).await?.expect(200, "an introspection during the migration")?;
        self.took.1.push(micros(began));
        Ok(())
    }

    fn waits(&mut self) -> Waits {
        let (sign_in, introspection) = std::mem::take(&mut self.took);
        Waits { sign_in: Samples::new(sign_in), introspection: Samples::new(introspection) }
    }
}

fn micros(began: Instant) -> u32 {
    u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX)
}

/// Looks at commands while they run.
struct Watch<'a> {
    installation: &'a Installation,
    database: Option<u32>,
}

impl Watch<'_> {
    async fn run(&self, words: &[&str], mut crowd: Option<&mut Crowd>) -> Result<Stage, Failure> {
        let gauge = Gauge::new();
        let database = || self.database.map(|id| gauge.family_ms(id));
        let (began, database_before) = (Instant::now(), database());
        if let Some(crowd) = &mut crowd {
            // Whoever was idle while another command ran may have lost the connection.
            crowd.connection = crowd.site.connect();
        }
        let mut child = self.start(words)?;
        let mut stage = Stage::default();
        let status = loop {
            stage.cpu = stage.cpu.max(gauge.process_ms(child.id()) / 1_000.0);
            stage.peak_mib = stage.peak_mib.max(usage::memory(child.id()).peak);
            let ended = child.try_wait().map_err(|error| Failure::of("cannot wait for authly-admin", error))?;
            if let Some(status) = ended {
                break status;
            }
            match &mut crowd {
                Some(crowd) => {
                    crowd.ask().await?;
                    tokio::time::sleep(PAUSE).await;
                }
                None => tokio::time::sleep(LOOK).await,
            }
        };
        stage.seconds = began.elapsed().as_secs_f64();
        stage.database_cpu = database().zip(database_before).map(|(after, before)| (after - before) / 1_000.0);
        // A dirty source has rows that wait for a decision.
        match status.code() {
            Some(0 | 2) => Ok(stage),
            _ => Err(Failure::new(format!("authly-admin {}: {status}", words.join(" ")))),
        }
    }

    /// The run in the middle of several.
    async fn median(&self, words: &[&str]) -> Result<Stage, Failure> {
        let mut stages = Vec::new();
        for _ in 0..TIMES {
            stages.push(self.run(words, None).await?);
        }
        stages.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        stages.get(TIMES / 2).copied().ok_or_else(|| Failure::new("nothing was run"))
    }

    fn start(&self, words: &[&str]) -> Result<Child, Failure> {
        let mut command = self.installation.command(&self.installation.programs.admin);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map_err(|error| Failure::of("cannot run authly-admin", error))
    }
}

impl Figures {
    /// The figures as a table, with the aims beside.
    pub fn table(&self, size: Size) -> String {
        let mut lines = vec![
            format!(
                "\n{} to {}: {} users, {} tenants (load of the machine before: {})",
                self.source, self.target, size.users, size.tenants, self.load
            ),
            format!(
                "{:<14} {:>8} {:>9} {:>8} {:>8} {:>8}  aims",
                "stage", "seconds", "rows/s", "cpu s", "db s", "RSS MiB"
            ),
        ];
        lines.extend(self.stages.iter().map(|(name, stage)| stage.line(name, size)));
        for (name, waits) in [("before", &self.before), ("during", &self.during)] {
            let shown = |samples: &Samples| {
                format!("p50 {:.1} ms, p95 {:.1} ms", samples.percentile(50), samples.percentile(95))
            };
            let (sign_in, introspection) = (shown(&waits.sign_in), shown(&waits.introspection));
            lines.push(format!(
                "sign-in {name} the import: {sign_in}; introspection: {introspection} ({} of each)",
                waits.sign_in.count()
            ));
        }
        lines.join("\n") + "\n"
    }

    /// The figures for programs.
    pub fn json(&self) -> Value {
        let waits = |samples: &Samples| json!({ "p50_ms": samples.percentile(50), "p95_ms": samples.percentile(95) });
        let both = |waits_: &Waits| json!({ "sign_in": waits(&waits_.sign_in), "introspection": waits(&waits_.introspection) });
        let stages: serde_json::Map<String, Value> =
            self.stages.iter().map(|(name, stage)| ((*name).to_owned(), stage.json())).collect();
        json!({
            "source": self.source,
            "target": self.target,
            "stages": stages,
            "before": both(&self.before),
            "during": both(&self.during),
            "load": self.load,
        })
    }
}

impl Stage {
    fn json(&self) -> Value {
        json!({
            "seconds": self.seconds,
            "cpu_seconds": self.cpu,
            "database_cpu_seconds": self.database_cpu,
            "peak_rss_mib": self.peak_mib,
        })
    }

    /// One line of the table.
    pub fn line(&self, name: &str, size: Size) -> String {
        let rate =
            if name == "status" { "-".to_owned() } else { format!("{:.0}", f64::from(size.users) / self.seconds) };
        let database = self.database_cpu.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1}"));
        format!(
            "{name:<14} {:>8.2} {rate:>9} {:>8.1} {database:>8} {:>8.1}  {}",
            self.seconds,
            self.cpu,
            self.peak_mib,
            verdicts(name, self, size)
        )
    }
}

/// The aims are for 100,000 users on two cores.
fn verdicts(name: &str, stage: &Stage, size: Size) -> String {
    let word = |reached: bool| if reached { "ok" } else { "MISSED" };
    let seconds = match name {
        "import" | "verify" => f64::from(size.users) / 100_000.0 * 30.0,
        "status" => 0.2,
        _ => return String::new(),
    };
    let memory = if name == "status" { String::new() } else { format!(", 100 MiB {}", word(stage.peak_mib < 100.0)) };
    format!("{seconds} s {}{memory}", word(stage.seconds <= seconds))
}

/// The database beside the one that a URL names.
pub fn beside(store: &Store, ending: &str) -> Store {
    match store {
        Store::Postgres { url, process } => Store::Postgres { url: format!("{url}{ending}"), process: *process },
        Store::Sqlite => Store::Sqlite,
    }
}

/// Whether that kind of store is measured with more than one source, so that it needs an empty database for each.
pub fn ending(kind: StoreKind, source: &str) -> &'static str {
    if kind == StoreKind::Postgres && source == "postgres" { "_2" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_compared_with_the_aim_for_its_size() {
        let stage = Stage { seconds: 12.0, cpu: 4.0, database_cpu: Some(5.0), peak_mib: 120.0 };
        let line = stage.line("import", Size { users: 50_000, tenants: 10 });
        assert!(line.contains("15 s ok, 100 MiB MISSED") && line.contains("4167"), "{line}");
        let slow = Stage { seconds: 0.3, ..Stage::default() };
        assert!(slow.line("status", Size::default()).contains("0.2 s MISSED"));
        assert!(slow.line("dry run", Size::default()).ends_with("0.0  "));
    }

    #[test]
    fn databases_beside_one_another_have_names_of_their_own() {
        let store = Store::Postgres { url: "postgresql://h/a".to_owned(), process: None };
        assert!(matches!(beside(&store, "_old"), Store::Postgres { url, .. } if url == "postgresql://h/a_old"));
        assert_ne!(ending(StoreKind::Postgres, "postgres"), ending(StoreKind::Postgres, "sqlite"));
    }
}
