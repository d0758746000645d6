//! Upstream providers: from the environment, from the file, and what is wrong with them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use authly_config::{Change, Origin, Report, Upstream, UpstreamLinking, UpstreamProof, load};

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
link = \"address\"

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
grant_lifetime = \"7d\"
sign_out = false
";
    let all = upstreams(&[], file);
    let [first, second] = all.as_slice() else { panic!("two providers") };
    assert!(matches!(first.proof, UpstreamProof::Nothing));
    assert_eq!(first.link, UpstreamLinking::Address);
    assert_eq!(
        (second.name.as_str(), second.label.as_deref(), second.link),
        ("corp", Some("Corp"), UpstreamLinking::Imported)
    );
    assert!(matches!(&second.proof, UpstreamProof::Post(secret) if secret.expose() == "from a file"));
    assert!(second.creates_accounts && second.requires_tenant);
    assert_eq!(second.session_lifetime.unwrap().as_secs(), 8 * 3_600);
    assert_eq!((second.grant_lifetime.unwrap().as_secs(), second.signs_out), (7 * 86_400, false));
    assert_eq!((first.grant_lifetime, first.signs_out), (None, true));
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
    let twice = "[upstream.corp]\nissuer = \"https://idp.example\"\nclient_id = \"a\"\nlink = \"none\"\n";
    assert_eq!(wrong(&ONE, twice), ["upstream.corp", "upstream"]);
}

#[test]
fn a_secret_of_a_section_is_never_told() {
    let file = "[upstream.corp]\nissuer = \"https://b.example\"\nclient_id = \"b\"\nclient_secret = \"hush-hush\"\n";
    let report = report(&[], file);
    assert!(!format!("{report:?}").contains("hush-hush"));
}

/// `config show` hides nothing of a section but its secrets, and says where each value comes from.
#[test]
fn a_section_is_shown_like_the_rest_but_for_its_secrets() {
    let file = "
[upstream.corp]
issuer = \"https://b.example\"
client_id = \"b\"
client_secret = \"hush-hush\"
link = \"maybe\"
";
    let report = report(&[], file);
    let row = |key: &str| report.rows().iter().find(|row| row.key == key).unwrap();
    let issuer = row("upstream.corp.issuer");
    assert_eq!((issuer.value.as_str(), issuer.name), ("https://b.example", None));
    assert_eq!(issuer.origin, Origin::File("upstream.corp.issuer".to_owned()));
    assert_eq!(
        (row("upstream.corp.scope").value.as_str(), &row("upstream.corp.scope").origin),
        ("openid email profile", &Origin::Default)
    );
    assert_eq!(row("upstream.corp.label").value, "the host of the issuer");
    assert_eq!(
        (row("upstream.corp.client_secret").value.as_str(), row("upstream.corp.client_key").value.as_str()),
        ("set", "not set")
    );
    assert_eq!(row("upstream.corp.link").value, "not valid");
    assert!(report.rows().iter().all(|row| row.key != "upstream.corp.name"), "the section is the name");
    let keys: Vec<&str> = report.rows().iter().map(|row| row.key.split('.').next().unwrap()).collect();
    assert_eq!(
        keys.iter().filter(|section| **section == "upstream").count(),
        37,
        "in one piece, behind the section of the environment"
    );
    let mut sections = keys.clone();
    sections.dedup();
    assert_eq!(sections.iter().filter(|section| **section == "upstream").count(), 1);
}

#[test]
fn a_change_in_a_section_waits_for_a_restart_and_is_named() {
    let file = |secret: &str, more: &str| {
        let text = "issuer = \"https://b.example\"\nclient_id = \"b\"\n";
        report(&[], &format!("[upstream.corp]\n{text}client_secret = \"{secret}\"\n{more}"))
    };
    let before = file("one", "");
    let named = |after: &Report| -> Vec<String> {
        let changed = after.changes_since(&before);
        assert!(changed.iter().all(|one| one.change == Change::Restart));
        changed.into_iter().map(|one| one.key).collect()
    };
    assert!(named(&file("one", "")).is_empty());
    assert_eq!(named(&file("two", "label = \"Corp\"\n")), ["upstream.corp.label", "upstream.corp.client_secret"]);
    assert!(
        named(&file("one", "[upstream.new]\nissuer = \"https://c.example\"\nclient_id = \"c\"\n"))
            .contains(&"upstream.new.issuer".to_owned())
    );
    assert!(named(&report(&[], "")).contains(&"upstream.corp.issuer".to_owned()), "a provider that is gone");
}
