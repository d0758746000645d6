//! Whatever tables held when a plan was made, it serves them when they are big: a plan lasts until they are analyzed again, which under
//! load is a minute with ten thousand rows more.

use authly_pg_fixture::{PgFixture, TestDatabase};
use oauth_core::{
    ids::GrantId,
    store::{NewRefreshToken, Redemption, Rotation},
    time::Timestamp,
    token::TokenHash,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    PgOptions, PgStore, accounts,
    codes::{CodeOf, REDEEM_ASSERTED, Redeem},
    connect::{BY_KEYS, TUNED},
    cutover::planned,
    grants::{AuthorizationOf, GrantOf, RevocationOf},
    invite,
    issue::Issue,
    legacy, mail, maintenance,
    reader::Lookup as _,
    refresh::{ROTATE_ASSERTED, RefreshOf, Rotate},
    sessions, sign_in, upstream,
    writer::Kind as _,
};

/// How many rows the tables may hold when a plan is made.
const HELD: [u32; 3] = [0, 1, 60];

/// How many come then, without anybody counting them.
const MORE: u32 = 3_000;

/// Lookups, alone and in groups, with the numbers of their parameters.
const LOOKUPS: [(&str, usize); 10] = [
    (AuthorizationOf::ONE, 2),
    (AuthorizationOf::MANY, 2),
    (CodeOf::ONE, 1),
    (CodeOf::MANY, 1),
    (GrantOf::ONE, 2),
    (GrantOf::MANY, 2),
    (RefreshOf::ONE, 1),
    (RefreshOf::MANY, 1),
    (RevocationOf::ONE, 1),
    (RevocationOf::MANY, 1),
];

/// Writes, alone and in groups.
const WRITES: [(&str, usize); 8] = [
    (Issue::ONE, 26),
    (Issue::MANY, 16),
    (Redeem::ONE, 5),
    (Redeem::MANY, 5),
    (REDEEM_ASSERTED, 8),
    (Rotate::ONE, 6),
    (Rotate::MANY, 6),
    (ROTATE_ASSERTED, 9),
];

/// Tables that grow.
const BIG: [&str; 24] = [
    "tenants",
    "groups",
    "users",
    "group_members",
    "login_failures",
    "source_links",
    "migration_pen",
    "migration_items",
    "invitations",
    "mail_outbox",
    "tokens",
    "legacy_families",
    "sessions",
    "grants",
    "consents",
    "issued_codes",
    "refresh_tokens",
    "refresh_successors",
    "revoked_access_tokens",
    "replay",
    "email_links",
    "upstream_links",
    "upstream_sign_ins",
    "upstream_sessions",
];

async fn site() -> (TestDatabase, PgStore, Client) {
    let database = PgFixture::empty().await;
    let store = PgStore::new(database.url(), PgOptions::default()).unwrap();
    store.migrate().await.unwrap();
    let client = store.own_connection().await.unwrap();
    let run =
        "INSERT INTO migration_runs (id, kind, source, profile, profile_digest, options, state, fence, started_at,
                                           heartbeat_at, last_seq, counters)
               VALUES (gen_random_uuid(), 'import', 'old', '', '', '{}', 'running', 1, now(), now(), 0, '{}')";
    client.batch_execute(run).await.unwrap();
    (database, store, client)
}

async fn set(client: &Client, settings: &[(&str, &str)]) {
    for (name, value) in settings {
        client.batch_execute(&format!("SET {name} = {value}")).await.unwrap();
    }
}

async fn hold_only(client: &Client, rows: u32) {
    client.batch_execute(&format!("TRUNCATE {} CASCADE", BIG.join(", "))).await.unwrap();
    let app = "INSERT INTO clients (client_id, client_name, client_type, redirect_uris) VALUES ('app', 'App', 'public', '{}')";
    client.batch_execute(app).await.unwrap();
    fill(client, rows).await;
    client.batch_execute(&format!("ANALYZE {}", BIG.join(", "))).await.unwrap();
}

