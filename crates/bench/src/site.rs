//! What the scenarios find: clients, people, and the steps that several of them share.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::admin;
use crate::browser::{Arrival, Browser};
use crate::exchange::{Connection, Request};
use crate::failure::Failure;
use crate::html::{Form, encode, parameter};
use crate::installation::{HOST, ISSUER, Installation};

/// Where codes are sent; nothing listens there.
pub const REDIRECT_URI: &str = "https://app.example.com/callback";
/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery staple 42";
/// What the web clients ask for.
pub const SCOPE: &str = "openid profile email offline_access read";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its identifier.
    pub id: String,
    /// Its credentials as the value of the Authorization header (RFC 6749 2.3.1).
    pub authorization: String,
}

/// Everything that was registered.
#[derive(Clone, Debug)]
pub struct Site {
    /// The server's port.
    pub port: u16,
    /// Acts for itself.
    pub service: Client,
    /// Signs people in; its ID tokens are RS256, the default.
    pub web: Client,
    /// Signs people in; its ID tokens are ES256.
    pub web_es256: Client,
    /// The addresses of the people.
    pub people: Vec<String>,
}

impl Site {
    /// Brings the schema up to date and registers clients and people.
    pub fn prepare(installation: &Installation, people: usize) -> Result<Self, Failure> {
        admin::run(installation, &["migrate", "schema", "up"], None)?;
        let service =
            register(installation, "bench-service", &["--grant-type", "client_credentials", "--scope", "read"])?;
        let mut web: Vec<&str> = vec!["--first-party", "--redirect-uri", REDIRECT_URI];
        web.extend(["--grant-type", "authorization_code", "--grant-type", "refresh_token"]);
        web.extend(SCOPE.split(' ').flat_map(|scope| ["--scope", scope]));
        let es256 = [web.as_slice(), &["--id-token-alg", "ES256"]].concat();
        let web = register(installation, "bench-web", &web)?;
        let web_es256 = register(installation, "bench-web-es256", &es256)?;
        let people: Vec<String> = (0..people).map(|number| format!("person{number}@example.com")).collect();
        for (number, email) in people.iter().enumerate() {
            let username = format!("person{number}");
            let account = ["user", "create", "--email", email, "--username", &username, "--name", &username];
            let arguments = [&account[..], &["--password-stdin", "--verified"]].concat();
            admin::json(installation, &arguments, Some(PASSWORD))?;
        }
        Ok(Self { port: installation.port, service, web, web_es256, people })
    }

    /// The person at this position, counted round.
    pub fn person(&self, position: usize) -> &str {
        let position = position.checked_rem(self.people.len()).unwrap_or_default();
        self.people.get(position).map_or("", String::as_str)
    }

    /// A connection to the server.
    pub const fn connect(&self) -> Connection {
        Connection::new(self.port)
    }
}

fn register(installation: &Installation, id: &str, extra: &[&str]) -> Result<Client, Failure> {
    let client = ["client", "create", "--client-id", id, "--name", id, "--type", "confidential"];
    let arguments = [&client[..], &["--auth-method", "client_secret_basic"], extra].concat();
    let answer = admin::json(installation, &arguments, None)?;
    let secret = answer.get("client_secret").and_then(Value::as_str);
    let secret = secret.ok_or_else(|| Failure::new(format!("no client_secret in {answer}")))?;
    Ok(Client { id: id.to_owned(), authorization: basic(id, secret) })
}

/// The Authorization header: both parts are form-encoded first (RFC 6749 2.3.1).
fn basic(id: &str, secret: &str) -> String {
    let (id, secret) = (encode([(id, "")]), encode([(secret, "")]));
    format!("Basic {}", STANDARD.encode(format!("{}:{}", id.trim_end_matches('='), secret.trim_end_matches('='))))
}

/// The path and query of an authorization request.
pub fn authorize_path(client: &Client) -> String {
    let query = encode([
        ("response_type", "code"),
        ("client_id", &client.id),
        ("redirect_uri", REDIRECT_URI),
        ("scope", SCOPE),
        ("state", "a-state-of-some-length"),
        ("nonce", "a-nonce-of-some-length"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    format!("/authorize?{query}")
}

/// The token request for a code.
pub fn redemption(client: &Client, code: &str) -> Request {
    let body = format!(
        "grant_type=authorization_code&code={code}&{}",
        encode([("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)])
    );
    Request::form(HOST, "/auth/token", &[("Authorization", &client.authorization)], &body)
}

/// The token request for a refresh token.
pub fn refreshment(client: &Client, token: &str) -> Request {
    let body = format!("grant_type=refresh_token&refresh_token={token}");
    Request::form(HOST, "/auth/token", &[("Authorization", &client.authorization)], &body)
}

/// Signs somebody in by the form; gives back the code that the client was sent.
pub async fn sign_in(
    browser: &mut Browser,
    connection: &mut Connection,
    path: &str,
    email: &str,
) -> Result<String, Failure> {
    let page = match browser.open(connection, path).await? {
        Arrival::Page(page) => page,
        Arrival::Left(address) => return Err(Failure::new(format!("sent away before the sign-in: {address}"))),
    };
    let form = Form::parse(&page)?;
    match browser.submit(connection, &form, &[("identifier", email), ("password", PASSWORD)]).await? {
        Arrival::Left(address) => code(&address),
        Arrival::Page(page) => Err(Failure::new(format!("the sign-in of {email} led to a page:\n{page}"))),
    }
}

/// The code in an authorization response.
pub fn code(address: &str) -> Result<String, Failure> {
    let ours = address.starts_with(REDIRECT_URI);
    let code = parameter(address, "code").filter(|_| ours);
    code.map(str::to_owned).ok_or_else(|| Failure::new(format!("no code in {address}")))
}

/// A browser that somebody is signed in with, and their tokens.
#[derive(Debug)]
pub struct SignedIn {
    /// The browser.
    pub browser: Browser,
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
}

/// Signs somebody in and redeems the code.
pub async fn signed_in(site: &Site, client: &Client, position: usize) -> Result<SignedIn, Failure> {
    let (mut browser, mut connection) = (Browser::new(ISSUER), site.connect());
    let code = sign_in(&mut browser, &mut connection, &authorize_path(client), site.person(position)).await?;
    let answer = connection.exchange(&redemption(client, &code)).await?.expect(200, "redeeming a code")?;
    let token = |name: &str| {
        answer.member(name).map(str::to_owned).ok_or_else(|| answer.unexpected(&format!("no {name} for a code")))
    };
    Ok(SignedIn { browser, access_token: token("access_token")?, refresh_token: token("refresh_token")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_encoded_before_they_are_joined() {
        assert_eq!(basic("a b", "c:d"), format!("Basic {}", STANDARD.encode("a%20b:c%3Ad")));
    }

    #[test]
    fn only_a_code_at_our_own_address_counts() {
        assert_eq!(code(&format!("{REDIRECT_URI}?code=x&state=y")).unwrap(), "x");
        assert!(code(&format!("{REDIRECT_URI}?error=access_denied")).is_err());
        assert!(code("https://elsewhere.example.com/?code=x").is_err());
    }
}
