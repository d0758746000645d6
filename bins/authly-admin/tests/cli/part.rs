//! Commands that are asked for a part: a tenant's rows, or the first ones.

use authly_legacy_source::{Legacy, Plan, fill};
use authly_pg_fixture::{PgFixture, TestDatabase};
use serde_json::Value;

use crate::support::{Done, Place};

const ROWS: u64 = 300;

/// Places into which a dirty table with tenants was imported, on SQLite and on PostgreSQL.
fn places() -> [(Place, Option<TestDatabase>); 2] {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(PgFixture::empty());
    let postgres = Place::new().with("DATABASE_URL", database.url().to_owned());
    let plan = Plan { users: 300, dirty: true, ..Plan::new(Legacy::Tenants) };
    [(Place::new(), None), (postgres, Some(database))].map(|(place, database)| {
        let address = format!("sqlite:{}", place.folder.path().join("shop.db").display());
        runtime.block_on(fill(&address, &plan)).unwrap();
        let done = run(&place, &["import", "--execute"]);
        assert_eq!(done.code, 2, "{done:?}");
        (place, database)
    })
}

fn run(place: &Place, words: &[&str]) -> Done {
    place.run(
        &[&["migrate"], words, &["--profile", "tenants", "--source", "sqlite:shop.db", "--output", "json"]].concat(),
    )
}

fn read(done: &Done) -> Value {
    serde_json::from_str(&done.out).map_err(|_| format!("{done:?}")).unwrap()
}

/// What the end of the migration says of the check.
fn gate(place: &Place) -> (bool, String) {
    let gate = read(&place.run(&["migrate", "finalize", "check", "--output", "json"]));
    let condition = gate.as_array().unwrap().iter().find(|one| one["name"] == "verified").unwrap().clone();
    (condition["met"].as_bool().unwrap(), condition["found"].as_str().unwrap().to_owned())
}

#[test]
fn a_check_of_a_part_compares_that_part_and_opens_no_gate() {
    for (place, _database) in places() {
        let tenant = run(&place, &["verify", "--tenant", "acme-corp"]);
        assert_eq!(tenant.code, 0, "{tenant:?}");
        let found = read(&tenant);
        let number = |name: &str| found[name].as_u64().unwrap();
        assert_eq!((&found["clean"], &found["whole"], found.get("rows_gone")), (&true.into(), &false.into(), None));
        assert!(number("rows") > 0 && number("left_out") > 0, "{found}");
        assert_eq!(number("rows") + number("left_out"), ROWS);
        assert_eq!(number("accounts") + number("waiting") + number("skipped"), number("rows"));
        let first = read(&run(&place, &["verify", "--limit", "50"]));
        assert_eq!((&first["rows"], &first["clean"], &first["whole"]), (&50.into(), &true.into(), &false.into()));
        assert!(gate(&place).1.contains("it never ran"), "{:?}", gate(&place));
        let told =
            place.run(&["migrate", "verify", "--profile", "tenants", "--source", "sqlite:shop.db", "--limit", "9"]);
        assert!(told.err.contains("the end of the migration asks for a clean check of the whole source"), "{told:?}");
        let typo = run(&place, &["verify", "--tenant", "acme-corpp"]);
        assert!(typo.code == 1 && typo.err.contains("it has acme-corp"), "{typo:?}");
        assert_eq!(run(&place, &["verify", "--limit", "0"]).code, 64);

        assert_eq!(run(&place, &["verify"]).code, 0);
        assert!(gate(&place).0, "{:?}", gate(&place));
        // One of the tenant's rows is not here as it should be.
        let rows = read(&run(&place, &["plan"]))["rows"].as_array().unwrap().clone();
        let acme = place.json(&["user", "list", "--tenant", "acme-corp", "--limit", "1"])[0]["email"].clone();
        let row = rows.iter().find(|row| row["label"] == acme).unwrap()["source_id"].as_str().unwrap();
        place.json(&["migrate", "unlink", "--source-name", "tenants", "--source-id", row]);
        let other = read(&run(&place, &["verify", "--tenant", "a-b-c"]));
        assert_eq!((&other["clean"], gate(&place).0), (&true.into(), true));
        assert_eq!(run(&place, &["verify", "--tenant", "acme-corp"]).code, 10);
        assert!(gate(&place).1.contains("found differences"), "what differs in a part differs in the whole");
        assert_eq!(run(&place, &["verify", "--tenant", "a-b-c"]).code, 0);
        assert!(!gate(&place).0, "a clean part makes nothing well again");
    }
}

