//! Profiles in files: what is read, and what errors say.

use proptest::prelude::*;

use super::*;
use crate::profile::BUILT_IN;

const SMALL: &str =
    "name = \"shop\"\n\n[users]\ntable = \"people\"\nkey = \"id\"\n\n[users.columns]\nemail = \"mail\"\n";

fn mistake(text: &str) -> String {
    Profile::parse(text).unwrap_err().to_string()
}

#[test]
fn a_small_profile_has_safe_defaults() {
    use crate::profile::rules::{Collision, Inactive, SourceKind, Target, Unique};
    let profile = Profile::parse(SMALL).unwrap();
    assert_eq!((profile.target, profile.source.kinds.len()), (Target::Import, SourceKind::ALL.len()));
    assert_eq!((profile.users.inactive, profile.users.collision), (Inactive::Disabled, Collision::Conflict));
    assert_eq!(profile.users.unique, Unique::Global);
    assert_eq!(profile.users.verified, crate::profile::condition::Condition::never());
    assert_eq!(profile.source.time_zone.to_string(), "UTC");
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let text = SMALL.replace("email = ", "emial = ");
    let said = mistake(&text);
    assert!(said.starts_with("line 8: ") && said.contains("emial") && said.contains("email"), "{said}");
}

#[test]
fn a_wrong_value_is_named_with_its_line() {
    for (old, new, line, word) in [
        ("key = \"id\"", "key = 5", "line 5", "name"),
        ("key = \"id\"", "key = \"id\"\nunique = \"everywhere\"", "line 6", "tenant"),
        ("key = \"id\"", "key = \"id\"\nactive = { column = \"a\" }", "line 6", "equals"),
        ("name = \"shop\"", "name = \"shop\"\nsource = { time_zone = \"Europe/Atlantis\" }", "line 2", "+02:00"),
        ("name = \"shop\"", "name = \"shop\"\npasswords = { scheme = \"rot13\" }", "line 2", "sha256"),
        ("table = \"people\"", "table = \"people", "line 4", "string"),
    ] {
        let said = mistake(&SMALL.replace(old, new));
        assert!(said.starts_with(line) && said.contains(word), "{new}: {said}");
    }
}

#[test]
fn all_contradictions_are_told_at_once() {
    let text = SMALL
        .replace("key = \"id\"", "key = \"id\"\nunique = \"tenant\"\ncollision = \"oldest\"\noptional = [\"age\"]")
        + "\n[roles]\nunknown = \"drop\"\nadministrators = [\"boss\"]\n\n[passwords]\npeppers = [\"s3cret/pepper\"]\n";
    let said = mistake(&text);
    for part in [
        "line 6: users.unique: ",
        "line 7: users.collision: ",
        "line 8: users.optional: \"age\"",
        "line 15: roles.administrators: ",
        "line 18: passwords.peppers: ",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert!(!said.contains("s3cret"), "{said}");
    assert_eq!(said.lines().count(), 5);
}

#[test]
fn a_profile_that_makes_nobody_active_is_refused() {
    assert!(mistake(&SMALL.replace("key = \"id\"", "key = \"id\"\nactive = { any = [] }")).contains("users.active"));
}

#[test]
fn only_a_postgres_database_is_adopted_in_place() {
    assert!(
        mistake(&SMALL.replace("name = \"shop\"", "name = \"shop\"\ntarget = \"in_place\"")).contains("line 2: target")
    );
}

#[test]
fn the_guides_example_is_a_sound_profile() {
    let guide = include_str!("../../../../docs/guide/profiles.md");
    let example = guide.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let profile = Profile::parse(example).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(profile.name, "our-shop");
}

#[test]
fn a_huge_file_is_not_read() {
    let huge = "#".repeat(Profile::MAX + 1);
    assert!(mistake(&huge).contains("256 KiB"));
}

/// Changes one line of a built-in profile: removes it, doubles it, or puts something else there.
fn mutated(place: usize, line: usize, kind: u8, odd: &str) -> String {
    let (_, text) = BUILT_IN[place % BUILT_IN.len()];
    let mut lines: Vec<&str> = text.lines().collect();
    let at = line % lines.len();
    match kind % 3 {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at]),
        _ => lines[at] = odd,
    }
    lines.join("\n")
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,200}") {
        let _ = Profile::parse(&text);
    }

    #[test]
    fn a_damaged_profile_is_refused_or_is_another_sound_one(place: usize, line: usize, kind: u8, odd in "\\PC{0,30}") {
        match Profile::parse(&mutated(place, line, kind, &odd)) {
            Ok(profile) => prop_assert_eq!(Profile::parse(&profile.to_toml()), Ok(profile)),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
