//! `authly-admin tenant`, `migrate tenants` and `migrate policy`.

use authly_admin_cases::{
    Admin,
    tenant::{Accounts, PolicyChange, TenantChange, TenantDraft, WithGroups},
};
use authly_config::Settings;
use authly_cutover::{store::CutoverStore, words::count};
use authly_directory::services::DirectoryServices;
use oauth_core::policy::Mode;
use serde_json::json;

use crate::{
    args::{Choice, ModeChoice, PolicyCommand, TenantCommand, TenantsCommand},
    commands::sync,
    console::{Column, Console, to_the_second},
    failure::{Failure, refused},
};

const COLUMNS: &[Column] = &[
    ("Tenant", "slug"),
    ("Name", "name"),
    ("Active", "is_active"),
    ("Users", "members"),
    ("Groups", "groups"),
    ("Mode", "mode"),
    ("Until", "until"),
    ("Confirmed by", "confirmed_by"),
];

const POLICY_COLUMNS: &[Column] = &[
    ("Tenant", "tenant"),
    ("Mode", "mode"),
    ("New users", "new_users"),
    ("Since", "since"),
    ("Until", "until"),
    ("Wave", "wave"),
];

const USER_POLICY_COLUMNS: &[Column] =
    &[("User", "user"), ("Mode", "mode"), ("Since", "since"), ("Until", "until"), ("Wave", "wave")];

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    command: TenantCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        TenantCommand::Create { slug, name, with_groups } => {
            let groups = if with_groups { WithGroups::Yes } else { WithGroups::No };
            let tenant = admin.create_tenant(TenantDraft { slug, name, groups }).await;
            console.item(&tenant.map_err(refused("cannot create the tenant"))?)
        }
        TenantCommand::List { removed } => {
            let tenants = admin.tenants(removed).await.map_err(refused("cannot list the tenants"))?;
            console.list(&tenants, COLUMNS, "No tenants yet. `authly-admin tenant create` makes one.")
        }
        TenantCommand::Show { tenant } => {
            console.item(&admin.tenant(&tenant).await.map_err(refused("cannot show the tenant"))?)
        }
        TenantCommand::Update { tenant, name, active, legacy_login } => {
            let (active, legacy_login) = (active.map(Choice::is_on), legacy_login.map(Choice::is_on));
            let changed = admin.update_tenant(&tenant, TenantChange { name, active, legacy_login }).await;
            console.item(&changed.map_err(refused("cannot change the tenant"))?)
        }
        TenantCommand::Delete { tenant, with_members } => delete(admin, &tenant, with_members, console).await,
    }
}

async fn delete<V: DirectoryServices>(
    admin: &Admin<V>,
    slug: &str,
    with_members: bool,
    console: Console,
) -> Result<(), Failure> {
    let cannot = "cannot delete the tenant";
    let tenant = admin.tenant(slug).await.map_err(refused(cannot))?.tenant;
    if with_members && tenant.members > 0 {
        let (accounts, are) =
            (count(tenant.members, "account", "accounts"), if tenant.members == 1 { "is" } else { "are" });
        console.note(&format!("{accounts} of {slug} {are} deleted with it, for good."));
    }
    // What would be refused anyway is refused before anybody is asked.
    if with_members || tenant.members == 0 {
        console.confirm("delete", slug)?;
    }
    let accounts = if with_members { Accounts::Delete } else { Accounts::Protect };
    let deleted = admin.delete_tenant(slug, accounts).await.map_err(refused(cannot))?;
    console.item(&json!({ "deleted": slug, "accounts_deleted": deleted }))
}

/// `migrate tenants`.
pub(crate) async fn migrate<V: DirectoryServices>(
    admin: &Admin<V>,
    command: TenantsCommand,
    settings: &Settings,
    console: Console,
) -> Result<(), Failure> {
    match command {
        TenantsCommand::Sync(arguments) => sync::run(admin, *arguments, settings, console).await,
        TenantsCommand::Confirm { tenant, by, withdraw: _ } => {
            let done = match by {
                Some(by) => admin.confirm_tenant(&tenant, &by).await,
                None => admin.withdraw_confirmation(&tenant).await,
            };
            console.item(&done.map_err(refused("cannot confirm the tenant"))?)
        }
    }
}

/// `migrate policy`.
pub(crate) async fn policy<V: DirectoryServices>(
    admin: &Admin<V>,
    target: &impl CutoverStore,
    command: PolicyCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        PolicyCommand::Set { tenant, all, user, mode, new_users, from, until, wave } => {
            if !all && tenant.is_none() && user.is_none() {
                agree_for_everybody("change which ways to sign in are open to", console)?;
            }
            let change =
                PolicyChange { mode: mode.map(Mode::from), new_users: new_users.map(Mode::from), from, until, wave };
            let set = match user {
                Some(user) => admin.set_user_policy(target, &user, Some(change)).await,
                None => admin.set_policy(tenant.as_deref(), change).await,
            };
            let set = set.map_err(refused("cannot set the policy"))?;
            console.item(&set)?;
            if mode == Some(ModeChoice::OauthOnly) {
                console.note("The legacy doors refuse these accounts from now on, on every node within a second.");
            } else if let (Some(since), true) = (&set.since, new_users == Some(ModeChoice::OauthOnly)) {
                console.note(&format!(
                    "The legacy doors refuse accounts that are created from {} on; every node knows that within a second.",
                    to_the_second(since)
                ));
            }
            Ok(())
        }
        PolicyCommand::Show { user: Some(user) } => {
            let own = admin.user_policy(&user).await.map_err(refused("cannot show the policy"))?;
            let own: Vec<_> = own.into_iter().collect();
            console.list(&own, USER_POLICY_COLUMNS, "The account has no policy of its own.")
        }
        PolicyCommand::Show { user: None } => {
            let policies = admin.show_policies().await.map_err(refused("cannot show the policies"))?;
            console.list(&policies, POLICY_COLUMNS, "No policy is set: both ways to sign in are open to everybody.")
        }
        PolicyCommand::Clear { user: Some(user), .. } => {
            let cleared = admin.set_user_policy(target, &user, None).await;
            let cleared = cleared.map_err(refused("cannot remove the policy"))?;
            console.item(&json!({ "cleared": true, "user": cleared.user }))
        }
        PolicyCommand::Clear { tenant, all, user: None } => {
            if !all && tenant.is_none() {
                agree_for_everybody("remove the policy for", console)?;
            }
            admin.clear_policy(tenant.as_deref()).await.map_err(refused("cannot remove the policy"))?;
            console.item(&json!({ "cleared": true, "tenant": tenant }))
        }
    }
}

/// Asks before something is done to everybody: a forgotten option must not mean them.
fn agree_for_everybody(act: &str, console: Console) -> Result<(), Failure> {
    let narrower =
        "`--tenant SLUG` is for one tenant, `--user USER` for one account; `--all` says that everybody is meant.";
    console.agree(&format!("{act} everybody whose tenant has no policy of its own"), narrower)
}

const USAGE_COLUMNS: &[Column] = &[
    ("Client", "client"),
    ("Tenant", "tenant"),
    ("Way", "way"),
    ("Uses", "uses"),
    ("Since", "since"),
    ("Last use", "last_at"),
];

/// `migrate usage`.
pub(crate) async fn usage<V: DirectoryServices>(admin: &Admin<V>, days: u32, console: Console) -> Result<(), Failure> {
    let uses = admin.usage(days).await.map_err(refused("cannot show who comes how"))?;
    console.list(&uses, USAGE_COLUMNS, "Nobody came in these days. Servers write their counts every half minute.")
}