/// For each account what a migration keeps of it, a session, and of it two grants with a code and a token each.
async fn fill(client: &Client, rows: u32) {
    let sql = format!(
        "WITH tenant AS (
           INSERT INTO tenants (id, slug, name, is_active, created_at, updated_at)
           SELECT id, id, id, TRUE, now(), now() FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, {rows})) n
           RETURNING id
         ), party AS (
           INSERT INTO groups (id, tenant_id, name, created_at)
           SELECT gen_random_uuid(), id, id, now() FROM tenant RETURNING id, tenant_id
         ), person AS (
           INSERT INTO users (id, tenant_id, email, username, external_subject)
           SELECT id, id, id || '@example.org', id, id FROM tenant
           RETURNING id
         ), failure AS (
           INSERT INTO login_failures (user_id, device, failures, last_failed_at, expires_at)
           SELECT id, '\\x00000000000000000000000000000000', 1, now(), now() FROM person
         ), member AS (
           INSERT INTO group_members (user_id, group_id) SELECT tenant_id, id FROM party
         ), letter AS (
           INSERT INTO mail_outbox (id, kind, recipient, user_id, sealed, state, attempts, created_at, next_at)
           SELECT id, '', '', id, '', 'sent', 1, now(), now() FROM person
         ), invitation AS (
           INSERT INTO invitations (user_id, mail) SELECT id, id FROM person
         ), pair AS (
           INSERT INTO tokens (jti, user_id, token_type, expires_at) SELECT id, id, 'access', now() FROM person
         ), family AS (
           INSERT INTO legacy_families (jti, family) SELECT id, id FROM person
         ), link AS (
           INSERT INTO source_links (source, source_id, user_id, base, run, at)
           SELECT 'old', id, id, '{{}}', gen_random_uuid(), now() FROM person
         ), pen AS (
           INSERT INTO migration_pen (source, source_id, kind, reason, label, run, at)
           SELECT 'old', id, 'conflict', '{{}}', '', gen_random_uuid(), now() FROM person
         ), item AS (
           INSERT INTO migration_items (run, seq, source, source_id, user_id, action, before, after, at)
           SELECT runs.id, runs.lines + row_number() OVER (), 'old', person.id, person.id, 'create', '{{}}', '{{}}', now()
             FROM person, (SELECT id, (SELECT count(*) FROM migration_items) AS lines FROM migration_runs) runs
         ), proof AS (
           INSERT INTO replay (client_id, jti, expires_at) SELECT gen_random_uuid(), id::text::bytea, now() FROM person
         ), mailed AS (
           INSERT INTO email_links (token, kind, user_id, address, mailed, created_at, expires_at)
           SELECT id::text::bytea, '', id, '', FALSE, now(), now() FROM person
         ), linked AS (
           INSERT INTO upstream_links (issuer, subject, user_id, linked_at, last_used_at)
           SELECT 'there', id, id, now(), now() FROM person
         ), leaving AS (
           INSERT INTO upstream_sign_ins (state, browser, provider, sealed, created_at, expires_at)
           SELECT id::text::bytea, '', 'there', '', now(), now() FROM person
         ), session AS (
           INSERT INTO sessions (id, token, user_id, authenticated_at, methods, created_at, last_seen_at, idle_expires_at,
                                 expires_at, remembered)
           SELECT gen_random_uuid(), id::text::bytea, id, now(), '{{}}', now(), now(), now(), now(), FALSE FROM person
           RETURNING id, user_id
         ), arrived AS (
           INSERT INTO upstream_sessions (session_id, issuer, subject, sid) SELECT id, 'there', user_id, id FROM session
         ), granted AS (
           INSERT INTO grants (id, user_id, client_id, session_id, scopes, resources, authenticated_at, methods, created_at,
                               check_at)
           SELECT gen_random_uuid(), user_id, gen_random_uuid(), id, '{{}}', '{{}}', now(), '{{}}', now(), now()
             FROM session, generate_series(1, 2)
           RETURNING id
         ), token AS (
           INSERT INTO refresh_tokens (hash, grant_id, created_at, expires_at)
           SELECT sha256(id::text::bytea), id, now(), now() FROM granted RETURNING hash
         ), successor AS (
           INSERT INTO refresh_successors (spent, sealed, used_at) SELECT hash, '', now() FROM token
         ), revoked AS (
           INSERT INTO revoked_access_tokens (jti, revoked_at, expires_at) SELECT id, now(), now() FROM granted
         ), consented AS (
           INSERT INTO consents (user_id, client_id, scopes, updated_at)
           SELECT person.id, clients.id, '{{}}', now() FROM person, clients
         )
         INSERT INTO issued_codes (hash, grant_id, redirect_uri, expires_at)
         SELECT sha256(id::text::bytea), id, '', now() FROM granted"
    );
    client.batch_execute(&sql).await.unwrap();
}

