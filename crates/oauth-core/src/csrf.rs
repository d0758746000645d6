//! Forms of our own, protected against cross-site requests (RFC 6819 5.3.5, RFC 9700 4.7; SECURITY.md row 30).
//!
//! A form's token is an expiry sealed under what the form is bound to: its kind, the browser or session it was made for, the
//! authorization request it belongs to and what it showed. Nothing is stored, and no other form's token fits.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::{
    browser::BrowserId,
    ids::SessionId,
    pending::PendingId,
    services::{Purpose, Sealer},
    time::Timestamp,
};

/// The forms that are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// The account page.
    Account,
    /// A new password.
    ChangePassword,
    /// The account chooser.
    ChooseAccount,
    /// The question whether a client may have what it asks for.
    Consent,
    /// The page that asks for a link to set a password.
    ForgotPassword,
    /// An invitation, by a link.
    Invitation,
    /// The registration page.
    Register,
    /// The page that takes back what a migration did.
    Rollback,
    /// A new password, by a link.
    SetPassword,
    /// The sign-in page.
    SignIn,
    /// The question whether to sign out.
    SignOut,
    /// The way to an upstream provider, from the sign-in page.
    Upstream,
    /// The verification of an address, by a link.
    VerifyAddress,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::ChangePassword => "change-password",
            Self::ChooseAccount => "choose-account",
            Self::Consent => "consent",
            Self::ForgotPassword => "forgot-password",
            Self::Invitation => "invitation",
            Self::Register => "register",
            Self::Rollback => "rollback",
            Self::SetPassword => "set-password",
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::Upstream => "upstream",
            Self::VerifyAddress => "verify-address",
        }
    }
}

/// For whom a form was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A browser in which nobody is signed in yet.
    Browser(BrowserId),
    /// A session.
    Session(SessionId),
}

/// Everything a form is bound to.
#[derive(Clone, Copy, Debug)]
pub struct FormBinding<'a> {
    /// Its kind.
    pub form: Form,
    /// For whom it was made.
    pub holder: Holder,
    /// The authorization request it belongs to.
    pub request: Option<&'a PendingId>,
    /// What it showed, where the answer means just that (the scopes of a consent).
    pub shown: &'a str,
}

/// Why a form is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FormRefused {
    /// It stood open too long.
    #[error("the form has expired")]
    Expired,
    /// It was not made for this browser, session, request or kind of form.
    #[error("the form was not made here")]
    Foreign,
}

impl FormBinding<'_> {
    /// The longest token that is looked at.
    const MAX_TOKEN: usize = 256;

    /// The token to put into the form.
    pub fn token(&self, sealer: &impl Sealer, expires_at: Timestamp) -> String {
        URL_SAFE_NO_PAD.encode(sealer.seal(Purpose::Csrf, &self.context(), &expires_at.micros().to_be_bytes()))
    }

    /// Checks the token that came with the form.
    pub fn check(&self, sealer: &impl Sealer, token: &str, now: Timestamp) -> Result<(), FormRefused> {
        self.expiry(sealer, token, now).map(|_| ())
    }

    /// Checks the token that came with the form, and tells when it ends: which also tells when the form was made.
    pub fn expiry(&self, sealer: &impl Sealer, token: &str, now: Timestamp) -> Result<Timestamp, FormRefused> {
        if token.len() > Self::MAX_TOKEN {
            return Err(FormRefused::Foreign);
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| FormRefused::Foreign)?;
        let clear = sealer.open(Purpose::Csrf, &self.context(), &sealed).map_err(|_| FormRefused::Foreign)?;
        let expires_at = clear.expose().as_slice().try_into().map(i64::from_be_bytes);
        let expires_at = expires_at.map(Timestamp::from_micros).map_err(|_| FormRefused::Foreign)?;
        if now >= expires_at { Err(FormRefused::Expired) } else { Ok(expires_at) }
    }

    /// A hash over all parts, each with its length, so that no two bindings read the same.
    fn context(&self) -> [u8; 32] {
        let (kind, holder): (u8, &[u8; 16]) = match &self.holder {
            Holder::Browser(browser) => (0, browser.bytes()),
            Holder::Session(session) => (1, &session.uuid().into_bytes()),
        };
        let request = self.request.map_or(&[][..], |request| request.bytes());
        let mut hasher = Sha256::new();
        for part in [self.form.name().as_bytes(), &[kind], holder, request, self.shown.as_bytes()] {
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CountingRandom, FakeSealer};

    const NOW: Timestamp = Timestamp::from_seconds(1_000);
    const LATER: Timestamp = Timestamp::from_seconds(1_600);

    fn session(byte: u8) -> Holder {
        Holder::Session(SessionId::from_uuid(uuid::Uuid::from_bytes([byte; 16])))
    }

    #[test]
    fn a_token_fits_only_the_form_it_was_made_for() {
        let (random, sealer) = (CountingRandom::default(), FakeSealer);
        let [this, other] = [PendingId::generate(&random), PendingId::generate(&random)];
        let binding = FormBinding { form: Form::Consent, holder: session(1), request: Some(&this), shown: "read" };
        let token = binding.token(&sealer, LATER);
        assert_eq!(binding.check(&sealer, &token, NOW), Ok(()));
        let browser = Holder::Browser(BrowserId::generate(&random));
        for foreign in [
            FormBinding { form: Form::ChooseAccount, ..binding },
            FormBinding { holder: session(2), ..binding },
            FormBinding { holder: browser, ..binding },
            FormBinding { request: Some(&other), ..binding },
            FormBinding { request: None, ..binding },
            FormBinding { shown: "read admin", ..binding },
        ] {
            assert_eq!(foreign.check(&sealer, &token, NOW), Err(FormRefused::Foreign), "{foreign:?}");
        }
    }

    #[test]
    fn a_token_ends_at_its_expiry() {
        let binding = FormBinding { form: Form::SignIn, holder: session(1), request: None, shown: "" };
        let token = binding.token(&FakeSealer, LATER);
        let before = Timestamp::from_micros(LATER.micros() - 1);
        assert_eq!(binding.check(&FakeSealer, &token, before), Ok(()));
        assert_eq!(binding.expiry(&FakeSealer, &token, before), Ok(LATER));
        assert_eq!(binding.check(&FakeSealer, &token, LATER), Err(FormRefused::Expired));
    }

    #[test]
    fn garbage_is_foreign() {
        let binding = FormBinding { form: Form::SignIn, holder: session(1), request: None, shown: "" };
        for token in ["", "a", "!!!", &"a".repeat(257), &"a".repeat(100_000)] {
            assert_eq!(binding.check(&FakeSealer, token, NOW), Err(FormRefused::Foreign));
        }
    }
}
