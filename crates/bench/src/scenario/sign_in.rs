//! The sign-in form in a browser that has never been here.

use crate::browser::Browser;
use crate::exchange::Connection;
use crate::failure::Failure;
use crate::installation::ISSUER;
use crate::site::{self, Site};

/// Somebody who signs in again and again, each time in a new browser.
#[derive(Debug)]
pub struct SignIn {
    connection: Connection,
    path: String,
    email: String,
}

impl SignIn {
    pub(super) fn new(site: &Site, position: usize) -> Self {
        let path = site::authorize_path(&site.web_es256);
        Self { connection: site.connect(), path, email: site.person(position).to_owned() }
    }

    pub(super) async fn operate(&mut self) -> Result<(), Failure> {
        let mut browser = Browser::new(ISSUER);
        site::sign_in(&mut browser, &mut self.connection, &self.path, &self.email).await.map(drop)
    }
}
