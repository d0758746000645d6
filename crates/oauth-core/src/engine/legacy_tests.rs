//! The legacy contract over the store in memory.

use serde_json::json;

use super::Me;
use crate::{
    catalog::{CatalogRecords, TenantRecord},
    client::IntrospectionPolicy,
    error::{BearerError, GrantError, TokenError, Wire as _},
    grant::response::LegacyTokens,
    ids::{ApiKeyId, LegacyTokenId, TenantId},
    jws::{TokenFault, compact::Compact},
    legacy::{LegacyAccount, LegacyTokenType, api_key::ApiKey},
    policy::{Mode, Policy},
    scope::ScopeSet,
    secret::Secret,
    store::{ApiKeyRepository as _, CatalogRepository, Store},
    subject::{AccountStatus, Subject, TenantRef},
    testing::{ALICE, Fate, LosingStore, World, at, claims_of, client, now_or_never, subject},
    token::TokenHash,
};

/// Alice signs in at a door of the legacy contract.
fn sign_in<S: Store + CatalogRepository>(world: &World<S>) -> LegacyTokens {
    let now = world.engine.now();
    let (pair, tokens) = world.engine.legacy_pair(&subject(), "alice@example.com", now).unwrap();
    world.memory.record_legacy(pair).unwrap();
    tokens
}

fn refresh<S: Store + CatalogRepository>(world: &World<S>, token: &str) -> Result<LegacyTokens, TokenError> {
    now_or_never(world.engine.refresh_legacy(&Secret::new(token.into()))).map(|(tokens, _)| tokens)
}

/// S000-57, C-14.
#[test]
fn a_sign_in_gives_a_pair_that_existing_resource_servers_read() {
    let world = World::new();
    let tokens = sign_in(&world);
    assert_eq!((tokens.token_type, tokens.expires_in), ("Bearer", 1_800));
    let compact = Compact::parse(&tokens.access_token).unwrap();
    assert_eq!((compact.algorithm(), compact.key_id()), ("HS256", None));
    let claims = claims_of(&tokens.access_token);
    assert_eq!((&claims["sub"], &claims["user_id"]), (&json!(ALICE), &json!(ALICE)));
    assert_eq!(claims["type"], "access");
    assert_eq!(claims_of(&tokens.refresh_token)["type"], "refresh");
}

/// S000-58, C-07.
#[test]
fn the_bearer_of_a_legacy_token_is_told_who_it_is() {
    let world = World::new();
    let tokens = sign_in(&world);
    let Ok(Me::Legacy(account)) = now_or_never(world.engine.me(&tokens.access_token)) else { panic!("not legacy") };
    assert_eq!((account.email.as_str(), account.username.as_str()), ("alice@example.com", "alice"));
    let refused = now_or_never(world.engine.me(&tokens.refresh_token));
    assert!(matches!(refused, Err(BearerError::Invalid(TokenFault::Signature))), "a refresh token opens nothing");
}

#[test]
fn the_bearer_of_an_oauth_token_needs_the_scope_profile() {
    let world = World::new();
    let me = |scope| now_or_never(world.engine.me(&world.tokens(scope).access_token));
    assert_eq!(me("read profile").unwrap().subject().unwrap().id, subject().id);
    assert!(matches!(me("read"), Err(BearerError::Scope("profile"))));
}

/// S000-59, C-03.
#[test]
fn a_legacy_refresh_gives_a_legacy_pair_once() {
    let world = World::new();
    let tokens = sign_in(&world);
    let next = refresh(&world, &tokens.refresh_token).unwrap();
    assert!(matches!(now_or_never(world.engine.me(&next.access_token)), Ok(Me::Legacy(_))));
    assert!(matches!(refresh(&world, &tokens.refresh_token), Err(TokenError::Grant(GrantError::LegacyInvalid))));
    assert!(refresh(&world, &next.refresh_token).is_ok());
    assert!(refresh(&world, &next.access_token).is_err(), "an access token refreshes nothing");
}

