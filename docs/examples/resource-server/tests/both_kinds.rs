#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
//! Both kinds of tokens against the running endpoints, with an issuer of our own that publishes keys.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, http::StatusCode, test, web};
use authly_jose::JoseCrypto;
use authly_seal::{SystemClock, SystemRandom};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use example_resource_server::{keys::Keys, routes, tokens::Tokens};
use oauth_core::{
    crypto::{Algorithm, Crypto, HmacAlgorithm, Signer},
    ids::{AccessTokenId, ClientId, GrantId, KeyId, UserId},
    jws::{access::AccessClaims, audience::Audience, compact, date::NumericDate},
    secret::Secret,
    services::Clock as _,
    settings::Issuer,
};
use serde_json::{Map, Value, json};

const AUDIENCE: &str = "https://api.example.com";
const SECRET: &str = "the secret that the old tokens are signed with";

/// An issuer that publishes keys and counts how often it is asked for them.
struct Authority {
    issuer: Issuer,
    published: Arc<Mutex<Vec<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Authority {
    fn start() -> Self {
        let (published, asked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let address = Arc::new(Mutex::new(String::new()));
        let (shared, base, count) = (published.clone(), address.clone(), asked.clone());
        let server = HttpServer::new(move || {
            let (base, shared, count) = (base.clone(), shared.clone(), count.clone());
            let metadata = move || {
                let base = base.lock().unwrap().clone();
                async move { HttpResponse::Ok().json(json!({"issuer": base, "jwks_uri": format!("{base}/keys")})) }
            };
            let keys = move || {
                count.fetch_add(1, Ordering::SeqCst);
                let keys = shared.lock().unwrap().clone();
                async move { HttpResponse::Ok().json(json!({ "keys": keys })) }
            };
            App::new()
                .route("/.well-known/oauth-authorization-server", web::get().to(metadata))
                .route("/keys", web::get().to(keys))
        });
        let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        url.clone_into(&mut address.lock().unwrap());
        actix_web::rt::spawn(server.run());
        Self { issuer: Issuer::parse(&url).unwrap(), published, asked }
    }

    /// Makes a key and publishes it.
    fn key(&self, id: &str) -> Arc<dyn Signer> {
        let material = JoseCrypto.generate(Algorithm::ES256).unwrap();
        let mut public: Map<String, Value> = serde_json::from_str(&material.public_jwk).unwrap();
        public.extend([
            ("kid".to_owned(), id.into()),
            ("use".to_owned(), "sig".into()),
            ("alg".to_owned(), "ES256".into()),
        ]);
        self.published.lock().unwrap().push(Value::Object(public));
        JoseCrypto.signer(Algorithm::ES256, &KeyId(id.to_owned()), &material.private_jwk).unwrap()
    }

    fn claims(&self) -> AccessClaims {
        let now = SystemClock.now();
        AccessClaims {
            iss: self.issuer.as_str().to_owned(),
            sub: UserId::generate(now, &SystemRandom).to_string(),
            aud: Audience::One(AUDIENCE.to_owned()),
            client_id: ClientId::parse("app").unwrap(),
            iat: NumericDate::new(now),
            exp: NumericDate::new(now.plus(Duration::from_secs(60))),
            jti: AccessTokenId::generate(now, &SystemRandom),
            scope: "read".to_owned(),
            auth_time: None,
            gid: Some(GrantId::generate(now, &SystemRandom)),
            membership: Default::default(),
        }
    }
}

fn legacy(claims: &Value, secret: &str) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(&json!({"alg": "HS256", "typ": "JWT"})), encode(claims));
    let mac = JoseCrypto.hmac(HmacAlgorithm::HS256, secret.as_bytes(), input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac))
}

fn legacy_claims() -> Value {
    let exp = SystemClock.now().plus(Duration::from_secs(60)).micros() / 1_000_000;
    json!({"sub": "u-1", "email": "ada@example.com", "type": "access", "jti": "j", "exp": exp})
}

