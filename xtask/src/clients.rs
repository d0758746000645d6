//! The third-party clients of `tests/clients`, each against a running server on both stores.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::folder::Folder;
use crate::machine::{Machine, Need};
use crate::node::Node;
use crate::server::{Admin, Binaries, Server};
use crate::services::{Services, free_port};
use crate::{postgres, process, workspace};

const PYTHON: Need = Need {
    what: "Python 3 with venv and pip",
    packages: &["python3", "python3-venv", "python3-pip"],
    otherwise: "Fedora: dnf install python3 python3-pip; macOS: brew install python",
};

/// Nothing listens there: the clients' browsers stop before they would open it.
const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";
const BYE: &str = "http://127.0.0.1:9/bye";
/// Registered after the others, so that a server that knows it knows all.
const LAST_CLIENT: &str = "public-client";
const SCOPES: [&str; 5] = ["openid", "profile", "email", "offline_access", "read"];

/// The tests that Node.js runs.
const IN_NODE: [&str; 4] = ["openid-client.test.mjs", "oauth4webapi.test.mjs", "upstream.test.mjs", "moving.test.mjs"];
/// They take one minute, most of which the provider is down for.
const LIMIT: Duration = Duration::from_mins(6);

/// Our client at the provider that the tests start.
const UPSTREAM_CLIENT: &str = "authly";
const UPSTREAM_SECRET: &str = "the provider's secret for tests";

/// The file that names the second provider, and the `kid` of the key that our client proves itself with there.
const SECOND_PROVIDER: &str = "authly.toml";
const KEY_ID: &str = "client-key-1";

/// The server stands in front of two providers that are not there until the tests start them: one from the environment, one from a file.
fn upstream<'a>(issuer: &'a str, file: &'a str) -> [(&'a str, &'a str); 7] {
    [
        ("AUTHLY_CONFIG", file),
        ("AUTHLY_UPSTREAM_ISSUER", issuer),
        ("AUTHLY_UPSTREAM_NAME", "corp"),
        ("AUTHLY_UPSTREAM_LABEL", "The Corp"),
        ("AUTHLY_UPSTREAM_CLIENT_ID", UPSTREAM_CLIENT),
        ("AUTHLY_UPSTREAM_CLIENT_SECRET", UPSTREAM_SECRET),
        ("AUTHLY_UPSTREAM_PRIVATE_NETWORK", "true"),
    ]
}

/// Builds the server, fetches the clients, and runs them on SQLite and on PostgreSQL.
pub(crate) fn run(machine: &Machine, services: &Services) -> Result<(), Failure> {
    let node = Node::prepare(machine, &workspace::root().join("tests/clients"))?;
    let python = prepare_python(machine)?;
    let binaries = Binaries::build(machine)?;
    let psql = postgres::ensure_client(machine)?;
    let mut failures = Vec::new();
    for store in ["sqlite", "postgres"] {
        let folder = Folder::create("clients")?;
        let database = match store {
            "sqlite" => format!("sqlite://{}", folder.path().join("authly.db").display()),
            _ => postgres::create_database(&psql, services.database_url(), "authly_clients")?,
        };
        println!("-- clients on {store}");
        let results = on_one_store(&binaries, &node, &python, services, &folder, &database);
        failures.extend(results.into_iter().filter_map(Result::err).map(|failure| format!("on {store}: {failure}")));
        if store == "postgres" {
            postgres::drop_database(&psql, services.database_url(), "authly_clients")?;
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("\n"))) }
}

