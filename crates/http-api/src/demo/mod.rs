//! The demo relying party of development mode: a real authorization code flow with PKCE, shown step by step.
//!
//! It is a public client on the server itself. What it must remember lives sealed in a cookie of its own; its calls to the token
//! endpoint and the others go through the same engine as anybody's, with the same parameters.

pub mod calls;
pub mod result;
pub mod start;
pub mod state;

use actix_web::web::{self, ServiceConfig};
use authly_directory::services::DirectoryServices;

/// Adds the demo's routes.
pub fn configure<V: DirectoryServices>(config: &mut ServiceConfig) {
    config.service(
        web::resource("/demo").route(web::get().to(start::show::<V>)).route(web::post().to(start::begin::<V>)),
    );
    config.service(web::resource("/demo/callback").route(web::get().to(result::callback::<V>)));
    config.service(
        web::resource("/demo/result").route(web::get().to(result::show::<V>)).route(web::post().to(calls::call::<V>)),
    );
}
