//! The relying party: one provider with what is known of it at the moment, and the steps that need it.
//!
//! A step asks the breaker first. Every request that fails counts against the provider, every one that succeeds closes the breaker;
//! what a provider says wrongly (a bad token) is no sign that it is away.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use oauth_core::{
    crypto::VerifierSet,
    jws::TokenFault,
    pending::PendingId,
    secret::Secret,
    services::{Clock as _, FetchError, Services},
    time::Timestamp,
    token::OpaqueToken,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    breaker::{Breaker, Health, Passage},
    carrier::{Answer, Call, Carrier},
    document::{DocumentFault, Metadata},
    heard::Heard,
    id_token,
    identity::Identity,
    keep::{Kept, Stay},
    keys::key_set,
    logout_token::{self, SignedOutThere},
    provider::Provider,
    response::{ResponseFault, UpstreamResponse},
    token::{self, Exchange},
    userinfo,
};

/// How long metadata and keys are used without asking again.
const FRESH: Duration = Duration::from_secs(3_600);
/// A provider that answered within this time is sent people without asking whether it is there.
pub(crate) const SEEN: Duration = Duration::from_secs(20);
/// Between two fetches of keys for the sake of one token: for a `kid` that is not known, or a signature that does not verify (SECURITY.md row 20).
const REFRESH: Duration = Duration::from_secs(60);

/// A provider as this server knows it.
pub struct Upstream {
    provider: Provider,
    carrier: Box<dyn Carrier>,
    known: Mutex<Known>,
    heard: Heard,
    /// Told when the provider comes and goes.
    watch: Box<dyn Fn(Health) + Send + Sync>,
}

#[derive(Default)]
struct Known {
    breaker: Breaker,
    metadata: Option<(Timestamp, Arc<Metadata>)>,
    keys: Option<(Timestamp, VerifierSet)>,
    keys_asked_at: Option<Timestamp>,
}

/// Why a step at a provider fails.
#[derive(Debug, Error)]
pub enum UpstreamFault {
    /// It was away a moment ago and is left alone; try again after this time.
    #[error("the provider was away a moment ago")]
    Away(Duration),
    /// It does not answer, or with something else than it should.
    #[error("the provider does not answer as it should: {0}")]
    Call(#[from] FetchError),
    /// Its metadata are of no use.
    #[error("the provider's metadata are not used: {0}")]
    Document(#[from] DocumentFault),
    /// The browser brought an answer that is not taken.
    #[error(transparent)]
    Response(#[from] ResponseFault),
    /// It did not exchange the code, with this status.
    #[error("the provider did not exchange the code: status {0}")]
    Exchange(u16),
    /// What we sign for it cannot be signed.
    #[error("the assertion for the provider cannot be signed: {0}")]
    Assertion(#[from] oauth_core::crypto::CryptoError),
    /// A token of its that is not believed.
    #[error("the provider's token is not believed: {0}")]
    Token(#[from] TokenFault),
    /// It was asked for a fresh proof and does not say when it was given.
    #[error(
        "the provider does not say when they proved who they are: its ID token has no auth_time, though max_age asked for it"
    )]
    Untold,
}

impl UpstreamFault {
    /// Whether the provider is away, rather than wrong.
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Call(_) | Self::Document(_))
    }
}

/// How somebody is sent to the provider.
#[derive(Clone, Copy, Debug)]
pub struct Departure<'a> {
    /// Where they come back to.
    pub redirect_uri: &'a str,
    /// The request here that they sign in for.
    pub request: Option<PendingId>,
    /// How long the session is to last.
    pub stay: Stay,
    /// Whether they must prove anew who they are.
    pub anew: Anew,
    /// Whom they are likely to be.
    pub hint: Option<&'a str>,
}

/// Whether somebody must prove anew who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Anew {
    /// A session at the provider is enough.
    #[default]
    No,
    /// `prompt=login`, and the provider has to say when they did.
    Yes,
}

/// Somebody on the way.
pub struct Departed {
    /// Where the browser goes.
    pub location: String,
    /// What comes back with it.
    pub state: OpaqueToken,
    /// What to keep until then.
    pub kept: Kept,
}

/// Somebody who is back, with what the provider says of them.
#[derive(Debug)]
pub struct Arrived {
    /// Who it is.
    pub identity: Identity,
    /// The token that proves it: the hint with which they sign out there.
    pub id_token: Secret<String>,
    /// When they proved it there (`auth_time`), if that is told.
    pub authenticated_at: Option<Timestamp>,
}

impl Upstream {
    /// A provider nothing is known of yet; `watch` is told when it goes away and when it is back.
    pub fn new(provider: Provider, carrier: Box<dyn Carrier>, watch: Box<dyn Fn(Health) + Send + Sync>) -> Self {
        Self { provider, carrier, known: Mutex::default(), heard: Heard::default(), watch }
    }

