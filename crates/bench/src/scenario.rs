//! The named scenarios: who does what on how many connections.

mod code;
mod fixed;
mod refresh;
mod sign_in;

use serde_json::json;

use crate::exchange::Request;
use crate::failure::Failure;
use crate::html::encode;
use crate::installation::HOST;
use crate::measure::{Actor, Group};
use crate::site::{Client, PASSWORD, Site, signed_in};

use self::{code::CodeFlow, fixed::Fixed, sign_in::SignIn};

pub use self::refresh::Chain;

/// The connections that refresh while the others sign in.
const BESIDE: usize = 4;

/// A scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scenario {
    /// Provider metadata.
    Discovery,
    /// The public keys.
    Jwks,
    /// Whether the server works.
    Health,
    /// A verifier and its challenge.
    Challenge,
    /// A token for a client itself: client_secret_basic, ES256.
    ClientCredentials,
    /// The whole flow with a signed-in session: an authorization request and a token request, ES256 ID token.
    Code,
    /// The same with an RS256 ID token, the default.
    CodeRs256,
    /// Chains of refresh tokens.
    Refresh,
    /// Introspection of a client's own access token.
    Introspection,
    /// The claims of a signed-in person.
    UserInfo,
    /// The password grant of the legacy contract.
    Password,
    /// The same on four connections: how long people wait when the machine is not full.
    Password4,
    /// The sign-in form in a new browser, from the authorization request to the code.
    SignIn,
    /// Chains of refresh tokens while sign-ins keep the hash pool full.
    Mixed,
}

/// Whoever acts in a scenario.
#[derive(Debug)]
pub enum Player {
    /// Sends the same request again and again.
    Fixed(Fixed),
    /// Gets a code and redeems it.
    Code(CodeFlow),
    /// Refreshes.
    Refresh(Chain),
    /// Signs in.
    SignIn(SignIn),
}

impl Actor for Player {
    async fn operate(&mut self) -> Result<(), Failure> {
        match self {
            Self::Fixed(fixed) => fixed.operate().await,
            Self::Code(flow) => flow.operate().await,
            Self::Refresh(chain) => chain.operate().await,
            Self::SignIn(sign_in) => sign_in.operate().await,
        }
    }
}

impl Scenario {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 14] = [
        Self::Discovery,
        Self::Jwks,
        Self::Health,
        Self::Challenge,
        Self::ClientCredentials,
        Self::Introspection,
        Self::UserInfo,
        Self::Refresh,
        Self::Code,
        Self::CodeRs256,
        Self::Password,
        Self::Password4,
        Self::SignIn,
        Self::Mixed,
    ];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Jwks => "jwks",
            Self::Health => "health",
            Self::Challenge => "challenge",
            Self::ClientCredentials => "client_credentials",
            Self::Code => "code",
            Self::CodeRs256 => "code_rs256",
            Self::Refresh => "refresh",
            Self::Introspection => "introspection",
            Self::UserInfo => "userinfo",
            Self::Password => "password",
            Self::Password4 => "password_4",
            Self::SignIn => "sign_in",
            Self::Mixed => "mixed",
        }
    }

    /// Prepares its players, signing them in where that comes before what is measured.
    pub async fn prepare(self, site: &Site, connections: usize) -> Result<Vec<Group<Player>>, Failure> {
        let name = self.name();
        let group = |actors| vec![Group { name, actors }];
        let same = |request: Request, proof| group(fixed(site, &request, proof, connections));
        Ok(match self {
            Self::Discovery => same(get("/.well-known/openid-configuration"), "\"issuer\""),
            Self::Jwks => same(get("/.well-known/jwks.json"), "\"keys\""),
            Self::Health => same(get("/health"), ""),
            Self::Challenge => {
                same(Request::post(HOST, "/auth/challenge", &[], "application/json", "{}"), "\"code_challenge\"")
            }
            Self::ClientCredentials => same(client_credentials(&site.service), "\"access_token\""),
            Self::Code => group(code_flows(site, &site.web_es256, connections).await?),
            Self::CodeRs256 => group(code_flows(site, &site.web, connections).await?),
            Self::Refresh => group(chains(site, connections).await?),
            Self::Introspection => {
                let mut players = Vec::new();
                for position in 0..connections {
                    let token = signed_in(site, &site.web_es256, position).await?.access_token;
                    let headers = [("Authorization", site.web_es256.authorization.as_str())];
                    let body = encode([("token", token.as_str())]);
                    let request = Request::form(HOST, "/auth/introspect", &headers, &body);
                    players.extend(fixed(site, &request, "\"active\":true", 1));
                }
                group(players)
            }
            Self::UserInfo => {
                let mut players = Vec::new();
                for position in 0..connections {
                    let token = signed_in(site, &site.web_es256, position).await?.access_token;
                    let bearer = format!("Bearer {token}");
                    let request = Request::get(HOST, "/auth/userinfo", &[("Authorization", &bearer)]);
                    players.extend(fixed(site, &request, "\"sub\"", 1));
                }
                group(players)
            }
            Self::Password => group(passwords(site, connections)),
            Self::Password4 => group(passwords(site, connections.min(4))),
            Self::SignIn => group((0..connections).map(|n| Player::SignIn(SignIn::new(site, n))).collect()),
            Self::Mixed => vec![
                Group { name: "refresh_beside", actors: chains(site, BESIDE).await? },
                Group { name: "password_beside", actors: passwords(site, connections) },
            ],
        })
    }
}

fn get(path: &str) -> Request {
    Request::get(HOST, path, &[])
}

fn fixed(site: &Site, request: &Request, proof: &'static str, connections: usize) -> Vec<Player> {
    (0..connections).map(|_| Player::Fixed(Fixed::new(site.connect(), request.clone(), proof))).collect()
}

fn client_credentials(client: &Client) -> Request {
    let headers = [("Authorization", client.authorization.as_str())];
    Request::form(HOST, "/auth/token", &headers, "grant_type=client_credentials&scope=read")
}

fn passwords(site: &Site, connections: usize) -> Vec<Player> {
    let player = |position| {
        let body = json!({"grant_type": "password", "username": site.person(position), "password": PASSWORD});
        let request = Request::post(HOST, "/auth/token", &[], "application/json", &body.to_string());
        Player::Fixed(Fixed::new(site.connect(), request, "\"refresh_token\""))
    };
    (0..connections).map(player).collect()
}

async fn code_flows(site: &Site, client: &Client, connections: usize) -> Result<Vec<Player>, Failure> {
    let mut players = Vec::new();
    for position in 0..connections {
        let cookies = signed_in(site, client, position).await?.browser.cookies();
        players.push(Player::Code(CodeFlow::new(site, client, &cookies)));
    }
    Ok(players)
}

async fn chains(site: &Site, connections: usize) -> Result<Vec<Player>, Failure> {
    let mut players = Vec::new();
    for position in 0..connections {
        players.push(Player::Refresh(Chain::begin(site, position).await?));
    }
    Ok(players)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_listed_once() {
        for (position, scenario) in Scenario::ALL.iter().enumerate() {
            assert!(Scenario::ALL[position + 1..].iter().all(|other| other.name() != scenario.name()), "{scenario:?}");
        }
    }
}
