//! Requests that are brought to their end, though their callers hang up.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::rt;

/// A future that goes on by itself when whoever waits for it goes away.
pub struct Finish<F: Future<Output: 'static> + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: 'static> + 'static> Finish<F> {
    /// Begins nothing yet.
    pub fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F: Future<Output: 'static> + 'static> Future for Finish<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = self.0.as_mut() else { return Poll::Pending };
        let output = ready!(future.as_mut().poll(context));
        self.0 = None;
        Poll::Ready(output)
    }
}

impl<F: Future<Output: 'static> + 'static> Drop for Finish<F> {
    fn drop(&mut self) {
        if let Some(rest) = self.0.take().filter(|_| !std::thread::panicking()) {
            drop(rt::spawn(rest));
        }
    }
}
