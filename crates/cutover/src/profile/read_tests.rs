//! Rows become people: each rule, and rows of any content.

use proptest::prelude::*;

use super::*;
use crate::{
    profile::{
        Profile,
        rules::SourceKind,
        shape::{Column, ColumnKind, Shape, Table},
    },
    source::SourceId,
};

/// A profile over a source that has every column it names.
fn bound(text: &str) -> BoundProfile {
    let profile = Profile::parse(text).unwrap();
    let all = |name: &str, columns: &[&str]| Table {
        name: name.to_owned(),
        columns: columns
            .iter()
            .map(|name| Column {
                name: (*name).to_owned(),
                kind: ColumnKind::Any,
                written: String::new(),
                identifies: true,
            })
            .collect(),
    };
    let columns = [
        "id",
        "user_id",
        "tenant_id",
        "email",
        "username",
        "full_name",
        "password_hash",
        "role",
        "status",
        "is_active",
        "is_verified",
        "is_admin",
        "self-auth_user_id",
        "self-auth_synced_at",
        "auth_method",
        "created_at",
        "deleted_at",
        "locked_until",
        "failed_login_attempts",
    ];
    let tenants = ["tenant_id", "slug", "name", "status", "deleted_at"];
    let tables = vec![all("users", &columns), all("legacy_users", &columns), all("tenants", &tenants)];
    profile.bind(&Shape { kind: profile.source.kinds[0], tables }).unwrap()
}

fn built_in(name: &str) -> BoundProfile {
    bound(crate::profile::BUILT_IN.iter().find(|(known, _)| *known == name).unwrap().1)
}

