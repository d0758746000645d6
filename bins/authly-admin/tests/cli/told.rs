//! What stands beside the result, for programs: an object in each line of standard error where results are JSON, that of an error in
//! the last one, and text otherwise (C-40).

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

/// All lines of standard error.
fn objects(done: &Done) -> Vec<Value> {
    done.err.lines().map(|line| serde_json::from_str(line).map_err(|_| format!("{done:?}")).unwrap()).collect()
}

#[test]
fn a_warning_is_an_object_where_results_are_json() {
    let place = Place::new();
    let create = |name: &str, output| {
        let email = format!("{name}@example.com");
        place.run(&["user", "create", "--email", &email, "--username", name, "--tenant", name, "--output", output])
    };
    let done = create("acme", "json");
    let user: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((done.code, &user["username"]), (0, &"acme".into()), "{done:?}");
    let told = objects(&done);
    assert_eq!((told.len(), &told[0]["warning"]), (1, &"tenant_created".into()), "{told:?}");
    assert!(told[0]["message"].as_str().unwrap().contains("Tenant acme created"), "{told:?}");
    let text = create("other", "table");
    assert!(text.code == 0 && text.err.starts_with("warning: Tenant other created"), "{text:?}");
}

#[test]
fn a_question_is_an_object_where_results_are_json() {
    let place = Place::new().with("MIGRATION_ENV", "rehearsal");
    let clear = ["migrate", "policy", "clear", "--output", "json"];
    let done = place.run_with(&clear, "no\n");
    let told = objects(&done);
    assert_eq!((done.code, done.out.as_str(), told.len()), (1, "", 2), "{done:?}");
    assert_eq!((&told[0]["question"], &told[0]["environment"]), (&"agree".into(), &"rehearsal".into()), "{told:?}");
    assert!(told[0]["message"].as_str().unwrap().ends_with("Type yes to do it:"), "{told:?}");
    assert_eq!(told[1]["error"], "failed", "{told:?}");
    let done = place.run_with(&clear, "yes\n");
    assert_eq!((done.code, objects(&done).len()), (0, 1), "{done:?}");
}

/// What a result says already is said to people only.
#[test]
fn programs_are_told_nothing_beside_a_result_that_says_it() {
    let place = Place::new();
    let create = |output| {
        place.run(&["client", "create", "--name", "App", "--redirect-uri", "https://a.example/cb", "--output", output])
    };
    let done = create("json");
    let client: Value = serde_json::from_str(&done.out).unwrap();
    assert!(done.code == 0 && client["client_secret"].is_string(), "{done:?}");
    assert_eq!(done.err, "");
    let done = create("table");
    assert!(done.code == 0 && done.err.contains("Keep the client_secret now"), "{done:?}");
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
