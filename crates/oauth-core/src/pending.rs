//! The authorization request under way: sealed into a cookie of the browser that began it, and not in the store.
//!
//! So an unauthenticated request writes nothing, a request can only be continued by its own browser, and what was once checked
//! cannot be changed (SECURITY.md rows 4 and 32): pages and forms name it by its random id alone.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    authorize::{
        error::{PageError, Problem, RedirectError, Release},
        prompt::Prompt,
        request::AuthorizationRequest,
        response::ResponseMode,
    },
    ids::{ClientId, SessionId, UserId},
    pkce::{CodeChallenge, CodeProof},
    random_name::RandomName,
    redirect::TrustedRedirect,
    scope::ScopeSet,
    services::{Purpose, Random, Sealer},
    time::Timestamp,
};

/// The random name of a request under way: 128 bits, 22 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PendingId(RandomName);

impl PendingId {
    /// A new name.
    pub fn generate(random: &impl Random) -> Self {
        Self(RandomName::generate(random))
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        RandomName::parse(text).map(Self)
    }

    pub(crate) const fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl fmt::Display for PendingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PendingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PendingId({self})")
    }
}

/// A sealed request as its cookie holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCookie {
    /// The request's name, part of the cookie's name.
    pub id: PendingId,
    /// The cookie's value: base64url.
    pub value: String,
}

/// A request under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its name.
    pub id: PendingId,
    /// When it began: `prompt=login` and `max_age` are judged by it.
    pub started_at: Timestamp,
    /// When it is over.
    pub expires_at: Timestamp,
    /// What was asked.
    pub asked: Asked,
    /// The session whose user was chosen for it on the account chooser. Progress, not a parameter.
    pub chosen: Option<SessionId>,
}

/// What a request under way leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An error that the client gets once somebody is signed in (RFC 9700 4.11.2).
    Error(Box<RedirectError>),
    /// A decision.
    Request(Box<AuthorizationRequest>),
}

impl Asked {
    /// Who asks.
    pub fn client(&self) -> &ClientId {
        match self {
            Self::Error(error) => &error.client,
            Self::Request(request) => &request.client,
        }
    }

    /// Where the answer goes.
    pub fn redirect(&self) -> &TrustedRedirect {
        match self {
            Self::Error(error) => &error.to,
            Self::Request(request) => &request.redirect,
        }
    }
}

impl Pending {
    /// The most characters of a cookie: name, value and attributes of one cookie have 4096 bytes in every browser, and four of
    /// them have to pass the header limits of servers in front.
    pub const MAX_COOKIE: usize = 3_072;
    /// The most bytes under the seal: what is left of the characters when the seal has its own.
    const MAX_CLEAR: usize = Self::MAX_COOKIE / 4 * 3 - 64;
    /// The most requests under way in one browser.
    pub const MAX_AT_ONCE: usize = 4;

    /// A request that begins now.
    pub fn begin(asked: Asked, now: Timestamp, ttl: Duration, random: &impl Random) -> Self {
        Self { id: PendingId::generate(random), started_at: now, expires_at: now.plus(ttl), asked, chosen: None }
    }

    /// The form to seal; too much for a cookie is an error page before anybody signs in, whoever is signed in.
    pub fn draft(&self) -> Result<Draft, PageError> {
        let clear = serde_json::to_vec(&Wire::from(self)).map_err(|_| PageError::TooLong)?;
        match clear.len() <= Self::MAX_CLEAR {
            true => Ok(Draft { id: self.id, clear }),
            false => Err(PageError::TooLong),
        }
    }

    /// Seals it, if it is not too long.
    pub fn seal(&self, sealer: &impl Sealer) -> Result<PendingCookie, PageError> {
        self.draft().map(|draft| draft.seal(sealer))
    }

