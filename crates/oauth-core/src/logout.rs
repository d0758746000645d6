//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): what a client may ask for, and when the user is asked first.
//!
//! Nothing here is an error: whatever is wrong with a request only costs it the silence and the way back (SECURITY.md row 47).

use crate::{
    authorize::response,
    catalog::Catalog,
    ids::{ClientId, UserId},
    jws::id_token::IdTokenHint,
    params::Params,
    redirect::TrustedRedirect,
    session::Session,
    settings::Issuer,
    time::Timestamp,
};

/// A request to sign out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutRequest {
    /// The client that asks, as far as it can be known.
    pub client: Option<ClientId>,
    /// What the request proves.
    pub hint: Hint,
    /// Where the user is to go afterwards.
    pub back: Back,
    /// What the client wants back unchanged.
    pub state: Option<String>,
}

/// What the `id_token_hint` proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// There is none, it is not ours, or it was issued to another client than `client_id` names.
    None,
    /// It was issued about this user, to the client of the request.
    User(UserId),
}

/// Where the user is to go afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Back {
    /// Nowhere: the client did not ask.
    Nowhere,
    /// An address that is not registered, or nobody vouches for.
    Refused,
    /// A registered address.
    To(TrustedRedirect),
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutNext {
    /// The user is asked: "the OP MUST ask the End-User whether to log out [..] if an id_token_hint was not provided or if the
    /// supplied ID Token does not belong to the current OP session" (2). There is no way back to the client from there.
    Ask,
    /// Nobody is signed in; there is nothing to end.
    Done {
        /// Where to go.
        redirect: Option<String>,
    },
    /// The session ends without a question.
    SignOut {
        /// Where to go then.
        redirect: Option<String>,
    },
}

impl LogoutRequest {
    /// The parameters that mean something; others do not survive a redirect to our own GET.
    const PARAMETERS: [&'static str; 5] =
        ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];

    /// Reads a request.
    pub fn read(params: &Params, catalog: &Catalog, issuer: &Issuer) -> Self {
        if !params.repeated().is_empty() {
            return Self::unproven(None, params);
        }
        let named = params.one("client_id").and_then(|id| ClientId::parse(id).ok());
        let hint = params.one("id_token_hint");
        let hint = hint.and_then(|token| IdTokenHint::verify(token, &catalog.verifiers, issuer).ok());
        // "When both client_id and id_token_hint are present, the OP MUST verify that the Client Identifier matches the one used
        // when issuing the ID Token" (2).
        let hint = hint.filter(|hint| params.one("client_id").is_none_or(|id| id == hint.client.as_str()));
        let client = hint.as_ref().map(|hint| &hint.client).or(named.as_ref());
        let client = client.and_then(|id| catalog.client(id)).filter(|client| client.is_active());
        let (Some(client), Some(hint)) = (client, hint) else {
            return Self::unproven(client.map(|client| client.id.clone()), params);
        };
        // "The value MUST have been previously registered with the OP" (2), byte for byte.
        let back = match params.one("post_logout_redirect_uri") {
            None => Back::Nowhere,
            Some(uri) => client.post_logout_redirect(uri).map_or(Back::Refused, Back::To),
        };
        let state = params.one("state").map(str::to_owned);
        Self { client: Some(client.id.clone()), hint: Hint::User(hint.user), back, state }
    }

    /// What comes next for a browser with this session.
    pub fn decide(&self, session: Option<&Session>, now: Timestamp) -> LogoutNext {
        let proven = self.hint != Hint::None;
        let Some(session) = session.filter(|session| session.is_alive(now)) else {
            return LogoutNext::Done { redirect: self.redirect().filter(|_| proven) };
        };
        if self.hint != Hint::User(session.subject.id) || self.back == Back::Refused {
            return LogoutNext::Ask;
        }
        LogoutNext::SignOut { redirect: self.redirect() }
    }

    /// The query for our own GET, when a request came by POST and so perhaps without our cookies.
    pub fn own_query(params: &Params) -> String {
        let known = params.iter().filter(|(name, _)| Self::PARAMETERS.contains(name));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(known).finish()
    }

    fn unproven(client: Option<ClientId>, params: &Params) -> Self {
        let back = if params.one("post_logout_redirect_uri").is_some() { Back::Refused } else { Back::Nowhere };
        Self { client, hint: Hint::None, back, state: None }
    }

    /// "state [..] the OP passes this value back to the RP using the state parameter" (2).
    fn redirect(&self) -> Option<String> {
        let Back::To(to) = &self.back else { return None };
        let state: Vec<_> = self.state.iter().map(|state| ("state", state.clone())).collect();
        Some(response::with_query(to.as_str(), &state))
    }
}

#[cfg(test)]
#[path = "logout_tests.rs"]
mod tests;
