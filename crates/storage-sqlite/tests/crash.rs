//! A program that is killed in the middle of its work: what it answered is there, and nothing is there by half.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and the child learns its file by environment"
)]

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use authly_directory::{account::NewAccount, store::AccountRepository as _};
use authly_storage_sqlite::SqliteStore;
use oauth_core::{
    audit::{AuditEvent, AuditKind},
    claims::Profile,
    client::{
        AssertionAudience, AuthMethod, Client, ClientState, ClientType, ConsentPolicy, IntrospectionPolicy, PkcePolicy,
    },
    crypto::Algorithm,
    ids::{AuditId, ClientId, ClientKey, GrantId, UserId},
    pkce::CodeProof,
    redirect::{ApplicationType, RedirectUri},
    scope::ScopeSet,
    store::{
        CatalogRepository as _, Commit, Grant, GrantRepository as _, NewAuthorization, NewRefreshToken, Redemption,
        Rotation,
    },
    subject::AccountStatus,
    time::Timestamp,
    token::TokenHash,
};
use uuid::Uuid;

/// Where the child finds the file; unset in the test itself.
const FILE: &str = "AUTHLY_CRASH_TEST_FILE";
const CHAINS: u32 = 8;
const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

#[test]
fn a_killed_program_keeps_what_it_answered_and_nothing_by_half() {
    if let Some(file) = std::env::var_os(FILE) {
        rotate_for_ever(Path::new(&file));
    }
    let folder = tempfile::TempDir::new().unwrap();
    for round in 0..3 {
        let path = folder.path().join(format!("{round}.db"));
        SqliteStore::migrate(&path).unwrap();
        let answered = kill_in_the_middle(&path, 200 + round * 150);
        let store = SqliteStore::open(&path).unwrap();
        for (chain, place) in answered {
            block_on(check_chain(&store, chain, place));
        }
    }
}

/// Starts the child, reads so many of its answers, and kills it; returns how far each chain was answered.
fn kill_in_the_middle(path: &Path, answers: usize) -> Vec<(u32, u32)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_program_keeps_what_it_answered_and_nothing_by_half", "--nocapture"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut far = vec![0; CHAINS as usize];
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut take = |line: &str| {
        let Some((chain, place)) = line.strip_prefix("answered ").and_then(|rest| rest.split_once(' ')) else {
            return 0;
        };
        far[chain.parse::<usize>().unwrap()] = place.parse().unwrap();
        1
    };
    let mut seen = 0;
    while seen < answers {
        seen += take(&lines.next().unwrap().unwrap());
    }
    child.kill().unwrap();
    // What was on its way in the pipe was answered too.
    for line in lines.map_while(Result::ok) {
        take(&line);
    }
    child.wait().unwrap();
    (0..CHAINS).zip(far).collect()
}

/// Everything up to the last answer is spent, each spent token has its successor, and the last one can go on.
async fn check_chain(store: &SqliteStore, chain: u32, answered: u32) {
    let mut place = 0;
    loop {
        let found = store.refresh(token(chain, place)).await.unwrap();
        let Some(found) = found else { break };
        assert_eq!(found.grant.grant.id, grant_id(chain));
        match found.successor {
            Some(_) => assert!(found.used_at.is_some()),
            None => assert!(found.used_at.is_none()),
        }
        let is_last = found.used_at.is_none();
        place += 1;
        if is_last {
            break;
        }
    }
    assert!(place > answered, "chain {chain} was answered up to {answered} and ends before {place}");
    let write = rotation(chain, place);
    assert_eq!(store.rotate_refresh(write).await.unwrap(), Commit::Applied, "chain {chain} does not go on");
}

