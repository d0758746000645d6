//! What came with the accounts of an older program: families of refresh tokens, and API keys (C-14, C-32).

use authly_cutover::{
    finalization::RelicKind,
    parts::{NewApiKey, NewToken, Put},
    store::{BatchCommit, CutoverStore, EndStep},
};
use authly_directory::mail::{
    link::LinkKind,
    store::{ApiKeys, LinkedPassword},
};
use oauth_core::{
    ids::{ApiKeyId, ClientId, LegacyTokenId, UserId},
    legacy::{LegacyRotation, LegacyTokenType},
    scope::ScopeSet,
    store::Commit,
    token::TokenHash,
};

use super::{
    finalize::{end, put_away, step},
    world::{Seeded, audit, rand, row, source},
};
use crate::{WholeStore, World, legacy::new_pair, mail};

fn token<S: WholeStore>(w: &World<S>, user: UserId, name: &str, family: Option<&str>) -> NewToken {
    NewToken {
        id: LegacyTokenId::of_opaque(TokenHash::of(name.as_bytes())),
        user,
        kind: LegacyTokenType::Refresh,
        created_at: w.earlier(60),
        expires_at: w.later(3_600),
        invalidated: false,
        family: family.map(str::to_owned),
    }
}

/// A token of another program is found under what stands for it; what died there dies here, and never comes back.
pub async fn tokens_of_an_older_program_are_put_in_once<S: WholeStore + CutoverStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let tokens = vec![token(&w, ada, "one", Some("f")), token(&w, bob, "two", None)];
    assert_eq!(w.store.put_tokens(tokens.clone(), false).await.unwrap(), [Put::Added, Put::Added]);
    assert!(w.store.legacy_token(&tokens[0].id).await.unwrap().is_none(), "a dry run writes nothing");
    assert_eq!(w.store.put_tokens(tokens.clone(), true).await.unwrap(), [Put::Added, Put::Added]);
    assert_eq!(w.store.put_tokens(tokens.clone(), true).await.unwrap(), [Put::Same, Put::Same]);
    let found = w.store.legacy_token(&tokens[0].id).await.unwrap().unwrap();
    assert_eq!((found.account.subject.id, found.invalidated, found.expires_at), (ada, false, tokens[0].expires_at));
    let stolen = NewToken { user: bob, ..tokens[0].clone() };
    let dead = NewToken { invalidated: true, ..tokens[1].clone() };
    assert_eq!(w.store.put_tokens(vec![stolen, dead], true).await.unwrap(), [Put::Taken, Put::Ended]);
    assert_eq!(w.store.put_tokens(vec![tokens[1].clone()], true).await.unwrap(), [Put::Same]);
    assert!(w.store.legacy_token(&tokens[1].id).await.unwrap().unwrap().invalidated);
}

/// The next of a family is of the family, and the end of one is the end of all; others live on.
pub async fn a_family_of_old_tokens_ends_together<S: WholeStore + CutoverStore>(w: World<S>) {
    let ada = w.user("ada").await;
    let tokens =
        vec![token(&w, ada, "one", Some("f")), token(&w, ada, "two", Some("f")), token(&w, ada, "three", Some("g"))];
    w.store.put_tokens(tokens.clone(), true).await.unwrap();
    let pair = new_pair(&w, ada);
    let rotation = LegacyRotation { spent: tokens[0].id.clone(), pair: pair.clone() };
    assert_eq!(w.store.rotate_legacy(rotation).await.unwrap(), Commit::Applied);
    w.store.end_legacy_family(&tokens[0].id).await.unwrap();
    let dead = async |id: &LegacyTokenId| w.store.legacy_token(id).await.unwrap().unwrap().invalidated;
    assert!(dead(&tokens[1].id).await && dead(&pair.refresh).await);
    assert!(!dead(&tokens[2].id).await);
    // Tokens that were never of a family have none to end.
    let alone = new_pair(&w, ada);
    crate::legacy::record(&w, "ada", alone.clone()).await;
    w.store.end_legacy_family(&alone.refresh).await.unwrap();
    assert!(!dead(&alone.refresh).await);
}

/// The end puts families away before their tokens; where both are back, the end of one is the end of all again.
pub async fn families_of_old_tokens_go_into_the_archive_and_back<S: WholeStore + CutoverStore>(w: World<S>) {
    let ada = w.user("ada").await;
    let tokens = vec![token(&w, ada, "one", Some("f")), token(&w, ada, "two", Some("f"))];
    w.store.put_tokens(tokens.clone(), true).await.unwrap();
    let lease = end(&*w.store).await;
    let commit = async |one| assert_eq!(w.store.commit_end(step(lease, one)).await.unwrap(), BatchCommit::Applied);
    let mut all = Vec::new();
    for kind in [RelicKind::TokenFamily, RelicKind::LegacyToken] {
        let relics = w.store.relics(kind, 10).await.unwrap();
        assert_eq!(relics.len(), 2, "{kind:?}");
        commit(put_away(relics.clone())).await;
        all.extend(relics);
    }
    assert_eq!(w.store.outlook().await.unwrap().relics, [].into());
    // In the order in which the archive tells them: tokens first.
    all.sort_by_key(|relic| relic.kind.as_str());
    commit(EndStep::Restore(all)).await;
    w.store.end_legacy_family(&tokens[0].id).await.unwrap();
    assert!(w.store.legacy_token(&tokens[1].id).await.unwrap().unwrap().invalidated);
}

