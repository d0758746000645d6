//! What the cases are made of: a clock that stands still, ids that count up, and short ways to a user, a session, a code.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use authly_directory::{
    account::NewAccount,
    identifier::Identifier,
    password::StoredHash,
    store::{Attempt, Device, SignIn},
};
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    client::{
        AssertionAudience, AuthMethod, Client, ClientState, ClientType, ConsentPolicy, IntrospectionPolicy, PkcePolicy,
    },
    crypto::Algorithm,
    ids::{AccessTokenId, AuditId, ClientId, ClientKey, GrantId, GroupId, ScopeKey, SessionId, TenantId, UserId},
    pkce::CodeProof,
    redirect::{ApplicationType, RedirectUri},
    scope::ScopeSet,
    services::Random,
    session::{AuthenticationMethod, NewSession},
    store::{
        Commit, Grant, NewAuthorization, NewRefreshToken, Redemption, Revocation, RevocationReason, Rotation,
        SpentAssertion, StoreError, StoreErrorKind,
    },
    subject::AccountStatus,
    time::Timestamp,
    token::TokenHash,
};

use crate::WholeStore;

/// One case's surroundings.
pub struct World<S> {
    pub(crate) store: Arc<S>,
    /// The instant at which the case plays, with microseconds that a store must not lose.
    pub(crate) now: Timestamp,
    counter: Counter,
}

/// Randomness that never repeats and is the same in every run.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let seed = TokenHash::of(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes.iter_mut().zip(seed.bytes().iter().cycle()).for_each(|(byte, noise)| *byte = *noise);
    }
}

impl<S: WholeStore> World<S> {
    /// The surroundings of one case on a fresh, empty store.
    pub fn new(store: S) -> Self {
        Self { store: Arc::new(store), now: Timestamp::from_micros(1_700_000_000_123_457), counter: Counter::default() }
    }

    pub(crate) fn later(&self, seconds: u64) -> Timestamp {
        self.now.plus(Duration::from_secs(seconds))
    }

    pub(crate) fn earlier(&self, seconds: u64) -> Timestamp {
        self.now.minus(Duration::from_secs(seconds))
    }

    pub(crate) fn hash(&self) -> TokenHash {
        let mut bytes = [0; 32];
        self.counter.fill(&mut bytes);
        TokenHash::from_bytes(bytes)
    }

    pub(crate) fn jti(&self) -> AccessTokenId {
        AccessTokenId::generate(self.now, &self.counter)
    }

    pub(crate) fn scope_key(&self) -> ScopeKey {
        ScopeKey::generate(self.now, &self.counter)
    }

    pub(crate) fn tenant_id(&self) -> TenantId {
        TenantId::generate(self.now, &self.counter)
    }

    pub(crate) fn group_id(&self) -> GroupId {
        GroupId::generate(self.now, &self.counter)
    }

    pub(crate) fn client_key(&self) -> ClientKey {
        ClientKey::generate(self.now, &self.counter)
    }

    pub(crate) fn legacy_id(&self) -> oauth_core::ids::LegacyTokenId {
        oauth_core::ids::LegacyTokenId::generate(self.now, &self.counter)
    }

    /// A user id that sorts after those made for earlier instants.
    pub(crate) fn user_id(&self) -> UserId {
        UserId::generate(self.later(self.counter.0.load(Ordering::Relaxed)), &self.counter)
    }

    pub(crate) fn audit(&self, kind: AuditKind) -> AuditEvent {
        AuditEvent {
            id: AuditId::generate(self.now, &self.counter),
            at: self.now,
            kind,
            user: None,
            client: None,
            address: Some("2001:db8::1".to_owned()),
            detail: serde_json::json!({ "name": "Zoë \u{1f511} \"quoted\"", "list": [1, null, true] }),
        }
    }

