//! `authly-admin group`.

use authly_admin_cases::{Admin, group::GroupDraft};
use authly_directory::{services::DirectoryServices, tenant::Members};
use authly_runtime::trouble::Trouble;
use oauth_core::ids::UserId;
use serde_json::json;

use crate::{
    args::{GroupCommand, MemberCommand},
    console::{Column, Console},
    failure::{Failure, refused},
};

const COLUMNS: &[Column] =
    &[("Group", "name"), ("Description", "description"), ("Tenant", "tenant"), ("Members", "members"), ("Id", "id")];

const MEMBER_COLUMNS: &[Column] =
    &[("Id", "id"), ("E-mail", "email"), ("User name", "username"), ("Status", "status"), ("Tenant", "tenant")];

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    command: GroupCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        GroupCommand::Create { name, tenant, description } => {
            let group = admin.create_group(GroupDraft { name, tenant, description }).await;
            console.item(&group.map_err(refused("cannot create the group"))?)
        }
        GroupCommand::List { tenant } => {
            let groups = admin.groups(tenant.as_deref()).await.map_err(refused("cannot list the groups"))?;
            console.list(&groups, COLUMNS, "No groups yet. `authly-admin group create` makes one.")
        }
        GroupCommand::Show { group, tenant } => {
            let group = admin.group(&group, tenant.as_deref()).await;
            console.item(&group.map_err(refused("cannot show the group"))?)
        }
        GroupCommand::Update { group, tenant, description } => {
            let changed = admin.describe_group(&group, tenant.as_deref(), &description).await;
            console.item(&changed.map_err(refused("cannot change the group"))?)
        }
        GroupCommand::Delete { group, tenant, with_members } => {
            let cannot = "cannot delete the group";
            let before = admin.group(&group, tenant.as_deref()).await.map_err(refused(cannot))?;
            if with_members || before.members == 0 {
                console.confirm("delete", &before.name)?;
            }
            let members = if with_members { Members::Release } else { Members::Protect };
            let ended = admin.delete_group(&before.id, None, members).await.map_err(refused(cannot))?;
            console.item(&json!({ "deleted": before.name, "members_released": ended }))
        }
        GroupCommand::Member(command) => member(admin, command, console).await,
    }
}

async fn member<V: DirectoryServices>(
    admin: &Admin<V>,
    command: MemberCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        MemberCommand::Add { group, users, tenant } => {
            let mut joined = Vec::new();
            for user in users {
                let added = admin.add_group_member(&group, tenant.as_deref(), &user).await;
                joined.push(added.map_err(refused(format!("cannot add {user}")))?);
            }
            console.list(&joined, MEMBER_COLUMNS, "")
        }
        MemberCommand::Remove { group, users, tenant } => {
            let mut left = Vec::new();
            for user in users {
                let removed = admin.remove_group_member(&group, tenant.as_deref(), &user).await;
                left.push(removed.map_err(refused(format!("cannot remove {user}")))?);
            }
            console.list(&left, MEMBER_COLUMNS, "")
        }
        MemberCommand::List { group, tenant, after, limit } => {
            let after = after.map(|id| member_id(&id)).transpose()?;
            let members = admin.group_members(&group, tenant.as_deref(), after, limit).await;
            let members = members.map_err(refused("cannot list the members"))?;
            console.list(
                &members,
                MEMBER_COLUMNS,
                "Nobody is in it. `authly-admin group member add` puts somebody in.",
            )?;
            if let Some(last) =
                members.last().filter(|_| u32::try_from(members.len()).is_ok_and(|count| count == limit))
            {
                console.note(&format!("There may be more: add --after {}", last.id));
            }
            Ok(())
        }
    }
}

fn member_id(text: &str) -> Result<UserId, Failure> {
    UserId::parse(text).ok_or_else(|| {
        let why = format!("--after: {text:?} is not an id");
        Failure::usage(Trouble::new("cannot list the members", why, "use an id of the list"))
    })
}
