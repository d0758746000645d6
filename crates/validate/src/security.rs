//! What protects the installation is there (S000-87): headers, TLS, PKCE, client authentication, limits.

use serde_json::json;
use url::Host;

use crate::{
    Expected, Part, Person, Target, Unreachable,
    browser::{Browser, End},
    oauth::{CLIENT, request},
    target::Answer,
};

/// Sign-ins of one unknown account until the limit must have spoken.
const GUESSES: usize = 40;

/// Tries what must be refused, as a stranger and as `person`.
pub async fn security(target: &Target, expected: Expected, person: &Person) -> Result<Part, Unreachable> {
    let mut part = Part::new("security");
    headers(target, &mut part).await?;
    tls(target, &mut part);
    if expected.oauth && expected.test_client {
        pkce(target, person, &mut part).await?;
        secrets(target, &mut part).await?;
    } else {
        part.skip("PKCE and client authentication", "OAuth is off, or the test client is not registered");
    }
    if !expected.limited {
        part.expect("sign-ins are limited", false, "RATE_LIMIT_ENABLED is false");
    } else if expected.legacy {
        limits(target, &mut part).await?;
    } else {
        part.skip("sign-ins are limited", expected.why_not());
    }
    Ok(part)
}

async fn headers(target: &Target, part: &mut Part) -> Result<(), Unreachable> {
    let page = target.get("/").await?;
    let refused = target.post("/auth/token", &json!({ "grant_type": "nonsense" })).await?;
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-xss-protection", "0"),
    ] {
        let right = |answer: &Answer| answer.header(name) == Some(value);
        part.expect(
            format!("{name}: {value}"),
            right(&page) && right(&refused),
            page.header(name).unwrap_or("missing"),
        );
    }
    let policy = page.header("content-security-policy").unwrap_or("missing");
    part.expect("content-security-policy", policy.contains("frame-ancestors"), policy);
    let store = refused.header("cache-control").unwrap_or("missing");
    part.expect("answers of the token endpoint are not stored", store.contains("no-store"), store);
    if target.base().scheme() == "https" {
        let seen = page.header("strict-transport-security").unwrap_or("missing");
        part.expect("strict-transport-security", seen.contains("max-age="), seen);
    }
    Ok(())
}

fn tls(target: &Target, part: &mut Part) {
    let base = target.base();
    let loopback = match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match (base.scheme(), loopback) {
        ("https", _) => part.expect("TLS", true, "https, with a certificate that is trusted here"),
        (_, true) => part.skip("TLS", "plain http on loopback"),
        _ => part.expect("TLS", false, "plain http"),
    }
}

/// Signs in with a request that lacks a challenge: no code may come out of it.
async fn pkce(target: &Target, person: &Person, part: &mut Part) -> Result<(), Unreachable> {
    let mut browser = Browser::new(target);
    let mut end = browser.open(&request("")).await?;
    if let End::Page(page) = &end
        && page.text.contains("name=\"password\"")
    {
        end = browser.sign_in(page, person).await?;
    }
    let (right, seen) = match end {
        End::Outside(to) => (!to.contains("code=") && to.contains("error=invalid_request"), outside(&to)),
        End::Page(page) => (page.status == 400, format!("a page with status {}", page.status)),
    };
    part.expect("a request without code_challenge gets no code", right, seen);
    Ok(())
}

/// What an address says, without what it holds.
fn outside(to: &str) -> String {
    let error = to.split(['?', '&']).find(|pair| pair.starts_with("error="));
    error.map_or_else(|| "sent back without an error".to_owned(), |error| format!("sent back with {error}"))
}

async fn secrets(target: &Target, part: &mut Part) -> Result<(), Unreachable> {
    let form = [("grant_type", "authorization_code"), ("code", "x"), ("code_verifier", "x")];
    let sent = target.client().post(target.at("/auth/token")).basic_auth(CLIENT, Some("not-the-secret")).form(&form);
    let answer = Answer::of(sent.send().await?).await?;
    let right = answer.status == 401 && answer.header("www-authenticate").is_some();
    part.expect("a wrong secret by HTTP Basic answers 401 with a challenge", right, answer.told());
    let body = json!({
        "grant_type": "authorization_code", "code": "x", "client_id": CLIENT, "client_secret": "not-the-secret",
    });
    let answer = target.post("/auth/token", &body).await?;
    part.expect("a wrong secret in a JSON body answers 400", answer.status == 400, answer.told());
    let sent = target.client().post(target.at("/auth/revoke")).basic_auth(CLIENT, Some("not-the-secret"));
    let answer = Answer::of(sent.form(&[("token", "x")]).send().await?).await?;
    part.expect("revocation demands the right secret", answer.status == 401, answer.told());
    Ok(())
}

/// Guesses at an account that does not exist until the server asks for patience. Comes last: it uses up the limit.
async fn limits(target: &Target, part: &mut Part) -> Result<(), Unreachable> {
    let stranger = Person {
        email: "nobody-at-all@example.invalid".to_owned(),
        password: oauth_core::secret::Secret::new("a guess".to_owned()),
    };
    for number in 1..=GUESSES {
        let answer = target.password_grant(&stranger).await?;
        if answer.status == 429 {
            let told = answer.header("retry-after").is_some();
            part.expect("sign-ins are limited", told, format!("429 at guess {number}, Retry-After: {told}"));
            return Ok(());
        }
    }
    part.expect("sign-ins are limited", false, format!("{GUESSES} guesses were answered"));
    Ok(())
}
