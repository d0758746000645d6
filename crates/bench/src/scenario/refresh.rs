//! A chain of refresh tokens: each answer's successor is used next (RFC 6749 6).

use crate::exchange::Connection;
use crate::failure::Failure;
use crate::site::{Client, Site, refreshment, signed_in};

/// A chain on a connection of its own.
#[derive(Debug)]
pub struct Chain {
    connection: Connection,
    client: Client,
    token: String,
}

impl Chain {
    /// Signs somebody in and begins a chain.
    pub async fn begin(site: &Site, position: usize) -> Result<Self, Failure> {
        let client = site.web_es256.clone();
        let token = signed_in(site, &client, position).await?.refresh_token;
        Ok(Self { connection: site.connect(), client, token })
    }

    /// The token that the last answer brought.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// One refresh; the successor takes the token's place only once its answer is here.
    pub async fn operate(&mut self) -> Result<(), Failure> {
        let answer = self.connection.exchange(&refreshment(&self.client, &self.token)).await?;
        let answer = answer.expect(200, "a refresh")?;
        let successor = answer.member("refresh_token").filter(|successor| *successor != self.token);
        self.token = successor.ok_or_else(|| answer.unexpected("a refresh without a successor"))?.to_owned();
        Ok(())
    }

    /// The status that an older token of the chain is answered with.
    pub async fn present(&mut self, token: &str) -> Result<u16, Failure> {
        Ok(self.connection.exchange(&refreshment(&self.client, token)).await?.status)
    }
}
