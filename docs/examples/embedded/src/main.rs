//! Runs the application; see the README beside it.

use actix_web::{App, HttpServer, web};
use example_embedded::{Application, CLIENT, REDIRECT_URI, configure};
use oauth_core::settings::{Issuer, Settings};

const ADDRESS: &str = "127.0.0.1:8090";

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = Issuer::parse(&format!("http://{ADDRESS}")).ok_or("the address is no issuer")?;
    let application = web::Data::new(Application::new(Settings::new(issuer.clone()))?);
    // The verifier of RFC 7636 appendix B belongs to this challenge; a real client makes its own.
    let query = format!(
        "response_type=code&client_id={CLIENT}&redirect_uri={REDIRECT_URI}&scope=openid%20notes&state=1\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    println!("open {}", issuer.url(&format!("/authorize?{query}")));
    HttpServer::new(move || App::new().configure(|service| configure(service, application.clone())))
        .bind(ADDRESS)?
        .run()
        .await?;
    Ok(())
}
