//! What went wrong, for programs: an object in the last line of standard error where results are JSON, and text otherwise (C-40).

use serde_json::Value;

use crate::support::{Done, Place};

fn object(done: &Done) -> Value {
    assert_eq!(done.out, "");
    serde_json::from_str(done.err.lines().last().unwrap()).unwrap()
}

#[test]
fn an_error_is_an_object_where_results_are_json() {
    let place = Place::new();
    place.json(&["migrate", "schema", "up"]);
    for (arguments, code, name) in [
        (&["client", "show", "nobody"][..], 1, "failed"),
        (&["migrate", "finalize", "undo", "--yes"], 3, "refused"),
        (&["backup", "verify", "none.dump"], 10, "check_errors"),
        (&["client", "show"], 64, "usage"),
        (&["client", "--nothing"], 64, "usage"),
    ] {
        for output in [&["--output", "json"][..], &["--output=json"]] {
            let done = place.run(&[arguments, output].concat());
            let told = object(&done);
            assert_eq!((done.code, &told["error"], &told["exit_code"]), (code, &name.into(), &code.into()), "{done:?}");
            assert!(
                !told["message"].as_str().unwrap().is_empty() && !told["why"].as_str().unwrap().is_empty(),
                "{told}"
            );
        }
        let text = place.run(arguments);
        assert!(text.code == code && text.err.starts_with("error: ") && !text.err.contains("exit_code"), "{text:?}");
    }
    let told = object(&place.run(&["client", "show", "nobody", "--output", "json"]));
    assert!(told["hint"].as_str().unwrap().contains("client list"), "{told}");
    let told = object(&place.run(&["client", "--nothing", "--output", "json"]));
    assert!(told["why"].as_str().unwrap().contains("'--nothing'") && told["hint"].as_str().unwrap().contains("Usage"));
}

#[test]
fn a_gate_that_is_shut_tells_both_what_is_not_met_and_that_nothing_was_changed() {
    let place = Place::new();
    place.json(&["migrate", "schema", "up"]);
    let done = place.run(&["migrate", "finalize", "execute", "--yes", "--output", "json"]);
    let unmet: Value = serde_json::from_str(&done.out).unwrap();
    let told: Value = serde_json::from_str(done.err.lines().last().unwrap()).unwrap();
    assert!(
        done.code == 3 && unmet.is_array() && told["message"].as_str().unwrap().contains("nothing was changed"),
        "{done:?}"
    );
}