/// Every client runs, also after another has failed.
fn on_one_store(
    binaries: &Binaries,
    node: &Node,
    python: &Path,
    services: &Services,
    folder: &Folder,
    database: &str,
) -> Vec<Result<(), Failure>> {
    let there = match Providers::prepare(node, folder.path()) {
        Ok(there) => there,
        Err(failure) => return vec![Err(failure)],
    };
    let mut environment = upstream(&there.first, &there.file).to_vec();
    // All clients of all tests come from one address.
    environment.extend([("AUTHLY_FIRST_PARTY_CHALLENGE_ENABLED", "true"), ("RATE_LIMIT_REQUESTS_PER_MINUTE", "1000")]);
    let mut server = match Server::start(binaries, services, folder.path(), database, &environment) {
        Ok(server) => server,
        Err(failure) => return vec![Err(failure)],
    };
    let prepared = prepare_clients(&server.admin(binaries, services), &server, folder.path(), &there)
        .and_then(|file| server.wait_for_client(LAST_CLIENT, REDIRECT_URI).map(|()| file));
    let file = match prepared {
        Ok(file) => file,
        Err(failure) => return vec![Err(server.with_log(failure))],
    };
    let tests = workspace::root().join("tests/clients");
    let mut in_node = node.command();
    in_node.args(["--test", "--test-reporter=spec"]).args(IN_NODE);
    let mut in_python = Command::new(python);
    in_python.args(["-m", "unittest", "-v", "test_authlib", "test_moving"]).env("PYTHONDONTWRITEBYTECODE", "1");
    let results: Vec<_> = [in_node, in_python]
        .iter_mut()
        .map(|command| process::run_within(command.current_dir(&tests).env("AUTHLY_CLIENTS", &file), LIMIT))
        .collect();
    if results.iter().any(Result::is_err) {
        println!("-- the server's log\n{}", server.log());
    }
    results
}

/// Where the providers will be.
struct Providers {
    /// Our client there has a secret.
    first: String,
    /// Our client there has a key.
    second: String,
    /// The configuration file that names the second.
    file: String,
}

impl Providers {
    /// Makes the key, and the file that names it.
    fn prepare(node: &Node, folder: &Path) -> Result<Self, Failure> {
        let tests = workspace::root().join("tests/clients");
        process::output(node.command().arg("key.mjs").arg(folder).current_dir(tests))?;
        let place = || free_port().map(|port| format!("http://127.0.0.1:{port}"));
        let (first, second) = (place()?, place()?);
        let key = folder.join("private.pem");
        let text = format!(
            "[upstream.keyed]\nissuer = {second:?}\nlabel = \"Keyed\"\nclient_id = {UPSTREAM_CLIENT:?}\nlink = \"address\"\n\
             client_key_file = {key:?}\nclient_key_id = {KEY_ID:?}\nprivate_network = true\n"
        );
        let file = folder.join(SECOND_PROVIDER);
        fs::write(&file, text).map_err(|error| Failure::of(file.display(), error))?;
        Ok(Self { first, second, file: file.display().to_string() })
    }
}

/// Registers the clients and the person; gives back the file that tells the tests about them.
fn prepare_clients(
    admin: &Admin<'_>,
    server: &Server,
    folder: &Path,
    providers: &Providers,
) -> Result<PathBuf, Failure> {
    let key = fs::read_to_string(folder.join("private.json"))
        .map_err(|error| Failure::of("cannot read the client's key", error))?;
    let key: Value = serde_json::from_str(&key).map_err(|error| Failure::of("the client's key is no JSON", error))?;

    let email = "ada@example.com";
    let password = "correct horse battery staple 42";
    let user = [
        "user",
        "create",
        "--email",
        email,
        "--username",
        "ada",
        "--name",
        "Ada Lovelace",
        "--password-stdin",
        "--verified",
    ];
    admin.json(&user, Some(password))?;

    let create = |id: &str, kind: &str, method: &str, own_tokens: bool, extra: &[&str]| {
        let mut arguments =
            vec!["client", "create", "--client-id", id, "--name", id, "--type", kind, "--auth-method", method];
        arguments.extend(["--redirect-uri", REDIRECT_URI]);
        arguments.extend(SCOPES.into_iter().flat_map(|scope| ["--scope", scope]));
        let grants: &[&str] = if own_tokens { &["client_credentials"] } else { &[] };
        let grants = ["authorization_code", "refresh_token"].iter().chain(grants);
        arguments.extend(grants.flat_map(|grant| ["--grant-type", grant]));
        arguments.extend(extra);
        admin.json(&arguments, None)
    };
    let moving = prepare_moving(admin)?;
    let jwks = folder.join("jwks.json").display().to_string();
    let mut jwt = create("signing-client", "confidential", "private_key_jwt", true, &["--jwks", &jwks])?;
    if let Some(members) = jwt.as_object_mut() {
        members.insert("key".to_owned(), key);
    }
    let setup = json!({
        "issuer": server.issuer(),
        "redirect_uri": REDIRECT_URI,
        "user": {"email": email, "password": password},
        "after": BYE,
        "basic": create(
            "basic-client",
            "confidential",
            "client_secret_basic",
            true,
            &["--post-logout-redirect-uri", BYE],
        )?,
        "post": create("post-client", "confidential", "client_secret_post", true, &[])?,
        "public": create(LAST_CLIENT, "public", "none", false, &[])?,
        "jwt": jwt,
        "moving": moving,
        "upstream": {"issuer": providers.first, "client_id": UPSTREAM_CLIENT, "client_secret": UPSTREAM_SECRET},
        "keyed": {"issuer": providers.second, "client_id": UPSTREAM_CLIENT, "jwks": jwks_of(folder)?},
    });
    let file = folder.join("setup.json");
    fs::write(&file, setup.to_string()).map_err(|error| Failure::of(file.display(), error))?;
    Ok(file)
}