fn api_key<S: WholeStore>(w: &World<S>, number: u64, user: UserId) -> NewApiKey {
    NewApiKey {
        id: ApiKeyId::generate(w.now, &Seeded(rand(1))),
        source_id: row(number),
        user,
        client: ClientId::parse("old-app").ok(),
        scope: ScopeSet::parse("read write").unwrap(),
        label: "o'hara \"ci\"".to_owned(),
        hash: TokenHash::of(&number.to_be_bytes()),
        created_at: w.now,
        expires_at: (number == 1).then(|| w.later(60)),
        revoked_at: None,
    }
}

/// Somebody else may have had the keys with the password; nobody else's end, and one that had ended before ended then.
pub async fn a_password_by_link_ends_the_api_keys_of_its_account<S: WholeStore + CutoverStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let ended = NewApiKey { revoked_at: Some(w.earlier(9)), ..api_key(&w, 3, ada) };
    let keys = vec![api_key(&w, 1, ada), api_key(&w, 2, bob), ended];
    w.store.put_api_keys(&source(), keys.clone(), true).await.unwrap();
    let revoked = async |place: usize| w.store.api_key(keys[place].hash).await.unwrap().unwrap().key.revoked_at;
    let address = mail::address(&w, ada).await;
    for (fate, expected) in [(ApiKeys::Keep, None), (ApiKeys::End, Some(w.later(5)))] {
        let link = mail::issue(&w, mail::new_link(&w, ada, LinkKind::SetPassword)).await;
        let write = LinkedPassword { api_keys: fate, notice: None, ..mail::password(&w, &link, &address, w.later(5)) };
        assert_eq!(w.store.set_password_by_link(write).await.unwrap(), Commit::Applied);
        assert_eq!([revoked(0).await, revoked(1).await], [expected, None], "{fate:?}");
        assert_eq!(revoked(2).await, Some(w.earlier(9)));
    }
}

/// A key is found by its hash alone, counted, listed, revoked once, and gone with its account.
pub async fn api_keys_of_an_older_program_are_kept<S: WholeStore + CutoverStore>(w: World<S>) {
    let (ada, bob) = (w.user("ada").await, w.user("bob").await);
    let keys = vec![api_key(&w, 1, ada), api_key(&w, 2, bob)];
    assert_eq!(w.store.put_api_keys(&source(), keys.clone(), false).await.unwrap(), [Put::Added, Put::Added]);
    assert_eq!(w.store.put_api_keys(&source(), keys.clone(), true).await.unwrap(), [Put::Added, Put::Added]);
    assert_eq!(w.store.put_api_keys(&source(), keys.clone(), true).await.unwrap(), [Put::Same, Put::Same]);
    let moved = NewApiKey { user: bob, ..keys[0].clone() };
    let copied = NewApiKey { source_id: row(9), ..keys[1].clone() };
    assert_eq!(w.store.put_api_keys(&source(), vec![moved, copied], true).await.unwrap(), [Put::Taken, Put::Taken]);

    assert!(w.store.api_key(w.hash()).await.unwrap().is_none());
    let found = w.store.api_key(keys[0].hash).await.unwrap().unwrap();
    assert_eq!((found.key.id, found.account.subject.id, found.key.uses), (keys[0].id, ada, 0));
    assert_eq!((&found.key.scope, &found.key.client), (&keys[0].scope, &keys[0].client));
    for seconds in [5, 3] {
        w.store.note_api_key(keys[0].id, w.later(seconds)).await.unwrap();
    }
    let found = w.store.api_key(keys[0].hash).await.unwrap().unwrap().key;
    assert_eq!((found.uses, found.last_used_at), (2, Some(w.later(5))));

    assert_eq!(w.store.gate_facts(w.now, w.now).await.unwrap().live_api_keys, 2);
    assert_eq!(w.store.gate_facts(w.later(61), w.now).await.unwrap().live_api_keys, 1);
    assert_eq!(w.store.revoke_api_key(keys[1].id, audit()).await.unwrap(), Commit::Applied);
    assert_eq!(w.store.revoke_api_key(keys[1].id, audit()).await.unwrap(), Commit::Lost);
    assert_eq!(w.store.put_api_keys(&source(), vec![keys[1].clone()], true).await.unwrap(), [Put::Same]);
    assert!(w.store.api_key(keys[1].hash).await.unwrap().unwrap().key.revoked_at.is_some());
    assert_eq!(w.store.gate_facts(w.now, w.now).await.unwrap().live_api_keys, 1);
    let ended = NewApiKey { revoked_at: Some(w.later(7)), ..keys[0].clone() };
    assert_eq!(w.store.put_api_keys(&source(), vec![ended], true).await.unwrap(), [Put::Ended]);
    let listed = w.store.api_keys(None, 10).await.unwrap();
    assert_eq!(listed.len(), 2);
    let first = listed.first().unwrap().id;
    assert_eq!(w.store.api_keys(Some(first), 10).await.unwrap().len(), 1);
    assert!(listed.iter().all(|key| key.revoked_at.is_some()));

    // The end puts them away whole, and its way back brings them as they were.
    let lease = end(&*w.store).await;
    let relics = w.store.relics(RelicKind::ApiKey, 10).await.unwrap();
    assert_eq!(w.store.outlook().await.unwrap().relics, [(RelicKind::ApiKey, 2)].into());
    let put = w.store.commit_end(step(lease, put_away(relics.clone()))).await.unwrap();
    assert_eq!((put, w.store.api_keys(None, 10).await.unwrap().len()), (BatchCommit::Applied, 0));
    assert!(w.store.api_key(keys[0].hash).await.unwrap().is_none());
    let back = w.store.commit_end(step(lease, EndStep::Restore(relics))).await.unwrap();
    assert_eq!((back, w.store.api_keys(None, 10).await.unwrap()), (BatchCommit::Applied, listed));
    assert_eq!(w.store.api_key(keys[0].hash).await.unwrap().unwrap().key.uses, 2);
}
