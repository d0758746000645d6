//! `authly-admin scope`.

use authly_admin_cases::{Admin, scope::ScopeChange};
use authly_directory::services::DirectoryServices;

use crate::{
    args::{Choice, ScopeCommand},
    console::{Column, Console},
    failure::{Failure, refused},
};

const COLUMNS: &[Column] =
    &[("Name", "name"), ("Description", "description"), ("Default", "is_default"), ("Active", "is_active")];

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    command: ScopeCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        ScopeCommand::Create { name, description, default } => {
            let change =
                ScopeChange { description: Some(description), is_default: Some(default), is_active: Some(true) };
            let scope = admin.create_scope(&name, change).await.map_err(refused("cannot create the scope"))?;
            console.item(&scope)
        }
        ScopeCommand::List => {
            let scopes = admin.scopes().await.map_err(refused("cannot list the scopes"))?;
            console.list(&scopes, COLUMNS, "No scopes yet. `authly-admin scope create` makes one.")
        }
        ScopeCommand::Show { scope } => {
            console.item(&admin.scope(&scope).await.map_err(refused("cannot show the scope"))?)
        }
        ScopeCommand::Update { scope, description, default, active } => {
            let change = ScopeChange {
                description,
                is_default: default.map(Choice::is_on),
                is_active: active.map(Choice::is_on),
            };
            update(admin, &scope, change, console).await
        }
        ScopeCommand::Deactivate { scope } => {
            update(admin, &scope, ScopeChange { is_active: Some(false), ..ScopeChange::default() }, console).await
        }
        ScopeCommand::Activate { scope } => {
            update(admin, &scope, ScopeChange { is_active: Some(true), ..ScopeChange::default() }, console).await
        }
        ScopeCommand::Delete { scope } => {
            let before = admin.scope(&scope).await.map_err(refused("cannot delete the scope"))?;
            console.confirm("delete", &before.name)?;
            admin.delete_scope(&scope).await.map_err(refused("cannot delete the scope"))?;
            console.item(&serde_json::json!({ "deleted": before.name }))
        }
    }
}

async fn update<V: DirectoryServices>(
    admin: &Admin<V>,
    scope: &str,
    change: ScopeChange,
    console: Console,
) -> Result<(), Failure> {
    console.item(&admin.update_scope(scope, change).await.map_err(refused("cannot change the scope"))?)
}
