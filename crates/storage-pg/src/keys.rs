//! Signing keys at rest and their states.

use oauth_core::{
    catalog::{KeyState, SigningKeyRecord},
    ids::KeyId,
    store::StoreError,
    time::Timestamp,
};

use crate::{
    db::{Params, Steps},
    error::Trouble,
    value::{At, Reader, at as maybe},
};

const LOAD: &str = "
    SELECT kid, algorithm, public_jwk, sealed_private_jwk, state, created_at, activated_at, retired_at, remove_at
      FROM signing_keys ORDER BY kid";

const INSERT: &str = "
    INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private_jwk, state, created_at, activated_at, retired_at,
                              remove_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const RETIRE_CURRENT: &str = "
    UPDATE signing_keys SET state = 'retired', retired_at = $2, remove_at = $3
     WHERE algorithm = $1 AND state = 'current'";

/// The current key of the algorithm of another key that is about to follow it.
const RETIRE_BEFORE: &str = "
    UPDATE signing_keys k SET state = 'retired', retired_at = $2, remove_at = $3
      FROM signing_keys next
     WHERE next.kid = $1 AND next.state <> 'current' AND k.algorithm = next.algorithm AND k.state = 'current'";

/// A key that is current already keeps its instants.
const MAKE_CURRENT: &str = "
    UPDATE signing_keys
       SET activated_at = CASE WHEN state = 'current' THEN activated_at ELSE $2 END,
           retired_at = CASE WHEN state = 'current' THEN retired_at END,
           remove_at = CASE WHEN state = 'current' THEN remove_at END,
           state = 'current'
     WHERE kid = $1";

const MAKE_NEXT: &str = "
    UPDATE signing_keys SET state = 'next', activated_at = NULL, retired_at = NULL, remove_at = NULL
     WHERE kid = $1";

const RETIRE: &str = "
    UPDATE signing_keys SET state = 'retired', retired_at = $2, remove_at = $3
     WHERE kid = $1";

pub(crate) const DELETE: &str = "DELETE FROM signing_keys WHERE kid = $1 AND state = 'retired'";

pub(crate) const RESEAL: &str = "UPDATE signing_keys SET sealed_private_jwk = $2 WHERE kid = $1";

pub(crate) async fn load(steps: &Steps<'_>) -> Result<Vec<SigningKeyRecord>, StoreError> {
    let rows = steps.run(LOAD, &[]).await?;
    rows.iter()
        .map(|row| {
            let key: String = row.try_get(0).unwrap_or_default();
            let mut row = Reader::new(row, "signing_keys", &key);
            Ok(SigningKeyRecord {
                id: KeyId(row.take("kid")?),
                algorithm: row.take("algorithm")?,
                public_jwk: row.take("public_jwk")?,
                sealed_private_jwk: row.take("sealed_private_jwk")?,
                state: row.parse("state", KeyState::parse)?,
                created_at: row.at("created_at")?,
                activated_at: row.maybe_at("activated_at")?,
                retired_at: row.maybe_at("retired_at")?,
                remove_at: row.maybe_at("remove_at")?,
            })
        })
        .collect()
}

pub(crate) async fn insert(
    steps: &Steps<'_>,
    key: &SigningKeyRecord,
    at: Timestamp,
    retire_until: Timestamp,
) -> Result<(), Trouble> {
    if key.state == KeyState::Current {
        steps.change(RETIRE_CURRENT, &[&key.algorithm, &At(at), &At(retire_until)]).await?;
    }
    let params: Params<'_> = &[
        &key.id.0,
        &key.algorithm,
        &key.public_jwk,
        &key.sealed_private_jwk,
        &key.state.as_str(),
        &At(key.created_at),
        &maybe(key.activated_at),
        &maybe(key.retired_at),
        &maybe(key.remove_at),
    ];
    steps.change(INSERT, params).await.map(|_| ())
}

pub(crate) async fn set_state(
    steps: &Steps<'_>,
    key: &KeyId,
    state: KeyState,
    at: Timestamp,
    remove_at: Timestamp,
) -> Result<u64, Trouble> {
    match state {
        KeyState::Current => {
            steps.change(RETIRE_BEFORE, &[&key.0, &At(at), &At(remove_at)]).await?;
            steps.change(MAKE_CURRENT, &[&key.0, &At(at)]).await
        }
        KeyState::Next => steps.change(MAKE_NEXT, &[&key.0]).await,
        KeyState::Retired => steps.change(RETIRE, &[&key.0, &At(at), &At(remove_at)]).await,
    }
}