    /// An account named so, with the password hash `hash of <name>`.
    pub(crate) fn new_account(&self, name: &str) -> NewAccount {
        NewAccount {
            id: self.user_id(),
            tenant: None,
            email: format!("{name}@example.org"),
            username: name.to_owned(),
            hash: Some(hash_of(name)),
            older_hash: None,
            is_verified: true,
            is_admin: false,
            status: AccountStatus::Active,
            roles: vec!["reader".to_owned()],
            profile: oauth_core::claims::Profile::default(),
            created_at: self.now,
        }
    }

    pub(crate) async fn create(&self, account: NewAccount) -> UserId {
        let id = account.id;
        self.store.create_account(account, self.audit(AuditKind::AccountCreated)).await.unwrap();
        id
    }

    pub(crate) async fn user(&self, name: &str) -> UserId {
        self.create(self.new_account(name)).await
    }

    pub(crate) fn new_client(&self, id: &str) -> Client {
        Client {
            key: self.client_key(),
            id: ClientId::parse(id).unwrap(),
            name: format!("Client {id}"),
            kind: ClientType::Public,
            application: ApplicationType::Web,
            auth_method: AuthMethod::None,
            secrets: Vec::new(),
            imported_secret: None,
            jwks: None,
            jwks_uri: None,
            redirect_uris: vec![RedirectUri::stored("https://app.example/cb".to_owned())],
            post_logout_redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            scopes: ScopeSet::default(),
            audiences: Vec::new(),
            pkce: PkcePolicy::Required,
            consent: ConsentPolicy::Asked,
            introspection: IntrospectionPolicy::Own,
            assertion_audience: AssertionAudience::Issuer,
            tenant: None,
            challenge: oauth_core::client::ChallengePolicy::Closed,
            id_token_alg: Algorithm::RS256,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            state: ClientState::Active,
            created_at: self.now,
            updated_at: self.now,
        }
    }

    pub(crate) async fn client(&self, id: &str) -> ClientKey {
        let client = self.new_client(id);
        self.store.create_client(&client, self.audit(AuditKind::ClientChanged)).await.unwrap();
        client.key
    }

    pub(crate) fn new_session(&self, user: UserId) -> NewSession {
        NewSession {
            id: SessionId::generate(self.now, &self.counter),
            token: self.hash(),
            user,
            begun_at: self.now,
            authenticated_at: Some(self.now),
            methods: vec![AuthenticationMethod::Pwd],
            idle_expires_at: self.later(1_800),
            expires_at: self.later(43_200),
            remembered: false,
            user_agent: None,
            address: None,
            grants_end_at: None,
            replaces: None,
        }
    }

    /// A sign-in of the user named so.
    pub(crate) fn new_sign_in(&self, user: UserId, name: &str) -> SignIn {
        SignIn {
            user,
            verified: hash_of(name),
            device: Device::Unknown,
            at: self.now,
            session: None,
            legacy: None,
            legacy_use_at: None,
            audit: None,
        }
    }

    /// Signs the user named so in with this session.
    pub(crate) async fn begin(&self, name: &str, session: NewSession) -> NewSession {
        let write = SignIn { session: Some(session.clone()), ..self.new_sign_in(session.user, name) };
        assert_eq!(self.store.complete_sign_in(write).await.unwrap(), Commit::Applied);
        session
    }

    pub(crate) fn new_grant(&self, user: UserId, client: ClientKey, session: Option<SessionId>) -> Grant {
        Grant {
            id: GrantId::generate(self.now, &self.counter),
            user,
            client,
            tenant: None,
            session,
            scope: ScopeSet::parse("openid read offline_access").unwrap(),
            resources: Vec::new(),
            authenticated_at: Some(self.now),
            methods: vec![AuthenticationMethod::Pwd],
            created_at: self.now,
            revoked_at: None,
        }
    }

    pub(crate) fn new_authorization(&self, grant: Grant) -> NewAuthorization {
        NewAuthorization {
            grant,
            code: self.hash(),
            redirect_uri: RedirectUri::stored("https://app.example/cb".to_owned()),
            proof: CodeProof::None,
            nonce: None,
            expires_at: self.later(60),
            consent: None,
            first: true,
            audit: None,
        }
    }