#[test]
fn an_export_may_end_early() {
    let [(place, _), _] = places();
    let export = |more: &[&str]| {
        let words = ["migrate", "export", "--profile", "tenants", "--source", "sqlite:shop.db"];
        let done = place.run(&[&words[..], more].concat());
        assert_eq!(done.code, 0, "{done:?}");
        (done.out.lines().map(str::to_owned).collect::<Vec<_>>(), done.err)
    };
    let (all, told) = export(&[]);
    assert!(all.len() > 10 && !told.contains("--limit"), "{told}");
    let (first, told) = export(&["--limit", "3"]);
    assert_eq!(first, all[..3], "the first ones in their order");
    assert!(told.contains(&format!("{} accounts are", all.len())) && told.contains("Only the first 3"), "{told}");
    let (one, _) = export(&["--tenant", "acme-corp", "--limit", "1"]);
    assert!(one.len() == 1 && one[0].contains("\"acme-corp\""), "{one:?}");
    assert_eq!(export(&["--limit", "100000"]).0, all);
}

#[test]
fn rows_that_wait_are_listed_by_tenant() {
    for (place, _database) in places() {
        let list = |more: &[&str]| {
            let rows = place.json(&[&["migrate", "quarantine", "list", "--limit", "1000"], more].concat());
            rows.as_array().unwrap().iter().map(|row| row["source_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (all, mut listed) = (list(&[]), 0);
        let tenants = place.json(&["migrate", "status"])["tenants"].as_array().unwrap().clone();
        for tenant in tenants.iter().filter(|tenant| tenant["waiting"].as_u64() > Some(0)) {
            let Some(slug) = tenant["tenant"].as_str() else { continue };
            let rows = list(&["--tenant", slug]);
            assert_eq!(rows.len() as u64, tenant["waiting"].as_u64().unwrap(), "{slug}");
            assert!(rows.iter().all(|row| all.contains(row)), "{slug}");
            listed += rows.len();
        }
        assert!(listed > 1 && listed <= all.len(), "{listed} of {}", all.len());
        place.run(&["migrate", "quarantine", "list", "--tenant", "nobody"]).refused(1);
    }
}

#[test]
fn groups_are_made_for_one_tenant_alone_where_it_is_named() {
    let place = Place::new();
    for slug in ["north", "south"] {
        place.json(&["tenant", "create", "--slug", slug]);
    }
    let report = place.json(&["migrate", "tenants", "sync", "--tenant", "north", "--execute"]);
    assert_eq!((&report["tenants"], &report["created"]), (&1.into(), &2.into()));
    assert_eq!(place.json(&["group", "list"]).as_array().unwrap().len(), 2);
    place.run(&["migrate", "tenants", "sync", "--tenant", "nobody"]).refused(1);
    let lost = place.run(&["migrate", "tenants", "sync", "--people"]);
    assert!(lost.refused(64).contains("--people is for groups at an upstream provider"), "{lost:?}");
}

/// A policy for everybody is neither set nor removed by a forgotten option.
#[test]
fn a_policy_for_everybody_is_meant() {
    let place = Place::new();
    place.json(&["tenant", "create", "--slug", "north"]);
    let set = ["migrate", "policy", "set", "--mode", "oauth-only"];
    let clear = ["migrate", "policy", "clear"];
    let policies = || place.json(&["migrate", "policy", "show"]).as_array().unwrap().len();
    for (command, kept) in [(&set[..], 0), (&clear[..], 1)] {
        for answer in ["", "no\n"] {
            let done = place.run_with(command, answer);
            let told = done.refused(1);
            assert!(told.contains("everybody whose tenant has no policy") && told.contains("--yes"), "{done:?}");
            assert_eq!(policies(), kept);
        }
        place.json(&[command, &["--all"]].concat());
        assert_eq!(policies(), 1 - kept);
        place.json(&[&set[..], &["--all"]].concat());
        place.json_with(command, "yes\n");
        place.json(&[&set[..], &["--all"]].concat());
        place.json(&[command, &["--yes"]].concat());
        assert_eq!(policies(), 1 - kept);
        for narrower in [["--tenant", "north"], ["--user", "eve"]] {
            assert_eq!(place.run(&[command, &["--all"], &narrower].concat()).code, 64);
        }
        place.json(&[&set[..], &["--all"]].concat());
    }
    place.json(&[&set[..], &["--tenant", "north"]].concat());
    place.json(&[&clear[..], &["--tenant", "north"]].concat());
    assert_eq!(policies(), 1, "nobody is asked about a tenant");
}
