//! The mark of a browser in which an account has signed in before (C-28): its failures are counted apart, so that a stranger who
//! locks an account does not lock out its owner.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth_core::{
    ids::UserId,
    services::{Purpose, Random, Sealer},
    time::Timestamp,
};
use uuid::Uuid;

/// A known browser: whose it is, and its own counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// The account that signed in.
    pub user: UserId,
    /// The counter's id; never all zero, which stands for every other browser.
    pub mark: [u8; 16],
}

/// The longest cookie that is looked at.
const MAX_COOKIE: usize = 256;

impl KnownDevice {
    /// A new mark for an account.
    pub fn generate(user: UserId, random: &impl Random) -> Self {
        let mut mark = [0; 16];
        random.fill(&mut mark);
        // One bit that is always set keeps the mark apart from the key of unknown devices.
        if let Some(first) = mark.first_mut() {
            *first |= 0x80;
        }
        Self { user, mark }
    }

    /// The value for the cookie.
    pub fn seal(&self, sealer: &impl Sealer, now: Timestamp) -> String {
        let clear = [&self.user.uuid().into_bytes()[..], &self.mark[..], &now.micros().to_be_bytes()[..]].concat();
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
        let made_at = Timestamp::from_micros(i64::from_be_bytes(rest.try_into().ok()?));
        (now < made_at.plus(lifetime)).then(|| Self { user: UserId::from_uuid(Uuid::from_bytes(*user)), mark: *mark })
    }
}
