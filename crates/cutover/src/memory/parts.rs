//! Tokens and API keys of a source, in memory.

use oauth_core::store::StoreError;

use super::MemoryTarget;
use crate::{
    parts::{NewApiKey, NewToken, PartStore, Put},
    source::SourceName,
};

impl PartStore for MemoryTarget {
    async fn put_tokens(&self, tokens: Vec<NewToken>, write: bool) -> Result<Vec<Put>, StoreError> {
        let mut state = self.lock();
        let mut put = Vec::new();
        for token in tokens {
            let known = state.tokens.get(&token.id);
            put.push(match known {
                Some(known) if known.user != token.user || known.kind != token.kind => Put::Taken,
                Some(known) if known.invalidated || !token.invalidated => Put::Same,
                Some(_) => Put::Ended,
                None => Put::Added,
            });
            if write && matches!(put.last(), Some(Put::Added | Put::Ended)) {
                state.tokens.insert(token.id.clone(), token);
            }
        }
        Ok(put)
    }

    async fn put_api_keys(
        &self,
        source: &SourceName,
        keys: Vec<NewApiKey>,
        write: bool,
    ) -> Result<Vec<Put>, StoreError> {
        let mut state = self.lock();
        let mut put = Vec::new();
        for key in keys {
            let known = state.api_keys.iter().find(|(_, known)| known.hash == key.hash);
            put.push(match known {
                Some(((of, id), known)) if of != source || *id != key.source_id || known.user != key.user => Put::Taken,
                Some((_, known)) if known.revoked_at.is_some() || key.revoked_at.is_none() => Put::Same,
                Some(_) => Put::Ended,
                None => Put::Added,
            });
            if write && matches!(put.last(), Some(Put::Added | Put::Ended)) {
                state.api_keys.insert((source.clone(), key.source_id.clone()), key);
            }
        }
        Ok(put)
    }
}
