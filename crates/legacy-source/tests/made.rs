//! What is made can be read by the built-in profiles, holds every kind of dirt, and is the same each time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use authly_cutover::{
    inspect::{Inspect as _, Part},
    outcome::FlawKind,
    person::{Activity, Person},
    profile::Profile,
    source::{PageAsk, Source as _, SourceId},
};
use authly_legacy_source::{Legacy, Plan, fill};
use authly_pg_fixture::PgFixture;
use authly_sources::{OpenSource, SourceAddress, open};
use tempfile::TempDir;

fn plan(legacy: Legacy, dirty: bool) -> Plan {
    Plan { users: 300, dirty, ..Plan::new(legacy) }
}

async fn read(address: &str, profile: &str) -> (OpenSource, Vec<Person>) {
    let profile = Profile::built_in(profile).unwrap();
    let mut source = open(&SourceAddress::parse(address).unwrap(), &profile).await.unwrap();
    let bound = source.profile().clone();
    let tenants = source.tenants().await.unwrap();
    let tenants: BTreeMap<_, _> = tenants.iter().map(|tenant| (tenant.id.clone(), bound.tenant(tenant))).collect();
    let rows = source.rows(PageAsk { after: None, limit: 1_000, since: None }).await.unwrap();
    let people = rows.iter().map(|row| bound.person(row, &tenants)).collect();
    (source, people)
}

fn flaws(people: &[Person]) -> BTreeSet<FlawKind> {
    people.iter().flat_map(|person| person.flaws.iter().map(|flaw| flaw.kind)).collect()
}

#[tokio::test]
async fn a_dirty_application_with_tenants_holds_every_kind_of_dirt() {
    for underscores in [false, true] {
        let database = PgFixture::empty().await;
        let filled = fill(database.url(), &Plan { underscores, ..plan(Legacy::Tenants, true) }).await.unwrap();
        let (mut source, people) = read(database.url(), "tenants").await;
        assert_eq!(people.len(), 300);
        for kind in
            [FlawKind::ExternalSubjectInvalid, FlawKind::TimeInvalid, FlawKind::TenantUnknown, FlawKind::TooLong]
        {
            assert!(flaws(&people).contains(&kind), "{kind:?} is not among {:?}", flaws(&people));
        }
        assert!(people.iter().any(|person| person.external_subject.is_some()));
        assert!(people.iter().any(|person| person.email.is_none()));
        assert!(people.iter().any(|person| person.hash.is_none()));
        for activity in [Activity::Active, Activity::Inactive, Activity::Deleted] {
            assert!(people.iter().any(|person| person.activity == activity), "{activity:?}");
        }
        assert_eq!(source.orphans(Part::Groups, 5).await.unwrap().count, 1);
        assert_eq!(filled.canaries.len(), 10);
        for id in filled.canaries.keys() {
            assert!(source.row(&SourceId::parse(id).unwrap()).await.unwrap().is_some());
        }
    }
}

#[tokio::test]
async fn a_clean_source_has_no_flaw() {
    let database = PgFixture::empty().await;
    fill(database.url(), &plan(Legacy::Tenants, false)).await.unwrap();
    let (_, people) = read(database.url(), "tenants").await;
    assert_eq!(flaws(&people), BTreeSet::new());
    let emails: BTreeSet<_> = people.iter().map(|person| person.email.clone().unwrap().to_lowercase()).collect();
    assert_eq!(emails.len(), people.len());
}

#[tokio::test]
async fn the_same_plan_makes_the_same_rows_in_both_databases() {
    let folder = TempDir::new().unwrap();
    let plan = plan(Legacy::LegacyUsers, true);
    let mut found = Vec::new();
    for name in ["one.db", "two.db"] {
        let address = format!("sqlite:{}", folder.path().join(name).display());
        fill(&address, &plan).await.unwrap();
        let (mut source, people) = read(&address, "legacy-users").await;
        found.push((source.digest().await.unwrap(), people));
    }
    assert_eq!(found[0], found[1]);
    let database = PgFixture::empty().await;
    fill(database.url(), &plan).await.unwrap();
    let (_, people) = read(database.url(), "legacy-users").await;
    assert_eq!(people, found[0].1);
    let other = PgFixture::empty().await;
    fill(other.url(), &Plan { seed: 2, ..plan }).await.unwrap();
    assert_ne!(read(other.url(), "legacy-users").await.1, people);
}

#[tokio::test]
async fn the_older_programs_own_tables_are_made_with_tokens() {
    let database = PgFixture::empty().await;
    fill(database.url(), &plan(Legacy::Authly, true)).await.unwrap();
    let (mut source, people) = read(database.url(), "authly").await;
    assert_eq!((people.len(), source.table_counts().await.unwrap()[1].clone()), (300, ("tokens".to_owned(), 60)));
    assert!(
        fill(database.url(), &plan(Legacy::Authly, true)).await.is_err(),
        "tables that are there are never touched"
    );
}