#[test]
fn a_legacy_refresh_that_loses_its_race_is_refused() {
    let world = World::over(|memory| LosingStore::new(memory, Fate::Fair), vec![client("app")], |_| {});
    let tokens = sign_in(&world);
    world.engine.services().store.set(Fate::Unlucky);
    assert!(matches!(refresh(&world, &tokens.refresh_token), Err(TokenError::Contended)));
    world.engine.services().store.set(Fate::Beaten);
    assert!(matches!(refresh(&world, &tokens.refresh_token), Err(TokenError::Grant(GrantError::LegacyInvalid))));
}

/// SECURITY.md row 16.
#[test]
fn each_use_asks_for_the_account_anew() {
    let world = World::new();
    let tokens = sign_in(&world);
    world.memory.put_subject(Subject { status: AccountStatus::Disabled, ..subject() });
    assert!(refresh(&world, &tokens.refresh_token).is_err());
    assert!(now_or_never(world.engine.me(&tokens.access_token)).is_err());
}

#[test]
fn a_revoked_legacy_token_is_dead_and_unknown_ones_are_a_success() {
    let world = World::new();
    let tokens = sign_in(&world);
    for token in ["", "unknown", "a.b.c", tokens.access_token.as_str(), tokens.refresh_token.as_str()] {
        now_or_never(world.engine.revoke_legacy(&Secret::new(token.into()))).unwrap();
    }
    assert!(now_or_never(world.engine.me(&tokens.access_token)).is_err());
    assert!(refresh(&world, &tokens.refresh_token).is_err());
}

/// MIGRATION 3: after the cut-off tokens of before live on, and none is made any more.
#[test]
fn after_the_cut_off_old_tokens_live_on_and_no_new_ones_are_made() {
    let mut world = World::new();
    let tokens = sign_in(&world);
    world.administer(|records| {
        let until = at(10).micros().to_string();
        records.settings.insert(CatalogRecords::LEGACY_TOKENS_UNTIL.into(), until);
    });
    world.set_time(9);
    let next = refresh(&world, &tokens.refresh_token).unwrap();
    world.set_time(10);
    assert!(refresh(&world, &next.refresh_token).is_err());
    assert!(world.engine.legacy_pair(&subject(), "alice@example.com", at(10)).is_err());
    assert!(now_or_never(world.engine.me(&next.access_token)).is_ok(), "until it expires");
    assert!(now_or_never(world.engine.userinfo(&next.access_token)).is_err(), "only while such tokens are issued");
}

/// C-02: the switch of the installation.
#[test]
fn with_the_legacy_doors_closed_nothing_new_is_issued() {
    let mut world = World::new();
    let tokens = sign_in(&world);
    world.administer(|records| {
        records.settings.insert(CatalogRecords::LEGACY_LOGIN_ENABLED.into(), "false".into());
    });
    assert!(refresh(&world, &tokens.refresh_token).is_err());
    assert!(world.engine.legacy_pair(&subject(), "alice@example.com", at(0)).is_err());
    assert!(now_or_never(world.engine.me(&tokens.access_token)).is_ok());
}

#[test]
fn userinfo_answers_a_legacy_token_in_its_own_terms() {
    let world = World::new();
    let claims = now_or_never(world.engine.userinfo(&sign_in(&world).access_token)).unwrap();
    assert_eq!((&claims["sub"], &claims["email"]), (&json!(ALICE), &json!("alice@example.com")));
    assert_eq!((&claims["username"], &claims["is_admin"]), (&json!("alice"), &json!(false)));
}

/// SECURITY.md 5: a legacy token never carries an OAuth scope.
#[test]
fn a_legacy_token_opens_no_door_of_oauth() {
    let world = World::new();
    world.memory.put_subject(Subject { is_admin: true, ..subject() });
    let token = sign_in(&world).access_token;
    assert!(now_or_never(world.engine.bearer(&token, "admin")).is_err());
    assert!(world.refresh(&sign_in(&world).refresh_token).is_err(), "with a client it is refused");
}

