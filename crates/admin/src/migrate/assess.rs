//! `migrate assess`, `verify-password` and `export`: what is in a source, asked without touching it or the store.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use authly_cutover::{
    assess::{Assessment, Class, Report, TableLine},
    decide::{MappedTenant, Rules, census::Census},
    hash::HashJudge,
    inspect::{Inspect, Part},
    parts,
    person::{Activity, Person, TenantOfSource},
    profile::bind::BoundProfile,
    source::{PageAsk, SourceId, SourceName, SourceRow},
};
use authly_directory::password::{PasswordService, PresentedPassword, Verification};
use oauth_core::{ids::TenantId, secret::Secret, time::Timestamp};
use serde::Serialize;

use super::{MigrateError, Observer};

/// Rows of a page.
const PAGE: u32 = 2_000;

/// References to nothing that are shown.
const MOST_ORPHANS: u32 = 1_000;

/// What to look for.
#[derive(Debug, Default)]
pub struct AssessOptions {
    /// The class whose rows are listed.
    pub rows: Option<Class>,
    /// Known passwords of test accounts by their keys in the source.
    pub canaries: BTreeMap<String, Secret<String>>,
    /// Only people of this tenant (its short name); what they share with others is seen all the same.
    pub tenant: Option<String>,
    /// At most so many rows; what collides with a row behind them is not seen.
    pub limit: Option<u64>,
}

/// What a migration will meet.
#[derive(Debug, Serialize)]
pub struct Assessed {
    /// The source's name.
    pub source: String,
    /// What is read, as `PostgreSQL 17.2`.
    pub system: String,
    /// The tables with all their rows.
    pub tables: Vec<TableLine>,
    /// Optional parts of the profile that the source lacks.
    pub lacking: Vec<String>,
    /// The findings.
    #[serde(flatten)]
    pub report: Report,
    /// Sign-ins with known passwords.
    pub canaries: Vec<PasswordCheck>,
}

/// Whether a password verifies against the hash of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PasswordCheck {
    /// The row's key.
    pub source_id: String,
    /// Whether.
    pub result: PasswordResult,
    /// The scheme of the hash, where there is one.
    pub scheme: Option<&'static str>,
}

/// Whether a password verifies: a broken hash is told apart from a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordResult {
    /// It does.
    Verified,
    /// The hash is sound, and the password is another.
    WrongPassword,
    /// No scheme can verify the hash: its format is wrong or unknown, or it costs too much.
    UnreadableHash,
    /// The row has no hash.
    NoHash,
    /// There is no such row.
    NoSuchRow,
}

impl PasswordResult {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::WrongPassword => "wrong_password",
            Self::UnreadableHash => "unreadable_hash",
            Self::NoHash => "no_hash",
            Self::NoSuchRow => "no_such_row",
        }
    }
}

/// Looks at every row of a source, and writes nothing.
pub async fn assess<S: Inspect, J: HashJudge, P: PasswordService>(
    source: &mut S,
    profile: &BoundProfile,
    name: SourceName,
    options: &AssessOptions,
    hashes: (&J, &P),
    now: Timestamp,
    observer: &mut impl Observer,
) -> Result<Assessed, MigrateError> {
    observer.phase("counting");
    let tables = source.table_counts().await?;
    let tables = tables.into_iter().map(|(table, rows)| TableLine { table, rows }).collect();
    let tenants = tenants(source, profile).await?;
    must_be_there(options.tenant.as_deref(), &tenants)?;
    let mut rules = Rules::of(&profile.profile, name.clone());
    rules.tenants = tenants.values().map(|tenant| (tenant.id.clone(), unmapped(tenant))).collect();
    let mut assessment = Assessment::new(now, options.rows);
    assessment.slugs(tenants.values());
    observer.phase("looking at every row");
    let of = source.count(None).await?;
    let mut census = Census::default();
    let slug = |person: &Person| person.tenant.as_ref().and_then(|key| tenants.get(key)).map(|tenant| &tenant.slug);
    let wanted = |person: &Person| options.tenant.is_none() || slug(person) == options.tenant.as_ref();
    walk(source, profile, &tenants, of, options.limit, observer, |person| {
        if wanted(person) {
            assessment.note(person, &rules, hashes.0);
        }
        // Names are shared across tenants: an import of one looks at all of them as well.
        census.note(person, None, &rules);
    })
    .await?;
    let mut collisions = census.collisions();
    if !collisions.is_empty() {
        observer.phase("looking at the rows whose names collide");
        let mut own = options.tenant.as_ref().map(|_| BTreeSet::new());
        walk(source, profile, &tenants, of, options.limit, observer, |person| {
            collisions.note(person, None, &rules);
            if let Some(own) = own.as_mut().filter(|_| wanted(person)) {
                own.insert(person.id.to_string());
            }
        })
        .await?;
        assessment.collisions(&collisions, &rules, own.as_ref());
    }
    for part in Part::ALL {
        assessment.orphans(part, &source.orphans(part, MOST_ORPHANS).await?);
    }
    let mut canaries = Vec::new();
    for (id, password) in &options.canaries {
        let check = check(source, profile, id, password, hashes).await?;
        if check.result != PasswordResult::Verified {
            assessment.canary_failed(id, check.result.as_str());
        }
        canaries.push(check);
    }
    let report = assessment.report(&tenants);
    let lacking = profile.lacking.clone();
    Ok(Assessed { source: name.to_string(), system: source.about(), tables, lacking, report, canaries })
}

