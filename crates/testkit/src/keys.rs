//! A client's own key: real signatures over whatever header and claims a test wants, and a server that publishes it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use authly_jose::JoseCrypto;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    crypto::{Algorithm, Crypto as _, Signer},
    ids::KeyId,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use crate::app::TestApp;

/// The value of `client_assertion_type` (RFC 7523 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key pair outside the server.
#[derive(Clone)]
pub struct ClientKey {
    signer: Arc<dyn Signer>,
    jwk: Value,
}

impl ClientKey {
    /// A fresh ES256 key.
    pub fn generate(id: &str) -> Self {
        let material = JoseCrypto.generate(Algorithm::ES256).expect("a key");
        let id = KeyId(id.to_owned());
        let signer = JoseCrypto.signer(Algorithm::ES256, &id, &material.private_jwk).expect("a signer");
        let mut jwk: Value = serde_json::from_str(&material.public_jwk).expect("a JWK");
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), json!(id.0));
            members.insert("use".to_owned(), json!("sig"));
        }
        Self { signer, jwk }
    }

    /// The public half.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The public half as a JWK Set.
    pub fn jwks(&self) -> String {
        json!({ "keys": [self.jwk] }).to_string()
    }

    /// Signs claims, given as JSON text so that a test can write what no serializer would.
    pub fn sign(&self, header: &Value, claims: &str) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.signer.sign(input.as_bytes()).expect("a signature");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The header of a proper assertion.
    pub fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "JWT", "kid": self.signer.key_id().0 })
    }

    /// A proper assertion of `client` for this server, changed as the test wants.
    pub fn assertion(&self, app: &TestApp, client: &str, jti: &str, change: impl FnOnce(&mut Value)) -> String {
        let now = app.app.engine.now().seconds();
        let mut claims =
            json!({ "iss": client, "sub": client, "aud": app.issuer(), "jti": jti, "iat": now, "exp": now + 60 });
        change(&mut claims);
        self.sign(&self.header(), &claims.to_string())
    }
}

/// A server that publishes a key set and counts how often it is asked.
pub struct KeyServer {
    /// The address; the fetching side of tests speaks http to loopback under this https name.
    pub uri: String,
    document: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl KeyServer {
    /// Publishes `document`.
    pub async fn start(document: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let uri = format!("https://localhost:{}/jwks.json", listener.local_addr().expect("an address").port());
        let (document, asked) = (Arc::new(Mutex::new(document)), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(serve(listener, document.clone(), asked.clone()));
        Self { uri, document, asked, task }
    }

    /// Publishes something else.
    pub fn publish(&self, document: String) {
        *self.document.lock().expect("nobody panics here") = document;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, document: Arc<Mutex<String>>, asked: Arc<AtomicUsize>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        asked.fetch_add(1, Ordering::SeqCst);
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut buffer).await {
                Ok(count) if count > 0 => request.extend_from_slice(buffer.get(..count).expect("what was read")),
                _ => break,
            }
        }
        let body = document.lock().expect("nobody panics here").clone();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        drop(stream.write_all(format!("{head}{body}").as_bytes()).await);
    }
}
