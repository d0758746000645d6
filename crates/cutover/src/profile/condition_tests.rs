//! Conditions: what holds, and what files may say.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::profile::names::Name;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct File {
    when: Condition,
}

fn read(text: &str) -> Condition {
    toml::from_str::<File>(text).unwrap().when
}

fn holds(condition: &Condition, status: &Value, deleted: &Value) -> bool {
    condition.holds(&|names: &Names| if names.first().as_str() == "status" { status } else { deleted })
}

const ACTIVE: &str =
    r#"when = { all = [{ column = "status", equals = "active" }, { column = "deleted_at", null = true }] }"#;

#[test]
fn active_and_not_deleted_is_both() {
    let active = read(ACTIVE);
    let text = |text: &str| Value::Text(text.to_owned());
    assert!(holds(&active, &text("active"), &Value::Null));
    assert!(!holds(&active, &text("active"), &Value::Text("2024-01-01".into())));
    assert!(!holds(&active, &text("Active"), &Value::Null));
    assert!(!holds(&active, &Value::Null, &Value::Null));
}

#[test]
fn truth_is_read_in_every_spelling() {
    let on = read(r#"when = { column = "status", equals = true }"#);
    for value in [Value::Bool(true), Value::Integer(1), Value::Text(" T ".into()), Value::Text("yes".into())] {
        assert!(holds(&on, &value, &Value::Null), "{value:?}");
    }
    for value in [Value::Bool(false), Value::Integer(2), Value::Null, Value::Text("maybe".into())] {
        assert!(!holds(&on, &value, &Value::Null), "{value:?}");
    }
}

#[test]
fn the_empty_lists_are_always_and_never() {
    assert!(holds(&Condition::always(), &Value::Null, &Value::Null));
    assert!(!holds(&Condition::never(), &Value::Null, &Value::Null));
}

#[test]
fn a_condition_that_says_two_things_is_refused() {
    for text in [
        r#"when = { column = "a", equals = 1, null = true }"#,
        r#"when = { column = "a" }"#,
        r"when = { null = true }",
        r"when = { all = [], any = [] }",
        r#"when = { colum = "a", null = true }"#,
    ] {
        let error = toml::from_str::<File>(text).unwrap_err();
        assert!(error.span().is_some(), "{error}");
    }
}

#[test]
fn a_condition_reads_as_a_sentence() {
    assert_eq!(read(ACTIVE).to_string(), r#""status" is "active" and "deleted_at" is NULL"#);
    assert_eq!(Condition::never().to_string(), "never");
}

fn condition() -> impl Strategy<Value = Condition> {
    let constant = prop_oneof![
        any::<bool>().prop_map(Constant::Bool),
        any::<i64>().prop_map(Constant::Integer),
        "\\PC{0,8}".prop_map(Constant::Text)
    ];
    let test = prop_oneof![
        prop::collection::vec(constant, 1..3).prop_map(Test::OneOf),
        any::<bool>().prop_map(Test::Null),
        any::<bool>().prop_map(Test::Blank)
    ];
    let leaf = ("[a-z-]{1,8}", test)
        .prop_map(|(column, test)| Condition::Column { column: Names::one(Name::parse(&column).unwrap()), test });
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::Any),
            inner.prop_map(|condition| Condition::Not(Box::new(condition)))
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(when in condition()) {
        let file = File { when };
        let text = toml::to_string(&file).unwrap();
        prop_assert_eq!(toml::from_str::<File>(&text).unwrap(), file);
    }

    #[test]
    fn not_is_the_opposite(when in condition(), truth: bool) {
        let value = Value::Bool(truth);
        let not = Condition::Not(Box::new(when.clone()));
        prop_assert_ne!(holds(&when, &value, &Value::Null), holds(&not, &value, &Value::Null));
    }
}
