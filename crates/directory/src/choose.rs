//! Several accounts have the same name and password: whoever has it says which one is meant.
//!
//! Nothing is kept meanwhile. The page that offers the accounts binds each of them to the browser, to the authorization request and
//! to [`Choice::proof`], which stands for the hash that was verified: a password that was changed since opens nothing.

use std::time::Duration;

use oauth_core::{
    browser::SessionCookie,
    engine::session::SessionStart,
    ids::UserId,
    session::{AuthenticationMethod, NewSession, Session},
    store::{Commit, SessionRepository as _, StoreError},
    time::Timestamp,
    token::TokenHash,
};

use crate::{
    account::Account,
    device::KnownDevice,
    directory::Directory,
    password::StoredHash,
    services::DirectoryServices,
    signin::{Door, Entry, PageSignIn, PageVisit, SignInRefused, Verified},
    store::{AccountRepository as _, Device},
};

/// An account among several that have the same name and password.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The account.
    pub account: Account,
    /// Stands for the hash that was verified; it is of no use to anybody but us.
    pub proof: String,
}

impl Choice {
    pub(crate) fn new(account: Account, hash: &StoredHash) -> Self {
        Self { account, proof: TokenHash::of(hash.expose().as_bytes()).to_text() }
    }
}

/// The page that offers the accounts, for as long as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// When whoever was given it proved who they are.
    pub proven_at: Timestamp,
}

impl Offer {
    /// How long it stands: it spares typing the password again, so not long.
    pub const LIFE: Duration = Duration::from_secs(5 * 60);

    /// When it ends; its form says no more than that.
    pub fn ends_at(self) -> Timestamp {
        self.proven_at.plus(Self::LIFE)
    }

    /// The offer whose form ends then. It was made when the password had been verified, and taking it, later or once more, proves nothing
    /// new (OpenID Connect Core 2, `auth_time`).
    pub fn ending_at(ends_at: Timestamp) -> Self {
        Self { proven_at: ends_at.minus(Self::LIFE) }
    }
}

impl<V: DirectoryServices> Directory<V> {
    /// The account as it can be chosen now, if it may sign in on the page.
    pub async fn choice(&self, user: UserId) -> Result<Option<Choice>, StoreError> {
        let found = self.services().accounts().account(user).await?;
        let found = found.filter(|(account, _)| self.admits_account(account, Door::Page));
        Ok(found.and_then(|(account, credential)| Some(Choice::new(account, &credential.hash?))))
    }

    /// Signs in on the page as the account that was chosen, while its password is still the one that was verified. The session says that this
    /// person proved who they are when they were given the offer, however much later they say which account they mean.
    pub async fn sign_in_chosen(
        &self,
        choice: &Choice,
        offer: Offer,
        known_device: Option<KnownDevice>,
        address: Option<String>,
        visit: PageVisit<'_>,
    ) -> Result<PageSignIn, SignInRefused> {
        let user = choice.account.subject.id;
        let Some((account, credential)) = self.services().accounts().account(user).await? else {
            return Err(SignInRefused::Failed);
        };
        let device = Device::of(known_device, user, credential.set_at);
        let set_at = credential.set_at;
        let Some(hash) = credential.hash.filter(|hash| Choice::new(account.clone(), hash).proof == choice.proof) else {
            return Err(SignInRefused::Failed);
        };
        let known_device = known_device.filter(|_| device != Device::Unknown);
        let verified = Verified { account, hash, set_at, device, outdated: false };
        let replaced = self.replaced(&visit).await?;
        let (entry, session) =
            self.begin_session(&verified.account, &visit, offer.proven_at, address.clone(), replaced.as_ref());
        match self.commit(&verified, entry, Door::Page, address, self.engine.now()).await? {
            Commit::Applied => Ok(self.signed_in(verified.account, session, known_device, set_at)),
            Commit::Lost => Err(SignInRefused::Failed),
        }
    }

    /// The session of the browser, which ends with the sign-in. One whose time is over is none: what ended with it would come back with the
    /// new one, in the hands of whoever has kept it.
    pub(crate) async fn replaced(&self, visit: &PageVisit<'_>) -> Result<Option<Session>, StoreError> {
        let Some(cookie) = &visit.browser.session else { return Ok(None) };
        let session = self.services().store().session(cookie.hash()).await?;
        let now = self.engine.now();
        let goes_on =
            |session: &Session| session.ended_at.is_none() && now < session.expires_at.min(session.idle_expires_at);
        Ok(session.filter(goes_on))
    }

    /// A session under a new secret, begun with a password that was verified at `proven_at`. It takes over what hangs on the one that it replaces, with its bound:
    /// a password is no word of the provider's that this person still belongs there. What is past its bound stays behind.
    pub(crate) fn begin_session(
        &self,
        account: &Account,
        visit: &PageVisit<'_>,
        proven_at: Timestamp,
        address: Option<String>,
        replaced: Option<&Session>,
    ) -> (Entry, (NewSession, SessionCookie)) {
        let now = self.engine.now();
        let replaced = replaced.filter(|old| old.grants_end_at.is_none_or(|end| now < end));
        let own = replaced.filter(|old| old.subject.id == account.subject.id);
        let (mut session, cookie) = self.engine.new_session(SessionStart {
            user: account.subject.id,
            methods: vec![AuthenticationMethod::Pwd],
            authenticated_at: Some(proven_at),
            remember: visit.remember,
            user_agent: visit.user_agent.clone(),
            address,
            replaces: replaced.map(|old| old.id),
        });
        if let Some(end) = own.and_then(|old| old.grants_end_at) {
            session.bound(end);
        }
        (Entry { session: Some(session.clone()), legacy: None }, (session, cookie))
    }

    /// What the browser is given: the session's secret, and the mark by which it is known from now on.
    pub(crate) fn signed_in(
        &self,
        account: Account,
        (session, cookie): (NewSession, SessionCookie),
        known_device: Option<KnownDevice>,
        password_set_at: Option<Timestamp>,
    ) -> PageSignIn {
        let device = self.mark(account.subject.id, known_device, password_set_at);
        PageSignIn { account, cookie, session, device }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_tells_by_its_end_when_the_password_was_verified() {
        let typed = Timestamp::from_seconds(1_000);
        let offer = Offer { proven_at: typed };
        assert_eq!(offer.ends_at(), Timestamp::from_seconds(1_300));
        assert_eq!(Offer::ending_at(offer.ends_at()), offer);
        let earlier = Offer::ending_at(Timestamp::from_seconds(1_299));
        assert!(earlier.proven_at < typed, "the sooner it ends, the longer ago that was");
    }
}
