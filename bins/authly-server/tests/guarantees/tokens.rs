//! G7: tokens of the older program that are alive stay so and dead ones stay dead, in every phase of a migration and over
//! restarts, on both stores.

use std::fs;

use authly_legacy_source::{Legacy, Plan};
use oauth_core::crypto::{Crypto as _, HmacAlgorithm};
use serde_json::{Value, json};

use crate::world::{Kind, World};

/// Where the older program keeps its tokens, for a profile.
const PROFILE: &str = r#"
[tokens]
table = "old_tokens"
key = "id"
user = "user_id"
token = "jti"
kind = "kind"
expires_at = "expires_at"
dead = { column = "invalidated", equals = true }
"#;

/// Rows of the older program: `jti`, kind, year in which it expires, whether it is dead.
const ROWS: [(&str, &str, u32, bool); 6] = [
    ("live-access", "access", 2099, false),
    ("live-refresh", "refresh", 2099, false),
    ("expired-access", "access", 2020, false),
    ("expired-refresh", "refresh", 2020, false),
    ("spent-access", "access", 2099, true),
    ("spent-refresh", "refresh", 2099, true),
];

/// The end of a token that has none to speak of, and one that is long past.
const LATER: i64 = 4_070_908_800;
const PAST: i64 = 1_577_836_800;

/// What somebody holds.
struct Held {
    email: String,
    access: String,
    refresh: String,
    dead_access: Vec<(String, String)>,
    dead_refresh: Vec<(String, String)>,
}

impl Held {
    /// Everything that the older program gave to `subject`, and what others made of it.
    fn of(world: &World, subject: &str, email: &str) -> Self {
        let secret = |name: &str| world.installation.setting(name).unwrap().to_owned();
        let (for_access, for_refresh) = (secret("JWT_SECRET_KEY"), secret("JWT_REFRESH_SECRET_KEY"));
        let plain = json!({ "alg": "HS256", "typ": "JWT" });
        let access = |jti: &str| signed(&plain, subject, "access", jti, LATER, &for_access);
        let refresh = |jti: &str| signed(&plain, subject, "refresh", jti, LATER, &for_refresh);
        let with =
            |header: &Value, end: i64, secret: &str| signed(header, subject, "access", "live-access", end, secret);
        let (unsigned, _) = with(&json!({ "alg": "none", "typ": "JWT" }), LATER, &for_access)
            .rsplit_once('.')
            .map(|(input, tag)| (format!("{input}."), tag.to_owned()))
            .unwrap();
        let dead_access = [
            ("expired by its row", access("expired-access")),
            ("expired by its claim", with(&plain, PAST, &for_access)),
            ("ended", access("spent-access")),
            ("never issued", access("nobody-issued-it")),
            ("signed by a stranger", with(&plain, LATER, "a secret that a stranger thought of, 32+")),
            ("signed with the other secret", with(&plain, LATER, &for_refresh)),
            ("not signed", unsigned),
            ("of another algorithm", with(&json!({ "alg": "HS512", "typ": "JWT" }), LATER, &for_access)),
            ("of a named key", with(&json!({ "alg": "HS256", "typ": "JWT", "kid": "1" }), LATER, &for_access)),
            ("a refresh token", refresh("live-refresh")),
            ("a refresh token that calls itself one for access", {
                signed(&plain, subject, "access", "live-refresh", LATER, &for_access)
            }),
        ];
        let dead_refresh = [
            ("expired by its row", refresh("expired-refresh")),
            ("expired by its claim", signed(&plain, subject, "refresh", "live-refresh", PAST, &for_refresh)),
            ("spent", refresh("spent-refresh")),
            ("never issued", refresh("nobody-issued-it")),
            ("signed with the other secret", signed(&plain, subject, "refresh", "live-refresh", LATER, &for_access)),
            ("an access token", access("live-access")),
        ];
        let owned =
            |list: &[(&str, String)]| list.iter().map(|(what, token)| ((*what).to_owned(), token.clone())).collect();
        Self {
            email: email.to_owned(),
            access: access("live-access"),
            refresh: refresh("live-refresh"),
            dead_access: owned(&dead_access),
            dead_refresh: owned(&dead_refresh),
        }
    }

    /// The live ones are good, the others are not; the refresh token is used, and its follower held from then on.
    async fn holds(&mut self, world: &World, phase: &str) {
        let (status, me) = world.get("/api/v1/users/me", &self.access).await;
        assert_eq!((status, me["email"].as_str()), (200, Some(self.email.as_str())), "{:?}, {phase}: {me}", world.kind);
        self.dead_stay_dead(world, phase).await;
        let (status, pair) = world.post("/auth/refresh", None, &json!({ "refresh_token": self.refresh })).await;
        assert_eq!(status, 200, "{:?}, {phase}: {pair}", world.kind);
        let next = |member: &str| pair[member].as_str().unwrap().to_owned();
        assert_eq!(world.get("/api/v1/users/me", &next("access_token")).await.0, 200, "{:?}, {phase}", world.kind);
        let spent = std::mem::replace(&mut self.refresh, next("refresh_token"));
        self.dead_refresh.push((format!("used: {phase}"), spent));
    }

    async fn dead_stay_dead(&self, world: &World, phase: &str) {
        for (what, token) in &self.dead_access {
            assert_eq!(world.get("/api/v1/users/me", token).await.0, 401, "{:?}, {phase}: {what}", world.kind);
        }
        for (what, token) in &self.dead_refresh {
            let (status, answer) = world.post("/auth/refresh", None, &json!({ "refresh_token": token })).await;
            assert_eq!(status, 400, "{:?}, {phase}: {what}: {answer}", world.kind);
        }
    }

