//! Which package may use which: the table of the architecture, as data.

use serde_json::Value;

use crate::failure::Failure;

/// What one of our packages may use of the others, in normal and build dependencies.
struct Layer {
    package: &'static str,
    may_use: Uses,
}

/// Our packages that another may use.
enum Uses {
    /// These, and no others.
    Only(&'static [&'static str]),
    /// Whatever it wants.
    Anything,
}

const DOMAIN: &[&str] = &["oauth-core", "authly-upstream", "authly-directory", "authly-cutover"];

/// With places where tests kill the process.
const WITH_FAILPOINTS: &[&str] =
    &["oauth-core", "authly-upstream", "authly-directory", "authly-cutover", "authly-failpoint"];

/// Every package of the workspace. A new one is added here, with a thought about its place.
const LAYERS: &[Layer] = &[
    Layer { package: "oauth-core", may_use: Uses::Only(&[]) },
    Layer { package: "authly-upstream", may_use: Uses::Only(&["oauth-core"]) },
    Layer { package: "authly-directory", may_use: Uses::Only(&["oauth-core", "authly-upstream"]) },
    Layer { package: "authly-cutover", may_use: Uses::Only(&["oauth-core", "authly-directory"]) },
    Layer { package: "authly-failpoint", may_use: Uses::Only(&[]) },
    Layer { package: "authly-jose", may_use: Uses::Only(&["oauth-core"]) },
    Layer { package: "authly-seal", may_use: Uses::Only(&["oauth-core"]) },
    Layer { package: "authly-passwords", may_use: Uses::Only(&["oauth-core", "authly-directory"]) },
    Layer { package: "authly-config", may_use: Uses::Only(&[]) },
    Layer { package: "authly-storage-pg", may_use: Uses::Only(WITH_FAILPOINTS) },
    Layer { package: "authly-storage-sqlite", may_use: Uses::Only(WITH_FAILPOINTS) },
    Layer { package: "authly-storage-contract", may_use: Uses::Only(DOMAIN) },
    Layer { package: "authly-limits-redis", may_use: Uses::Only(DOMAIN) },
    Layer { package: "authly-federation", may_use: Uses::Only(DOMAIN) },
    Layer { package: "authly-mail", may_use: Uses::Only(DOMAIN) },
    Layer { package: "authly-factors", may_use: Uses::Only(DOMAIN) },
    Layer { package: "authly-sources", may_use: Uses::Only(DOMAIN) },
    Layer { package: "authly-pages", may_use: Uses::Only(&[]) },
    Layer { package: "authly-admin-cases", may_use: Uses::Only(WITH_FAILPOINTS) },
    Layer {
        package: "authly-http-api",
        may_use: Uses::Only(&[
            "oauth-core",
            "authly-upstream",
            "authly-directory",
            "authly-cutover",
            "authly-admin-cases",
            "authly-pages",
        ]),
    },
    // Wires everything but the web, which only the server names.
    Layer {
        package: "authly-runtime",
        may_use: Uses::Only(&[
            "oauth-core",
            "authly-upstream",
            "authly-directory",
            "authly-cutover",
            "authly-admin-cases",
            "authly-config",
            "authly-federation",
            "authly-jose",
            "authly-limits-redis",
            "authly-mail",
            "authly-passwords",
            "authly-seal",
            "authly-storage-pg",
            "authly-storage-sqlite",
        ]),
    },
    Layer { package: "authly-validate", may_use: Uses::Only(&["oauth-core"]) },
    Layer {
        package: "authly-backup",
        may_use: Uses::Only(&[
            "oauth-core",
            "authly-config",
            "authly-runtime",
            "authly-storage-pg",
            "authly-storage-sqlite",
        ]),
    },
    Layer { package: "authly-testkit", may_use: Uses::Anything },
    Layer { package: "authly-pg-fixture", may_use: Uses::Only(&[]) },
    Layer { package: "authly-legacy-source", may_use: Uses::Only(&[]) },
    Layer { package: "authly-bench", may_use: Uses::Only(&[]) },
    Layer { package: "authly-server", may_use: Uses::Anything },
    Layer { package: "authly-admin", may_use: Uses::Anything },
    Layer { package: "authly-browser-tests", may_use: Uses::Anything },
    Layer { package: "xtask", may_use: Uses::Only(&[]) },
];

/// Ours that only dev-dependencies name.
const FOR_TESTS: &[&str] =
    &["authly-bench", "authly-legacy-source", "authly-testkit", "authly-pg-fixture", "authly-storage-contract"];

/// Packages that hold nothing but tests, and may name those.
const TESTS: &[&str] = &["authly-browser-tests", "authly-testkit"];

/// Foreign packages with a home: no other package of ours names them in a normal or build dependency.
const HOMES: &[(&[&str], &[&str])] = &[
    (&["josekit"], &["authly-jose"]),
    (
        &["openssl"],
        &["authly-jose", "authly-storage-pg", "authly-server", "authly-sources", "authly-testkit", "authly-pg-fixture"],
    ),
    (
        &["tokio-postgres", "deadpool-postgres", "postgres-openssl"],
        &["authly-storage-pg", "authly-sources", "authly-pg-fixture", "authly-legacy-source"],
    ),
    (&["rusqlite"], &["authly-storage-sqlite", "authly-sources", "authly-legacy-source"]),
    (&["lettre"], &["authly-mail"]),
    (&["csv"], &["authly-sources"]),
    (&["jiff"], &["authly-cutover"]),
    (&["refinery", "refinery-core"], &["authly-storage-pg", "authly-storage-sqlite"]),
    (&["actix-web", "actix-http", "actix-cors"], &["authly-http-api", "authly-testkit", "authly-server"]),
    (&["askama"], &["authly-pages", "authly-mail"]),
    (&["config"], &["authly-config"]),
    (&["redis"], &["authly-limits-redis"]),
    (&["reqwest"], &["authly-federation", "authly-testkit", "authly-server", "authly-validate"]),
    (&["clap", "clap_complete", "clap_mangen", "tracing-subscriber"], &["authly-server", "authly-admin"]),
    (&["bcrypt", "argon2"], &["authly-passwords"]),
    (&["chacha20poly1305"], &["authly-seal"]),
];

