//! A whole migration at size: the import, its check and its status, and what people who sign in meanwhile notice of it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::crowd::{Crowd, OFTEN, PEOPLE, Took, Waits};
use crate::failure::Failure;
use crate::installation::{Installation, Store, StoreKind};
use crate::machine;
use crate::server::Server;
use crate::site::Site;
use crate::turns::Turns;
use crate::usage::{self, Gauge};

/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How long the database has for the end of a connection.
const REST: Duration = Duration::from_millis(200);
/// How often indexes are built for that at most.
const BUILDS: usize = 30;
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

/// What was measured of one source and one target.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The source's kind.
    pub source: &'static str,
    /// The target's kind.
    pub target: &'static str,
    /// The stages by name, in their order.
    pub stages: Vec<(&'static str, Stage)>,
    /// How long people waited, by what went on.
    pub waits: Vec<(&'static str, Waits)>,
    /// The load of the machine before anything began: what else it did.
    pub load: String,
}

/// Measures the migration of one source into one kind of target: into `alone` while nothing else goes on, and into `busy` while
/// people sign in.
pub async fn measure(
    alone: &Installation,
    busy: &Installation,
    source: (&'static str, &str),
    pace: Option<&'static str>,
) -> Result<Figures, Failure> {
    let load = machine::load();
    let about = ["--profile", "tenants", "--source", source.1, "--output", "json"];
    let words = |command: &[&'static str]| [&["migrate"], command, about.as_slice()].concat();
    let paced = |command: &[&'static str]| match pace {
        Some(pace) => [words(command).as_slice(), &["--pace", pace]].concat(),
        None => words(command),
    };
    let watch = Watch::of(alone);
    watch.run(&["migrate", "schema", "up"], None).await?;
    let mut stages = vec![("dry run", watch.run(&paced(&["import"]), None).await?)];
    stages.push(("import", watch.run(&paced(&["import", "--execute"]), None).await?));
    stages.push(("verify", watch.run(&words(&["verify"]), None).await?));
    stages.push(("import again", watch.run(&paced(&["import", "--execute"]), None).await?));
    stages.push(("status", watch.median(&["migrate", "status", "--output", "json"]).await?));

    let mut waits = Vec::new();
    if let Store::Postgres { url, .. } = &alone.store {
        let (server, mut crowd) = open(alone).await?;
        let (stage, with, without) = watch.builds(url, &mut crowd).await?;
        stages.push(("indexes", stage));
        waits.extend([("between index builds", without), ("while indexes are built", with)]);
        server.stop()?;
    }
    let (server, mut crowd) = open(busy).await?;
    let (stage, with, without) = Watch::of(busy).in_turns(&paced(&["import", "--execute"]), &mut crowd).await?;
    stages.push(("busy import", stage));
    waits.extend([("with the import stopped", without), ("while it goes on", with)]);
    server.stop()?;
    Ok(Figures { source: source.0, target: alone.store.kind().name(), stages, waits, load })
}

/// Starts the server of an installation, for people who sign in there.
async fn open(installation: &Installation) -> Result<(Server, Crowd), Failure> {
    let site = Site::prepare(installation, PEOPLE)?;
    let server = Server::start(installation)?;
    let crowd = Crowd::of(&site).await?;
    Ok((server, crowd))
}

/// Indexes that are built online, as a release that brings them does: on accounts, and on the ledger.
const ONLINE: &str = "DROP INDEX idx_users_email_lower, idx_users_username_lower, idx_users_tenant_id, \
                      idx_users_external_subject, idx_migration_items_source_id";

/// Drops them, for `schema up` to build again.
fn drop_indexes(url: &str) -> Result<(), Failure> {
    let psql = std::env::var_os("AUTHLY_BENCH_PSQL").unwrap_or_else(|| "psql".into());
    let output = Command::new(psql).args(["--no-psqlrc", "--quiet", "--command", ONLINE, url]).output();
    let output = output.map_err(|error| Failure::of("cannot run psql", error))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(Failure::of("psql", String::from_utf8_lossy(&output.stderr))),
    }
}

/// Measures what `schema up` takes where an older program's table is adopted: columns, and indexes that are built online.
pub async fn adopt(installation: &Installation) -> Result<Stage, Failure> {
    Watch::of(installation).run(&["migrate", "schema", "up"], None).await
}

/// Looks at commands while they run.
struct Watch<'a> {
    installation: &'a Installation,
    database: Option<u32>,
}

impl<'a> Watch<'a> {
    const fn of(installation: &'a Installation) -> Self {
        let database = match installation.store {
            Store::Postgres { process, .. } => process,
            Store::Sqlite => None,
        };
        Self { installation, database }
    }

    async fn run(&self, words: &[&str], mut crowd: Option<(&mut Crowd, &mut Took)>) -> Result<Stage, Failure> {
        let gauge = Gauge::new();
        let database = || self.database.map(|id| gauge.family_ms(id));
        let (began, database_before) = (Instant::now(), database());
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
                Some((crowd, took)) => crowd.ask(took).await?,
                None => tokio::time::sleep(LOOK).await,
            }
        };
        stage.seconds = began.elapsed().as_secs_f64();
        // What served the command ends with it, and is counted to its parent then.
        tokio::time::sleep(REST).await;
        stage.database_cpu = database().zip(database_before).map(|(after, before)| (after - before) / 1_000.0);
        // A dirty source has rows that wait for a decision.
        match status.code() {
            Some(0 | 2) => Ok(stage),
            _ => Err(Failure::new(format!("authly-admin {}: {status}", words.join(" ")))),
        }
    }

    /// Runs a command in turns with nothing at all until people came often enough in both; tells how long they waited while it
    /// went on, and while it did not. It is ended then, as by Ctrl-C.
    async fn in_turns(&self, words: &[&str], crowd: &mut Crowd) -> Result<(Stage, Waits, Waits), Failure> {
        let gauge = Gauge::new();
        crowd.come_back();
        let began = Instant::now();
        let mut child = self.start(words)?;
        let mut turns = Turns::of(&child);
        let (mut stage, mut took) = (Stage::default(), [Took::default(), Took::default()]);
        let mut ended = None;
        while took.iter().any(|took| took.count() < OFTEN) {
            stage.cpu = stage.cpu.max(gauge.process_ms(child.id()) / 1_000.0);
            stage.peak_mib = stage.peak_mib.max(usage::memory(child.id()).peak);
            ended = child.try_wait().map_err(|error| Failure::of("cannot wait for authly-admin", error))?;
            if ended.is_some() {
                break;
            }
            turns.next().await?;
            let [going, stopped] = &mut took;
            crowd.ask(if turns.is_stopped() { stopped } else { going }).await?;
        }
        stage.seconds = began.elapsed().as_secs_f64();
        match ended {
            // A dirty source has rows that wait for a decision.
            Some(status) if !matches!(status.code(), Some(0 | 2)) => {
                return Err(Failure::new(format!("authly-admin {}: {status}", words.join(" "))));
            }
            Some(_) => {}
            None => drop(turns.end(&mut child)?),
        }
        let [going, stopped] = took;
        Ok((stage, going.waits(), stopped.waits()))
    }

    /// Builds indexes online until people came often enough meanwhile, and as often between the builds; tells what one build took, and
    /// how long they waited.
    async fn builds(&self, url: &str, crowd: &mut Crowd) -> Result<(Stage, Waits, Waits), Failure> {
        crowd.come_back();
        let (mut first, mut with, mut without) = (None, Took::default(), Took::default());
        for _ in 0..BUILDS {
            drop_indexes(url)?;
            let stage = self.run(&["migrate", "schema", "up"], Some((crowd, &mut with))).await?;
            first.get_or_insert(stage);
            while without.count() < with.count() {
                crowd.ask(&mut without).await?;
            }
            if with.count() >= OFTEN {
                break;
            }
        }
        Ok((first.unwrap_or_default(), with.waits(), without.waits()))
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
        lines.extend(self.waits.iter().map(|(when, waits)| waits.line(when)));
        lines.join("\n") + "\n"
    }

    /// The figures for programs.
    pub fn json(&self) -> Value {
        let waits: serde_json::Map<String, Value> =
            self.waits.iter().map(|(when, waits)| ((*when).to_owned(), waits.json())).collect();
        let stages: serde_json::Map<String, Value> =
            self.stages.iter().map(|(name, stage)| ((*name).to_owned(), stage.json())).collect();
        json!({
            "source": self.source,
            "target": self.target,
            "stages": stages,
            "waits": waits,
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
        let rate = match name {
            "status" | "indexes" | "busy import" => "-".to_owned(),
            _ => format!("{:.0}", f64::from(size.users) / self.seconds),
        };
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

/// The aims are for 100,000 users on two cores. An import that people sign in beside takes its time, so that they notice nothing.
fn verdicts(name: &str, stage: &Stage, size: Size) -> String {
    let word = |reached: bool| if reached { "ok" } else { "MISSED" };
    let time = |seconds: f64| format!("{seconds} s {}", word(stage.seconds <= seconds));
    let memory = format!("100 MiB {}", word(stage.peak_mib < 100.0));
    match name {
        "import" | "verify" => format!("{}, {memory}", time(f64::from(size.users) / 100_000.0 * 30.0)),
        "busy import" => memory,
        "status" => time(0.2),
        _ => String::new(),
    }
}

/// The database beside the one that a URL names.
pub fn beside(store: &Store, ending: &str) -> Store {
    match store {
        Store::Postgres { url, process } => Store::Postgres { url: format!("{url}{ending}"), process: *process },
        Store::Sqlite => Store::Sqlite,
    }
}

/// The ending of an empty database for each source, alone and busy; a file is new each time.
pub fn ending(kind: StoreKind, source: &str, busy: bool) -> &'static str {
    match (kind, source, busy) {
        (StoreKind::Sqlite, _, _) | (StoreKind::Postgres, "sqlite", false) => "",
        (StoreKind::Postgres, "sqlite", true) => "_2",
        (StoreKind::Postgres, _, false) => "_3",
        (StoreKind::Postgres, _, true) => "_4",
    }
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
        let all = [("postgres", false), ("postgres", true), ("sqlite", false), ("sqlite", true)];
        let all = all.map(|(source, busy)| ending(StoreKind::Postgres, source, busy));
        assert_eq!(std::collections::BTreeSet::from(all).len(), all.len());
    }
}
