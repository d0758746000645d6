//! An error with what caused it, for logs and terminals; what a client is told never comes from here.

use std::error::Error;

/// An error with its causes in one line, because the kind alone helps nobody; a cause that its parent tells already is not repeated.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let told = next.to_string();
        if !text.contains(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    enum Failed {
        #[error("the store is away")]
        Store(#[source] Box<Failed>),
        #[error("no answer: {0}")]
        Answer(#[source] Box<Failed>),
        #[error("connection refused")]
        Refused,
    }

    #[test]
    fn every_cause_is_told_once() {
        let answer = Failed::Answer(Box::new(Failed::Refused));
        assert_eq!(causes(&answer), "no answer: connection refused");
        assert_eq!(causes(&Failed::Store(Box::new(answer))), "the store is away: no answer: connection refused");
        assert_eq!(causes(&Failed::Store(Box::new(Failed::Refused))), "the store is away: connection refused");
    }
}
