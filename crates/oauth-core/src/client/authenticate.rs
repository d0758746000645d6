//! Client authentication (RFC 6749 2.3, RFC 9700 2.5): from credentials to proof, without IO.
//!
//! What has to be computed or fetched outside (a slow hash, a key set) is handed back as a step that yields the proof once its
//! answer is there. The engine drives the steps; only this module makes an [`AuthenticatedClient`].

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use super::{AuthMethod, Client, ClientType, presented::PresentedClient};
use crate::{
    crypto::VerifierSet, error::ClientError, jws::assertion, secret::Secret, settings::Settings, store::SpentAssertion,
    time::Timestamp, token::TokenHash,
};

/// A client that has proven who it is, or that is public and cannot.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    client: Arc<Client>,
    assertion: Option<SpentAssertion>,
}

impl AuthenticatedClient {
    /// The client.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// The assertion that has to be spent in the same step as what it authorizes.
    pub const fn assertion(&self) -> Option<&SpentAssertion> {
        self.assertion.as_ref()
    }

    /// Whether anything was proven: public clients only named themselves.
    pub fn is_proven(&self) -> bool {
        self.client.kind == ClientType::Confidential
    }

    fn proven(client: Arc<Client>) -> Self {
        Self { client, assertion: None }
    }
}

/// What is left to do before a client is authenticated.
#[derive(Debug)]
pub enum Authentication {
    /// Nothing.
    Done(AuthenticatedClient),
    /// Verify a signed assertion against the client's keys.
    Keys(AssertionStep),
    /// Compare the secret with an imported slow hash.
    SlowHash(SlowHashStep),
}

/// Decides on the credentials as far as memory reaches. `client` is whom they name, if there is such a client.
///
/// An unknown client costs the same hash and comparison as a known one, and reads the same answer.
pub fn authenticate(
    client: Option<&Arc<Client>>,
    presented: PresentedClient,
    now: Timestamp,
) -> Result<Authentication, ClientError> {
    match presented {
        PresentedClient::Assertion { assertion, .. } => {
            let client = in_use(client)?;
            match client.auth_method {
                AuthMethod::PrivateKeyJwt => {
                    Ok(Authentication::Keys(AssertionStep { client: client.clone(), assertion }))
                }
                AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::None => {
                    Err(ClientError::Method)
                }
            }
        }
        PresentedClient::Basic { secret, undecoded, .. } => by_secret(client, secret, undecoded, now),
        PresentedClient::Post { secret, .. } => by_secret(client, secret, None, now),
        PresentedClient::None { .. } => {
            let client = in_use(client)?;
            // RFC 6749 3.2.1: confidential clients MUST authenticate.
            match (client.kind, client.auth_method) {
                (ClientType::Public, AuthMethod::None) => {
                    Ok(Authentication::Done(AuthenticatedClient::proven(client.clone())))
                }
                _ => Err(ClientError::Method),
            }
        }
    }
}

/// `client_secret_basic` and `client_secret_post` are one thing in two places: OAuth 2.1 2.5.1 has every server take the body,
/// and many clients cannot say which they use. A client of assertions is never let in by a secret, nor is a public one.
fn by_secret(
    client: Option<&Arc<Client>>,
    secret: Secret<String>,
    undecoded: Option<Secret<String>>,
    now: Timestamp,
) -> Result<Authentication, ClientError> {
    let presented: Vec<_> = [Some(secret), undecoded].into_iter().flatten().collect();
    let live = client.map_or(&[][..], |client| &client.secrets[..]);
    let mut matched = subtle::Choice::from(0);
    for secret in &presented {
        let hash = TokenHash::of(secret.expose().as_bytes());
        for known in live.iter().filter(|known| known.expires_at.is_none_or(|end| now < end)) {
            matched |= hash.bytes().ct_eq(known.hash.bytes());
        }
    }
    let client = in_use(client)?;
    match client.auth_method {
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {}
        AuthMethod::None | AuthMethod::PrivateKeyJwt => return Err(ClientError::Method),
    }
    if bool::from(matched) {
        return Ok(Authentication::Done(AuthenticatedClient::proven(client.clone())));
    }
    match &client.imported_secret {
        Some(hash) => {
            Ok(Authentication::SlowHash(SlowHashStep { client: client.clone(), presented, hash: hash.clone() }))
        }
        None => Err(ClientError::Secret),
    }
}

fn in_use(client: Option<&Arc<Client>>) -> Result<&Arc<Client>, ClientError> {
    let client = client.ok_or(ClientError::Unknown)?;
    if client.is_active() { Ok(client) } else { Err(ClientError::Inactive) }
}

/// A secret to be compared with an imported hash.
#[derive(Debug)]
pub struct SlowHashStep {
    /// The client.
    pub client: Arc<Client>,
    /// The secret as presented; two readings where it may or may not have been form-encoded.
    pub presented: Vec<Secret<String>>,
    /// The imported hash.
    pub hash: Secret<String>,
}