/// Registers the clients of the samples that move from the JSON login to the browser, and a person of their own.
fn prepare_moving(admin: &Admin<'_>) -> Result<Value, Failure> {
    let (id, email, password) = ("moving-client", "grace@example.com", "correct horse battery staple 43");
    admin.json(&["user", "create", "--email", email, "--password-stdin", "--verified"], Some(password))?;
    let scopes = ["openid", "profile", "email", "offline_access"].map(|scope| ["--scope", scope]).concat();
    let mut arguments = vec!["client", "create", "--client-id", id, "--name", id, "--type", "public"];
    arguments.extend(["--redirect-uri", "http://127.0.0.1/callback", "--first-party", "--first-party-challenge"]);
    arguments.extend(&scopes);
    admin.json(&arguments, None)?;
    // The web application listens there, as one sample after the other.
    let home = format!("http://localhost:{}", free_port()?);
    let (back, bye) = (format!("{home}/callback"), format!("{home}/"));
    let mut arguments = vec!["client", "create", "--client-id", "moving-web", "--name", "moving-web", "--first-party"];
    arguments.extend(["--redirect-uri", &back, "--post-logout-redirect-uri", &bye]);
    arguments.extend(&scopes);
    let mut web = admin.json(&arguments, None)?;
    if let Some(members) = web.as_object_mut() {
        members.insert("home".to_owned(), Value::String(home));
    }
    Ok(json!({ "client_id": id, "user": { "email": email, "password": password }, "web": web }))
}

/// The public half of the key.
fn jwks_of(folder: &Path) -> Result<Value, Failure> {
    let text = fs::read_to_string(folder.join("jwks.json"));
    let text = text.map_err(|error| Failure::of("cannot read the key's public half", error))?;
    serde_json::from_str(&text).map_err(|error| Failure::of("the key's public half is no JSON", error))
}

/// The Python of a virtual environment that holds the pinned packages.
fn prepare_python(machine: &Machine) -> Result<PathBuf, Failure> {
    let system = machine.ensure(&PYTHON, |places| {
        let program = places.program("python3")?;
        process::succeeds(Command::new(&program).args(["-c", "import venv, ensurepip"])).then_some(program)
    })?;
    let requirements = workspace::root().join("tests/clients/requirements.txt");
    let wanted = fs::read_to_string(&requirements).map_err(|error| Failure::of(requirements.display(), error))?;
    let environment = workspace::target()?.join("client-tests-python");
    let python = environment.join("bin/python");
    let stamp = environment.join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(python);
    }
    process::run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"]).arg(&requirements);
    process::run(&mut pip)?;
    fs::write(&stamp, wanted).map_err(|error| Failure::of(stamp.display(), error))?;
    Ok(python)
}