/// Verifies a password against the hash of one row, as a sign-in after the import would.
pub async fn verify_password<S: Inspect, J: HashJudge, P: PasswordService>(
    source: &mut S,
    profile: &BoundProfile,
    id: &str,
    password: &Secret<String>,
    hashes: (&J, &P),
) -> Result<PasswordCheck, MigrateError> {
    check(source, profile, id, password, hashes).await
}

/// Which accounts are exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// Only those of this tenant (its short name).
    pub tenant: Option<String>,
    /// At most so many, the first ones in their order.
    pub limit: Option<usize>,
}

/// An account that is not migrated yet (S001-21).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The row's key.
    pub user_id: String,
    /// The tenant's key.
    pub tenant_id: Option<String>,
    /// The tenant's short name.
    pub tenant_slug: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// The name for display.
    pub full_name: Option<String>,
    /// The first role, after the profile's mapping.
    pub role: Option<String>,
    /// All roles.
    pub roles: Vec<String>,
    /// The standing in the source; only active accounts are exported.
    pub status: &'static str,
    /// Whether it is linked to an identity provider; never, by the choice of rows.
    #[serde(rename = "has_self-auth")]
    pub has_self_auth: bool,
}

/// Gives the active accounts without a link to an identity provider to `sink`, in order of tenants' short names and addresses
/// (S001-21, 22), as far as they are asked for. A sink that breaks off ends it. Returns how many there were, and how many of them were
/// given.
///
/// Sources are read by their keys, so the accounts are put in order here: about 300 bytes each.
pub async fn export<S: Inspect>(
    source: &mut S,
    profile: &BoundProfile,
    options: &ExportOptions,
    observer: &mut impl Observer,
    sink: impl FnMut(&Exported) -> ControlFlow<()>,
) -> Result<(usize, usize), MigrateError> {
    let tenants = tenants(source, profile).await?;
    let tenant = options.tenant.as_deref();
    must_be_there(tenant, &tenants)?;
    let of = source.count(None).await?;
    observer.phase("exporting");
    let (mut after, mut read, mut accounts) = (None, 0u64, Vec::new());
    loop {
        let rows = source.rows(PageAsk { after, limit: PAGE, since: None }).await?;
        let people = rows.iter().map(|row| profile.person(row, &tenants));
        accounts.extend(people.filter_map(|person| exported(person, profile, &tenants, tenant)));
        read += rows.len() as u64;
        observer.reading(read, of);
        if rows.len() < PAGE as usize {
            break;
        }
        after = rows.last().map(|row| row.id.clone());
    }
    let place = |account: &Exported| (account.tenant_slug.clone(), account.email.clone(), account.user_id.clone());
    accounts.sort_by_cached_key(place);
    let given = options.limit.map_or(accounts.len(), |limit| limit.min(accounts.len()));
    let _all_or_broken_off = accounts.iter().take(given).try_for_each(sink);
    Ok((accounts.len(), given))
}

fn exported(
    person: Person,
    profile: &BoundProfile,
    tenants: &BTreeMap<String, TenantOfSource>,
    tenant: Option<&str>,
) -> Option<Exported> {
    let of_tenant = person.tenant.as_ref().and_then(|key| tenants.get(key));
    let slug = of_tenant.map(|tenant| tenant.slug.clone());
    let wanted = tenant.is_none_or(|tenant| slug.as_deref() == Some(tenant));
    let open = person.activity == Activity::Active && person.external_subject.is_none();
    // A reference to a tenant that is not there belongs nowhere, as in the join that the list is made of elsewhere.
    let belongs = match (&profile.profile.tenants, &person.tenant) {
        (Some(_), Some(_)) => of_tenant.is_some_and(|tenant| tenant.active),
        _ => true,
    };
    (wanted && open && belongs).then(|| Exported {
        user_id: person.id.to_string(),
        tenant_id: person.tenant,
        tenant_slug: slug,
        email: person.email,
        full_name: person.profile.name,
        role: person.roles.first().cloned(),
        roles: person.roles,
        status: "active",
        has_self_auth: false,
    })
}

/// Accounts of a source by the profile's own definitions, for the audit (S000-18, 20).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// All accounts.
    pub users: u64,
    /// Those that are active.
    pub active: u64,
    /// Tokens that are neither dead nor expired; unknown where the profile or the source has no such table.
    pub living_tokens: Option<u64>,
}

