//! The same request again and again.

use crate::exchange::{Connection, Request};
use crate::failure::Failure;

/// A request and what its answer must hold.
#[derive(Debug)]
pub struct Fixed {
    connection: Connection,
    request: Request,
    proof: &'static str,
}

impl Fixed {
    pub(super) const fn new(connection: Connection, request: Request, proof: &'static str) -> Self {
        Self { connection, request, proof }
    }

    pub(super) async fn operate(&mut self) -> Result<(), Failure> {
        let answer = self.connection.exchange(&self.request).await?.expect(200, "a repeated request")?;
        if holds(answer.body, self.proof.as_bytes()) {
            Ok(())
        } else {
            Err(answer.unexpected(&format!("an answer without {}", self.proof)))
        }
    }
}

/// What is looked for stands near the start of our answers.
fn holds(body: &[u8], proof: &[u8]) -> bool {
    proof.is_empty() || body.windows(proof.len()).any(|window| window == proof)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tests::{answer, stub};

    #[tokio::test]
    async fn an_answer_without_the_proof_or_with_another_status_is_a_failure() {
        let port = stub(vec![
            answer(200, "", "{\"active\":true}"),
            answer(200, "", "{\"active\":false}"),
            answer(503, "", ""),
        ]);
        let mut fixed = Fixed::new(Connection::new(port.await), Request::get("h", "/", &[]), "\"active\":true");
        assert!(fixed.operate().await.is_ok());
        assert!(fixed.operate().await.is_err());
        assert!(fixed.operate().await.is_err());
    }
}
