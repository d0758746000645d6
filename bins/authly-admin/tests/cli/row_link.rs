//! `authly-admin migrate link`: whether the source has the row.

use authly_legacy_source::{Legacy, Plan, fill};

use crate::support::Place;

#[test]
fn a_row_that_the_source_does_not_have_is_refused_where_the_source_is_named_and_not_vouched_for_elsewhere() {
    let place = Place::new();
    let plan = Plan { users: 20, ..Plan::new(Legacy::LegacyUsers) };
    let address = format!("sqlite:{}", place.folder.path().join("old.db").display());
    tokio::runtime::Runtime::new().unwrap().block_on(fill(&address, &plan)).unwrap();
    place.json(&["user", "create", "--email", "ada@example.com", "--username", "ada"]);
    let link = |id: &str, more: &[&str]| {
        let row = ["migrate", "link", "--source-name", "legacy-users", "--source-id", id, "--subject", "ada"];
        place.run(&[&row[..], more].concat())
    };
    let source = ["--profile", "legacy-users", "--source", "sqlite:old.db"];
    let missing = link("70017", &source);
    assert!(missing.refused(1).contains("the source legacy-users has no row with the key \"70017\""), "{missing:?}");
    let row = ["--source-name", "legacy-users", "--source-id", "70017"];
    place.run(&[&["migrate", "unlink"][..], &row].concat()).refused(1);
    let found = link("1", &source);
    assert!(found.code == 0 && found.out.contains("found") && !found.err.contains("Nobody looked"), "{found:?}");
    assert!(link("1", &[]).out.contains("linked before"));
    assert_eq!(place.run(&[&["migrate", "unlink"][..], &row[..3], &["1"]].concat()).code, 0);
    let unlooked = link("1", &[]);
    assert!(unlooked.code == 0 && unlooked.out.contains("not checked"), "{unlooked:?}");
    assert!(unlooked.err.contains("Nobody looked whether the source has a row \"1\""), "{unlooked:?}");
    assert!(link("1", &source[2..]).refused(64).contains("--profile"));
    let place = place.with("AUTHLY_SOURCE", "sqlite:none.db");
    let variable = place.run(&["migrate", "unlink", "--source-name", "legacy-users", "--source-id", "1"]);
    assert_eq!(variable.code, 0, "{variable:?}");
}