/// The plan of the statement that was prepared in this place.
async fn plan(client: &Client, place: usize, parameters: usize) -> Vec<String> {
    let asked = vec!["NULL"; parameters].join(", ");
    let plan = client.query(&format!("EXPLAIN (COSTS OFF) EXECUTE planned_{place} ({asked})"), &[]).await.unwrap();
    plan.iter().map(|row| row.get(0)).collect()
}

/// Every big table is read by what is asked for, in an index of such a name; what is asked for is more than a provider, which all have
/// in common.
fn must_go_by(index: &str, plan: &[String]) {
    let is_read =
        |line: &str| line.contains(" Scan ") && BIG.iter().any(|table| line.contains(&format!(" on {table}")));
    let many = ["idx_consents_client_id", "idx_group_members_group_id", "idx_users_tenant_id"];
    let read: Vec<usize> = (0..plan.len()).filter(|place| is_read(&plan[*place])).collect();
    assert!(!read.is_empty(), "{}", plan.join("\n"));
    for place in read {
        let asked = plan.get(place + 1).map_or("", String::as_str);
        let by_key = match plan[place].contains("Bitmap Heap Scan") {
            true => asked.contains("Recheck Cond:"),
            false => plan[place].contains(index) && asked.contains("Index Cond:"),
        };
        let of_all = asked.contains("issuer") && !["subject", "sid", "user_id"].iter().any(|one| asked.contains(one));
        let of_many = of_all || many.iter().any(|index| plan[place].contains(index));
        assert!(by_key && !of_many, "{}: reads the table:\n{}", plan[place], plan.join("\n"));
    }
}

async fn must_all_go_by(index: &str, client: &Client, statements: &[(&str, usize)]) {
    for held in HELD {
        hold_only(client, held).await;
        for (place, (statement, parameters)) in statements.iter().enumerate() {
            client.batch_execute(&format!("PREPARE planned_{place} AS {statement}")).await.unwrap();
            must_go_by(index, &plan(client, place, *parameters).await);
        }
        fill(client, MORE).await;
        for (place, (_, parameters)) in statements.iter().enumerate() {
            must_go_by(index, &plan(client, place, *parameters).await);
        }
        client.batch_execute("DEALLOCATE ALL").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lookups_find_each_key_by_an_index_whatever_the_tables_held() {
    let (_database, _store, client) = site().await;
    set(&client, &[TUNED, BY_KEYS].concat()).await;
    must_all_go_by(" Scan ", &client, &LOOKUPS).await;
}

/// By the key of the table: an index on grants would lead through all tokens that a grant ever had. The settings of grouped writes are
/// not needed for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_find_each_row_by_its_key_whatever_the_tables_held() {
    let (_database, _store, client) = site().await;
    set(&client, TUNED).await;
    must_all_go_by("_pkey", &client, &WRITES).await;
}

/// An account is found by each of its names while thousands are imported around it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_finds_its_account_by_an_index_whatever_the_tables_held() {
    let (_database, _store, client) = site().await;
    set(&client, TUNED).await;
    let statements = [sign_in::PLANNED.as_slice(), &sessions::PLANNED, &legacy::PLANNED, &accounts::PLANNED].concat();
    must_all_go_by(" Scan ", &client, &statements).await;
}

