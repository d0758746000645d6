//! The authorization code grant (RFC 6749 4.1.3, OAuth 2.1 4.1.3).

use super::rights;
use crate::{
    error::GrantError,
    ids::{ClientKey, GrantId},
    pkce::CodeVerifier,
    store::CodeSnapshot,
    time::Timestamp,
};

/// The `code_verifier` of a token request.
#[derive(Clone, Debug)]
pub enum PresentedVerifier {
    /// None was sent.
    Absent,
    /// Something that cannot be a verifier (RFC 7636 4.1); it fits no code, even where its hash would (SECURITY.md row 10).
    Malformed,
    /// A verifier.
    Present(CodeVerifier),
}

impl PresentedVerifier {
    /// Reads the parameter.
    pub fn parse(text: Option<&str>) -> Self {
        match text.map(CodeVerifier::parse) {
            None => Self::Absent,
            Some(Ok(verifier)) => Self::Present(verifier),
            Some(Err(_)) => Self::Malformed,
        }
    }
}

/// What a client presents with a code.
#[derive(Clone, Copy, Debug)]
pub struct CodeRequest<'a> {
    /// Who presents it.
    pub client: ClientKey,
    /// The `redirect_uri`, where the client sent one.
    pub redirect_uri: Option<&'a str>,
    /// The `code_verifier`.
    pub verifier: &'a PresentedVerifier,
}

/// What is to be done with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeDecision {
    /// Issue tokens.
    Redeem,
    /// It was used before: revoke everything that came of it.
    Replayed {
        /// Its grant.
        revoke: GrantId,
    },
}

