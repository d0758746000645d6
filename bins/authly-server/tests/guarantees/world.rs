//! An installation, an older program's database beside it, and `authly-admin` as a process.

use std::{
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use authly_bench::{
    exchange::{Connection, Request},
    installation::{HOST, Installation, Store},
    server::Server,
};
use authly_legacy_source::{Legacy, Plan, fill};
use authly_pg_fixture::{PgFixture, TestDatabase};
use serde_json::{Value, json};

/// The stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    Sqlite,
}

impl Kind {
    pub(crate) const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// How many rows a long variant has, of which it has `heavy` in a night; `None` where the short ones are enough.
pub(crate) fn long(heavy: u32) -> Option<u32> {
    let asked = std::env::var_os("AUTHLY_TEST_MIGRATION")?;
    let rows = |number: &str| number.parse::<u32>().unwrap().clamp(1_000, heavy);
    Some(if asked == "heavy" { heavy } else { rows(asked.to_str().unwrap()) })
}

/// Whether the long variants were asked for.
pub(crate) fn is_heavy() -> bool {
    long(u32::MAX).is_some()
}

/// An installation with a source.
pub(crate) struct World {
    pub(crate) installation: Installation,
    pub(crate) profile: &'static str,
    pub(crate) source: String,
    pub(crate) kind: Kind,
    /// Addresses of people of the source, with their passwords.
    pub(crate) people: Vec<(String, String)>,
    /// Dropped last.
    _databases: Vec<TestDatabase>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What it printed with `--output json`.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl World {
    /// An up-to-date store of that kind beside a source of that profile: SQLite beside SQLite, PostgreSQL beside PostgreSQL.
    pub(crate) async fn new(kind: Kind, plan: Plan) -> Self {
        let mut databases = Vec::new();
        let store = match kind {
            Kind::Sqlite => Store::Sqlite,
            Kind::Postgres => {
                databases.push(PgFixture::empty().await);
                Store::Postgres { url: databases[0].url().to_owned(), process: None }
            }
        };
        let installation = Installation::new(crate::programs::programs(), store).unwrap();
        let source = match kind {
            Kind::Sqlite => format!("sqlite:{}", installation.folder().join("old.db").display()),
            Kind::Postgres => {
                databases.push(PgFixture::empty().await);
                databases[1].url().to_owned()
            }
        };
        let people = fill(&source, &plan).await.unwrap().people;
        let world = Self { installation, profile: name(plan.legacy), source, kind, people, _databases: databases };
        world.ok(&["migrate", "schema", "up"]);
        world
    }

    /// A source in a store's own tables, adopted: profile `authly`, on PostgreSQL.
    pub(crate) async fn in_place(plan: Plan) -> Self {
        let database = PgFixture::empty().await;
        let people = fill(database.url(), &plan).await.unwrap().people;
        let store = Store::Postgres { url: database.url().to_owned(), process: None };
        let installation = Installation::new(crate::programs::programs(), store).unwrap();
        let source = database.url().to_owned();
        let (profile, kind) = (name(plan.legacy), Kind::Postgres);
        Self { installation, profile, source, kind, people, _databases: vec![database] }
    }

    /// The same installation at another address of its PostgreSQL database.
    pub(crate) fn at(self, url: &str) -> Self {
        self.with("DATABASE_URL", url)
    }

    /// The same installation with another setting.
    pub(crate) fn with(mut self, setting: &str, value: &str) -> Self {
        self.installation = self.installation.with(setting, value);
        self
    }

    /// The same installation, where the stored switch says whether OAuth is on.
    pub(crate) fn with_stored_switch(mut self) -> Self {
        self.installation = self.installation.without("OAUTH_ENABLED");
        self.ok(&["migrate", "oauth", "enable"]);
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.installation.command(&self.installation.programs.admin);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn admin(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).output().unwrap())
    }

    /// Runs a command that must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let done = self.admin(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
        done.out
    }