/// What the domain crates may take from outside: nothing that does IO, reads a clock or logs. The time zones of `jiff` are compiled in.
const DOMAIN_THIRD_PARTY: &[&str] = &[
    "base64",
    "form_urlencoded",
    "jiff",
    "secrecy",
    "serde",
    "serde_json",
    "sha2",
    "subtle",
    "thiserror",
    "time",
    "toml",
    "unicode-normalization",
    "url",
    "uuid",
    "zeroize",
];

/// One dependency of a package.
struct Dependency<'a> {
    name: &'a str,
    ours: bool,
    for_tests: bool,
}

/// Compares the workspace with the tables.
pub(super) fn check(metadata: &Value) -> Result<Vec<String>, Failure> {
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.ok_or_else(|| Failure::new("cargo metadata lists no packages"))?;
    let mut problems = Vec::new();
    for package in packages {
        let (Some(name), Some(manifest)) = (text(package, "name"), text(package, "manifest_path")) else { continue };
        if manifest.contains("/docs/examples/") {
            continue;
        }
        let dependencies = package.get("dependencies").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        check_package(name, dependencies.iter().filter_map(dependency), &mut problems);
    }
    Ok(problems)
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn dependency(value: &Value) -> Option<Dependency<'_>> {
    let ours = value.get("path").is_some_and(Value::is_string);
    Some(Dependency { name: text(value, "name")?, ours, for_tests: text(value, "kind") == Some("dev") })
}

fn check_package<'a>(name: &str, dependencies: impl Iterator<Item = Dependency<'a>>, problems: &mut Vec<String>) {
    let Some(layer) = LAYERS.iter().find(|layer| layer.package == name) else {
        problems.push(format!("{name}: has no place among the layers yet; add it to xtask/src/tidy/layers.rs"));
        return;
    };
    for dependency in dependencies.filter(|dependency| !dependency.for_tests) {
        if let Some(why) = objection(layer, &dependency) {
            problems.push(format!("{name}: may not depend on {}: {why}", dependency.name));
        }
    }
}

fn objection(layer: &Layer, dependency: &Dependency<'_>) -> Option<String> {
    let name = dependency.name;
    if FOR_TESTS.contains(&name) && !TESTS.contains(&layer.package) {
        return Some("it is for dev-dependencies".to_owned());
    }
    if dependency.ours {
        return match layer.may_use {
            Uses::Only(allowed) if !allowed.contains(&name) => Some(format!("of ours it uses {}", list(allowed))),
            _ => None,
        };
    }
    if DOMAIN.contains(&layer.package) && !DOMAIN_THIRD_PARTY.contains(&name) {
        return Some("the domain takes only plain types from outside".to_owned());
    }
    let (_, homes) = HOMES.iter().find(|(packages, _)| packages.contains(&name))?;
    (!homes.contains(&layer.package)).then(|| format!("its home is {}", list(homes)))
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(package: &str, name: &str, ours: bool, for_tests: bool) -> Vec<String> {
        let mut problems = Vec::new();
        check_package(package, std::iter::once(Dependency { name, ours, for_tests }), &mut problems);
        problems
    }

    #[test]
    fn a_layer_may_not_reach_up() {
        assert_eq!(problems("authly-storage-pg", "oauth-core", true, false).len(), 0);
        assert_eq!(problems("oauth-core", "authly-directory", true, false).len(), 1);
        assert_eq!(problems("authly-http-api", "authly-storage-pg", true, false).len(), 1);
    }

    #[test]
    fn tests_may_reach_anywhere() {
        assert_eq!(problems("authly-http-api", "authly-testkit", true, true).len(), 0);
        assert_eq!(problems("authly-http-api", "authly-testkit", true, false).len(), 1);
        assert_eq!(problems("authly-server", "authly-testkit", true, false).len(), 1);
    }

    #[test]
    fn a_foreign_package_stays_at_home() {
        assert_eq!(problems("authly-jose", "josekit", false, false).len(), 0);
        assert_eq!(problems("authly-http-api", "josekit", false, false).len(), 1);
        assert_eq!(problems("authly-admin-cases", "tokio-postgres", false, false).len(), 1);
    }

    #[test]
    fn the_domain_takes_plain_types_only() {
        assert_eq!(problems("oauth-core", "serde", false, false).len(), 0);
        assert_eq!(problems("oauth-core", "tokio", false, false).len(), 1);
        assert_eq!(problems("authly-directory", "tracing", false, false).len(), 1);
    }

    #[test]
    fn a_package_without_a_place_is_reported() {
        assert_eq!(problems("authly-common", "serde", false, false).len(), 1);
    }

    #[test]
    fn metadata_without_packages_is_no_clean_bill() {
        assert!(check(&serde_json::json!({})).is_err());
        let metadata = serde_json::json!({"packages": [{"name": "oauth-core", "manifest_path": "/p/crates/oauth-core/Cargo.toml",
            "dependencies": [{"name": "tokio", "kind": null, "path": null}, {"name": "proptest", "kind": "dev"}]}]});
        assert_eq!(check(&metadata).unwrap().len(), 1);
    }
}