/// Counts what is active by the profile's definition.
pub async fn survey<S: Inspect>(
    source: &mut S,
    profile: &BoundProfile,
    now: Timestamp,
    observer: &mut impl Observer,
) -> Result<Surveyed, MigrateError> {
    let tenants = tenants(source, profile).await?;
    let of = source.count(None).await?;
    let mut found = Surveyed::default();
    walk(source, profile, &tenants, of, None, observer, |person| {
        found.users += 1;
        found.active += u64::from(person.activity == Activity::Active);
    })
    .await?;
    if let Some(rules) = &profile.profile.tokens {
        let (mut after, mut living) = (None, 0u64);
        loop {
            let rows = source.part(Part::Tokens, PageAsk { after, limit: PAGE, since: None }).await?;
            let zone = profile.profile.source.time_zone;
            let lives = |row: &&SourceRow| {
                parts::token(row, rules, zone, now).is_ok_and(|token| token.shut != Some(parts::Shut::Over))
            };
            living += u64::try_from(rows.iter().filter(lives).count()).unwrap_or(u64::MAX);
            if rows.len() < PAGE as usize {
                break;
            }
            after = rows.last().map(|row| row.id.clone());
        }
        found.living_tokens = Some(living);
    }
    Ok(found)
}

async fn tenants<S: Inspect>(
    source: &mut S,
    profile: &BoundProfile,
) -> Result<BTreeMap<String, TenantOfSource>, MigrateError> {
    let rows = source.tenants().await?;
    Ok(rows.iter().map(|row| (row.id.clone(), profile.tenant(row))).collect())
}

/// Refuses a tenant that the source does not have.
fn must_be_there(wanted: Option<&str>, tenants: &BTreeMap<String, TenantOfSource>) -> Result<(), MigrateError> {
    let slugs = || tenants.values().map(|tenant| tenant.slug.as_str());
    match wanted.filter(|wanted| !slugs().any(|slug| slug == *wanted)) {
        Some(unknown) => Err(super::tenants::unknown(unknown, slugs())),
        None => Ok(()),
    }
}

/// A tenant as the rules about names see it; what it becomes in the target does not matter to them.
fn unmapped(tenant: &TenantOfSource) -> MappedTenant {
    MappedTenant {
        id: TenantId::from_uuid(Default::default()),
        slug: tenant.slug.clone(),
        active: tenant.active,
        groups: BTreeMap::new(),
        policy: None,
    }
}

async fn walk<S: Inspect>(
    source: &mut S,
    profile: &BoundProfile,
    tenants: &BTreeMap<String, TenantOfSource>,
    of: u64,
    limit: Option<u64>,
    observer: &mut impl Observer,
    mut note: impl FnMut(&Person),
) -> Result<(), MigrateError> {
    let (mut after, mut read) = (None, 0u64);
    let most = limit.unwrap_or(u64::MAX);
    loop {
        let size = u32::try_from(most.saturating_sub(read)).unwrap_or(PAGE).min(PAGE);
        if size == 0 {
            return Ok(());
        }
        let rows = source.rows(PageAsk { after, limit: size, since: None }).await?;
        for row in &rows {
            note(&profile.person(row, tenants));
        }
        read += rows.len() as u64;
        observer.reading(read, of.min(most));
        if rows.len() < size as usize {
            return Ok(());
        }
        after = rows.last().map(|row| row.id.clone());
    }
}

async fn check<S: Inspect, J: HashJudge, P: PasswordService>(
    source: &mut S,
    profile: &BoundProfile,
    id: &str,
    password: &Secret<String>,
    (judge, service): (&J, &P),
) -> Result<PasswordCheck, MigrateError> {
    let answer = |result, scheme| PasswordCheck { source_id: id.to_owned(), result, scheme };
    let Some(key) = SourceId::parse(id) else { return Ok(answer(PasswordResult::NoSuchRow, None)) };
    let Some(row) = source.row(&key).await? else { return Ok(answer(PasswordResult::NoSuchRow, None)) };
    let person = profile.person(&row, &BTreeMap::new());
    let Some(hash) = person.hash else { return Ok(answer(PasswordResult::NoHash, None)) };
    let judged = judge.judge(&hash);
    if !judged.state.verifies() {
        return Ok(answer(PasswordResult::UnreadableHash, Some(judged.scheme)));
    }
    let Some(presented) = PresentedPassword::parse(password.expose()) else {
        return Ok(answer(PasswordResult::WrongPassword, Some(judged.scheme)));
    };
    let result = match service.verify(presented, Some(hash)).await? {
        Verification::Match { .. } => PasswordResult::Verified,
        Verification::Mismatch => PasswordResult::WrongPassword,
        Verification::Unreadable => PasswordResult::UnreadableHash,
    };
    Ok(answer(result, Some(judged.scheme)))
}
