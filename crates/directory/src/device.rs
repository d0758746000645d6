//! The mark of a browser in which an account has signed in before (C-28): its failures are counted apart, so that a stranger who
//! locks an account does not lock out its owner.
//!
//! A mark counts as long as the password with which it was got. Whoever had the former one is a stranger like any other once the
//! owner has set another, by a link or on the account page.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    ids::UserId,
    services::{Purpose, Random, Sealer},
    time::Timestamp,
};
use uuid::Uuid;

use crate::{directory::Directory, services::DirectoryServices};

/// A known browser: whose it is, and its own counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// The account that signed in.
    pub user: UserId,
    /// The counter's id; never all zero, which stands for every other browser.
    pub mark: [u8; 16],
    /// When somebody last signed in there.
    pub made_at: Timestamp,
    /// When the password was set that was typed there, where it was one and anybody knows.
    pub password_set_at: Option<Timestamp>,
}

/// The longest cookie that is looked at.
const MAX_COOKIE: usize = 256;

impl KnownDevice {
    /// A new mark for an account.
    pub fn generate(user: UserId, random: &impl Random, now: Timestamp) -> Self {
        let mut mark = [0; 16];
        random.fill(&mut mark);
        // One bit that is always set keeps the mark apart from the key of unknown devices.
        if let Some(first) = mark.first_mut() {
            *first |= 0x80;
        }
        Self { user, mark, made_at: now, password_set_at: None }
    }

    /// What its attempts are limited under, before anybody has looked whether it counts (SECURITY.md row 34): all browsers together that are
    /// known by one password of an account, since whoever has it may collect any number of marks. Who had the former one is under another.
    pub(crate) fn bucket(&self) -> [u8; 24] {
        let mut key = [0; 24];
        let set_at = instant(self.password_set_at);
        self.user.uuid().as_bytes().iter().chain(&set_at).zip(&mut key).for_each(|(byte, place)| *place = *byte);
        key
    }

    /// Whether it is of the password that the account has now, which was set at that instant.
    pub fn counts(&self, password_set_at: Option<Timestamp>) -> bool {
        password_set_at.is_none_or(|set_at| set_at <= self.made_at)
    }

    /// The value for the cookie.
    pub fn seal(&self, sealer: &impl Sealer) -> String {
        let made_at = self.made_at.micros().to_be_bytes();
        let set_at = instant(self.password_set_at);
        let clear = [&self.user.uuid().into_bytes()[..], &self.mark[..], &made_at[..], &set_at[..]].concat();
        URL_SAFE_NO_PAD.encode(sealer.seal(Purpose::KnownDevice, b"", &clear))
    }

    /// Reads the cookie: altered or older than `lifetime`, it is as good as none.
    pub fn open(text: &str, sealer: &impl Sealer, now: Timestamp, lifetime: Duration) -> Option<Self> {
        if text.len() > MAX_COOKIE {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let clear = sealer.open(Purpose::KnownDevice, b"", &sealed).ok()?;
        let (user, rest) = clear.expose().split_first_chunk::<16>()?;
        let (mark, rest) = rest.split_first_chunk::<16>()?;
        let (made_at, set_at) = rest.split_first_chunk::<8>()?;
        let made_at = Timestamp::from_micros(i64::from_be_bytes(*made_at));
        let set_at = i64::from_be_bytes(set_at.try_into().ok()?);
        let password_set_at = (set_at != NOBODY_KNOWS).then(|| Timestamp::from_micros(set_at));
        let user = UserId::from_uuid(Uuid::from_bytes(*user));
        (now < made_at.plus(lifetime)).then_some(Self { user, mark: *mark, made_at, password_set_at })
    }
}

/// Stands for an instant that nobody knows.
const NOBODY_KNOWS: i64 = i64::MIN;

fn instant(at: Option<Timestamp>) -> [u8; 8] {
    at.map_or(NOBODY_KNOWS, Timestamp::micros).to_be_bytes()
}

impl<V: DirectoryServices> Directory<V> {
    /// What a browser is given in which somebody has just shown that the account is theirs, by a password that was set then; a mark of the
    /// same account stays the same.
    pub fn mark(&self, user: UserId, known: Option<KnownDevice>, password_set_at: Option<Timestamp>) -> String {
        let now = self.engine.now();
        let known = known.filter(|known| known.user == user);
        let known = known.unwrap_or_else(|| KnownDevice::generate(user, self.services().random(), now));
        KnownDevice { made_at: now, password_set_at, ..known }.seal(self.services().sealer())
    }
}
