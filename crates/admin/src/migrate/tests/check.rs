//! Tests of what compares and repairs after an import: the check, and links by hand.

use super::*;

fn check(bench: &Bench, rows: &[SourceRow]) -> Verified {
    check_part(bench, rows, &VerifyOptions::default())
}

fn check_part(bench: &Bench, rows: &[SourceRow], options: &VerifyOptions) -> Verified {
    ready(verify(bench, &mut Rows(rows.to_vec()), &profile(), name(), options, &mut Silent)).unwrap()
}

/// What was found well in a part says nothing of the rest, so the gate does not hear of it; what was not well it does hear of.
#[test]
fn a_check_of_a_part_never_stands_for_the_whole() {
    let bench = Bench::default();
    let rows = people(9);
    run(&bench, &rows, &execute());
    let met = |bench: &Bench| ready(gate(bench)).unwrap().into_iter().find(|one| one.name == "verified").unwrap().met;
    let first = |limit| VerifyOptions { limit: Some(limit), ..VerifyOptions::default() };
    let part = check_part(&bench, &rows, &first(4));
    assert!(part.clean && !part.whole, "{part:?}");
    assert_eq!((part.rows, part.rows_gone), (4, None));
    assert!(!met(&bench), "nobody has looked at the rest");
    assert_eq!(check_part(&bench, &rows, &first(90)).rows, 9);
    let whole = check(&bench, &rows);
    assert!(whole.clean && whole.whole && met(&bench));
    // The last row is not here as it should be.
    let more: Vec<SourceRow> = rows.iter().cloned().chain([row(10, "late@example.com", "$2b$")]).collect();
    assert!(check_part(&bench, &more, &first(9)).clean && met(&bench));
    let found = check_part(&bench, &more, &first(10));
    assert_eq!((found.clean, &found.differences["is not imported"]), (false, &1));
    assert!(!met(&bench), "what is wrong in a part is wrong in the whole");
    run(&bench, &more, &execute());
    assert!(check_part(&bench, &more, &first(10)).clean && !met(&bench), "only the whole opens the gate again");
    assert!(check(&bench, &more).clean && met(&bench));
}

#[test]
fn a_check_is_clean_after_an_import_and_names_what_differs() {
    let bench = Bench::default();
    let mut rows = people(5);
    rows.push(row(6, "broken", ""));
    rows.push(row(7, "none@example.com", ""));
    assert_eq!(check(&bench, &rows).differences["is not imported"], 6);
    run(&bench, &rows, &execute());
    let clean = check(&bench, &rows);
    assert!(clean.clean, "{clean:?}");
    assert_eq!((clean.rows, clean.accounts, clean.waiting), (7, 6, 1));
    let met = |bench: &Bench| ready(gate(bench)).unwrap().into_iter().find(|one| one.name == "verified").unwrap().met;
    assert!(met(&bench));
    let mut account = bench.target.accounts().remove(0);
    account.hash = Some(StoredHash::new("another".to_owned()));
    bench.target.put(account);
    let spoiled = check(&bench, &rows);
    assert_eq!(spoiled.differences, BTreeMap::from([("has another hash", 1)]));
    assert!(!met(&bench));
    let fewer = check(&bench, &rows[..3]);
    assert_eq!(fewer.rows_gone, Some(3));
}

/// Whoever was here before the row was linked keeps the password, so that no later check may hold it against the import.
#[test]
fn a_check_is_clean_where_a_row_is_an_account_with_a_password_of_its_own() {
    let bench = Bench::default();
    let rows = [row(1, "a@example.com", "$2b$12$hash"), row(2, "A@example.com", "$2b$12$other")];
    run(&bench, &rows[..1], &execute());
    let user = bench.target.accounts()[0].user;
    let id = |row: u32| SourceId::parse(&format!("{row:06}")).unwrap();
    ready(unlink(&bench, &name(), &id(1))).unwrap();
    run(&bench, &rows[1..], &execute());
    ready(resolve(&bench, &name(), &id(2), Resolution::Merge { user })).unwrap();
    assert_eq!(run(&bench, &rows[1..], &execute()).outcomes["import_relink"], 1);
    for hash in [Some("$2b$12$hash"), None] {
        let mut account = bench.target.accounts().remove(0);
        account.hash = hash.map(|hash| StoredHash::new(hash.to_owned()));
        bench.target.put(account);
        let checked = check(&bench, &rows[1..]);
        assert!(checked.clean && checked.accounts == 1, "{checked:?}");
        assert_eq!(run(&bench, &rows[1..], &execute()).outcomes["unchanged"], 1);
    }
}