#[test]
fn a_trusted_gateway_may_introspect_legacy_tokens() {
    let mut gateway = client("gateway");
    gateway.introspection = IntrospectionPolicy::All;
    let world = World::with(vec![client("app"), gateway], |_| {});
    let token = sign_in(&world).access_token;
    let ask = |caller| now_or_never(world.engine.introspect(world.as_client(caller), &token)).unwrap();
    assert_eq!(ask("gateway").sub.as_deref(), Some(ALICE));
    assert!(!ask("app").active);
}

#[test]
fn without_the_old_secrets_there_is_no_legacy_contract() {
    let world = World::with(vec![client("app")], |settings| settings.legacy = None);
    let tokens = sign_in(&World::new());
    assert!(world.engine.legacy_pair(&subject(), "a@example.com", at(0)).is_err());
    assert!(refresh(&world, &tokens.refresh_token).is_err());
    assert!(now_or_never(world.engine.me(&tokens.access_token)).is_err());
}

/// MIGRATION 3.4: who was moved on is refused as if the token were none, and only the log says why.
#[test]
fn a_refresh_respects_how_the_account_signs_in_and_its_policy() {
    let world = World::new();
    let tokens = sign_in(&world);
    let alice = world.memory.account(subject().id).unwrap();
    let policy = |mode| Some(Box::new(Policy { mode, ..Policy::default() }));
    let by =
        |mode| LegacyAccount { subject: Subject { policy: policy(mode), ..alice.subject.clone() }, ..alice.clone() };
    for moved in [LegacyAccount { legacy_login: false, ..alice.clone() }, by(Mode::OauthOnly)] {
        world.memory.put_account(moved);
        let refused = refresh(&world, &tokens.refresh_token).unwrap_err();
        assert!(matches!(refused, TokenError::Grant(GrantError::LegacyMoved)), "{refused}");
        let unknown = TokenError::Grant(GrantError::LegacyInvalid);
        assert_eq!(refused.wire(), unknown.wire());
        assert!(refused.to_string().contains("policy"));
    }
    world.memory.put_account(by(Mode::Password));
    assert!(refresh(&world, &tokens.refresh_token).is_ok());
}

/// C-31: whatever the switches say.
#[test]
fn after_the_end_of_the_migration_nothing_of_it_lives() {
    let mut world = World::new();
    let tokens = sign_in(&world);
    world.administer(|records| {
        records.settings.insert(CatalogRecords::FINALIZATION.into(), "{}".into());
        records.settings.insert(CatalogRecords::LEGACY_LOGIN_ENABLED.into(), "true".into());
    });
    assert!(world.engine.legacy_pair(&subject(), "a@example.com", at(0)).is_err());
    assert!(refresh(&world, &tokens.refresh_token).is_err());
    assert!(now_or_never(world.engine.me(&tokens.access_token)).is_err());
    world.administer(|records| {
        records.settings.insert(CatalogRecords::FINALIZATION.into(), "null".into());
    });
    assert!(now_or_never(world.engine.me(&tokens.access_token)).is_ok());
    assert!(refresh(&world, &tokens.refresh_token).is_ok());
}

/// C-02: the switch of a tenant.
#[test]
fn a_tenant_whose_doors_are_closed_gets_nothing_new() {
    let mut world = World::new();
    let id = TenantId::from_uuid(uuid::Uuid::from_u128(1));
    let alice = Subject { tenant: Some(TenantRef { id, slug: "acme".into(), active: true }), ..subject() };
    for (legacy_login, issued) in [(true, true), (false, false)] {
        world.administer(|records| {
            let (slug, name) = ("acme".into(), "Acme".into());
            records.tenants = vec![TenantRecord { id, slug, name, active: true, legacy_login }];
        });
        let pair = world.engine.legacy_pair(&alice, "alice@example.com", at(0));
        assert_eq!(pair.is_ok(), issued, "{legacy_login}");
        assert_eq!(matches!(pair, Err(TokenError::Grant(GrantError::LegacyMoved))), !issued);
    }
}