impl SlowHashStep {
    /// The proof, with the secret that fits the hash if one does; beside it the fast hash that spares the slow one from now on.
    pub fn finish(self, fitting: Option<&Secret<String>>) -> Result<(AuthenticatedClient, TokenHash), ClientError> {
        let hash = TokenHash::of(fitting.ok_or(ClientError::Secret)?.expose().as_bytes());
        Ok((AuthenticatedClient::proven(self.client), hash))
    }
}

/// An assertion to be verified with the client's keys.
#[derive(Debug)]
pub struct AssertionStep {
    /// The client.
    pub client: Arc<Client>,
    assertion: Secret<String>,
}

impl AssertionStep {
    /// The `kid` that the assertion names: if the key set lacks it, a newer set is asked for, once.
    pub fn key_id(&self) -> Option<String> {
        assertion::key_id(self.assertion.expose())
    }

    /// The proof, if the assertion keeps every rule.
    pub fn finish(
        self,
        keys: &VerifierSet,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, ClientError> {
        let spent = assertion::verify(self.assertion.expose(), &self.client, keys, settings, now)
            .map_err(ClientError::Assertion)?;
        Ok(AuthenticatedClient { client: self.client, assertion: Some(spent) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::{ClientSecret, ClientState},
        testing::{at, client},
    };

    fn post(secret: &str) -> PresentedClient {
        PresentedClient::Post { id: client("app").id, secret: Secret::new(secret.into()) }
    }

    fn basic(secret: &str) -> PresentedClient {
        PresentedClient::Basic { id: client("app").id, secret: Secret::new(secret.into()), undecoded: None }
    }

    fn none() -> PresentedClient {
        PresentedClient::None { id: client("app").id }
    }

    fn attempt(client: Client, presented: PresentedClient) -> Result<Authentication, ClientError> {
        authenticate(Some(&Arc::new(client)), presented, at(0))
    }

    /// OAuth 2.1 2.5.1: client_secret_post MUST be supported.
    #[test]
    fn a_secret_is_taken_from_header_and_body_alike() {
        for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost] {
            for presented in [basic("app-secret"), post("app-secret")] {
                let client = Client { auth_method: method, ..client("app") };
                assert!(matches!(attempt(client, presented), Ok(Authentication::Done(_))));
            }
        }
    }

    /// SECURITY.md row 49.
    #[test]
    fn a_secret_must_fit_to_the_last_byte() {
        for wrong in ["", "app-secre", "app-secret ", "app-secret\0", "APP-SECRET"] {
            assert!(matches!(attempt(client("app"), post(wrong)), Err(ClientError::Secret)), "{wrong:?}");
        }
    }

    #[test]
    fn two_secrets_overlap_until_the_older_one_ends() {
        let mut client = client("app");
        client.secrets[0].expires_at = Some(at(0));
        client.secrets.push(ClientSecret { hash: TokenHash::of(b"new"), created_at: at(-10), expires_at: Some(at(1)) });
        assert!(attempt(client.clone(), post("new")).is_ok());
        assert!(attempt(client.clone(), post("app-secret")).is_err(), "on its end it is over");
        assert!(authenticate(Some(&Arc::new(client)), post("new"), at(1)).is_err());
    }

    /// RFC 6749 3.2.1.
    #[test]
    fn a_confidential_client_may_not_just_name_itself() {
        assert!(matches!(attempt(client("app"), none()), Err(ClientError::Method)));
    }

    #[test]
    fn a_public_client_names_itself_and_nothing_else() {
        let public =
            Client { kind: ClientType::Public, auth_method: AuthMethod::None, secrets: vec![], ..client("app") };
        let Ok(Authentication::Done(done)) = attempt(public.clone(), none()) else { panic!("not let in") };
        assert!(!done.is_proven());
        assert!(matches!(attempt(public, post("app-secret")), Err(ClientError::Method)));
    }

    #[test]
    fn a_client_of_assertions_is_not_let_in_by_a_secret() {
        let client = Client { auth_method: AuthMethod::PrivateKeyJwt, ..client("app") };
        for presented in [basic("app-secret"), post("app-secret"), none()] {
            assert!(matches!(attempt(client.clone(), presented), Err(ClientError::Method)));
        }
    }

    #[test]
    fn unknown_and_switched_off_clients_are_refused() {
        assert!(matches!(authenticate(None, post("x"), at(0)), Err(ClientError::Unknown)));
        let off = Client { state: ClientState::Inactive, ..client("app") };
        assert!(matches!(attempt(off, post("app-secret")), Err(ClientError::Inactive)));
    }

    #[test]
    fn an_imported_secret_is_asked_only_when_no_other_fits() {
        let imported = Client { imported_secret: Some(Secret::new("slow:old".into())), ..client("app") };
        assert!(matches!(attempt(imported.clone(), post("app-secret")), Ok(Authentication::Done(_))));
        let Ok(Authentication::SlowHash(step)) = attempt(imported, post("old")) else { panic!("no slow hash") };
        let fitting = step.presented[0].clone();
        assert_eq!(step.finish(Some(&fitting)).unwrap().1, TokenHash::of(b"old"));
    }
}