    /// What it has said of those who signed out there.
    pub const fn heard(&self) -> &Heard {
        &self.heard
    }

    /// The provider.
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// How it does, as far as anybody has noticed.
    pub fn health(&self) -> Health {
        self.lock().breaker.health()
    }

    /// Sends somebody there; asks first whether it is there, unless it was a moment ago.
    pub async fn depart<V: Services>(&self, services: &V, departure: Departure<'_>) -> Result<Departed, UpstreamFault> {
        let metadata = self.metadata(services, SEEN).await?;
        let (state, kept) = Kept::begin(&departure, services.random());
        let location = self.location(&metadata, &departure, &state, &kept);
        Ok(Departed { location, state, kept })
    }

    /// The authorization request (OpenID Connect Core 3.1.2.1, RFC 7636 4.3).
    fn location(&self, metadata: &Metadata, departure: &Departure<'_>, state: &OpaqueToken, kept: &Kept) -> String {
        let endpoint = &metadata.authorization_endpoint;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.provider.client_id)
            .append_pair("redirect_uri", departure.redirect_uri)
            .append_pair("scope", &self.provider.scope)
            .append_pair("state", state.expose())
            .append_pair("nonce", &kept.nonce)
            .append_pair("code_challenge", &kept.verifier.challenge().to_text())
            .append_pair("code_challenge_method", "S256");
        if departure.anew == Anew::Yes {
            // "When max_age is used, the ID Token returned MUST include an auth_time Claim Value."
            query.append_pair("prompt", "login").append_pair("max_age", "0");
        }
        if let Some(hint) = departure.hint {
            query.append_pair("login_hint", hint);
        }
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        format!("{endpoint}{joint}{}", query.finish())
    }

    /// Somebody is back: proves who it is.
    pub async fn arrive<V: Services>(
        &self,
        services: &V,
        response: &UpstreamResponse,
        kept: &Kept,
        redirect_uri: &str,
    ) -> Result<Arrived, UpstreamFault> {
        let metadata = self.metadata(services, FRESH).await?;
        let code = response.code(&self.provider, &metadata)?;
        let exchange = Exchange { code, verifier: kept.verifier.expose(), redirect_uri };
        let now = services.clock().now();
        let call = token::request(&self.provider, &metadata, exchange, now, services.random())?;
        let answer = self.call(services, call).await?;
        if answer.status != 200 {
            return Err(UpstreamFault::Exchange(answer.status));
        }
        let tokens = token::parse(answer.text.expose()).ok_or(TokenFault::Malformed)?;
        let expected = id_token::Expected { nonce: &kept.nonce, access_token: &tokens.access_token };
        let judge = |keys: &VerifierSet| {
            id_token::verify(&tokens.id_token, &self.provider, keys, expected, services.clock().now())
        };
        let proven = self.judged(services, &metadata, &tokens.id_token, judge).await?;
        let mut person = proven.person;
        if let Some(url) = metadata.userinfo_endpoint.as_ref().filter(|_| !person.suffices(&self.provider)) {
            let answer = self.call(services, userinfo::request(url, &tokens.access_token)).await?;
            // Who is signed in is proven; without the rest the rules decide by what there is.
            if let Some(more) = userinfo::parse(answer.text.expose(), &proven.subject).filter(|_| answer.status == 200)
            {
                person = person.with(more);
            }
        }
        let authenticated_at = proven.authenticated_at;
        // OpenID Connect Core 3.1.2.1, 3.1.3.7 point 13: `prompt` stands in an address that anybody may change on the way, so that what an
        // application takes for fresh is proven by the token alone. For pages of our own the session is as old as can be.
        if kept.anew == Anew::Yes && kept.request.is_some() && authenticated_at.is_none() {
            return Err(UpstreamFault::Untold);
        }
        let identity = person.into_identity(&self.provider, proven.subject, proven.session);
        Ok(Arrived { identity, id_token: Secret::new(tokens.id_token), authenticated_at })
    }

    /// The provider says that somebody has signed out there.
    pub async fn signed_out<V: Services>(
        &self,
        services: &V,
        logout_token: &str,
    ) -> Result<SignedOutThere, UpstreamFault> {
        // Before anything is fetched for it.
        id_token::key_id(logout_token, &self.provider)?;
        let metadata = self.metadata(services, FRESH).await?;
        let judge =
            |keys: &VerifierSet| logout_token::verify(logout_token, &self.provider, keys, services.clock().now());
        self.judged(services, &metadata, logout_token, judge).await
    }

    /// Judges a token by the keys of the provider. One that they do not verify may be signed by a key that has taken another's place under its
    /// `kid`: it is judged once more by keys that are fetched anew, if none were within the last minute.
    async fn judged<V: Services, T>(
        &self,
        services: &V,
        metadata: &Metadata,
        text: &str,
        judge: impl Fn(&VerifierSet) -> Result<T, TokenFault> + Send + Sync,
    ) -> Result<T, UpstreamFault> {
        let keys = self.keys_for(services, metadata, text).await?;
        match judge(&keys) {
            Err(TokenFault::Signature) if self.may_ask_for_keys(services.clock().now()) => {
                Ok(judge(&self.fetched_keys(services, metadata).await?)?)
            }
            judged => Ok(judged?),
        }
    }

    /// Whether keys may be fetched for the sake of a token now; who is told so has to fetch them.
    fn may_ask_for_keys(&self, now: Timestamp) -> bool {
        let mut known = self.lock();
        let may = known.keys_asked_at.is_none_or(|at| now.since(at) >= REFRESH);
        if may {
            known.keys_asked_at = Some(now);
        }
        may
    }

    /// Its metadata. Kept ones are used while the provider has answered anything within `seen`.
    pub(crate) async fn metadata<V: Services>(
        &self,
        services: &V,
        seen: Duration,
    ) -> Result<Arc<Metadata>, UpstreamFault> {
        let now = services.clock().now();
        {
            let known = self.lock();
            if let Some((at, metadata)) = &known.metadata
                && now.since(*at) < FRESH
                && known.breaker.answered_within(seen, now)
            {
                return Ok(metadata.clone());
            }
        }
        let answer = self.call(services, Call::get(self.provider.issuer.metadata_url())).await?;
        let parsed = match answer.status {
            200 => Metadata::parse(answer.text.expose(), &self.provider.issuer, &self.provider.proof),
            _ => Err(DocumentFault::Malformed),
        };
        let now = services.clock().now();
        match parsed {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                self.lock().metadata = Some((now, metadata.clone()));
                Ok(metadata)
            }
            Err(fault) => {
                // Whoever answers for it cannot sign anybody in.
                self.note(|breaker| breaker.fail(now).then_some(Health::Down));
                Err(fault.into())
            }
        }
    }

    /// The keys for a token: fetched anew for a `kid` that the kept ones lack, but not more often than once a minute.
    async fn keys_for<V: Services>(
        &self,
        services: &V,
        metadata: &Metadata,
        text: &str,
    ) -> Result<VerifierSet, UpstreamFault> {
        let wanted = id_token::key_id(text, &self.provider)?;
        let now = services.clock().now();
        {
            let mut known = self.lock();
            let kept = known.keys.as_ref().filter(|(at, _)| now.since(*at) < FRESH).map(|(_, keys)| keys.clone());
            let asked_lately = known.keys_asked_at.is_some_and(|at| now.since(at) < REFRESH);
            if let Some(keys) = kept
                && (asked_lately || wanted.as_deref().is_none_or(|wanted| keys.holds(wanted)))
            {
                return Ok(keys);
            }
            known.keys_asked_at = Some(now);
        }
        self.fetched_keys(services, metadata).await
    }

    async fn fetched_keys<V: Services>(&self, services: &V, metadata: &Metadata) -> Result<VerifierSet, UpstreamFault> {
        let answer = self.call(services, Call::get(metadata.jwks_uri.clone())).await?;
        if answer.status != 200 {
            return Err(FetchError::Unusable(format!("status {} for its keys", answer.status)).into());
        }
        let keys = key_set(services, answer.text.expose());
        self.lock().keys = Some((services.clock().now(), keys.clone()));
        Ok(keys)
    }

    /// One request through the breaker.
    async fn call<V: Services>(&self, services: &V, call: Call) -> Result<Answer, UpstreamFault> {
        let passage = self.lock().breaker.pass(services.clock().now());
        if let Passage::Blocked(wait) = passage {
            return Err(UpstreamFault::Away(wait));
        }
        let result = self.carrier.send(call).await;
        let now = services.clock().now();
        match result {
            // A server that fails is as good as none; one that refuses us is there.
            Ok(answer) if answer.status >= 500 || answer.status == 429 => {
                self.note(|breaker| breaker.fail(now).then_some(Health::Down));
                Err(FetchError::Unusable(format!("status {}", answer.status)).into())
            }
            Ok(answer) => {
                self.note(|breaker| breaker.succeed(now).then_some(Health::Up));
                Ok(answer)
            }
            Err(error) => {
                self.note(|breaker| breaker.fail(now).then_some(Health::Down));
                Err(error.into())
            }
        }
    }

    fn note(&self, change: impl FnOnce(&mut Breaker) -> Option<Health>) {
        let changed = change(&mut self.lock().breaker);
        if let Some(health) = changed {
            (self.watch)(health);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("provider", &self.provider).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "party_tests.rs"]
pub(crate) mod tests;
