//! `authly-admin migrate tenants sync`: the groups of tenants, here or at an upstream provider.

use authly_admin_cases::{Admin, tenant::SyncMode};
use authly_config::Settings;
use authly_cutover::words::count;
use authly_directory::services::DirectoryServices;
use authly_runtime::Trouble;

use crate::{
    args::{Idp, SyncArgs},
    commands::provision,
    console::{Column, Console},
    failure::{Code, Failure, refused},
};

const COLUMNS: &[Column] =
    &[("Tenant", "tenant"), ("Group", "group"), ("Role", "role"), ("Action", "action"), ("Reason", "reason")];

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    arguments: SyncArgs,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    match (arguments.idp, arguments.external.first()) {
        (Idp::Authly, None) => here(admin, &arguments, console).await,
        (Idp::Authly, Some(option)) => {
            let why = format!("{option} is for groups at an upstream provider");
            Err(Failure::usage(Trouble::new(
                "cannot synchronize the tenants",
                why,
                "add --idp external, or leave it out",
            )))
        }
        (Idp::External, _) => provision::run(admin, arguments, settings, console).await,
    }
}

async fn here<V: DirectoryServices>(admin: &Admin<V>, arguments: &SyncArgs, console: Console) -> Result<(), Failure> {
    let execute = arguments.intent.writes();
    if execute {
        console.agree_in_production("make groups of tenants")?;
    }
    let mode = if execute { SyncMode::Execute } else { SyncMode::DryRun };
    let report = admin.sync_tenants(mode, arguments.tenant.as_deref()).await;
    let report = report.map_err(refused("cannot synchronize the tenants"))?;
    if console.is_json() {
        console.item(&report)?;
    } else {
        console.list(
            &report.rows,
            COLUMNS,
            "No tenants are in operation. `authly-admin migrate import` brings those of a source with their people, `authly-admin tenant \
             create` makes one.",
        )?;
        let (made, mapped) = if execute { ("made", "mapped") } else { ("to make", "to map") };
        console.note(&format!(
            "{}: {} {made}, {} {mapped}, {} there already, {} need{} a decision.",
            count(report.tenants, "tenant", "tenants"),
            count(report.created, "group", "groups"),
            report.mapped,
            report.existing,
            report.refused,
            if report.refused == 1 { "s" } else { "" }
        ));
        if let Some(why) = arguments.intent.why_not("do it").filter(|_| report.created + report.mapped > 0) {
            console.note(&why);
        }
    }
    match report.refused {
        0 => Ok(()),
        _ if execute => Err(Failure::silent(Code::Partly)),
        _ => Err(Failure::silent(Code::CheckErrors)),
    }
}
