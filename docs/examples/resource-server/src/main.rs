//! Runs the resource server; see the README beside it.

use std::collections::HashMap;

use actix_web::{App, HttpServer, web};
use example_resource_server::{keys::Keys, routes, tokens::Tokens};
use oauth_core::{secret::Secret, settings::Issuer};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let variables: HashMap<String, String> = std::env::vars().collect();
    let required = |name: &str| variables.get(name).cloned().ok_or_else(|| format!("{name} is not set"));
    let issuer = Issuer::parse(&required("ISSUER")?).ok_or("ISSUER is not an address without path and final slash")?;
    let tokens = web::Data::new(Tokens {
        keys: Keys::of(issuer.clone())?,
        issuer,
        audience: required("AUDIENCE")?,
        legacy_secret: variables.get("JWT_SECRET_KEY").cloned().map(Secret::new),
    });
    let address = variables.get("LISTEN").map_or("127.0.0.1:8080", String::as_str);
    println!("listening on http://{address}");
    HttpServer::new(move || App::new().configure(|service| routes::configure(service, tokens.clone())))
        .bind(address)?
        .run()
        .await?;
    Ok(())
}