/// The first batches of an import are planned when there is next to nothing, and its last ones find a hundred thousand accounts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_finds_its_rows_by_an_index_whatever_the_tables_held() {
    let (_database, _store, client) = site().await;
    set(&client, TUNED).await;
    must_all_go_by(" Scan ", &client, &planned()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_finds_its_rows_by_an_index_whatever_the_tables_held() {
    let (_database, _store, client) = site().await;
    set(&client, TUNED).await;
    must_all_go_by(" Scan ", &client, &[invite::PLANNED.as_slice(), &mail::PLANNED].concat()).await;
}

/// Everybody may come from one provider, and each of them in one moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_from_a_provider_is_found_by_an_index_whatever_the_tables_held() {
    let (_database, _store, client) = site().await;
    set(&client, TUNED).await;
    must_all_go_by(" Scan ", &client, &[upstream::PLANNED.as_slice(), &upstream::ENTRY].concat()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_is_found_by_when_and_removed_by_its_key_whatever_the_tables_held() {
    let (_database, _store, client) = site().await;
    set(&client, TUNED).await;
    must_all_go_by(" Scan ", &client, &maintenance::PLANNED).await;
}

/// What the plans say, counted: a batch of two reads its rows and their grants, not the thousands beside them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_reads_the_rows_that_it_is_about_and_no_others() {
    let (_database, _store, client) = site().await;
    set(&client, TUNED).await;
    for held in HELD {
        hold_only(&client, held).await;
        let redeem = client.prepare(Redeem::MANY).await.unwrap();
        let rotate = client.prepare(Rotate::MANY).await.unwrap();
        // The plans are made now.
        assert_eq!(Redeem::many(&client, &redeem, &[&redemption(Uuid::nil())]).await.unwrap(), [] as [i64; 0]);
        assert_eq!(Rotate::many(&client, &rotate, &[&rotation(Uuid::nil())]).await.unwrap(), [] as [i64; 0]);
        fill(&client, MORE).await;
        let grants = client.query("SELECT id FROM grants ORDER BY id LIMIT 2", &[]).await.unwrap();
        let [one, other]: [Uuid; 2] = [grants[0].get(0), grants[1].get(0)];

        let (first, second) = (redemption(one), redemption(other));
        client.batch_execute("BEGIN").await.unwrap();
        let before = rows_read(&client).await;
        assert_eq!(Redeem::many(&client, &redeem, &[&first, &second]).await.unwrap().len(), 2);
        let read = rows_read(&client).await - before;
        assert!((4..=8).contains(&read), "{held}: {read} for codes");
        client.batch_execute("ROLLBACK").await.unwrap();

        let (first, second) = (rotation(one), rotation(other));
        client.batch_execute("BEGIN").await.unwrap();
        let before = rows_read(&client).await;
        assert_eq!(Rotate::many(&client, &rotate, &[&first, &second]).await.unwrap().len(), 2);
        let read = rows_read(&client).await - before;
        assert!((4..=8).contains(&read), "{held}: {read} for tokens");
        client.batch_execute("ROLLBACK").await.unwrap();
    }
}

/// Rows that this connection has read of the big tables since it last told of it, which is never within a transaction.
async fn rows_read(client: &Client) -> i64 {
    let sql = "SELECT sum(seq_tup_read + idx_tup_fetch)::bigint FROM pg_stat_xact_user_tables WHERE relname = ANY($1)";
    client.query_one(sql, &[&BIG.as_slice()]).await.unwrap().get(0)
}

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Of the code, or the token, that [`fill`] gave to a grant.
fn hash(grant: Uuid) -> TokenHash {
    TokenHash::of(grant.to_string().as_bytes())
}

fn redemption(grant: Uuid) -> Redemption {
    Redemption { code: hash(grant), grant: GrantId::from_uuid(grant), at: NOW, refresh: None, assertion: None }
}

fn rotation(grant: Uuid) -> Rotation {
    let next = NewRefreshToken { hash: TokenHash::of(format!("after {grant}").as_bytes()), expires_at: NOW };
    Rotation { spent: hash(grant), grant: GrantId::from_uuid(grant), at: NOW, next, sealed_next: None, assertion: None }
}
