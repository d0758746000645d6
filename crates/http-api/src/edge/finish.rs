//! Requests that are brought to their end, though their callers hang up.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::rt;

/// A future that goes on by itself when whoever waits for it goes away. One that nobody ever waited for has begun nothing, and does not
/// begin afterwards.
pub struct Finish<F: Future<Output: 'static> + 'static> {
    rest: Option<Pin<Box<F>>>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    New,
}

impl<F: Future<Output: 'static> + 'static> Finish<F> {
    /// Begins nothing yet.
    pub fn new(future: F) -> Self {
        Self { rest: Some(Box::pin(future)), stage: Stage::New }
    }
}

impl<F: Future<Output: 'static> + 'static> Future for Finish<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.stage = Stage::Begun;
        let Some(rest) = self.rest.as_mut() else { return Poll::Pending };
        let output = ready!(rest.as_mut().poll(context));
        self.rest = None;
        Poll::Ready(output)
    }
}

impl<F: Future<Output: 'static> + 'static> Drop for Finish<F> {
    fn drop(&mut self) {
        let begun = self.stage == Stage::Begun && !std::thread::panicking();
        if let Some(rest) = self.rest.take().filter(|_| begun) {
            drop(rt::spawn(rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, future::poll_fn, rc::Rc};

    use actix_web::rt::task::yield_now;

    use super::*;

    /// Two steps with a pause between them, and how many of them were taken.
    fn two_steps() -> (Finish<impl Future<Output = ()>>, Rc<Cell<u32>>) {
        let taken = Rc::new(Cell::new(0));
        let steps = {
            let taken = taken.clone();
            async move {
                taken.set(1);
                yield_now().await;
                taken.set(2);
            }
        };
        (Finish::new(steps), taken)
    }

    async fn a_while() {
        for _ in 0..10 {
            yield_now().await;
        }
    }

    #[actix_web::test]
    async fn what_was_begun_is_brought_to_its_end() {
        let (mut steps, taken) = two_steps();
        let first = poll_fn(|context| Poll::Ready(Pin::new(&mut steps).poll(context))).await;
        assert_eq!((first, taken.get()), (Poll::Pending, 1));
        drop(steps);
        a_while().await;
        assert_eq!(taken.get(), 2);
    }

    #[actix_web::test]
    async fn what_nobody_waited_for_is_not_begun() {
        let (steps, taken) = two_steps();
        drop(steps);
        a_while().await;
        assert_eq!(taken.get(), 0);
    }

    #[actix_web::test]
    async fn what_is_done_is_done_once() {
        let (steps, taken) = two_steps();
        steps.await;
        assert_eq!(taken.replace(0), 2);
        a_while().await;
        assert_eq!(taken.get(), 0);
    }
}
