//! The refresh token grant (RFC 6749 6) with rotation (OAuth 2.1 4.3.1, RFC 9700 4.14.2).
//!
//! Every use spends the token and makes its successor. A client that lost the answer may repeat the request for a short while:
//! it gets that same successor, as long as nobody has used it. Any other second use is a theft, and ends the grant.

use std::time::Duration;

use super::rights;
use crate::{
    error::GrantError,
    ids::{ClientKey, GrantId},
    settings::Settings,
    store::RefreshSnapshot,
    time::Timestamp,
};

/// What an installation decides about refresh tokens.
#[derive(Clone, Copy, Debug)]
pub struct RefreshPolicy {
    /// Lifetime since the last use.
    pub sliding: Duration,
    /// The end of a family, counted from its grant.
    pub absolute: Option<Duration>,
    /// How long a lost answer may be asked for again; zero is never.
    pub retry_window: Duration,
}

impl RefreshPolicy {
    /// The policy of these settings.
    pub const fn of(settings: &Settings) -> Self {
        Self {
            sliding: settings.refresh_token_ttl,
            absolute: settings.refresh_absolute_ttl,
            retry_window: settings.refresh_retry_window,
        }
    }

    /// When a refresh token that is made now expires, in a family that began at `began`.
    pub fn expiry(&self, began: Timestamp, now: Timestamp) -> Timestamp {
        let sliding = now.plus(self.sliding);
        self.absolute.map_or(sliding, |absolute| sliding.min(began.plus(absolute)))
    }
}

/// What is to be done with a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// It was used before: revoke everything.
    Replayed {
        /// Its grant.
        revoke: GrantId,
    },
    /// The answer was lost: hand out the successor once more.
    Retry,
    /// Spend it and make its successor.
    Rotate,
}

/// RFC 6749 6, OAuth 2.1 4.3.1: client binding, then replay, then expiry, then whether the grant still stands.
pub fn decide(
    client: ClientKey,
    token: &RefreshSnapshot,
    policy: &RefreshPolicy,
    now: Timestamp,
) -> Result<RefreshDecision, GrantError> {
    // RFC 6749 6 and 10.4: the token is bound to the client that it was issued to.
    if client != token.grant.grant.client {
        return Err(GrantError::WrongClient);
    }
    let retry = match token.used_at {
        None => false,
        Some(used_at) if may_retry(token, used_at, policy, now) => true,
        // RFC 9700 4.14.2: a refresh token that was rotated away and comes again revokes the active one and the grant.
        Some(_) => return Ok(RefreshDecision::Replayed { revoke: token.grant.grant.id }),
    };
    let family_end = policy.absolute.map(|absolute| token.grant.grant.created_at.plus(absolute));
    if now >= token.expires_at || family_end.is_some_and(|end| now >= end) {
        return Err(GrantError::RefreshExpired);
    }
    rights::standing(&token.grant)?;
    rights::in_session(&token.grant, now)?;
    Ok(if retry { RefreshDecision::Retry } else { RefreshDecision::Rotate })
}

