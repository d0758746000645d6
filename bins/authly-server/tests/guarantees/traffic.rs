//! G9: twenty people work without a pause while the schema is brought up to date, an index is built, an import runs, OAuth is
//! switched off and on, and both servers are replaced one after the other. No request fails.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use authly_bench::{
    exchange::{Connection, Request},
    html::encode,
    installation::{HOST, free_port},
    server::Server,
    site::{PASSWORD, Site, refreshment, signed_in},
};
use authly_legacy_source::Legacy;
use serde_json::json;
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::world::{Kind, World, client, dirty, long};

/// What somebody does again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Introspection,
    LegacyLogin,
    Refresh,
    SignIn,
    UserInfo,
}

impl Work {
    const ALL: [Self; 5] = [Self::Introspection, Self::LegacyLogin, Self::Refresh, Self::SignIn, Self::UserInfo];
}

/// A place of the balancer: a server, or none while it is replaced. Whoever sends holds it for reading.
struct Seat(RwLock<Option<(u16, u32)>>);

/// Two servers behind a balancer that sends nothing to the one that is being replaced; SQLite has one server, and an empty place.
struct Balancer {
    seats: [Seat; 2],
    turn: AtomicU64,
}

impl Balancer {
    async fn seat(&self) -> (usize, RwLockReadGuard<'_, Option<(u16, u32)>>) {
        loop {
            let place = usize::from(self.turn.fetch_add(1, Ordering::Relaxed) % 2 == 1);
            // One that is being replaced is held for writing, or stands empty.
            if let Ok(seat) = self.seats[place].0.try_read()
                && seat.is_some()
            {
                return (place, seat);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// What everybody shares.
struct Shared {
    balancer: Balancer,
    site: Site,
    /// OAuth is off, or was until a moment ago: its users wait.
    paused: AtomicBool,
    over: AtomicBool,
    phase: Mutex<&'static str>,
    failures: Mutex<Vec<String>>,
    answers: [AtomicU64; 5],
    longest: AtomicU64,
}

/// One of twenty.
struct Person {
    shared: Arc<Shared>,
    position: usize,
    work: Work,
    /// A connection to each server, and which generation of it that is.
    connections: [(Connection, u32); 2],
    token: String,
}

impl Person {
    async fn run(mut self) {
        let mut signed_in_at = None;
        while !self.shared.over.load(Ordering::SeqCst) {
            if self.work != Work::LegacyLogin && self.shared.paused.load(Ordering::SeqCst) {
                // Tokens that were given before the switch ended with it.
                signed_in_at = None;
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            let began = Instant::now();
            let done = match (self.work, signed_in_at) {
                (Work::LegacyLogin, _) => self.once().await,
                (Work::SignIn, _) | (_, None) => self.sign_in().await.map(|()| signed_in_at = Some(began)),
                _ => self.once().await,
            };
            let during =
                if self.shared.paused.load(Ordering::SeqCst) { "a switch" } else { *self.shared.phase.lock().unwrap() };
            match done {
                Ok(()) => {
                    let place = Work::ALL.iter().position(|work| *work == self.work).unwrap();
                    self.shared.answers[place].fetch_add(1, Ordering::Relaxed);
                    let took = u64::try_from(began.elapsed().as_millis()).unwrap();
                    self.shared.longest.fetch_max(took, Ordering::Relaxed);
                }
                // What was under way when OAuth was switched off is answered as what comes after it.
                Err(_) if during == "a switch" && self.work != Work::LegacyLogin => {}
                Err(why) => self.shared.failures.lock().unwrap().push(format!("{during}: {:?}: {why}", self.work)),
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Signs in at the page and redeems the code, all at one server.
    async fn sign_in(&mut self) -> Result<(), String> {
        let shared = self.shared.clone();
        let (_, seat) = shared.balancer.seat().await;
        let mut site = shared.site.clone();
        site.port = seat.unwrap().0;
        let tokens = signed_in(&site, &site.web_es256, self.position).await.map_err(|failure| failure.to_string())?;
        self.token = if self.work == Work::Refresh { tokens.refresh_token } else { tokens.access_token };
        Ok(())
    }

    async fn once(&mut self) -> Result<(), String> {
        let shared = self.shared.clone();
        let client = &shared.site.web_es256;
        let request = match self.work {
            Work::Introspection => {
                let headers = [("Authorization", client.authorization.as_str())];
                Request::form(HOST, "/auth/introspect", &headers, &encode([("token", self.token.as_str())]))
            }
            Work::LegacyLogin => {
                let body = json!({ "email": shared.site.person(self.position), "password": PASSWORD });
                Request::post(HOST, "/api/auth/login", &[], "application/json", &body.to_string())
            }
            Work::UserInfo => {
                Request::get(HOST, "/auth/userinfo", &[("Authorization", &format!("Bearer {}", self.token))])
            }
            Work::Refresh | Work::SignIn => refreshment(client, &self.token),
        };
        let (place, seat) = shared.balancer.seat().await;
        let (port, generation) = seat.unwrap();
        if self.connections[place].1 != generation {
            self.connections[place] = (Connection::new(port), generation);
        }
        let answer = self.connections[place].0.exchange(&request).await.map_err(|failure| failure.to_string())?;
        let proof = match self.work {
            Work::Introspection => "\"active\":true",
            Work::LegacyLogin => "\"access_token\"",
            Work::UserInfo => "\"sub\"",
            Work::Refresh | Work::SignIn => "\"refresh_token\"",
        };
        if answer.status != 200 || !String::from_utf8_lossy(answer.body).contains(proof) {
            return Err(answer.unexpected("an answer").to_string());
        }
        if self.work == Work::Refresh {
            self.token = answer.member("refresh_token").unwrap().to_owned();
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_people_notice_nothing_of_schema_import_switches_and_a_rolling_restart() {
    noticed_by_nobody(Kind::Postgres).await;
}

/// A file has one server, which cannot be replaced while it works.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_people_at_an_sqlite_file_notice_nothing_of_schema_import_and_switches() {
    noticed_by_nobody(Kind::Sqlite).await;
}

async fn noticed_by_nobody(kind: Kind) {
    let rows = long(50_000).unwrap_or(1_000);
    let world = World::new(kind, dirty(Legacy::Tenants, rows)).await;
    let world = world.with_stored_switch();
    let people = 20;
    let site = Site::prepare(&world.installation, people).unwrap();
    let places = [world.installation.port, free_port().unwrap()];
    let ports = if kind == Kind::Postgres { &places[..] } else { &places[..1] };
    let mut servers: Vec<Server> =
        ports.iter().map(|port| Server::start_node(&world.installation, *port).unwrap()).collect();
    let seat = |port| Seat(RwLock::new(ports.contains(&port).then_some((port, 1))));
    let shared = Arc::new(Shared {
        balancer: Balancer { seats: places.map(seat), turn: AtomicU64::new(0) },
        site,
        paused: AtomicBool::new(false),
        over: AtomicBool::new(false),
        phase: Mutex::new("signing in"),
        failures: Mutex::new(Vec::new()),
        answers: Default::default(),
        longest: AtomicU64::new(0),
    });
    let tasks: Vec<_> = (0..people)
        .map(|position| {
            let connections = places.map(|port| (Connection::new(port), 1));
            let work = Work::ALL[position % Work::ALL.len()];
            tokio::spawn(Person { shared: shared.clone(), position, work, connections, token: String::new() }.run())
        })
        .collect();
    let phase = |name| *shared.phase.lock().unwrap() = name;
    // Commands block; people go on meanwhile.
    let admin = async |words: &[&str]| {
        let mut command = world.command(words);
        let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(matches!(done.status.code(), Some(0 | 2)), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    tokio::time::sleep(Duration::from_millis(1_500)).await;

    phase("schema up");
    if kind == Kind::Postgres {
        let database = client(world.url()).await;
        database.batch_execute("DROP INDEX CONCURRENTLY idx_users_completed_at").await.unwrap();
    }
    admin(&["migrate", "schema", "up"]).await;
    admin(&["migrate", "schema", "verify"]).await;

    phase("import");
    let begin = Instant::now();
    let import = world.about_source(&["import", "--execute"], &["--batch", "100"]);
    admin(&import).await;
    let import = begin.elapsed();

    phase("oauth disable");
    shared.paused.store(true, Ordering::SeqCst);
    // Nobody is sent a step of a flow that began before the switch.
    tokio::time::sleep(Duration::from_millis(300)).await;
    admin(&["migrate", "oauth", "disable"]).await;
    becomes(ports, 404).await;
    phase("oauth enable");
    admin(&["migrate", "oauth", "enable"]).await;
    becomes(ports, 200).await;
    shared.paused.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1_000)).await;

    phase("rolling restart");
    for place in (0..ports.len()).filter(|_| ports.len() > 1) {
        let server = servers.remove(0);
        let mut seat = shared.balancer.seats[place].0.write().await;
        *seat = None;
        let (installation, port) = (&world.installation, ports[place]);
        let started = tokio::task::block_in_place(|| {
            server.stop().unwrap();
            Server::start_node(installation, port).unwrap()
        });
        servers.push(started);
        *seat = Some((port, 2));
        drop(seat);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    shared.over.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.unwrap();
    }
    let failures = shared.failures.lock().unwrap().clone();
    let longest = shared.longest.load(Ordering::Relaxed);
    println!(
        "{rows} rows imported in {import:?}, answers of {:?} are {:?}, {} failures, the longest {longest} ms",
        Work::ALL,
        shared.answers,
        failures.len()
    );
    assert!(
        failures.is_empty(),
        "{} requests failed, the first:\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n")
    );
    for (work, answers) in Work::ALL.iter().zip(&shared.answers) {
        assert!(answers.load(Ordering::Relaxed) > 20, "{work:?} was done only {answers:?} times");
    }
    // Hash threads of both servers and of twenty people share two cores here; nobody waits for a lock on top of that.
    assert!(longest < 8_000, "somebody waited for {longest} ms");
    servers.into_iter().for_each(|server| server.stop().unwrap());
}

/// Waits until both servers answer so about OAuth: a second, and what a busy machine adds to it.
async fn becomes(ports: &[u16], status: u16) {
    let metadata = Request::get(HOST, "/.well-known/openid-configuration", &[]);
    let begin = Instant::now();
    for port in ports {
        while Connection::new(*port).exchange(&metadata).await.unwrap().status != status {
            assert!(begin.elapsed() < Duration::from_secs(6), "{port} does not answer {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A change of the schema that cannot have its lock at once gives way to the people who are in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_change_that_waits_for_a_lock_holds_nobody_up_for_long() {
    use authly_legacy_source::Plan;

    let world = World::in_place(Plan { users: 50, ..Plan::new(Legacy::Authly) }).await;
    let holder = client(world.url()).await;
    holder.batch_execute("BEGIN; SELECT count(*) FROM users").await.unwrap();
    let mut schema = world.command(&["migrate", "schema", "up"]).spawn().unwrap();
    let looking = client(world.url()).await;
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass";
    let begin = Instant::now();
    while looking.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(begin.elapsed() < Duration::from_secs(20), "nothing waits for the table");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The older program's query stands behind that lock, and comes through all the same.
    let mut longest = Duration::ZERO;
    for _ in 0..40 {
        let began = Instant::now();
        looking.query_one("SELECT count(*) FROM users", &[]).await.unwrap();
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A tenth of a second behind the change, and what a busy machine adds to it.
    assert!(longest < Duration::from_millis(600), "a query waited for {longest:?}");
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert!(tokio::task::block_in_place(|| schema.wait()).unwrap().success());
    world.ok(&["migrate", "schema", "verify"]);
}