fn row(columns: &[(&str, Value)]) -> SourceRow {
    let columns = columns.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
    SourceRow { id: SourceId::parse("7").unwrap(), columns }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn acme() -> BTreeMap<String, TenantOfSource> {
    let tenant = TenantOfSource { id: "t1".into(), slug: "acme".into(), name: "Acme".into(), active: true };
    BTreeMap::from([("t1".to_owned(), tenant)])
}

const LINK: &str = "3b241101-e2bb-4255-8caf-4136c566a962";

#[test]
fn a_user_of_a_tenant_is_read_whole() {
    let row = row(&[
        ("tenant_id", text("t1")),
        ("email", text(" Ada@Example.org ")),
        ("full_name", text("Ada O'Hara")),
        ("password_hash", text("$2b$12$abcdefghijklmnopqrstuv")),
        ("role", text("admin")),
        ("status", text("active")),
        ("self-auth_user_id", text(LINK)),
        ("auth_method", text("self-auth")),
        ("created_at", text("2024-01-31 12:00:00")),
        ("failed_login_attempts", Value::Integer(3)),
    ]);
    let person = built_in("tenants").person(&row, &acme());
    assert_eq!(person.email.as_deref(), Some("Ada@Example.org"));
    assert_eq!(person.profile.name.as_deref(), Some("Ada O'Hara"));
    assert_eq!((person.activity, person.is_verified, person.is_admin), (Activity::Active, false, false));
    assert_eq!(person.groups, ["tenant_acme_users", "tenant_acme_admins"]);
    assert_eq!((person.roles.as_slice(), person.failures), (["admin".to_owned()].as_slice(), 3));
    assert_eq!((person.external_subject.as_deref(), person.auth_method), (Some(LINK), Some(AuthMethod::Oauth)));
    assert_eq!(person.created_at.unwrap().to_rfc3339(), "2024-01-31T12:00:00Z");
    assert!(person.hash.is_some() && person.flaws.is_empty(), "{:?}", person.flaws);
}

/// S001-08.
#[test]
fn who_is_linked_has_completed_when_the_link_was_made() {
    let profile = built_in("tenants");
    let synced = ("self-auth_synced_at", text("2024-05-06 07:08:09"));
    let linked = row(&[("self-auth_user_id", text(LINK)), synced.clone()]);
    let completed = profile.person(&linked, &acme()).completed_at;
    assert_eq!(completed.unwrap().to_rfc3339(), "2024-05-06T07:08:09Z");
    let invalid = row(&[("self-auth_user_id", text("null")), synced.clone()]);
    assert_eq!(profile.person(&invalid, &acme()).completed_at, None);
    assert_eq!(profile.person(&row(&[synced]), &acme()).completed_at, None);
}

#[test]
fn an_invalid_link_is_none_and_reported() {
    let profile = built_in("tenants");
    for odd in ["null", "00000000-0000-0000-0000-000000000000", "abc", "3b241101e2bb42558caf4136c566a962"] {
        let person = profile.person(&row(&[("self-auth_user_id", text(odd)), ("status", text("active"))]), &acme());
        assert_eq!(person.external_subject, None, "{odd}");
        assert_eq!(person.flaws.len(), 1, "{odd}: {:?}", person.flaws);
        assert_eq!(person.flaws[0].kind, FlawKind::ExternalSubjectInvalid);
    }
    let blank = profile.person(&row(&[("self-auth_user_id", text("  "))]), &acme());
    assert!(blank.flaws.is_empty());
}

#[test]
fn deleted_comes_before_active_and_inactive_after_it() {
    let profile = built_in("tenants");
    let activity = |status: &str, deleted: Value| {
        profile.person(&row(&[("status", text(status)), ("deleted_at", deleted)]), &acme()).activity
    };
    assert_eq!(activity("active", Value::Null), Activity::Active);
    assert_eq!(activity("suspended", Value::Null), Activity::Inactive);
    assert_eq!(activity("active", text("2024-01-01")), Activity::Deleted);
}

#[test]
fn an_active_legacy_user_is_verified_and_an_inactive_one_is_not() {
    let profile = built_in("legacy-users");
    for (value, active) in
        [(Value::Integer(1), true), (text("true"), true), (Value::Integer(0), false), (Value::Null, false)]
    {
        let person = profile.person(&row(&[("is_active", value)]), &BTreeMap::new());
        let wanted = if active { Activity::Active } else { Activity::Inactive };
        assert_eq!((person.activity, person.is_verified), (wanted, active));
        assert_eq!(person.roles, ["user"]);
    }
}

/// What the guide says of a source whose program never asked anybody to confirm an address.
#[test]
fn without_its_line_the_profile_of_legacy_users_verifies_nobody() {
    let line = "verified = { column = \"is_active\", equals = true }\n";
    let (_, text) = crate::profile::BUILT_IN.iter().find(|(known, _)| *known == "legacy-users").unwrap();
    assert!(text.contains(line), "{text}");
    let profile = bound(&text.replace(line, ""));
    let person = profile.person(&row(&[("is_active", Value::Integer(1))]), &BTreeMap::new());
    assert_eq!((person.activity, person.is_verified), (Activity::Active, false));
}

const CUSTOM: &str = r#"
name = "custom"
[source]
time_zone = "+02:00"
[users]
table = "users"
key = "id"
filter = { not = { column = "role", equals = "robot" } }
[users.columns]
email = "email"
status = "status"
roles = "role"
created_at = "created_at"
[statuses]
on = "active"
new = "pending_verification"
gone = "deleted"
[roles]
unknown = "drop"
administrators = ["root"]
map = { chief = ["root", "user"], guest = [] }
"#;

#[test]
fn roles_are_mapped_and_lost_ones_reported() {
    let profile = bound(CUSTOM);
    let person = |role: Value| profile.person(&row(&[("role", role), ("status", text("on"))]), &BTreeMap::new());
    let chief = person(text("chief"));
    assert_eq!((chief.roles.as_slice(), chief.is_admin), (["root".to_owned(), "user".to_owned()].as_slice(), true));
    for roles in [
        text("guest, clerk"),
        text(r#"["guest","clerk"]"#),
        text("{guest,clerk}"),
        Value::List(vec!["clerk".into(), "guest".into()]),
    ] {
        let other = person(roles);
        assert_eq!((other.roles.as_slice(), other.is_admin), (["user".to_owned()].as_slice(), false));
        assert_eq!(other.unmapped_roles, ["clerk", "guest"]);
    }
}

#[test]
fn an_unknown_status_is_inactive_and_reported() {
    let profile = bound(CUSTOM);
    let person = |status: &str| profile.person(&row(&[("status", text(status))]), &BTreeMap::new());
    assert_eq!(person("on").activity, Activity::Active);
    assert_eq!(person("new").activity, Activity::Pending);
    assert_eq!(person("gone").activity, Activity::Deleted);
    let odd = person("On");
    assert_eq!((odd.activity, odd.flaws[0].kind), (Activity::Inactive, FlawKind::StatusUnknown));
}

#[test]
fn the_filter_leaves_out_what_is_no_account() {
    let profile = bound(CUSTOM);
    assert!(!profile.wants(&row(&[("role", text("robot"))])));
    assert!(profile.wants(&row(&[("role", Value::Null)])));
}

#[test]
fn a_time_without_zone_is_of_the_profiles_zone() {
    let person = bound(CUSTOM)
        .person(&row(&[("created_at", text("2024-01-31 12:00:00")), ("status", text("on"))]), &BTreeMap::new());
    assert_eq!(person.created_at.unwrap().to_rfc3339(), "2024-01-31T10:00:00Z");
}

#[test]
fn what_cannot_be_read_is_a_flaw_and_not_a_guess() {
    let row = row(&[
        ("email", Value::Unreadable(value::NOT_UTF8.to_owned())),
        ("full_name", text(&"x".repeat(2000))),
        ("created_at", text("soon")),
        ("password_hash", Value::Unreadable(value::TOO_LONG.to_owned())),
        ("tenant_id", text("t9")),
        ("status", text("active")),
    ]);
    let person = built_in("tenants").person(&row, &acme());
    let kinds: Vec<FlawKind> = person.flaws.iter().map(|flaw| flaw.kind).collect();
    assert_eq!(
        kinds,
        [FlawKind::TenantUnknown, FlawKind::WrongType, FlawKind::TimeInvalid, FlawKind::TooLong, FlawKind::TooLong]
    );
    assert_eq!((person.email, person.hash, person.created_at), (None, None, None));
}

#[test]
fn short_names_of_tenants_are_made_safe() {
    for (slug, wanted) in [
        ("acme", "acme"),
        ("Acme Corp.", "acme-corp"),
        ("  -- O'Hara & Söhne --", "o-hara-s-hne"),
        ("", "tenant-7"),
        ("日本", "tenant-7"),
    ] {
        assert_eq!(slug_of(slug, "7"), wanted, "{slug}");
    }
}

#[test]
fn a_tenant_that_is_deleted_or_stopped_is_not_in_operation() {
    let profile = built_in("tenants");
    let tenant = |status: &str, deleted: Value| {
        let columns = BTreeMap::from([
            ("slug".into(), text("a b")),
            ("status".into(), text(status)),
            ("deleted_at".into(), deleted),
        ]);
        profile.tenant(&SourceTenant { id: "1".to_owned(), columns })
    };
    let good = tenant("active", Value::Null);
    assert_eq!((good.slug.as_str(), good.name.as_str(), good.active), ("a-b", "a b", true));
    assert!(!tenant("suspended", Value::Null).active);
    assert!(!tenant("active", text("2024-01-01")).active);
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        "\\PC{0,20}".prop_map(Value::Text),
        any::<i64>().prop_map(|micros| Value::Time(Timestamp::from_micros(micros))),
        prop::collection::vec("\\PC{0,5}", 0..3).prop_map(Value::List),
        Just(Value::Unreadable(value::TOO_LONG.to_owned())),
    ]
}

proptest! {
    #[test]
    fn every_row_becomes_a_person(values in prop::collection::vec(any_value(), 20)) {
        for name in ["tenants", "legacy-users", "authly"] {
            let profile = built_in(name);
            let columns = profile.user_columns().into_iter().map(|name| name.shared()).zip(values.clone()).collect();
            let person = profile.person(&SourceRow { id: SourceId::parse("1").unwrap(), columns }, &acme());
            prop_assert!(!person.roles.is_empty());
            prop_assert!(person.email.as_ref().is_none_or(|email| email.trim() == email && !email.is_empty()));
            prop_assert!(person.external_subject.as_ref().is_none_or(|subject| profile.is_link(subject)));
            prop_assert_eq!(profile.profile.source.kinds.contains(&SourceKind::Postgres), true);
        }
    }

    #[test]
    fn a_short_name_is_safe_and_stays_itself(odd in "\\PC{0,80}") {
        let slug = slug_of(&odd, "k1");
        prop_assert!(!slug.is_empty() && slug.len() <= 63);
        prop_assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        prop_assert_eq!(slug_of(&slug, "k1"), slug.clone());
    }
}
