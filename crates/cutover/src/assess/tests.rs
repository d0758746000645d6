//! Findings: each kind, and their sums.

use authly_directory::password::StoredHash;

use super::*;
use crate::{
    decide::{MappedTenant, census::Census},
    hash::Judged,
    outcome::FlawKind,
    profile::{Profile, rules::Unique},
    source::{SourceId, SourceName},
};

struct Words;

impl HashJudge for Words {
    fn judge(&self, stored: &StoredHash) -> Judged {
        let state = match stored.expose() {
            "weak" => HashState::Weak,
            "hostile" => HashState::Hostile,
            "odd" => HashState::Unsupported,
            _ => HashState::Foreign,
        };
        Judged { scheme: "word", state, wraps: false }
    }
}

fn person(id: &str, email: &str, hash: Option<&str>) -> Person {
    Person {
        email: Some(email.to_owned()).filter(|email| !email.is_empty()),
        hash: hash.map(|hash| StoredHash::new(hash.to_owned())),
        ..Person::unknown(SourceId::parse(id).unwrap())
    }
}

fn rules() -> Rules {
    Rules::of(&Profile::built_in("legacy-users").unwrap(), SourceName::parse("old").unwrap())
}

fn assess(people: &[Person], wanted: Option<Class>) -> Report {
    assess_by(&rules(), people, wanted)
}

fn assess_by(rules: &Rules, people: &[Person], wanted: Option<Class>) -> Report {
    let mut assessment = Assessment::new(Timestamp::from_seconds(1_700_000_000), wanted);
    let mut census = Census::default();
    for person in people {
        assessment.note(person, rules, &Words);
        census.note(person, None, rules);
    }
    let mut collisions = census.collisions();
    people.iter().for_each(|person| collisions.note(person, None, rules));
    assessment.collisions(&collisions, rules, None);
    assessment.report(&BTreeMap::new())
}

fn rows_of(report: &Report, class: Class) -> u64 {
    report.findings.iter().find(|finding| finding.class == class).map_or(0, |finding| finding.rows)
}

#[test]
fn a_clean_source_has_no_findings() {
    let report = assess(&[person("1", "a@b.example", Some("fine"))], None);
    assert_eq!((report.findings.as_slice(), report.worst()), ([].as_slice(), None));
    assert_eq!((report.people.total, report.people.active, report.schemes[0].users), (1, 1, 1));
}

#[test]
fn collisions_name_the_others() {
    let people = [
        person("1", "A@b.example", Some("fine")),
        person("2", "a@b.example", Some("fine")),
        person("3", "c@b.example", Some("fine")),
    ];
    let report = assess(&people, Some(Class::EmailTaken));
    assert_eq!((rows_of(&report, Class::EmailTaken), report.worst()), (2, Some(Severity::Error)));
    assert_eq!(report.rows[0], Row { id: "1".to_owned(), detail: json!({ "with": ["2"] }) });
}

#[test]
fn what_a_tenant_shares_with_others_is_told_of_its_own_people_only() {
    let people = [person("1", "A@b.example", Some("fine")), person("2", "a@b.example", Some("fine"))];
    let mut census = Census::default();
    people.iter().for_each(|person| census.note(person, None, &rules()));
    let mut collisions = census.collisions();
    people.iter().for_each(|person| collisions.note(person, None, &rules()));
    let mut assessment = Assessment::new(Timestamp::from_seconds(1_700_000_000), Some(Class::EmailTaken));
    assessment.collisions(&collisions, &rules(), Some(&["2".to_owned()].into()));
    let report = assessment.report(&BTreeMap::new());
    assert_eq!(report.rows, [Row { id: "2".to_owned(), detail: json!({ "with": ["1"] }) }]);
}

/// C-08: accounts that are adopted where they are keep their names.
#[test]
fn names_that_collide_are_no_errors_where_the_accounts_stay_where_they_are() {
    let rules = Rules { in_place: true, ..rules() };
    let people = [person("1", "A@b.example", Some("fine")), person("2", "a@b.example", Some("fine"))];
    let report = assess_by(&rules, &people, Some(Class::NamesAlike));
    assert_eq!((rows_of(&report, Class::NamesAlike), report.worst()), (2, Some(Severity::Note)));
    let linked =
        |id: &str| Person { external_subject: Some("7".to_owned()), ..person(id, &format!("{id}@b.example"), None) };
    let report = assess_by(&rules, &[linked("3"), linked("4")], None);
    assert_eq!((rows_of(&report, Class::LinkTaken), report.worst()), (2, Some(Severity::Error)));
}