    /// Opens a cookie: altered, under another name, or expired, it is as good as none.
    pub fn open(cookie: &PendingCookie, sealer: &impl Sealer, now: Timestamp) -> Option<Self> {
        if cookie.value.len() > Self::MAX_COOKIE {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(&cookie.value).ok()?;
        let clear = sealer.open(Purpose::AuthorizationRequest, cookie.id.bytes(), &sealed).ok()?;
        let wire: Wire = serde_json::from_slice(clear.expose()).ok()?;
        wire.into_pending(cookie.id).filter(|pending| now < pending.expires_at)
    }
}

/// A request that fits into a cookie. It is sealed only where it goes into one: a request that is answered at once does not.
#[derive(Debug)]
pub struct Draft {
    id: PendingId,
    clear: Vec<u8>,
}

impl Draft {
    /// Seals it.
    pub fn seal(&self, sealer: &impl Sealer) -> PendingCookie {
        let sealed = sealer.seal(Purpose::AuthorizationRequest, self.id.bytes(), &self.clear);
        PendingCookie { id: self.id, value: URL_SAFE_NO_PAD.encode(sealed) }
    }
}

/// The requests to drop so that one more fits: those that are over first, then the oldest.
pub fn to_drop(jar: &[PendingCookie], sealer: &impl Sealer, now: Timestamp) -> Vec<PendingId> {
    let mut ages: Vec<_> = jar
        .iter()
        .map(|cookie| (Pending::open(cookie, sealer, now).map(|pending| pending.started_at), cookie.id))
        .collect();
    // `None` sorts first: what does not open is of no use to anybody.
    ages.sort_by_key(|(started_at, _)| *started_at);
    let dead = ages.iter().filter(|(started_at, _)| started_at.is_none()).count();
    let surplus = (ages.len() + 1).saturating_sub(Pending::MAX_AT_ONCE).max(dead);
    ages.into_iter().take(surplus).map(|(_, id)| id).collect()
}

/// The form under the seal: short names, and nothing that is absent.
#[derive(Serialize, Deserialize)]
struct Wire {
    b: Timestamp,
    e: Timestamp,
    c: ClientId,
    u: String,
    #[serde(default)]
    m: ResponseMode,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    s: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    k: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    p: Option<(Problem, Release)>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    r: Option<WireRequest>,
}

#[derive(Serialize, Deserialize)]
struct WireRequest {
    o: ScopeSet,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    v: Option<String>,
    #[serde(default)]
    p: Prompt,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    a: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    h: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    i: Option<UserId>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    r: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    l: Option<String>,
}

impl From<&Pending> for Wire {
    fn from(pending: &Pending) -> Self {
        let (b, e, k) = (pending.started_at, pending.expires_at, pending.chosen);
        match &pending.asked {
            Asked::Error(error) => Self {
                c: error.client.clone(),
                u: error.to.as_str().to_owned(),
                m: error.mode,
                s: error.state.clone(),
                p: Some((error.problem, error.release)),
                r: None,
                b,
                e,
                k,
            },
            Asked::Request(request) => Self {
                c: request.client.clone(),
                u: request.redirect.as_str().to_owned(),
                m: request.mode,
                s: request.state.clone(),
                p: None,
                r: Some(WireRequest::from(&**request)),
                b,
                e,
                k,
            },
        }
    }
}

impl Wire {
    fn into_pending(self, id: PendingId) -> Option<Pending> {
        // The seal vouches for it: only a checked redirect was ever sealed.
        let to = TrustedRedirect::new(self.u);
        let asked = match (self.p, self.r) {
            (Some((problem, release)), None) => {
                let error = RedirectError { client: self.c, to, mode: self.m, state: self.s, problem, release };
                Asked::Error(Box::new(error))
            }
            (None, Some(request)) => Asked::Request(Box::new(request.into_request(self.c, to, self.m, self.s)?)),
            _ => return None,
        };
        Some(Pending { id, started_at: self.b, expires_at: self.e, asked, chosen: self.k })
    }
}

impl From<&AuthorizationRequest> for WireRequest {
    fn from(request: &AuthorizationRequest) -> Self {
        Self {
            o: request.scope.clone(),
            n: request.nonce.clone(),
            v: match request.proof {
                CodeProof::Challenge(challenge) => Some(challenge.to_text()),
                CodeProof::None => None,
            },
            p: request.prompt,
            a: request.max_age.map(|age| age.as_secs()),
            h: request.login_hint.clone(),
            i: request.expected_user,
            r: request.resources.clone(),
            l: request.ui_locales.clone(),
        }
    }
}

impl WireRequest {
    fn into_request(
        self,
        client: ClientId,
        redirect: TrustedRedirect,
        mode: ResponseMode,
        state: Option<String>,
    ) -> Option<AuthorizationRequest> {
        let proof = match self.v {
            Some(text) => CodeProof::Challenge(CodeChallenge::parse_stored(&text)?),
            None => CodeProof::None,
        };
        Some(AuthorizationRequest {
            client,
            redirect,
            mode,
            state,
            scope: self.o,
            nonce: self.n,
            proof,
            prompt: self.p,
            max_age: self.a.map(Duration::from_secs),
            login_hint: self.h,
            expected_user: self.i,
            resources: self.r,
            ui_locales: self.l,
        })
    }
}

#[cfg(test)]
#[path = "pending_tests.rs"]
mod tests;