/// G7: a refresh token of the older program that is no JWT, known by its hash; and the family that it is of.
#[test]
fn an_imported_refresh_token_gives_a_legacy_pair_once_and_its_copy_ends_the_family() {
    let world = World::new();
    let opaque = |text: &str| LegacyTokenId::of_opaque(TokenHash::of(text.as_bytes()));
    let put = |text: &str, expires_at, dead, family| {
        let whose = (subject().id, LegacyTokenType::Refresh);
        world.memory.put_legacy_token(opaque(text), whose, (expires_at, dead), family);
    };
    put("live-1", at(600), false, Some("f"));
    put("sibling", at(600), false, Some("f"));
    put("another", at(600), false, Some("g"));
    put("expired", at(-1), false, None);
    put("dead", at(600), true, None);
    for over in ["expired", "dead", "forged", "LIVE-1", ""] {
        assert!(refresh(&world, over).is_err(), "{over}");
    }
    let tokens = refresh(&world, "live-1").unwrap();
    assert!(now_or_never(world.engine.me(&tokens.access_token)).is_ok());
    let next = refresh(&world, &tokens.refresh_token).unwrap();
    // The copy of a spent one ends what came from it and what lay beside it, and nothing else.
    assert!(refresh(&world, "live-1").is_err());
    assert!(refresh(&world, &next.refresh_token).is_err());
    assert!(refresh(&world, "sibling").is_err());
    assert!(refresh(&world, "another").is_ok());
}

fn api_key(text: &str) -> ApiKey {
    ApiKey {
        id: ApiKeyId::from_uuid(uuid::Uuid::from_u128(text.len() as u128)),
        user: subject().id,
        client: None,
        scope: ScopeSet::parse("read").unwrap(),
        label: "ci".into(),
        hash: TokenHash::of(text.as_bytes()),
        created_at: at(0),
        expires_at: None,
        revoked_at: None,
        uses: 0,
        last_used_at: None,
    }
}

/// C-32: a key is taken while its account is on both ways; whatever is wrong with another, the answer is the same.
#[test]
fn an_api_key_of_the_older_program_counts_while_its_account_is_on_both_ways() {
    let mut world = World::new();
    world.memory.put_api_key(api_key("k"));
    world.memory.put_api_key(ApiKey { revoked_at: Some(at(0)), ..api_key("k2") });
    world.memory.put_api_key(ApiKey { expires_at: Some(at(-1)), ..api_key("k-3") });
    let me = |world: &World, key: &str| now_or_never(world.engine.me(key));
    assert!(me(&world, "k").is_ok());
    let listed = now_or_never(world.memory.api_keys(None, 10)).unwrap();
    assert_eq!(listed.iter().map(|key| key.uses).collect::<Vec<_>>(), [1, 0, 0]);
    let unknown = me(&world, "nobody's").unwrap_err().wire();
    for over in ["k2", "k-3"] {
        assert_eq!(me(&world, over).unwrap_err().wire(), unknown, "{over}");
    }
    let alice = world.memory.account(subject().id).unwrap();
    for moved in [
        LegacyAccount { legacy_login: false, ..alice.clone() },
        LegacyAccount { is_locked: true, ..alice.clone() },
        LegacyAccount {
            subject: Subject {
                policy: Some(Box::new(Policy { mode: Mode::OauthOnly, ..Policy::default() })),
                ..alice.subject.clone()
            },
            ..alice.clone()
        },
    ] {
        world.memory.put_account(moved);
        assert_eq!(me(&world, "k").unwrap_err().wire(), unknown);
    }
    world.memory.put_account(alice);
    assert!(me(&world, "k").is_ok());
    world.administer(|records| {
        records.settings.insert(CatalogRecords::FINALIZATION.into(), "{}".into());
    });
    assert_eq!(me(&world, "k").unwrap_err().wire(), unknown, "the end of the migration ends keys, too");
}
