//! Statements that wait for a lock on the application's table: in short tries, as whoever waits for a lock lets others wait behind.

use std::time::Duration;

use tokio_postgres::{Client, Error, error::SqlState};

/// How often a lock is waited for (each time as long as the session's `lock_timeout` says), and how long between: the application
/// goes on meanwhile.
const TRIES: u32 = 120;
const PAUSE: Duration = Duration::from_millis(500);

/// Runs statements, again and again where somebody else holds a lock that they need.
pub(super) async fn patiently(client: &Client, sql: &str) -> Result<(), Error> {
    let mut tries = 0;
    while let Err(error) = client.batch_execute(sql).await {
        tries += 1;
        // An explicit transaction that failed has to be left; without one this does nothing.
        let _ended = client.batch_execute("ROLLBACK").await;
        if error.code() != Some(&SqlState::LOCK_NOT_AVAILABLE) || tries >= TRIES {
            return Err(error);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use authly_pg_fixture::PgFixture;

    use super::*;

    #[tokio::test]
    async fn a_lock_is_waited_for_and_anything_else_is_not() {
        let database = PgFixture::empty().await;
        let (holder, patient) = (database.client().await, database.client().await);
        holder.batch_execute("CREATE TABLE people (id int)").await.unwrap();
        patient.batch_execute("SET lock_timeout = '50ms'").await.unwrap();

        holder.batch_execute("BEGIN; LOCK TABLE people").await.unwrap();
        let let_go = async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            holder.batch_execute("COMMIT").await.unwrap();
        };
        let (changed, ()) = tokio::join!(patiently(&patient, "ALTER TABLE people ADD name text"), let_go);
        changed.unwrap();
        patient.batch_execute("SELECT name FROM people").await.unwrap();

        let began = std::time::Instant::now();
        let again = patiently(&patient, "BEGIN; ALTER TABLE people ADD name text").await.unwrap_err();
        assert_eq!(again.code(), Some(&SqlState::DUPLICATE_COLUMN));
        assert!(began.elapsed() < PAUSE, "{:?}", began.elapsed());
        patient.batch_execute("SELECT name FROM people").await.unwrap();
    }
}
