//! An installation with people at work, and the steps of a migration.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use authly_bench::{
    exchange::{Connection, Request},
    installation::{HOST, free_port},
    server::Server,
    site::{PASSWORD, Site},
};
use authly_legacy_source::Legacy;
use tokio::{sync::RwLock, task::JoinHandle};

use super::{
    doors::Door,
    people::{Balancer, Person, Seat, Shared, Visitor, Work},
};
use crate::world::{Done, Kind, World, client, dirty};

const PEOPLE: usize = 20;

/// A second, and what a busy machine adds to it: until then a server takes notice of what has changed.
const NOTICED: Duration = Duration::from_secs(20);

pub(super) struct Stage {
    world: World,
    shared: Arc<Shared>,
    servers: Vec<Server>,
    /// The ports of the balancer, of which SQLite uses one.
    places: [u16; 2],
    rows: u32,
    oauth: Arc<Door>,
    /// The door of those of the twenty who still come by it.
    old: Visitor,
    tasks: Vec<JoinHandle<()>>,
    /// When the phase began.
    began: Instant,
}

impl Stage {
    /// Twenty people at work beside a source of so many rows.
    pub(super) async fn open(kind: Kind, rows: u32) -> Self {
        let world = World::new(kind, dirty(Legacy::Tenants, rows)).await;
        let world = world.with_stored_switch();
        let site = Site::prepare(&world.installation, PEOPLE).unwrap();
        let places = [world.installation.port, free_port().unwrap()];
        let ports = if kind == Kind::Postgres { &places[..] } else { &places[..1] };
        let servers = ports.iter().map(|port| Server::start_node(&world.installation, *port).unwrap()).collect();
        let seat = |port| Seat(RwLock::new(ports.contains(&port).then_some((port, 1))));
        let (oauth, door) = (Arc::new(Door::answering(200)), Arc::new(Door::answering(200)));
        let place = Work::ALL.iter().position(|work| *work == Work::LegacyLogin).unwrap();
        let old = Visitor { email: site.person(place).to_owned(), password: PASSWORD.to_owned(), door };
        let shared = Arc::new(Shared {
            balancer: Balancer { seats: places.map(seat), turn: AtomicU64::new(0) },
            site,
            over: AtomicBool::new(false),
            phase: Mutex::new("signing in"),
            failures: Mutex::new(Vec::new()),
            answers: Default::default(),
            logins: AtomicU64::new(0),
            longest: AtomicU64::new(0),
        });
        let mut stage =
            Self { world, shared, servers, places, rows, oauth, old, tasks: Vec::new(), began: Instant::now() };
        for position in 0..PEOPLE {
            let work = Work::ALL[position % Work::ALL.len()];
            let door = if work == Work::LegacyLogin { &stage.old.door } else { &stage.oauth }.clone();
            let email = stage.shared.site.person(position).to_owned();
            let visitor = Visitor { email, password: PASSWORD.to_owned(), door };
            stage.comes(work, position, visitor, Duration::from_millis(40));
        }
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stage
    }

    fn comes(&mut self, work: Work, position: usize, visitor: Visitor, rest: Duration) {
        let connections = self.places.map(|port| (Connection::new(port), 1));
        let (shared, token) = (self.shared.clone(), String::new());
        let person = Person { shared, work, position, visitor, rest, connections, token };
        self.tasks.push(tokio::spawn(person.run()));
    }

    /// Where servers listen.
    fn ports(&self) -> &[u16] {
        if self.world.kind == Kind::Postgres { &self.places } else { &self.places[..1] }
    }

    pub(super) fn phase(&mut self, name: &'static str) {
        let before = std::mem::replace(&mut *self.shared.phase.lock().unwrap(), name);
        println!("{:?}: {before} took {:?}", self.world.kind, self.began.elapsed());
        self.began = Instant::now();
    }