/// RFC 6749 4.1.3, RFC 7636 4.6. The order matters: only the holder of code and verifier may burn a code or revoke a grant.
pub fn decide(request: &CodeRequest<'_>, code: &CodeSnapshot, now: Timestamp) -> Result<CodeDecision, GrantError> {
    // RFC 6749 4.1.3: "ensure that the authorization code was issued to the authenticated confidential client, or if the client
    // is public, ensure that the code was issued to 'client_id' in the request".
    if request.client != code.grant.grant.client {
        return Err(GrantError::WrongClient);
    }
    // OAuth 2.1 4.1.3: no longer required, but a client of OAuth 2.0 that sends it has to send the same one.
    if request.redirect_uri.is_some_and(|uri| uri != code.redirect_uri.as_str()) {
        return Err(GrantError::RedirectMismatch);
    }
    // RFC 7636 4.6, RFC 9700 2.1.1.
    let proven = match request.verifier {
        PresentedVerifier::Absent => code.proof.accepts(None),
        PresentedVerifier::Malformed => false,
        PresentedVerifier::Present(verifier) => code.proof.accepts(Some(verifier)),
    };
    if !proven {
        return Err(GrantError::PkceMismatch);
    }
    // RFC 6749 4.1.2: "If an authorization code is used more than once, the authorization server MUST deny the request and
    // SHOULD revoke (when possible) all tokens previously issued based on that authorization code."
    if code.used_at.is_some() {
        return Ok(CodeDecision::Replayed { revoke: code.grant.grant.id });
    }
    if now >= code.expires_at {
        return Err(GrantError::CodeExpired);
    }
    rights::standing(&code.grant)?;
    rights::in_session(&code.grant, now)?;
    Ok(CodeDecision::Redeem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        grant::rights::tests::snapshot,
        pkce::{CodeChallenge, CodeProof},
        redirect::RedirectUri,
        testing::{at, client},
        token::TokenHash,
    };

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn code() -> CodeSnapshot {
        CodeSnapshot {
            hash: TokenHash::of(b"code"),
            redirect_uri: RedirectUri::stored("https://app.example.com/callback".into()),
            proof: CodeProof::Challenge(CodeChallenge::parse_stored(CHALLENGE).unwrap()),
            nonce: None,
            expires_at: at(600),
            used_at: None,
            grant: snapshot("openid read"),
        }
    }

    fn decide_with(
        change: impl FnOnce(&mut CodeSnapshot),
        client_id: &str,
        uri: Option<&str>,
        verifier: Option<&str>,
        seconds: i64,
    ) -> Result<CodeDecision, GrantError> {
        let mut code = code();
        change(&mut code);
        let verifier = PresentedVerifier::parse(verifier);
        decide(
            &CodeRequest { client: client(client_id).key, redirect_uri: uri, verifier: &verifier },
            &code,
            at(seconds),
        )
    }

    #[test]
    fn the_holder_of_code_and_verifier_redeems_it_until_it_expires() {
        let at_second = |second| decide_with(|_| {}, "app", None, Some(VERIFIER), second);
        assert_eq!(at_second(0), Ok(CodeDecision::Redeem));
        assert_eq!(at_second(599), Ok(CodeDecision::Redeem));
        assert_eq!(at_second(600), Err(GrantError::CodeExpired), "on its end it is over");
    }

    /// RFC 6749 4.1.3; SECURITY.md row 8.
    #[test]
    fn another_client_neither_redeems_nor_burns_a_code() {
        assert_eq!(decide_with(|_| {}, "other", None, Some(VERIFIER), 0), Err(GrantError::WrongClient));
        let used = |code: &mut CodeSnapshot| code.used_at = Some(at(0));
        assert_eq!(decide_with(used, "other", None, Some(VERIFIER), 1), Err(GrantError::WrongClient));
    }

    /// OAuth 2.1 4.1.3.
    #[test]
    fn a_redirect_uri_that_is_sent_has_to_be_the_same() {
        let with = |uri| decide_with(|_| {}, "app", Some(uri), Some(VERIFIER), 0);
        assert_eq!(with("https://app.example.com/callback"), Ok(CodeDecision::Redeem));
        for other in
            ["https://app.example.com/callback/", "https://app.example.com/", "https://APP.example.com/callback"]
        {
            assert_eq!(with(other), Err(GrantError::RedirectMismatch), "{other}");
        }
    }

    /// RFC 7636 4.6, RFC 9700 2.1.1; SECURITY.md rows 9 and 10.
    #[test]
    fn the_verifier_has_to_fit_and_comes_if_and_only_if_a_challenge_came() {
        let exempt = |code: &mut CodeSnapshot| code.proof = CodeProof::None;
        assert_eq!(decide_with(|_| {}, "app", None, None, 0), Err(GrantError::PkceMismatch));
        assert_eq!(decide_with(|_| {}, "app", None, Some(CHALLENGE), 0), Err(GrantError::PkceMismatch));
        assert_eq!(decide_with(exempt, "app", None, Some(VERIFIER), 0), Err(GrantError::PkceMismatch));
        assert_eq!(decide_with(exempt, "app", None, None, 0), Ok(CodeDecision::Redeem));
        for malformed in ["short", &"a".repeat(129), "with space and so on and so on and so on and so on"] {
            assert_eq!(decide_with(exempt, "app", None, Some(malformed), 0), Err(GrantError::PkceMismatch));
        }
    }

    /// RFC 6749 4.1.2; SECURITY.md row 7.
    #[test]
    fn a_replayed_code_revokes_its_grant_even_when_it_has_expired() {
        let used = |code: &mut CodeSnapshot| code.used_at = Some(at(0));
        let revoke = snapshot("read").grant.id;
        for second in [1, 599, 600, 100_000] {
            assert_eq!(decide_with(used, "app", None, Some(VERIFIER), second), Ok(CodeDecision::Replayed { revoke }));
        }
    }

    #[test]
    fn without_the_verifier_a_replay_revokes_nothing() {
        let used = |code: &mut CodeSnapshot| code.used_at = Some(at(0));
        assert_eq!(decide_with(used, "app", None, Some(CHALLENGE), 1), Err(GrantError::PkceMismatch));
    }

    #[test]
    fn a_code_is_worth_nothing_after_sign_out() {
        let ended = |code: &mut CodeSnapshot| code.grant.session.as_mut().unwrap().ended_at = Some(at(0));
        assert_eq!(decide_with(ended, "app", None, Some(VERIFIER), 0), Err(GrantError::SessionEnded));
    }
}