/// The child: never returns.
fn rotate_for_ever(path: &Path) -> ! {
    let store = Arc::new(SqliteStore::open(path).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        begin(&store).await;
        let chains: Vec<_> = (0..CHAINS)
            .map(|chain| {
                let store = store.clone();
                tokio::spawn(async move {
                    for place in 1.. {
                        assert_eq!(store.rotate_refresh(rotation(chain, place)).await.unwrap(), Commit::Applied);
                        println!("\nanswered {chain} {place}");
                    }
                })
            })
            .collect();
        for chain in chains {
            chain.await.unwrap();
        }
    });
    std::process::exit(1)
}

/// One user, one client, and the first token of each chain.
async fn begin(store: &SqliteStore) {
    store.create_account(account(), event(1)).await.unwrap();
    store.create_client(&client(), event(2)).await.unwrap();
    for chain in 0..CHAINS {
        let write = authorization(chain);
        let code = write.code;
        assert_eq!(store.issue_code(write).await.unwrap(), Commit::Applied);
        let refresh = Some(new_token(chain, 0));
        let write = Redemption { code, grant: grant_id(chain), at: NOW, refresh, assertion: None };
        assert_eq!(store.redeem_code(write).await.unwrap(), Commit::Applied);
    }
}

fn token(chain: u32, place: u32) -> TokenHash {
    TokenHash::of(format!("{chain}/{place}").as_bytes())
}

fn new_token(chain: u32, place: u32) -> NewRefreshToken {
    NewRefreshToken { hash: token(chain, place), expires_at: NOW }
}

fn grant_id(chain: u32) -> GrantId {
    GrantId::from_uuid(Uuid::from_u128(1_000 + u128::from(chain)))
}

/// The rotation that makes the token at `place`.
fn rotation(chain: u32, place: u32) -> Rotation {
    Rotation {
        spent: token(chain, place - 1),
        grant: grant_id(chain),
        at: NOW,
        next: new_token(chain, place),
        sealed_next: Some(vec![7; 100]),
        assertion: None,
    }
}

fn authorization(chain: u32) -> NewAuthorization {
    NewAuthorization {
        grant: Grant {
            id: grant_id(chain),
            user: UserId::from_uuid(Uuid::from_u128(1)),
            client: ClientKey::from_uuid(Uuid::from_u128(2)),
            tenant: None,
            session: None,
            scope: ScopeSet::parse("read").unwrap(),
            resources: Vec::new(),
            authenticated_at: Some(NOW),
            methods: Vec::new(),
            created_at: NOW,
            revoked_at: None,
        },
        code: token(chain, u32::MAX),
        redirect_uri: RedirectUri::stored("https://app.example/cb".to_owned()),
        proof: CodeProof::None,
        nonce: None,
        expires_at: NOW,
        consent: None,
        first: false,
        audit: None,
    }
}

fn account() -> NewAccount {
    NewAccount {
        id: UserId::from_uuid(Uuid::from_u128(1)),
        tenant: None,
        email: "ada@example.org".to_owned(),
        username: "ada".to_owned(),
        hash: None,
        older_hash: None,
        is_verified: true,
        is_admin: false,
        status: AccountStatus::Active,
        roles: Vec::new(),
        profile: Profile::default(),
        created_at: NOW,
    }
}

fn client() -> Client {
    Client {
        key: ClientKey::from_uuid(Uuid::from_u128(2)),
        id: ClientId::parse("app").unwrap(),
        name: "App".to_owned(),
        kind: ClientType::Public,
        application: ApplicationType::Web,
        auth_method: AuthMethod::None,
        secrets: Vec::new(),
        imported_secret: None,
        jwks: None,
        jwks_uri: None,
        redirect_uris: Vec::new(),
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
        created_at: NOW,
        updated_at: NOW,
    }
}

fn event(number: u128) -> AuditEvent {
    AuditEvent {
        id: AuditId::from_uuid(Uuid::from_u128(number)),
        at: NOW,
        kind: AuditKind::SettingChanged,
        user: None,
        client: None,
        address: None,
        detail: serde_json::Value::Null,
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}