/// An account may have the very id that the import would give it, and have been here before the row was linked to it all the same.
#[test]
fn a_check_is_clean_where_the_account_of_the_rows_own_id_keeps_what_it_had() {
    for (hash, difference) in [(Some("$2b$12$own"), "has another hash"), (None, "has no hash, and need not be reset")] {
        let bench = Bench::default();
        let rows = people(2);
        run(&bench, &rows, &execute());
        let change = || {
            let mut account = bench.target.accounts().remove(0);
            account.hash = hash.map(|hash| StoredHash::new(hash.to_owned()));
            bench.target.put(account);
        };
        change();
        let spoiled = check(&bench, &rows);
        assert_eq!(spoiled.differences, BTreeMap::from([(difference, 1)]), "the import gave it a password");
        let whose = |id: &str| bench.target.lines().iter().find(|line| line.source_id.as_str() == id).unwrap().user;
        let id =
            rows.iter().find(|row| whose(row.id.as_str()) == Some(bench.target.accounts()[0].user)).unwrap().id.clone();
        ready(unlink(&bench, &name(), &id)).unwrap();
        assert_eq!(run(&bench, &rows, &execute()).outcomes["import_relink"], 1);
        let checked = check(&bench, &rows);
        assert!(checked.clean && checked.accounts == 2, "{checked:?}");
        // A new password in the source is carried over, and from then on it is the import's again.
        let newer = |row: &SourceRow| {
            let mut row = row.clone();
            if row.id == id {
                row.columns.insert("password_hash".into(), Value::Text("$2b$12$newer".to_owned()));
            }
            row
        };
        let newer: Vec<SourceRow> = rows.iter().map(newer).collect();
        assert_eq!(run(&bench, &newer, &execute()).outcomes["updated"], 1);
        assert!(check(&bench, &newer).clean);
        change();
        assert_eq!(check(&bench, &newer).differences, BTreeMap::from([(difference, 1)]));
    }
}

#[test]
fn a_link_by_hand_keeps_the_account_as_it_is_and_can_be_removed() {
    let bench = Bench::default();
    let rows = [row(1, "a@example.com", "$2b$"), row(2, "A@example.com", "$2b$")];
    run(&bench, &rows[..1], &execute());
    let user = bench.target.accounts()[0].user;
    let id = |row: u32| SourceId::parse(&format!("{row:06}")).unwrap();
    let taken = ready(link(&bench, &name(), &id(2), &Subject::Account(user)));
    assert!(matches!(taken, Err(MigrateError::Refused(_))), "{taken:?}");
    let typo = ready(link(&bench, &name(), &id(2), &Subject::External("adaa".to_owned()))).unwrap_err().to_string();
    assert!(typo.contains("no account here has the id, e-mail address or user name \"adaa\""), "{typo}");
    assert!(typo.contains("row 000002 of legacy-users is not"), "{typo}");
    ready(unlink(&bench, &name(), &id(1))).unwrap();
    let linked = ready(link(&bench, &name(), &id(2), &Subject::Account(user))).unwrap();
    assert_eq!(linked.user, Some(user.to_string()));
    let report = run(&bench, &rows[1..], &execute());
    assert_eq!(report.outcomes["unchanged"], 1, "{report:?}");
    assert_eq!(bench.target.accounts()[0].email, "a@example.com");
    let subject = Subject::External("abc".to_owned());
    assert_eq!(ready(link(&bench, &name(), &id(2), &subject)).unwrap().external_subject.as_deref(), Some("abc"));
    let null = Subject::External("null".to_owned());
    assert!(ready(link(&bench, &name(), &id(2), &null)).is_err());
    let nobody = Subject::Account(oauth_core::ids::UserId::from_uuid(uuid::Uuid::from_u128(9)));
    assert!(matches!(ready(link(&bench, &name(), &id(2), &nobody)), Err(MigrateError::NotFound { .. })));
}