    /// None is good, also those that were.
    async fn nothing_holds(&self, world: &World, phase: &str) {
        assert_eq!(world.get("/api/v1/users/me", &self.access).await.0, 401, "{:?}, {phase}", world.kind);
        let (status, answer) = world.post("/auth/refresh", None, &json!({ "refresh_token": self.refresh })).await;
        assert_eq!(status, 400, "{:?}, {phase}: {answer}", world.kind);
        self.dead_stay_dead(world, phase).await;
    }
}

/// A JWT as the older program signs it: HS256 whatever the header says.
fn signed(header: &Value, subject: &str, kind: &str, jti: &str, end: i64, secret: &str) -> String {
    let claims = json!({ "sub": subject, "jti": jti, "type": kind, "iat": 1_500_000_000, "exp": end });
    let encode = |bytes: &[u8]| {
        let text = openssl::base64::encode_block(bytes).replace('+', "-").replace('/', "_");
        text.trim_end_matches('=').to_owned()
    };
    let input = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    let tag = authly_jose::JoseCrypto.hmac(HmacAlgorithm::HS256, secret.as_bytes(), input.as_bytes());
    format!("{input}.{}", encode(&tag))
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_imported_live_and_die_as_in_their_own_program() {
    for kind in Kind::BOTH {
        let world = World::new(kind, Plan { users: 12, ..Plan::new(Legacy::LegacyUsers) }).await.with_stored_switch();
        let values: Vec<String> = ROWS
            .iter()
            .zip(1..)
            .map(|((jti, kind, year, dead), id)| {
                format!("({id}, 1, '{jti}', '{kind}', '{year}-01-01 00:00:00', (1 = {}))", u8::from(*dead))
            })
            .collect();
        world
            .change_source(&format!(
                "CREATE TABLE old_tokens (id INTEGER PRIMARY KEY, user_id INTEGER, jti VARCHAR(64), kind VARCHAR(20), expires_at TIMESTAMP, invalidated BOOLEAN);
                 INSERT INTO old_tokens VALUES {}",
                values.join(", ")
            ))
            .await;
        let profile = world.installation.folder().join("with-tokens.toml");
        fs::write(&profile, world.ok(&["migrate", "profile", "show", "legacy-users"]) + PROFILE).unwrap();
        let import = |what: &[&str]| {
            let source = ["import", "--execute", "--profile", profile.to_str().unwrap(), "--source", &world.source];
            let done = world.admin(&[&["migrate"], what, &source].concat());
            assert!(matches!(done.code, Some(0 | 2)), "{kind:?}: {done:?}");
        };
        let mut held = Held::of(&world, "1", &world.people[0].0);

        let server = world.serve();
        held.nothing_holds(&world, "before the import").await;
        import(&[]);
        held.nothing_holds(&world, "with accounts and no tokens").await;
        import(&["tokens"]);
        held.holds(&world, "imported").await;
        server.stop().unwrap();
        let server = world.serve();
        held.holds(&world, "after a restart").await;
        // The source still says that the first refresh token is good.
        import(&[]);
        import(&["tokens"]);
        held.holds(&world, "imported twice").await;
        world.ok(&["migrate", "oauth", "disable"]);
        held.holds(&world, "with OAuth off").await;
        world.ok(&["migrate", "oauth", "enable"]);
        held.holds(&world, "with OAuth on again").await;
        // What is ended in its own program meanwhile ends here, and nothing else does.
        world.change_source("UPDATE old_tokens SET invalidated = (1 = 1) WHERE jti = 'live-access'").await;
        import(&["tokens"]);
        assert_eq!(world.get("/api/v1/users/me", &held.access).await.0, 401, "{kind:?}: ended in the source");
        let (status, pair) = world.post("/auth/refresh", None, &json!({ "refresh_token": held.refresh })).await;
        assert_eq!(status, 200, "{kind:?}: {pair}");
        held.access = pair["access_token"].as_str().unwrap().to_owned();
        held.refresh = pair["refresh_token"].as_str().unwrap().to_owned();
        world.rollback(&["--all"]);
        held.nothing_holds(&world, "taken back").await;
        server.stop().unwrap();
    }
}

/// An adopted database, which only PostgreSQL has: its tokens are there from the first moment to the last.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_an_adopted_database_live_and_die_as_before_in_all_phases() {
    let world = World::in_place(Plan { users: 12, ..Plan::new(Legacy::Authly) }).await;
    let email = world.people[0].0.clone();
    for (jti, kind, year, dead) in ROWS {
        let row = format!(
            "INSERT INTO tokens (id, jti, user_id, token_type, expires_at, invalidated)
             SELECT gen_random_uuid(), '{jti}', id, '{kind}', '{year}-01-01 00:00:00', {dead} FROM users WHERE email = '{email}'"
        );
        world.change_source(&row).await;
    }
    world.ok(&["migrate", "schema", "up"]);
    let world = world.with_stored_switch();
    let subject = world.json(&["user", "show", &email])["id"].as_str().unwrap().to_owned();
    let mut held = Held::of(&world, &subject, &email);
    let server = world.serve();
    held.holds(&world, "adopted").await;
    world.import(&["--execute"]);
    held.holds(&world, "imported").await;
    server.stop().unwrap();
    let server = world.serve();
    held.holds(&world, "after a restart").await;
    world.ok(&["migrate", "oauth", "disable"]);
    held.holds(&world, "with OAuth off").await;
    world.ok(&["migrate", "oauth", "enable"]);
    held.holds(&world, "with OAuth on again").await;
    world.rollback(&["--all"]);
    held.holds(&world, "taken back").await;
    server.stop().unwrap();
}