    /// Issues a code; returns it with its grant.
    pub(crate) async fn code(&self, grant: Grant) -> (TokenHash, GrantId) {
        let write = self.new_authorization(grant);
        let (code, grant) = (write.code, write.grant.id);
        assert_eq!(self.store.issue_code(write).await.unwrap(), Commit::Applied);
        (code, grant)
    }

    /// A user, a client and a code between them, without a session.
    pub(crate) async fn lone_code(&self) -> (TokenHash, GrantId) {
        let (user, client) = (self.user("ada").await, self.client("app").await);
        self.code(self.new_grant(user, client, None)).await
    }

    pub(crate) fn new_token(&self) -> NewRefreshToken {
        NewRefreshToken { hash: self.hash(), expires_at: self.later(86_400) }
    }

    pub(crate) fn redemption(&self, (code, grant): (TokenHash, GrantId)) -> Redemption {
        Redemption { code, grant, at: self.later(1), refresh: Some(self.new_token()), assertion: None }
    }

    /// Redeems a code for a refresh token.
    pub(crate) async fn token(&self, code: (TokenHash, GrantId)) -> (TokenHash, GrantId) {
        let write = self.redemption(code);
        let token = write.refresh.as_ref().unwrap().hash;
        assert_eq!(self.store.redeem_code(write).await.unwrap(), Commit::Applied);
        (token, code.1)
    }

    /// A user, a client and a refresh token between them, without a session.
    pub(crate) async fn lone_token(&self) -> (TokenHash, GrantId) {
        let code = self.lone_code().await;
        self.token(code).await
    }

    pub(crate) fn rotation(&self, (spent, grant): (TokenHash, GrantId)) -> Rotation {
        Rotation {
            spent,
            grant,
            at: self.later(2),
            next: self.new_token(),
            sealed_next: Some(vec![0, 255, 7]),
            assertion: None,
        }
    }

    pub(crate) fn revocation(&self, grant: GrantId) -> Revocation {
        Revocation { grant, at: self.later(3), reason: RevocationReason::Replay, audit: None }
    }

    pub(crate) async fn revoke(&self, grant: GrantId) {
        self.store.revoke_grant(self.revocation(grant)).await.unwrap();
    }

    pub(crate) fn assertion(&self, client: ClientKey) -> SpentAssertion {
        SpentAssertion { client, jti: self.hash(), expires_at: self.later(300) }
    }

    /// Whether the grant is revoked.
    pub(crate) async fn is_revoked(&self, grant: GrantId) -> bool {
        let found = self.store.grant(grant, self.jti()).await.unwrap().unwrap();
        found.grant.revoked_at.is_some()
    }

    /// An attempt that locks at five, for an hour, and forgets after ten minutes.
    pub(crate) fn attempt(&self, identifier: &str, at: Timestamp) -> Attempt {
        Attempt {
            identifier: Identifier::parse(identifier).unwrap(),
            tenant: None,
            known_device: None,
            at,
            forget_before: at.minus(Duration::from_secs(600)),
            max_failures: 5,
            lock_until: at.plus(Duration::from_secs(3_600)),
        }
    }

    /// How many audit events of that kind there are.
    pub(crate) async fn logged(&self, kind: AuditKind) -> usize {
        self.store.audit_events(1_000).await.unwrap().iter().filter(|event| event.kind == kind).count()
    }
}

/// The password hash of the account named so.
pub(crate) fn hash_of(name: &str) -> StoredHash {
    StoredHash::new(format!("hash of {name}"))
}

/// Whether a write was refused because this unique value is taken.
#[track_caller]
pub(crate) fn assert_conflict<T: std::fmt::Debug>(answer: Result<T, StoreError>, constraint: &str) {
    match answer {
        Err(StoreError { kind: StoreErrorKind::Conflict(name), .. }) => assert_eq!(name, constraint),
        other => panic!("expected a conflict of {constraint}, not {other:?}"),
    }
}