/// Inside the window, while the successor is kept and unused.
fn may_retry(token: &RefreshSnapshot, used_at: Timestamp, policy: &RefreshPolicy, now: Timestamp) -> bool {
    now < used_at.plus(policy.retry_window)
        && token.successor.as_ref().is_some_and(|next| next.used_at.is_none() && next.sealed.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        grant::rights::tests::snapshot,
        store::Successor,
        subject::AccountStatus,
        testing::{at, client},
        token::TokenHash,
    };

    const POLICY: RefreshPolicy =
        RefreshPolicy { sliding: Duration::from_secs(1_000), absolute: None, retry_window: Duration::from_secs(10) };

    fn token() -> RefreshSnapshot {
        RefreshSnapshot {
            hash: TokenHash::of(b"r"),
            expires_at: at(1_000),
            created_at: at(0),
            used_at: None,
            successor: None,
            grant: snapshot("openid offline_access"),
        }
    }

    fn used() -> RefreshSnapshot {
        RefreshSnapshot {
            used_at: Some(at(100)),
            successor: Some(Successor { sealed: Some(vec![1]), used_at: None }),
            ..token()
        }
    }

    fn decide_at(token: &RefreshSnapshot, second: i64) -> Result<RefreshDecision, GrantError> {
        decide(client("app").key, token, &POLICY, at(second))
    }

    fn replayed() -> Result<RefreshDecision, GrantError> {
        Ok(RefreshDecision::Replayed { revoke: token().grant.grant.id })
    }

    #[test]
    fn an_unused_token_rotates_until_it_expires() {
        assert_eq!(decide_at(&token(), 999), Ok(RefreshDecision::Rotate));
        assert_eq!(decide_at(&token(), 1_000), Err(GrantError::RefreshExpired));
    }

    #[test]
    fn a_lost_answer_may_be_asked_for_inside_the_window() {
        assert_eq!(decide_at(&used(), 100), Ok(RefreshDecision::Retry));
        assert_eq!(decide_at(&used(), 109), Ok(RefreshDecision::Retry));
        assert_eq!(decide_at(&used(), 99), Ok(RefreshDecision::Retry), "another node's clock may be ahead");
        assert_eq!(decide_at(&used(), 110), replayed());
    }

    /// RFC 9700 4.14.2; SECURITY.md row 13.
    #[test]
    fn a_spent_token_revokes_the_grant_once_its_successor_was_used_or_is_gone() {
        let mut grandparent = used();
        grandparent.successor = Some(Successor { sealed: Some(vec![1]), used_at: Some(at(101)) });
        assert_eq!(decide_at(&grandparent, 102), replayed());
        let mut wiped = used();
        wiped.successor = Some(Successor { sealed: None, used_at: None });
        assert_eq!(decide_at(&wiped, 101), replayed());
        assert_eq!(decide_at(&RefreshSnapshot { successor: None, ..used() }, 101), replayed());
        assert_eq!(decide_at(&used(), 100_000), replayed(), "expired long ago");
    }

    #[test]
    fn a_window_of_zero_switches_the_retry_off() {
        let policy = RefreshPolicy { retry_window: Duration::ZERO, ..POLICY };
        assert_eq!(decide(client("app").key, &used(), &policy, at(100)), replayed());
    }

    /// RFC 6749 10.4; SECURITY.md row 8.
    #[test]
    fn another_client_neither_uses_nor_kills_it() {
        for token in [token(), used()] {
            assert_eq!(decide(client("other").key, &token, &POLICY, at(500)), Err(GrantError::WrongClient));
        }
    }

    /// SECURITY.md row 16.
    #[test]
    fn each_use_asks_for_account_and_grant_anew() {
        for base in [token(), RefreshSnapshot { used_at: Some(at(495)), ..used() }] {
            let mut closed = base.clone();
            closed.grant.subject.status = AccountStatus::Disabled;
            assert_eq!(decide_at(&closed, 500), Err(GrantError::AccountClosed));
            let mut revoked = base;
            revoked.grant.grant.revoked_at = Some(at(400));
            assert_eq!(decide_at(&revoked, 500), Err(GrantError::GrantRevoked));
        }
    }

    #[test]
    fn without_offline_access_it_ends_with_the_session() {
        let online = RefreshSnapshot { expires_at: at(100_000), grant: snapshot("read"), ..token() };
        assert_eq!(decide_at(&online, 7_199), Ok(RefreshDecision::Rotate));
        assert_eq!(decide_at(&online, 7_200), Err(GrantError::SessionEnded));
    }

    #[test]
    fn a_family_ends_at_its_absolute_limit() {
        let policy = RefreshPolicy { absolute: Some(Duration::from_secs(500)), ..POLICY };
        let decide_at = |second| decide(client("app").key, &token(), &policy, at(second));
        assert_eq!(decide_at(499), Ok(RefreshDecision::Rotate));
        assert_eq!(decide_at(500), Err(GrantError::RefreshExpired));
        assert_eq!(policy.expiry(at(0), at(499)), at(500));
        assert_eq!(POLICY.expiry(at(0), at(499)), at(1_499));
    }

    proptest::proptest! {
        /// Whatever the clocks say, a spent token never makes a second successor, and only its own client moves it.
        #[test]
        fn a_spent_token_never_rotates(used_at in -1_000i64..2_000, now in -1_000i64..200_000, kept: bool, next_used: bool) {
            let successor = Successor { sealed: kept.then(Vec::new), used_at: next_used.then(|| at(used_at)) };
            let token = RefreshSnapshot { used_at: Some(at(used_at)), successor: Some(successor), ..token() };
            proptest::prop_assert_ne!(decide_at(&token, now), Ok(RefreshDecision::Rotate));
            if next_used || !kept {
                proptest::prop_assert_eq!(decide_at(&token, now), replayed());
            }
        }
    }
}
