//! What the tests of this crate share: keys, clocks and randomness without a cryptographic library.

mod crypto;
mod flow;
mod losing;
mod world;

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

pub(crate) use self::{
    crypto::{FakeCrypto, FakeKey, FakeSealer, fake_key_record, keys_of},
    flow::{CodeFor, VERIFIER, audited, claims_of},
    losing::{Fate, LosingStore},
    world::{ALICE, CountingRandom, NOW, World, at, client, issuer, scopes, subject},
};

/// Runs a future that never waits for anything outside.
pub(crate) fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("the future waits for something outside")
}