#[test]
fn a_name_of_several_tenants_is_told_as_what_it_becomes() {
    let tenant = |number: u128, slug: &str| MappedTenant {
        id: oauth_core::ids::TenantId::from_uuid(uuid::Uuid::from_u128(number)),
        slug: slug.to_owned(),
        active: true,
        groups: BTreeMap::new(),
        policy: None,
    };
    let tenants = [("a".to_owned(), tenant(1, "acme")), ("b".to_owned(), tenant(2, "bolt"))];
    let rules = Rules { unique: Unique::Tenant, tenants: tenants.into(), ..rules() };
    let of = |id: &str, tenant: &str| Person {
        tenant: Some(tenant.to_owned()),
        ..person(id, "ada@b.example", Some("fine"))
    };
    let report = assess_by(&rules, &[of("1", "a"), of("2", "b")], Some(Class::NameShared));
    assert_eq!((rows_of(&report, Class::NameShared), report.worst()), (2, Some(Severity::Warning)));
    assert_eq!((report.findings.len(), report.rows.len()), (1, 2));
}

#[test]
fn hashes_are_counted_by_what_can_be_done_with_them() {
    let hashes = [Some("weak"), Some("hostile"), Some("odd"), Some("fine"), None];
    let people: Vec<Person> = hashes
        .iter()
        .enumerate()
        .map(|(place, hash)| person(&place.to_string(), &format!("p{place}@b.example"), *hash))
        .collect();
    let report = assess(&people, Some(Class::HashHostile));
    for class in [Class::HashWeak, Class::HashHostile, Class::HashUnsupported, Class::HashMissing] {
        assert_eq!(rows_of(&report, class), 1, "{class:?}");
    }
    assert_eq!((report.rows.len(), report.rows[0].id.as_str(), report.worst()), (1, "1", Some(Severity::Warning)));
    assert_eq!(report.schemes.iter().map(|line| line.users).sum::<u64>(), 4);
}

#[test]
fn flaws_are_errors_where_they_keep_a_row_out_and_warnings_elsewhere() {
    let mut odd = person("1", "", Some("fine"));
    odd.flaws.push(Flaw { kind: FlawKind::TimeInvalid, column: "made".to_owned() });
    odd.created_at = Some(Timestamp::from_seconds(-5));
    let mut lost = person("2", "nobody", Some("fine"));
    lost.unmapped_roles = vec!["clerk".to_owned()];
    lost.is_admin = true;
    let report = assess(&[odd, lost], None);
    for class in [
        Class::EmailMissing,
        Class::EmailInvalid,
        Class::TimeInvalid,
        Class::TimeOdd,
        Class::RoleLost,
        Class::Administrator,
    ] {
        assert_eq!(rows_of(&report, class), 1, "{class:?}");
    }
    assert_eq!(report.findings.first().map(|finding| finding.severity), Some(Severity::Error));
}

#[test]
fn deleted_rows_are_only_counted() {
    let deleted = Person { activity: Activity::Deleted, ..person("1", "", None) };
    let report = assess(&[deleted], None);
    assert_eq!((report.people.deleted, report.findings.len()), (1, 0));
}

#[test]
fn tenants_whose_names_become_equal_are_errors() {
    let tenant =
        |id: &str, slug: &str| TenantOfSource { id: id.into(), slug: slug.into(), name: id.into(), active: true };
    let tenants = [tenant("1", "a-b"), tenant("2", "a-b"), tenant("3", "c")];
    let mut assessment = Assessment::new(Timestamp::from_seconds(0), Some(Class::SlugTaken));
    assessment.slugs(tenants.iter());
    let report = assessment.report(&tenants.iter().map(|tenant| (tenant.id.clone(), tenant.clone())).collect());
    assert_eq!((rows_of(&report, Class::SlugTaken), report.rows.len(), report.tenants.len()), (2, 2, 3));
}

#[test]
fn few_accounts_of_one_tenant_may_be_moved_by_hand() {
    assert!(advice(99, 1).starts_with("manual") && advice(100, 1).starts_with("automated"));
    assert!(advice(5, 2).starts_with("automated") && advice(0, 0).starts_with("manual"));
    assert!(advice(1, 1).starts_with("manual: 1 account and"));
    assert_eq!(advice(500, 0), "automated: 500 accounts without tenants; import them by command");
    assert_eq!(advice(500, 1), "automated: 500 accounts in 1 tenant; import them by command");
}
