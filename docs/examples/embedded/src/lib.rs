//! A small application that is its own authorization server: users, pages and routes are its own, the protocol is oauth-core's.

pub mod notes;
pub mod oauth;
mod pages;
mod people;
mod services;
mod setup;

use std::sync::Arc;

use actix_web::web;
use oauth_core::{engine::Engine, settings::Settings};

pub use self::{
    people::People,
    services::Notes,
    setup::{CLIENT, REDIRECT_URI, SetupFailed},
};

/// What every handler shares.
pub struct Application {
    /// The protocol.
    pub engine: Engine<Notes>,
    /// The application's own users.
    pub people: People,
}

impl Application {
    /// The application under its address, with Ada in its table of users.
    pub fn new(settings: Settings) -> Result<Self, SetupFailed> {
        let (services, people) = setup::prepare(&settings)?;
        Ok(Self { engine: Engine::new(Arc::new(services), Arc::new(settings)), people })
    }
}

/// All routes: those of the protocol and those of the application.
pub fn configure(service: &mut web::ServiceConfig, application: web::Data<Application>) {
    service.app_data(application).configure(oauth::routes).configure(notes::routes);
}
