//! Upstream providers: from the environment, from the file, and what is wrong with them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use authly_config::{Report, Upstream, UpstreamLinking, UpstreamProof, load};

fn report(variables: &[(&str, &str)], file: &str) -> Report {
    let file = file.to_owned();
    let read = move |path: &Path| match path.to_str() {
        Some("authly.toml") => Ok(file.clone()),
        Some("secret") => Ok("from a file\n".to_owned()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    let mut all = vec![("AUTHLY_CONFIG", "authly.toml")];
    all.extend(variables);
    load(all, read)
}

fn upstreams(variables: &[(&str, &str)], file: &str) -> Vec<Upstream> {
    report(variables, file).into_result().unwrap().0.upstreams
}

fn wrong(variables: &[(&str, &str)], file: &str) -> Vec<String> {
    report(variables, file)
        .problems()
        .iter()
        .filter(|problem| problem.is_error())
        .flat_map(|p| p.names.clone())
        .collect()
}

const ONE: [(&str, &str); 2] =
    [("AUTHLY_UPSTREAM_ISSUER", "https://idp.example"), ("AUTHLY_UPSTREAM_CLIENT_ID", "authly")];

#[test]
fn one_provider_comes_from_the_environment() {
    assert!(upstreams(&[], "").is_empty());
    let mut variables = ONE.to_vec();
    variables.extend([("AUTHLY_UPSTREAM_CLIENT_SECRET_FILE", "secret"), ("AUTHLY_UPSTREAM_SCOPE", "email groups")]);
    let all = upstreams(&variables, "");
    let [one] = all.as_slice() else { panic!("one provider") };
    assert_eq!(
        (one.name.as_str(), one.issuer.as_str(), one.client_id.as_str()),
        ("upstream", "https://idp.example", "authly")
    );
    assert!(matches!(&one.proof, UpstreamProof::Basic(secret) if secret.expose() == "from a file"));
    assert_eq!((one.scope.as_str(), one.link), ("openid email groups", UpstreamLinking::Email));
    assert!(!one.creates_accounts && !one.requires_tenant && !one.private_network);
}

#[test]
fn more_providers_come_from_the_file() {
    let file = "
[upstream]
issuer = \"https://a.example\"
client_id = \"a\"
client_auth = \"none\"

[upstream.corp]
issuer = \"https://b.example\"
label = \"Corp\"
client_id = \"b\"
client_secret_file = \"secret\"
client_auth = \"client_secret_post\"
link = \"imported\"
new_accounts = \"create\"
tenants = \"required\"
session_lifetime = \"8h\"
";
    let all = upstreams(&[], file);
    let [first, second] = all.as_slice() else { panic!("two providers") };
    assert!(matches!(first.proof, UpstreamProof::Nothing));
    assert_eq!(
        (second.name.as_str(), second.label.as_deref(), second.link),
        ("corp", Some("Corp"), UpstreamLinking::Imported)
    );
    assert!(matches!(&second.proof, UpstreamProof::Post(secret) if secret.expose() == "from a file"));
    assert!(second.creates_accounts && second.requires_tenant);
    assert_eq!(second.session_lifetime.unwrap().as_secs(), 8 * 3_600);
}

#[test]
fn what_is_wrong_is_named_by_its_section() {
    assert_eq!(wrong(&[("AUTHLY_UPSTREAM_CLIENT_ID", "a")], ""), ["upstream.issuer"]);
    assert_eq!(wrong(&ONE[..1], ""), ["upstream.client_id"]);
    let mut secretless = ONE.to_vec();
    secretless.push(("AUTHLY_UPSTREAM_CLIENT_AUTH", "client_secret_post"));
    assert_eq!(wrong(&secretless, ""), ["upstream.client_secret"]);
    assert_eq!(wrong(&[], "[upstream.corp]\nclient_id = \"a\"\n"), ["upstream.corp.issuer"]);
    assert_eq!(
        wrong(&[], "[upstream.corp]\nissuer = \"https://b\"\nclient_id = \"a\"\nlink = \"maybe\"\n"),
        ["upstream.corp.link"]
    );
    assert_eq!(
        wrong(&[], "[upstream.corp]\nissuer = \"https://b\"\nclient_id = \"a\"\nname = \"x\"\n"),
        ["upstream.corp.name"]
    );
    assert_eq!(wrong(&[], "[upstream.corp]\nisuer = \"https://b\"\n"), ["upstream.corp.isuer", "upstream.corp.issuer"]);
    let twice = "[upstream.corp]\nissuer = \"https://idp.example\"\nclient_id = \"a\"\n";
    assert_eq!(wrong(&ONE, twice), ["upstream.corp", "upstream"]);
}

#[test]
fn a_secret_of_a_section_is_never_told() {
    let file = "[upstream.corp]\nissuer = \"https://b.example\"\nclient_id = \"b\"\nclient_secret = \"hush-hush\"\n";
    let report = report(&[], file);
    assert!(!format!("{report:?}").contains("hush-hush"));
}