    /// Runs a command that must succeed, and reads its JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[arguments, &["--output", "json"]].concat())).unwrap()
    }

    /// The words of a command about the source.
    pub(crate) fn about_source<'a>(&'a self, command: &'a [&'a str], more: &'a [&'a str]) -> Vec<&'a str> {
        let mut words = [&["migrate"], command, &["--profile", self.profile]].concat();
        if self.profile != "authly" {
            words.extend(["--source", self.source.as_str()]);
        }
        words.extend(["--output", "json"]);
        words.extend(more);
        words
    }

    /// Imports, which ends with 0, or with 2 where rows wait.
    #[track_caller]
    pub(crate) fn import(&self, more: &[&str]) -> Value {
        let done = self.admin(&self.about_source(&["import"], more));
        assert!(matches!(done.code, Some(0 | 2)), "{done:?}");
        done.json()
    }

    /// Starts an import that writes.
    pub(crate) fn start_import(&self, more: &[&str], failpoint: Option<&str>) -> Child {
        let mut command = self.command(&self.about_source(&["import", "--execute"], more));
        command.envs(failpoint.map(|place| ("AUTHLY_FAILPOINT", place)));
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub(crate) fn rollback(&self, scope: &[&str]) -> Value {
        let words = [&["migrate", "rollback", "--execute", "--yes", "--output", "json"], scope].concat();
        let done = self.admin(&words);
        assert!(matches!(done.code, Some(0 | 2)), "{done:?}");
        done.json()
    }

    /// The file of the store.
    pub(crate) fn file(&self) -> PathBuf {
        self.installation.folder().join("authly.db")
    }

    /// The address of the store's database.
    pub(crate) fn url(&self) -> &str {
        self.installation.setting("DATABASE_URL").unwrap()
    }

    /// Changes the store behind the programs' backs, in the words of its own SQL.
    pub(crate) async fn change(&self, postgres: &str, sqlite: &str) {
        match self.kind {
            Kind::Postgres => client(self.url()).await.batch_execute(postgres).await.unwrap(),
            Kind::Sqlite => rusqlite::Connection::open(self.file()).unwrap().execute_batch(sqlite).unwrap(),
        }
    }

    /// Those of [`people`](Self::people) who have an account of their own by now.
    pub(crate) async fn imported(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (email, password) in &self.people {
            let sql = format!("SELECT count(*) FROM users WHERE email = '{email}' AND imported_at IS NOT NULL");
            if self.number(&sql).await == 1 {
                found.push((email.clone(), password.clone()));
            }
        }
        found
    }

    /// A number that the store answers with.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        match self.kind {
            Kind::Postgres => client(self.url()).await.query_one(sql, &[]).await.unwrap().get(0),
            Kind::Sqlite => {
                rusqlite::Connection::open(self.file()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
            }
        }
    }

    /// Texts that the store answers with.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        match self.kind {
            Kind::Postgres => {
                client(self.url()).await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
            Kind::Sqlite => {
                let file = rusqlite::Connection::open(self.file()).unwrap();
                let mut statement = file.prepare(sql).unwrap();
                statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            }
        }
    }

    /// Changes the source.
    pub(crate) async fn change_source(&self, sql: &str) {
        match self.source.strip_prefix("sqlite:") {
            Some(file) => rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap(),
            None => client(&self.source).await.batch_execute(sql).await.unwrap(),
        }
    }

    /// Lets the lease of a process that was killed run out, as thirty seconds would.
    pub(crate) async fn release(&self) {
        let sqlite = "UPDATE migration_runs SET heartbeat_at = heartbeat_at - 60000000";
        self.change("UPDATE migration_runs SET heartbeat_at = heartbeat_at - interval '60 s'", sqlite).await;
    }

    pub(crate) fn serve(&self) -> Server {
        Server::start(&self.installation).unwrap()
    }

    /// Signs in by the password grant.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> (u16, Value) {
        let body = json!({ "grant_type": "password", "username": name, "password": password });
        self.post("/auth/token", None, &body).await
    }

    /// Asks for tokens, twelve at a time: whoever waits for a refusal, which takes as long as the slowest hash, keeps no processor busy.
    pub(crate) async fn grants(&self, asked: &[Value]) -> Vec<(u16, Value)> {
        let port = self.installation.port;
        let mut answers = Vec::new();
        for part in asked.chunks(12) {
            let sent = part.iter().map(|body| {
                let request = Request::post(HOST, "/auth/token", &[], "application/json", &body.to_string());
                tokio::spawn(async move {
                    let mut connection = Connection::new(port);
                    let answer = connection.exchange(&request).await.unwrap();
                    (answer.status, serde_json::from_slice(answer.body).unwrap_or_default())
                })
            });
            for answer in sent.collect::<Vec<_>>() {
                answers.push(answer.await.unwrap());
            }
        }
        answers
    }

    /// Asks with a bearer token.
    pub(crate) async fn get(&self, path: &str, bearer: &str) -> (u16, Value) {
        let request = Request::get(HOST, path, &[("Authorization", &format!("Bearer {bearer}"))]);
        let mut connection = Connection::new(self.installation.port);
        let answer = connection.exchange(&request).await.unwrap_or_else(|failure| panic!("{path}: {failure}"));
        (answer.status, serde_json::from_slice(answer.body).unwrap_or_default())
    }

    /// Sends JSON, with a bearer token if there is one.
    pub(crate) async fn post(&self, path: &str, bearer: Option<&str>, body: &Value) -> (u16, Value) {
        let bearer = bearer.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> = bearer.iter().map(|value| ("Authorization", value.as_str())).collect();
        let request = Request::post(HOST, path, &headers, "application/json", &body.to_string());
        let mut connection = Connection::new(self.installation.port);
        let answer = connection.exchange(&request).await.unwrap_or_else(|failure| panic!("{path}: {failure}"));
        (answer.status, serde_json::from_slice(answer.body).unwrap_or_default())
    }
}

/// A plain connection to a database.
pub(crate) async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn name(legacy: Legacy) -> &'static str {
    match legacy {
        Legacy::Authly => "authly",
        Legacy::LegacyUsers => "legacy-users",
        Legacy::Tenants => "tenants",
    }
}

/// A dirty source.
pub(crate) const fn dirty(legacy: Legacy, users: u32) -> Plan {
    Plan { users, dirty: true, ..Plan::new(legacy) }
}

/// Numbers that look random, and are the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// One of so many (xorshift64*).
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit.max(1)
    }

    pub(crate) fn millis(&mut self, limit: u64) -> Duration {
        Duration::from_millis(self.below(limit))
    }
}

/// The outcomes of a report, those without rows left out.
pub(crate) fn outcomes(report: &Value) -> Vec<(String, u64)> {
    let all = report["outcomes"].as_object().unwrap();
    all.iter().map(|(name, rows)| (name.clone(), rows.as_u64().unwrap())).filter(|(_, rows)| *rows > 0).collect()
}
