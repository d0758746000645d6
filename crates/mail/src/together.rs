//! Several futures at once, each to its end: commits that meet share one flush to the disk.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A future with its result, once it has one.
type Part<F> = (Pin<Box<F>>, Option<<F as Future>::Output>);

/// Futures that run together; results in order.
pub(crate) struct Together<F: Future>(Vec<Part<F>>);

impl<F: Future> Together<F> {
    pub(crate) fn new(futures: impl IntoIterator<Item = F>) -> Self {
        Self(futures.into_iter().map(|future| (Box::pin(future), None)).collect())
    }
}

impl<F: Future> Future for Together<F>
where
    F::Output: Unpin,
{
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        for (future, result) in self.0.iter_mut().filter(|(_, result)| result.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *result = Some(value);
            }
        }
        if self.0.iter().any(|(_, result)| result.is_none()) {
            return Poll::Pending;
        }
        Poll::Ready(self.0.iter_mut().filter_map(|(_, result)| result.take()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn results_come_in_order_whoever_is_first() {
        let waits = [30, 1, 10].map(|millis| async move {
            tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
            millis
        });
        assert_eq!(Together::new(waits).await, [30, 1, 10]);
        assert!(Together::new(Vec::<std::future::Ready<u8>>::new()).await.is_empty());
    }
}
