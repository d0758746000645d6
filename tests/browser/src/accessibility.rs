//! What a machine can check of WCAG 2.2 AA, with axe-core.

use fantoccini::Client;
use serde_json::Value;

use crate::variable;

const RUN: &str = "
const done = arguments[arguments.length - 1];
axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(
    (result) => done(result.violations.map((rule) => `${rule.id}: ${rule.help} at ${rule.nodes.map((node) => node.target.join(' ')).join(', ')}`)),
    (error) => done([String(error)]),
);";

const WIDER_THAN_THE_WINDOW: &str =
    "return document.documentElement.scrollWidth > document.documentElement.clientWidth";

/// Fails with every rule that the page breaks.
pub(crate) async fn check(client: &Client) {
    let axe = std::fs::read_to_string(variable("AUTHLY_TEST_AXE")).unwrap();
    client.execute(&axe, Vec::new()).await.unwrap();
    let violations = client.execute_async(RUN, Vec::new()).await.unwrap();
    let address = client.current_url().await.unwrap();
    assert_eq!(violations, Value::Array(Vec::new()), "on {address}");
    let wide = client.execute(WIDER_THAN_THE_WINDOW, Vec::new()).await.unwrap();
    assert_eq!(wide, Value::Bool(false), "{address} is wider than the window");
}
