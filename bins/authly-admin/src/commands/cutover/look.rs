//! `authly-admin migrate status`, `progress` and `pending`: what only looks.

use authly_admin_cases::{
    csv::Csv,
    migrate::{self, MigrationStatus, Standing, Tools},
};
use authly_config::Settings;
use authly_cutover::{
    installation::Installation,
    store::{Lacks, PendingAccount},
    words::count,
};
use authly_runtime::store::Database;
use oauth_core::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Bench, installation, stopped,
    switches::{self, OAuth},
};
use crate::{
    console::{Column, Console},
    failure::Failure,
};

const BY_TENANT: &[Column] = &[
    ("Tenant", "tenant"),
    ("Accounts", "total"),
    ("Password", "password"),
    ("Dual", "dual"),
    ("OAuth", "oauth"),
    ("Dual+OAuth %", "linked_percent"),
    ("Completed", "completed"),
    ("Completed %", "completed_percent"),
    ("Invited", "invited"),
    ("To be reset", "reset_required"),
    ("Waiting", "waiting"),
    ("Old hashes", "old_hashes"),
    ("Last at an old door", "last_password_login_at"),
];

/// What `migrate status` looks at.
pub(super) struct Looks<'a, D: Database> {
    pub(super) settings: &'a Settings,
    pub(super) database: &'a D,
    pub(super) bench: &'a Bench<D::Store>,
    /// Only this tenant.
    pub(super) tenant: Option<&'a str>,
    /// At most so many tenants in a table.
    pub(super) limit: u32,
}

/// What `migrate status` found.
pub(super) struct Found {
    pub(super) installation: Installation,
    pub(super) status: MigrationStatus,
    pub(super) oauth: OAuth,
}

impl<D: Database> Looks<'_, D> {
    /// Where the migration stands, and how far the installation is; the catalog is loaded once.
    pub(super) async fn found(&self) -> Result<Found, Failure> {
        let Looks { settings, database, bench, tenant, .. } = *self;
        let records = installation::records(bench).await?;
        let oauth = switches::oauth(settings, records.switches());
        let status = migrate::status(bench, tenant, oauth.switch()).await;
        let status = status.map_err(stopped("cannot tell where the migration stands"))?;
        let setup = installation::setup(settings, database, bench, &records, status.accounts).await?;
        let installation = migrate::installation(bench, &setup).await;
        let installation = installation.map_err(stopped("cannot tell how far the installation is"))?;
        Ok(Found { installation, status, oauth })
    }
}

/// What programs get.
#[derive(Serialize)]
struct Document<'a> {
    installation: &'a Installation,
    #[serde(flatten)]
    status: &'a MigrationStatus,
}

pub(super) async fn status<D: Database>(looks: &Looks<'_, D>, console: Console) -> Result<(), Failure> {
    let Found { installation, status, oauth } = looks.found().await?;
    if console.is_json() {
        return console.document(&Document { installation: &installation, status: &status });
    }
    let row = |standing: &Standing, name: Option<&str>| {
        let mut row = json!(standing.progress);
        if let Some(members) = row.as_object_mut() {
            members.insert("old_hashes".to_owned(), json!(schemes(standing)));
            for percent in ["linked_percent", "completed_percent"] {
                let shown = match members.get(percent).and_then(Value::as_f64) {
                    Some(value) => format!("{value:.2}"),
                    None => "n/a".to_owned(),
                };
                members.insert(percent.to_owned(), json!(shown));
            }
            if let Some(name) = name {
                members.insert("tenant".to_owned(), json!(name));
            }
        }
        row
    };
    // Without tenants, who has none is everybody.
    let is_whole = matches!(status.tenants.as_slice(), [one] if one.progress.tenant.is_none());
    let apart: &[Standing] = if is_whole { &[] } else { &status.tenants };
    let most = usize::try_from(looks.limit).unwrap_or(usize::MAX);
    let mut rows: Vec<Value> = apart.iter().take(most).map(|tenant| row(tenant, None)).collect();
    rows.push(row(&status.overall, Some("all")));
    console.list(&rows, BY_TENANT, "")?;
    if let Some(more) = apart.len().checked_sub(most).filter(|more| *more > 0) {
        let more = count(u64::try_from(more).unwrap_or(u64::MAX), "more tenant is", "more tenants are");
        console.note(&format!("{more} at least as far: --limit shows more, --tenant SLUG one of them."));
    }
    match &status.last_run {
        None => console.raw(&format!("Phase: {}. There was no run yet.", status.phase))?,
        Some(run) => {
            console.raw(&format!("Phase: {}. The last run:", status.phase))?;
            console.item(run)?;
        }
    }
    console.raw(&installation::lines(&installation))?;
    if let Some(note) = oauth.note() {
        console.note(&note);
    }
    Ok(())
}

