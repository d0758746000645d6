//! The authorization code flow of somebody who is signed in (RFC 6749 4.1, RFC 7636).

use crate::exchange::{Connection, Request};
use crate::failure::Failure;
use crate::installation::HOST;
use crate::site::{self, Client, Site};

/// A session and the client that uses it.
#[derive(Debug)]
pub struct CodeFlow {
    connection: Connection,
    client: Client,
    request: Request,
}

impl CodeFlow {
    pub(super) fn new(site: &Site, client: &Client, cookies: &str) -> Self {
        let request = Request::get(HOST, &site::authorize_path(client), &[("Cookie", cookies)]);
        Self { connection: site.connect(), client: client.clone(), request }
    }

    pub(super) async fn operate(&mut self) -> Result<(), Failure> {
        let answer = self.connection.exchange(&self.request).await?;
        let location = match answer.status {
            302 | 303 => answer.header("location").unwrap_or_default(),
            _ => return Err(answer.unexpected("an authorization request with a session")),
        };
        let request = site::redemption(&self.client, &site::code(location)?);
        let answer = self.connection.exchange(&request).await?.expect(200, "redeeming a code")?;
        let complete = answer.member("id_token").and(answer.member("refresh_token")).is_some();
        if complete { Ok(()) } else { Err(answer.unexpected("redeeming a code")) }
    }
}
