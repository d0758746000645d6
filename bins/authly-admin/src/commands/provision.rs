//! `authly-admin migrate tenants sync --idp external`: a provisioner that runs a program or asks an address.

mod configuration;

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use authly_admin_cases::{
    Admin,
    tenant::{People, Provided, ProvisionOrder, ProvisionReport, Provisioner, SyncMode, Wanted},
};
use authly_config::Settings;
use authly_directory::services::DirectoryServices;
use authly_federation::Poster;
use authly_runtime::Trouble;
use serde::Serialize;

use self::configuration::{Configuration, Named};
use crate::{
    args::{Intent, SyncArgs},
    console::{Column, Console},
    failure::{Code, Failure, refused},
};

const COLUMNS: &[Column] = &[
    ("Kind", "kind"),
    ("Tenant", "tenant"),
    ("Name", "name"),
    ("Action", "action"),
    ("Id there", "id"),
    ("Reason", "reason"),
];

/// Brings groups and people at a provider into step.
pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    arguments: SyncArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    let all = authly_runtime::upstream::upstreams(settings)?;
    let (external, execute) = (arguments.external, arguments.intent.writes());
    let named = |name: &String| all.iter().find(|upstream| upstream.provider().name.as_str() == name);
    let chosen = match (&external.provider, all.as_slice()) {
        (Some(name), _) => named(name),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let Some(upstream) = chosen else {
        let names: Vec<&str> = all.iter().map(|upstream| upstream.provider().name.as_str()).collect();
        let why = match names.as_slice() {
            [] => "the settings name none".to_owned(),
            names => format!("the settings name {}", names.join(", ")),
        };
        let remedy = "set AUTHLY_UPSTREAM_ISSUER, or say which one with --provider";
        return Err(Failure::usage(Trouble::new("no upstream provider is chosen", why, remedy)));
    };
    let mode = if execute { SyncMode::Execute } else { SyncMode::DryRun };
    let order = ProvisionOrder {
        provider: upstream.provider().name.clone(),
        issuer: upstream.provider().issuer.clone(),
        people: if external.people { People::Yes } else { People::No },
        tenant: arguments.tenant,
        mode,
    };
    let configuration = Configuration::of(external.command, external.url, &order, settings);
    if !console.is_json() {
        configuration.tell(console);
    }
    let way = way(&configuration, mode)?;
    if execute {
        console.agree_in_production("make groups and people at the provider")?;
    }
    let report = admin.provision(&order, &way).await.map_err(refused("cannot synchronize with the provider"))?;
    tell(&report, &configuration, arguments.intent, console)
}

/// How things are found or made, by what is configured.
fn way(configuration: &Configuration, mode: SyncMode) -> Result<Way, Failure> {
    match &configuration.provisioner {
        Some(Named::Program(program)) => Ok(Way::Program(program.clone())),
        Some(Named::Address(url)) => {
            let (what, token) = ("the provisioner cannot be asked", configuration.token());
            let poster = Poster::new(url, token);
            let remedy = "name an https address, or http on this machine";
            let poster = poster.map_err(|error| Trouble::caused(what, &error, remedy))?;
            if configuration::names_somebody(url) {
                let why = "its address holds a user or a password, and it is shown a token";
                return Err(Trouble::new(what, why, "leave them out of the address").into());
            }
            if token.is_none() {
                let remedy = "put the token that the provisioner asks for into AUTHLY_PROVISIONER_TOKEN (or SELF_AUTH_ADMIN_TOKEN), or its \
                              file into AUTHLY_PROVISIONER_TOKEN_FILE; a program (--command) needs none";
                return Err(Trouble::new(what, "it would be asked without a token", remedy).into());
            }
            Ok(Way::Address(Box::new(poster)))
        }
        // A dry run asks nobody.
        None if mode == SyncMode::DryRun => Ok(Way::Nobody),
        None => {
            let remedy = "name a program with --command, or an address with --url";
            Err(Failure::usage(Trouble::new("nothing would be done", "no provisioner is named", remedy)))
        }
    }
}

fn tell(
    report: &ProvisionReport,
    configuration: &Configuration,
    intent: Intent,
    console: Console,
) -> Result<(), Failure> {
    if console.is_json() {
        console.item(&Whole { configuration: configuration.shown(), report })?;
    } else {
        console.list(&report.rows, COLUMNS, "Nothing to synchronize.")?;
        console.note(&format!(
            "{} in all: {} known, {} to find or make, {} found, {} made, {} need a look.",
            report.total, report.exists, report.provide, report.found, report.created, report.refused
        ));
        if let Some(why) = intent.why_not("do it").filter(|_| report.provide > 0) {
            console.note(&format!("Nobody was asked. {why}"));
        }
    }
    match report.refused {
        0 => Ok(()),
        _ if report.executed => Err(Failure::silent(Code::Partly)),
        _ => Err(Failure::silent(Code::CheckErrors)),
    }
}

/// The report for programs.
#[derive(Serialize)]
struct Whole<'a> {
    configuration: serde_json::Value,
    #[serde(flatten)]
    report: &'a ProvisionReport,
}

/// How things are found or made.
enum Way {
    Address(Box<Poster>),
    Nobody,
    Program(PathBuf),
}

impl Provisioner for Way {
    async fn provide(&self, wanted: &Wanted) -> Result<Provided, String> {
        let json = serde_json::to_string(wanted).map_err(|error| error.to_string())?;
        match self {
            Self::Address(poster) => match poster.post(json).await {
                Ok((200, text)) => read(&text, false),
                Ok((201, text)) => read(&text, true),
                Ok((status, _)) => Err(format!("it answered with status {status}")),
                Err(error) => Err(error.to_string()),
            },
            Self::Nobody => Err("nobody is asked".to_owned()),
            Self::Program(program) => run_program(program, &json).and_then(|text| read(&text, false)),
        }
    }
}

fn read(text: &str, created: bool) -> Result<Provided, String> {
    let provided: Provided =
        serde_json::from_str(text.trim()).map_err(|_| "its answer is not {\"id\": .., \"created\": ..}".to_owned())?;
    Ok(Provided { created: created || provided.created, ..provided })
}

/// One run of the program for one group or person; what it says on standard error is the reason of a failure.
fn run_program(program: &PathBuf, json: &str) -> Result<String, String> {
    let started = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| format!("it cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read what it is told answers all the same, or fails by itself.
        let _unread = stdin.write_all(json.as_bytes());
    }
    let ended = child.wait_with_output().map_err(|error| error.to_string())?;
    if ended.status.success() {
        return String::from_utf8(ended.stdout).map_err(|_| "its answer is not UTF-8".to_owned());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let line: String = said.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect();
    Err(if line.is_empty() { format!("it ended with {}", ended.status) } else { line })
}