/// Asks for an address with a token; gives back status, body and challenge.
async fn ask(tokens: &web::Data<Tokens>, path: &str, token: Option<&str>) -> (StatusCode, Value, String) {
    let app = test::init_service(App::new().configure(|service| routes::configure(service, tokens.clone()))).await;
    let mut request = test::TestRequest::get().uri(path);
    if let Some(token) = token {
        request = request.insert_header(("Authorization", format!("Bearer {token}")));
    }
    // What the middleware refuses comes as an error.
    let response = match test::try_call_service(&app, request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let challenge = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let body = actix_web::body::to_bytes(response.into_body()).await.unwrap_or_default();
    (status, serde_json::from_slice(&body).unwrap_or_default(), challenge.unwrap_or_default())
}

fn tokens(authority: &Authority) -> web::Data<Tokens> {
    web::Data::new(Tokens {
        issuer: authority.issuer.clone(),
        audience: AUDIENCE.to_owned(),
        legacy_secret: Some(Secret::new(SECRET.to_owned())),
        keys: Keys::of(authority.issuer.clone()).unwrap(),
    })
}

#[actix_web::test]
async fn an_oauth_token_is_taken_and_names_the_account() {
    let authority = Authority::start();
    let signer = authority.key("k1");
    let claims = authority.claims();
    let (status, body, _) = ask(&tokens(&authority), "/api/me", Some(&claims.sign(&*signer).unwrap())).await;
    assert_eq!((status, body), (StatusCode::OK, json!({"user": claims.sub})));
}

#[actix_web::test]
async fn a_legacy_token_is_taken_and_names_the_e_mail_address() {
    let tokens = tokens(&Authority::start());
    let (status, body, _) = ask(&tokens, "/api/me", Some(&legacy(&legacy_claims(), SECRET))).await;
    assert_eq!((status, body), (StatusCode::OK, json!({"user": "ada@example.com"})));
}

#[actix_web::test]
async fn without_a_token_nothing_below_api_is_reached() {
    let tokens = tokens(&Authority::start());
    let (status, _, challenge) = ask(&tokens, "/api/me", None).await;
    assert_eq!((status, challenge.as_str()), (StatusCode::UNAUTHORIZED, "Bearer"));
    assert_eq!(ask(&tokens, "/health", None).await.0, StatusCode::OK);
}

#[actix_web::test]
async fn an_oauth_token_that_breaks_one_rule_is_refused() {
    let authority = Authority::start();
    let (signer, tokens) = (authority.key("k1"), tokens(&authority));
    let good = authority.claims();
    let past = NumericDate::new(SystemClock.now());
    let foreign = JoseCrypto.generate(Algorithm::ES256).unwrap();
    let foreign = JoseCrypto.signer(Algorithm::ES256, &KeyId("k1".into()), &foreign.private_jwk).unwrap();
    let bad = [
        ("expired", AccessClaims { exp: past, ..good.clone() }.sign(&*signer)),
        ("another issuer", AccessClaims { iss: "https://other.example.com".into(), ..good.clone() }.sign(&*signer)),
        (
            "another audience",
            AccessClaims { aud: Audience::One("https://x.example.com".into()), ..good.clone() }.sign(&*signer),
        ),
        ("another kind", compact::sign(&*signer, "JWT", &good)),
        ("another key of that name", good.sign(&*foreign)),
    ];
    for (what, token) in bad {
        let (status, _, challenge) = ask(&tokens, "/api/me", Some(&token.unwrap())).await;
        assert_eq!(
            (status, challenge.as_str()),
            (StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\""),
            "{what}"
        );
    }
    assert_eq!(ask(&tokens, "/api/me", Some(&good.sign(&*signer).unwrap())).await.0, StatusCode::OK);
}

#[actix_web::test]
async fn a_legacy_token_that_breaks_one_rule_is_refused() {
    let tokens = tokens(&Authority::start());
    let with = |name: &str, value: Value| {
        let mut claims = legacy_claims();
        claims[name] = value;
        legacy(&claims, SECRET)
    };
    let unsigned = legacy(&legacy_claims(), SECRET).rsplit_once('.').unwrap().0.to_owned() + ".AA";
    let bad =
        [with("exp", 1.into()), with("type", "refresh".into()), legacy(&legacy_claims(), "another secret"), unsigned];
    for token in bad {
        assert_eq!(ask(&tokens, "/api/me", Some(&token)).await.0, StatusCode::UNAUTHORIZED, "{token}");
    }
}

#[actix_web::test]
async fn a_scope_opens_only_what_it_stands_for() {
    let authority = Authority::start();
    let (signer, tokens) = (authority.key("k1"), tokens(&authority));
    let reader = authority.claims().sign(&*signer).unwrap();
    let nobody = AccessClaims { scope: "openid".into(), ..authority.claims() }.sign(&*signer).unwrap();
    assert_eq!(ask(&tokens, "/api/reports", Some(&reader)).await.0, StatusCode::OK);
    let (status, _, challenge) = ask(&tokens, "/api/reports", Some(&nobody)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
    // Legacy tokens may do what the account may.
    let legacy = legacy(&legacy_claims(), SECRET);
    assert_eq!(ask(&tokens, "/api/reports", Some(&legacy)).await.0, StatusCode::OK);
}

#[actix_web::test]
async fn keys_are_fetched_once_and_unknown_key_names_do_not_flood_the_issuer() {
    let authority = Authority::start();
    let (signer, tokens) = (authority.key("k1"), tokens(&authority));
    let token = authority.claims().sign(&*signer).unwrap();
    for _ in 0..3 {
        assert_eq!(ask(&tokens, "/api/me", Some(&token)).await.0, StatusCode::OK);
    }
    let unknown = JoseCrypto.generate(Algorithm::ES256).unwrap();
    for name in ["a", "b", "c"] {
        let signer = JoseCrypto.signer(Algorithm::ES256, &KeyId(name.into()), &unknown.private_jwk).unwrap();
        let token = authority.claims().sign(&*signer).unwrap();
        assert_eq!(ask(&tokens, "/api/me", Some(&token)).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(authority.asked.load(Ordering::SeqCst), 1);
}
