//! The exchange of a code (RFC 6749 4.1.3, RFC 7636 4.5) with the ways to prove a client (OpenID Connect Core 9).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oauth_core::{
    crypto::CryptoError,
    jws::{assertion, compact, date::NumericDate},
    secret::Secret,
    services::Random,
    time::Timestamp,
    token::OpaqueToken,
};
use serde::{Deserialize, Serialize};

use crate::{
    carrier::Call,
    document::Metadata,
    provider::{ClientProof, Provider},
};

/// How long an assertion of ours is good.
const ASSERTION: Duration = Duration::from_secs(60);

/// What is exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The code.
    pub code: &'a Secret<String>,
    /// The verifier of its challenge.
    pub verifier: &'a str,
    /// Where the code came to.
    pub redirect_uri: &'a str,
}

/// The request to the token endpoint.
pub fn request(
    provider: &Provider,
    metadata: &Metadata,
    exchange: Exchange<'_>,
    now: Timestamp,
    random: &impl Random,
) -> Result<Call, CryptoError> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", exchange.code.expose())
        .append_pair("redirect_uri", exchange.redirect_uri)
        .append_pair("code_verifier", exchange.verifier);
    let mut authorization = None;
    match &provider.proof {
        ClientProof::Basic(secret) => authorization = Some(basic(&provider.client_id, secret)),
        ClientProof::Nothing => {
            form.append_pair("client_id", &provider.client_id);
        }
        ClientProof::Post(secret) => {
            form.append_pair("client_id", &provider.client_id).append_pair("client_secret", secret.expose());
        }
        ClientProof::PrivateKey(signer) => {
            #[derive(Serialize)]
            struct Claims<'a> {
                iss: &'a str,
                sub: &'a str,
                aud: &'a str,
                jti: &'a str,
                iat: NumericDate,
                exp: NumericDate,
            }
            let jti = OpaqueToken::generate(random);
            let claims = Claims {
                iss: &provider.client_id,
                sub: &provider.client_id,
                // The issuer alone, so that an assertion made for one provider is good at no other (RFC 7523 3 as of 2025).
                aud: provider.issuer.as_str(),
                jti: jti.expose(),
                iat: NumericDate::new(now),
                exp: NumericDate::new(now.plus(ASSERTION)),
            };
            let text = compact::sign(signer.as_ref(), "JWT", &claims)?;
            form.append_pair("client_id", &provider.client_id)
                .append_pair("client_assertion_type", assertion::TYPE)
                .append_pair("client_assertion", &text);
        }
    }
    Ok(Call { url: metadata.token_endpoint.clone(), authorization, form: Some(Secret::new(form.finish())) })
}

/// RFC 6749 2.3.1: both parts are form-encoded before they are joined.
fn basic(client_id: &str, secret: &Secret<String>) -> Secret<String> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret.expose())))))
}

/// What the token endpoint answers with, as far as it is used.
pub struct Tokens {
    /// Who signed in.
    pub id_token: String,
    /// For the userinfo endpoint.
    pub access_token: Secret<String>,
}

/// Reads a successful answer.
pub fn parse(text: &str) -> Option<Tokens> {
    #[derive(Deserialize)]
    struct Wire {
        id_token: String,
        access_token: String,
    }
    let wire: Wire = serde_json::from_str(text).ok()?;
    Some(Tokens { id_token: wire.id_token, access_token: Secret::new(wire.access_token) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::tests::{Noise, metadata, provider};

    fn asked(proof: ClientProof) -> Call {
        let code = Secret::new("c&d".to_owned());
        let exchange = Exchange { code: &code, verifier: "v", redirect_uri: "https://auth.example/cb" };
        let provider = Provider { proof, client_id: "a b".to_owned(), ..provider() };
        request(&provider, &metadata(), exchange, Timestamp::from_seconds(0), &Noise).unwrap()
    }

    const BODY: &str =
        "grant_type=authorization_code&code=c%26d&redirect_uri=https%3A%2F%2Fauth.example%2Fcb&code_verifier=v";

    #[test]
    fn a_secret_goes_into_the_header_or_the_body_as_it_was_agreed() {
        let secret = || Secret::new("s:%é".to_owned());
        let call = asked(ClientProof::Basic(secret()));
        let header = STANDARD.encode("a+b:s%3A%25%C3%A9");
        assert_eq!(call.authorization.unwrap().expose(), &format!("Basic {header}"));
        assert_eq!(call.form.unwrap().expose(), BODY);
        let call = asked(ClientProof::Post(secret()));
        assert!(call.authorization.is_none());
        assert_eq!(call.form.unwrap().expose(), &format!("{BODY}&client_id=a+b&client_secret=s%3A%25%C3%A9"));
        assert_eq!(asked(ClientProof::Nothing).form.unwrap().expose(), &format!("{BODY}&client_id=a+b"));
    }

    #[test]
    fn an_answer_without_an_id_token_is_none() {
        assert!(parse(r#"{"access_token":"a"}"#).is_none());
        assert!(parse(r#"{"access_token":"a","id_token":"b"}"#).is_some());
    }
}