/// Hashes of other programs that are left: how many, and of which schemes.
fn schemes(standing: &Standing) -> Vec<String> {
    let named = standing.old_hashes.as_slice().iter().map(|(scheme, accounts)| format!("{accounts} {scheme}"));
    let sum = standing.progress.legacy_scheme + standing.progress.wrapped;
    match standing.old_hashes.as_slice().len() {
        0 => vec![sum.to_string()],
        1 => named.collect(),
        _ => std::iter::once(sum.to_string()).chain(named).collect(),
    }
}

pub(super) async fn progress<T: Tools>(
    tools: &T,
    tenant: Option<&str>,
    days: u32,
    console: Console,
) -> Result<(), Failure> {
    let series = migrate::daily(tools, tenant, days).await.map_err(stopped("cannot tell the progress"))?;
    if console.is_json() {
        return console.list(&series, &[], "");
    }
    let most = series.iter().map(|day| day.completed).max().unwrap_or(0).max(1);
    let lines: Vec<String> = series
        .iter()
        .map(|day| {
            let length = usize::try_from(day.completed * WIDTH / most).unwrap_or(0);
            format!("{}  {:>6}  {}", day.date, day.completed, "\u{2588}".repeat(length))
        })
        .collect();
    console.raw(&lines.join("\n"))
}

/// Characters of the longest bar.
const WIDTH: u64 = 40;

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As `--output` says.
    AsAsked,
    /// For other programs (RFC 4180).
    Csv,
}

pub(super) async fn pending<T: Tools>(
    tools: &T,
    lacks: Lacks,
    tenant: Option<&str>,
    limit: u32,
    form: Form,
    console: Console,
) -> Result<(), Failure> {
    let accounts =
        migrate::pending(tools, lacks, tenant, None, limit).await.map_err(stopped("cannot list who is pending"))?;
    let is_cut = u32::try_from(accounts.len()).is_ok_and(|count| count == limit);
    if form == Form::Csv {
        console.raw(&table(&accounts))?;
        if is_cut {
            console.note("There may be more: raise --limit.");
        }
        return Ok(());
    }
    let rows: Vec<Value> = accounts
        .iter()
        .map(|account| {
            json!({
                "user": account.user.to_string(),
                "tenant": account.tenant,
                "email": account.email,
                "name": account.name,
                "last_login_at": account.last_login_at.map(|at| at.to_rfc3339()),
                "invited_at": account.invited_at.map(|at| at.to_rfc3339()),
            })
        })
        .collect();
    let columns = [
        ("E-mail", "email"),
        ("Name", "name"),
        ("Tenant", "tenant"),
        ("Last sign-in", "last_login_at"),
        ("Invited", "invited_at"),
    ];
    let nobody = match lacks {
        Lacks::Completion => "Nobody is pending.",
        Lacks::OwnHash => "No password has the hash of another program.",
    };
    console.list(&rows, &columns, nobody)?;
    if is_cut {
        console.note("There may be more: raise --limit.");
    }
    Ok(())
}

/// Who is pending, by the names that S001-16 gives the columns; a terminal takes the end of a line for what it is.
fn table(accounts: &[PendingAccount]) -> String {
    let mut table = Csv::new(&["email", "full_name", "tenant", "last_login_at", "migration_invited_at", "user"]);
    let instant = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339).unwrap_or_default();
    for account in accounts {
        table.line(&[
            account.email.clone(),
            account.name.clone().unwrap_or_default(),
            account.tenant.clone().unwrap_or_default(),
            instant(account.last_login_at),
            instant(account.invited_at),
            account.user.to_string(),
        ]);
    }
    table.into_text().replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use oauth_core::ids::UserId;

    use super::*;

    #[test]
    fn a_table_of_who_is_pending_has_a_line_each_and_no_formula() {
        let account = PendingAccount {
            user: UserId::parse("6b1f7a3e-0000-4000-8000-000000000001").unwrap(),
            tenant: Some("acme".to_owned()),
            email: "ada@example.org".to_owned(),
            name: Some("=1+1".to_owned()),
            last_login_at: Some(Timestamp::from_seconds(0)),
            invited_at: None,
        };
        assert_eq!(
            table(&[account]),
            "email,full_name,tenant,last_login_at,migration_invited_at,user\n\
             ada@example.org,\"'=1+1\",acme,1970-01-01T00:00:00Z,,6b1f7a3e-0000-4000-8000-000000000001\n"
        );
    }
}