    /// Runs a command; it blocks, and people go on meanwhile.
    async fn command(&self, words: &[&str]) -> Done {
        let mut command = self.world.command(words);
        Done::of(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
    }

    /// Runs a command that must succeed; whether rows wait or not.
    pub(super) async fn runs(&self, words: &[&str]) -> Done {
        let done = self.command(words).await;
        assert!(matches!(done.code, Some(0 | 2)), "{words:?}: {done:?}");
        done
    }

    /// Runs a command that changes what visitors are answered: until it has ended and every server has taken notice both answers are
    /// right, then the new one alone. Everybody else's stay as they are.
    pub(super) async fn changes(&self, words: &[&str], changes: &[(&Visitor, u16)]) {
        for (visitor, status) in changes {
            visitor.door.may_turn_to(*status);
        }
        self.runs(words).await;
        for (visitor, status) in changes {
            self.answers(visitor, *status).await;
            visitor.door.settles(*status).await;
        }
    }

    /// Waits until every server answers a visitor so.
    async fn answers(&self, visitor: &Visitor, status: u16) {
        let begin = Instant::now();
        for port in self.ports() {
            let mut connection = Connection::new(*port);
            while self.shared.login(&mut connection, visitor).await.unwrap() != status {
                assert!(begin.elapsed() < NOTICED, "{port} does not answer {} with {status}", visitor.email);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    pub(super) async fn schema(&mut self) {
        self.phase("schema up");
        if self.world.kind == Kind::Postgres {
            let database = client(self.world.url()).await;
            database.batch_execute("DROP INDEX CONCURRENTLY idx_users_completed_at").await.unwrap();
        }
        self.runs(&["migrate", "schema", "up"]).await;
        self.runs(&["migrate", "schema", "verify"]).await;
    }

    pub(super) fn import_words(&self) -> Vec<&str> {
        self.world.about_source(&["import", "--execute"], &["--batch", "100"])
    }

    /// Imports, and gives back the number of the run.
    pub(super) async fn import(&mut self) -> String {
        self.phase("import");
        self.runs(&self.import_words()).await.json()["run"].as_str().unwrap().to_owned()
    }

    /// Four people of four tenants who came with the import, and come by the JSON login from now on.
    pub(super) async fn visitors(&mut self) -> [Visitor; 4] {
        let (mut visitors, mut tenants) = (Vec::new(), Vec::new());
        for (email, password) in self.world.imported().await {
            let visitor = Visitor { email, password, door: Arc::new(Door::answering(200)) };
            let tenant = self.tenant_of(&visitor).await;
            if visitors.len() < 4 && !tenants.contains(&tenant) {
                self.answers(&visitor, 200).await;
                self.comes(Work::LegacyLogin, 0, visitor.clone(), Duration::from_millis(150));
                visitors.push(visitor);
                tenants.push(tenant);
            }
        }
        visitors.try_into().unwrap_or_else(|found: Vec<_>| panic!("only {} people of different tenants", found.len()))
    }

    pub(super) async fn tenant_of(&self, visitor: &Visitor) -> String {
        let sql = "SELECT t.slug FROM users u JOIN tenants t ON t.id = u.tenant_id WHERE u.email =";
        self.world.texts(&format!("{sql} '{}'", visitor.email)).await.remove(0)
    }

    pub(super) async fn tenants(&mut self) {
        self.phase("tenants");
        self.runs(&["migrate", "tenants", "sync", "--execute"]).await;
        for slug in self.world.texts("SELECT slug FROM tenants").await {
            self.runs(&["migrate", "tenants", "confirm", &slug, "--by", "Ada"]).await;
        }
    }

    pub(super) async fn invitations(&mut self) {
        self.phase("invitations");
        let words = ["migrate", "invite", "--all", "--include-unverified", "--outbox", "letters", "--execute"];
        let report = self.runs(&[&words[..], &["--output", "json"]].concat()).await.json();
        let letters = std::fs::read_dir(self.world.installation.folder().join("letters")).unwrap();
        let letters = letters.filter(|file| is_letter(&file.as_ref().unwrap().path())).count();
        assert!(letters > 100 && report["verdicts"]["invited"] == letters, "{letters}: {report}");
    }

    /// OAuth off and on. Its people know of it, and do not ask meanwhile.
    pub(super) async fn switches(&mut self) {
        self.phase("oauth disable");
        self.oauth.falls_silent().await;
        self.runs(&["migrate", "oauth", "disable"]).await;
        self.metadata_answers(404).await;
        self.phase("oauth enable");
        self.runs(&["migrate", "oauth", "enable"]).await;
        self.metadata_answers(200).await;
        self.oauth.settles(200).await;
    }

    async fn metadata_answers(&self, status: u16) {
        let metadata = Request::get(HOST, "/.well-known/openid-configuration", &[]);
        let begin = Instant::now();
        for port in self.ports() {
            while Connection::new(*port).exchange(&metadata).await.unwrap().status != status {
                assert!(begin.elapsed() < NOTICED, "{port} does not answer {status}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// One server after the other is replaced; there is nobody to stand in for a file's only one.
    pub(super) async fn rolling_restart(&mut self) {
        self.phase("rolling restart");
        let ports = self.ports().to_vec();
        for place in (0..ports.len()).filter(|_| ports.len() > 1) {
            let server = self.servers.remove(0);
            let mut seat = self.shared.balancer.seats[place].0.write().await;
            *seat = None;
            let (installation, port) = (&self.world.installation, ports[place]);
            let started = tokio::task::block_in_place(|| {
                server.stop().unwrap();
                Server::start_node(installation, port).unwrap()
            });
            self.servers.push(started);
            *seat = Some((port, 2));
            drop(seat);
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    }

    /// The end, and its way back. Before it nobody comes by the older doors any more; behind it they are told that these are closed.
    pub(super) async fn end(&mut self, visitors: &[&Visitor]) {
        self.phase("what the end asks for");
        let old = self.old.clone();
        let comers = [&[&old][..], visitors].concat();
        for comer in &comers {
            comer.door.falls_silent().await;
        }
        self.runs(&self.world.about_source(&["verify"], &[])).await;
        self.runs(&["migrate", "finalize", "decide-inactive", "they stay switched off"]).await;
        self.runs(&["backup", "create", "--dir", "backups"]).await;
        self.uses_are_written().await;
        self.time_passes().await;
        self.runs(&["migrate", "finalize", "check"]).await;

        self.phase("finalize execute");
        let mut command = self.world.command(&["migrate", "finalize", "execute", "--yes", "--output", "json"]);
        let execute = tokio::task::spawn_blocking(move || command.output().unwrap());
        // Whoever mistypes uses no door, and hears that it is closed.
        let mistyped = Visitor { password: "mistyped".to_owned(), ..old.clone() };
        self.answers(&mistyped, 410).await;
        for comer in &comers {
            comer.door.turns_to(&[410]);
        }
        let done = Done::of(execute.await.unwrap());
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.json()["finalized"]["accounts"].as_u64() > Some(20), "{done:?}");
        for comer in &comers {
            comer.door.settles(410).await;
        }
        self.oauth.settles(200).await;

        self.phase("finalize undo");
        let all: Vec<(&Visitor, u16)> = comers.iter().map(|comer| (*comer, 200)).collect();
        self.changes(&["migrate", "finalize", "undo", "--yes"], &all).await;
        self.oauth.settles(200).await;
    }

    /// Waits until servers have written down every use of an older door, which they do every half minute, and when they end.
    async fn uses_are_written(&self) {
        let begin = Instant::now();
        let all = i64::try_from(self.shared.logins.load(Ordering::SeqCst)).unwrap();
        let written = "SELECT CAST(sum(uses) AS BIGINT) FROM client_uses WHERE way = 'json_login'";
        while self.world.number(written).await != all {
            assert!(begin.elapsed() < Duration::from_secs(60), "{all} uses are not written");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// What the weeks until the end bring: everybody comes by OAuth, old tokens run out, and somebody has looked at what waits.
    async fn time_passes(&self) {
        let sql =
            "UPDATE users SET completed_at = {now} - {day}, last_password_login_at = NULL WHERE status = 'active';
             UPDATE users SET credential_state = 'ok' WHERE credential_state IN ('legacy_scheme', 'wrapped');
             UPDATE users SET last_password_login_at = NULL;
             UPDATE migration_facts SET at = {now} - 40 * {day} WHERE name = 'counting_since';
             UPDATE client_uses SET last_at = last_at - 40 * {day};
             UPDATE tokens SET invalidated = TRUE WHERE client_id IS NULL;
             UPDATE migration_pen SET resolution = '{\"act\":\"drop\"}', resolved_at = {now} WHERE resolution IS NULL";
        let postgres = sql.replace("{now}", "now()").replace("{day}", "interval '1 day'");
        let sqlite = sql.replace("{now}", "(CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000)");
        self.world.change(&postgres, &sqlite.replace("{day}", "86400000000")).await;
    }

    /// Sends everybody home, and judges.
    pub(super) async fn close(mut self) {
        self.phase("the last step");
        self.shared.over.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        let Shared { answers, failures, longest, .. } = &*self.shared;
        let (failures, longest) = (failures.lock().unwrap(), longest.load(Ordering::Relaxed));
        println!(
            "{:?}, {} rows: answers of {:?} are {answers:?}, {} failures, the longest {longest} ms",
            self.world.kind,
            self.rows,
            Work::ALL,
            failures.len()
        );
        let first = failures[..failures.len().min(5)].join("\n");
        assert!(failures.is_empty(), "{} requests failed, the first:\n{first}", failures.len());
        for (work, answers) in Work::ALL.iter().zip(answers) {
            assert!(answers.load(Ordering::Relaxed) > 20, "{work:?} was done only {answers:?} times");
        }
        // Hash threads of both servers and of twenty people share two cores here; nobody waits for a lock on top of that.
        assert!(longest < 8_000, "somebody waited for {longest} ms");
        self.servers.into_iter().for_each(|server| server.stop().unwrap());
    }
}

fn is_letter(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "eml")
}
