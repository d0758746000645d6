//! `authly-admin user`.

use authly_admin_cases::{Admin, AdminError, claims, user::UserDraft};
use authly_directory::{
    account::{AccountChange, TenantMove},
    services::DirectoryServices,
    store::{AccountQuery, Listed},
};
use authly_runtime::trouble::Trouble;
use oauth_core::{ids::UserId, subject::AccountStatus};

use crate::{
    args::{Choice, CreateUser, UpdateUser, UserCommand},
    aside::Warning,
    console::{Column, Console},
    failure::{Failure, refused},
    secret_input,
};

const COLUMNS: &[Column] = &[
    ("Id", "id"),
    ("E-mail", "email"),
    ("User name", "username"),
    ("Status", "status"),
    ("Verified", "is_verified"),
    ("Admin", "is_admin"),
    ("Tenant", "tenant"),
];

pub(crate) async fn run<V: DirectoryServices>(
    admin: &Admin<V>,
    command: UserCommand,
    console: Console,
) -> Result<(), Failure> {
    match command {
        UserCommand::Create(create) => {
            let tenant = create.tenant.clone();
            let fresh = match &tenant {
                Some(slug) => matches!(admin.tenant_by_slug(slug).await, Err(AdminError::NotFound { .. })),
                None => false,
            };
            let user = admin.create_user(draft(*create)?).await.map_err(refused("cannot create the user"))?;
            if let Some(slug) = tenant.filter(|_| fresh) {
                let told = format!("Tenant {slug} created: there was none of that short name.");
                console.warn(Warning::TenantCreated, &told);
            }
            console.item(&user)
        }
        UserCommand::List { contains, tenant, deleted, after, limit } => {
            let tenant = match tenant {
                Some(slug) => Some(admin.tenant_by_slug(&slug).await.map_err(refused("cannot list the users"))?),
                None => None,
            };
            let after = after.map(|id| user_id(&id)).transpose()?;
            let listed = if deleted { Listed::All } else { Listed::Living };
            let users = admin.users(AccountQuery { contains, tenant, listed, after, limit }).await;
            let users = users.map_err(refused("cannot list the users"))?;
            console.list(&users, COLUMNS, "No users here. `authly-admin user create` makes one.")?;
            if let Some(last) = users.last().filter(|_| u32::try_from(users.len()).is_ok_and(|count| count == limit)) {
                console.note(&format!("There may be more: add --after {}", last.id));
            }
            Ok(())
        }
        UserCommand::Show { user } => console.item(&admin.user(&user).await.map_err(refused("cannot show the user"))?),
        UserCommand::Update(update) => {
            let user = update.user.clone();
            let change = change(admin, *update).await?;
            self::update(admin, &user, change, console).await
        }
        UserCommand::SetPassword { user, password_stdin } => {
            // Nobody types a password twice for an account that is not there.
            admin.user(&user).await.map_err(refused("cannot set the password"))?;
            let password = if password_stdin {
                secret_input::from_stdin("password")
            } else {
                secret_input::password_from_terminal()
            }?;
            let user = admin.set_user_password(&user, &password).await;
            console.item(&user.map_err(refused("cannot set the password"))?)
        }
        // What they need to know the settings decide.
        UserCommand::ResetLink { .. } | UserCommand::Link(_) => Ok(()),
        UserCommand::Unlock { user } => {
            console.item(&admin.unlock_user(&user).await.map_err(refused("cannot unlock the user"))?)
        }
        UserCommand::Deactivate { user } => update(admin, &user, status(AccountStatus::Disabled), console).await,
        UserCommand::Activate { user } => update(admin, &user, status(AccountStatus::Active), console).await,
        UserCommand::Delete { user } => {
            let before = admin.user(&user).await.map_err(refused("cannot delete the user"))?;
            console.confirm("delete", &before.email)?;
            let deleted = admin.delete_user(&before.id).await;
            let deleted = deleted.map_err(refused("cannot delete the user"))?;
            console.item(&serde_json::json!({ "deleted": deleted.id, "email": before.email }))
        }
    }
}

async fn update<V: DirectoryServices>(
    admin: &Admin<V>,
    user: &str,
    change: AccountChange,
    console: Console,
) -> Result<(), Failure> {
    console.item(&admin.update_user(user, change).await.map_err(refused("cannot change the user"))?)
}

fn status(status: AccountStatus) -> AccountChange {
    AccountChange { status: Some(status), ..AccountChange::default() }
}

fn user_id(text: &str) -> Result<UserId, Failure> {
    UserId::parse(text).ok_or_else(|| {
        Failure::usage(Trouble::new(
            "cannot list the users",
            format!("--after: {text:?} is not an id"),
            "use an id of the list",
        ))
    })
}

fn draft(create: CreateUser) -> Result<UserDraft, Failure> {
    Ok(UserDraft {
        email: create.email,
        username: create.username,
        name: create.name,
        password: create.password_stdin.then(|| secret_input::from_stdin("password")).transpose()?,
        verified: create.verified,
        admin: create.admin,
        tenant: create.tenant,
        roles: create.role,
        claims: create.claim,
    })
}

async fn change<V: DirectoryServices>(admin: &Admin<V>, update: UpdateUser) -> Result<AccountChange, Failure> {
    let profile = if update.name.is_some() || !update.claim.is_empty() {
        let mut profile = admin.user_profile(&update.user).await.map_err(refused("cannot change the user"))?;
        profile.name = update.name.or(profile.name);
        claims::set(&mut profile, &update.claim).map_err(refused("cannot change the user"))?;
        Some(profile)
    } else {
        None
    };
    let tenant = match &update.tenant {
        Some(slug) => {
            let id = admin.tenant_by_slug(slug).await.map_err(refused("cannot change the user"))?;
            Some(TenantMove::Into(id))
        }
        None => update.no_tenant.then_some(TenantMove::Out),
    };
    Ok(AccountChange {
        tenant,
        email: update.email,
        username: update.username,
        is_verified: update.verified.map(Choice::is_on),
        is_admin: update.admin.map(Choice::is_on),
        status: None,
        is_locked: None,
        legacy_login: update.legacy_login.map(Choice::is_on),
        roles: update.role,
        profile,
    })
}
