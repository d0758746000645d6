-- The first structure: accounts, tenants, clients, grants and what hangs on them.
-- Times are microseconds since 1970-01-01T00:00:00Z, ids are the 16 bytes of a UUID, hashes are SHA-256; flags are 0 or 1.
-- Tables that are looked up by a hash alone are their own index (WITHOUT ROWID): one tree to write instead of two.

CREATE TABLE revision (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    number   INTEGER NOT NULL
) STRICT;
INSERT INTO revision (only_row, number) VALUES (1, 1);

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug         TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    active       INTEGER NOT NULL,
    legacy_login INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

-- `email_folded` and `username_folded` hold what comparisons that ignore case are made with.
-- `upgraded_hash` wins over `password_hash` where both are set.
CREATE TABLE users (
    id              BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id       BLOB REFERENCES tenants (id),
    email           TEXT NOT NULL,
    email_folded    TEXT NOT NULL UNIQUE,
    username        TEXT NOT NULL,
    username_folded TEXT NOT NULL UNIQUE,
    password_hash   TEXT,
    upgraded_hash   TEXT,
    password_set_at INTEGER,
    status          TEXT NOT NULL,
    is_admin        INTEGER NOT NULL,
    is_verified     INTEGER NOT NULL,
    is_locked       INTEGER NOT NULL,
    reset_required  INTEGER NOT NULL,
    legacy_login    INTEGER NOT NULL,
    roles           TEXT NOT NULL,
    profile         TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    last_login_at   INTEGER
) STRICT;
CREATE INDEX users_tenant ON users (tenant_id, id) WHERE tenant_id IS NOT NULL;

CREATE TABLE groups (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id   BLOB REFERENCES tenants (id),
    name        TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX groups_name ON groups (ifnull(tenant_id, x''), name);

CREATE TABLE group_members (
    user_id  BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id BLOB NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_group ON group_members (group_id);

-- Failures of unknown devices stand under 16 zero bytes.
CREATE TABLE login_failures (
    user_id        BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device         BLOB NOT NULL CHECK (length(device) = 16),
    failures       INTEGER NOT NULL,
    last_failed_at INTEGER NOT NULL,
    forget_at      INTEGER NOT NULL,
    locked_until   INTEGER,
    PRIMARY KEY (user_id, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
    key                            BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
    client_id                      TEXT NOT NULL UNIQUE,
    name                           TEXT NOT NULL,
    client_type                    TEXT NOT NULL,
    application_type               TEXT NOT NULL,
    auth_method                    TEXT NOT NULL,
    imported_secret                TEXT,
    jwks                           TEXT,
    jwks_uri                       TEXT,
    redirect_uris                  TEXT NOT NULL,
    post_logout_redirect_uris      TEXT NOT NULL,
    grant_types                    TEXT NOT NULL,
    audiences                      TEXT NOT NULL,
    require_pkce                   INTEGER NOT NULL,
    ask_consent                    INTEGER NOT NULL,
    introspects_all                INTEGER NOT NULL,
    token_endpoint_audience        INTEGER NOT NULL,
    id_token_signed_response_alg   TEXT NOT NULL,
    client_uri                     TEXT,
    logo_uri                       TEXT,
    policy_uri                     TEXT,
    tos_uri                        TEXT,
    is_active                      INTEGER NOT NULL,
    created_at                     INTEGER NOT NULL,
    updated_at                     INTEGER NOT NULL
) STRICT;

CREATE TABLE client_secrets (
    client     BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (client, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE scopes (
    key         BLOB NOT NULL PRIMARY KEY CHECK (length(key) = 16),
    name        TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    is_default  INTEGER NOT NULL,
    is_active   INTEGER NOT NULL
) STRICT;

-- What a client may ask for, by name and in order.
CREATE TABLE client_scopes (
    client   BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    scope    TEXT NOT NULL,
    PRIMARY KEY (client, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_keys (
    kid                TEXT NOT NULL PRIMARY KEY,
    algorithm          TEXT NOT NULL,
    public_jwk         TEXT NOT NULL,
    sealed_private_jwk BLOB NOT NULL,
    state              TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    activated_at       INTEGER,
    retired_at         INTEGER,
    remove_at          INTEGER
) STRICT;
CREATE UNIQUE INDEX signing_keys_current ON signing_keys (algorithm) WHERE state = 'current';

CREATE TABLE sessions (
    id               BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    token            BLOB NOT NULL UNIQUE CHECK (length(token) = 32),
    user_id          BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    authenticated_at INTEGER NOT NULL,
    methods          TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    last_seen_at     INTEGER NOT NULL,
    idle_expires_at  INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    remembered       INTEGER NOT NULL,
    ended_at         INTEGER,
    user_agent       TEXT,
    address          TEXT
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE consents (
    user_id    BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client     BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    scope      TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, client)
) STRICT, WITHOUT ROWID;

-- A grant never outlives its session's row, so `session_id` always leads somewhere while the grant counts.
CREATE TABLE grants (
    id               BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id          BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client           BLOB NOT NULL REFERENCES clients (key),
    tenant_id        BLOB,
    session_id       BLOB,
    scope            TEXT NOT NULL,
    resources        TEXT NOT NULL,
    authenticated_at INTEGER NOT NULL,
    methods          TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    revoked_at       INTEGER,
    revoked_reason   TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_user ON grants (user_id, client);
CREATE INDEX grants_session ON grants (session_id) WHERE session_id IS NOT NULL;

CREATE TABLE authorization_codes (
    code           BLOB NOT NULL PRIMARY KEY CHECK (length(code) = 32),
    grant_id       BLOB NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    redirect_uri   TEXT NOT NULL,
    code_challenge TEXT,
    nonce          TEXT,
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX authorization_codes_grant ON authorization_codes (grant_id);
CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at);

-- `sealed_successor` is the next token's clear text under a key that only the bearer of this one has; wiped soon.
CREATE TABLE refresh_tokens (
    hash             BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    grant_id         BLOB NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    used_at          INTEGER,
    successor        BLOB,
    sealed_successor BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_grant ON refresh_tokens (grant_id, expires_at);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_sealed ON refresh_tokens (used_at) WHERE sealed_successor IS NOT NULL;

CREATE TABLE revoked_access_tokens (
    jti        BLOB NOT NULL PRIMARY KEY CHECK (length(jti) = 16),
    revoked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_access_tokens_expiry ON revoked_access_tokens (expires_at);

-- The `jti` of client assertions that were spent (RFC 7523 3).
CREATE TABLE replay (
    client     BLOB NOT NULL,
    jti        BLOB NOT NULL CHECK (length(jti) = 32),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (client, jti)
) STRICT, WITHOUT ROWID;
CREATE INDEX replay_expiry ON replay (expires_at);

-- Legacy tokens: `client_id` stays empty, a token that has one is not a legacy token.
CREATE TABLE tokens (
    jti         TEXT NOT NULL PRIMARY KEY,
    user_id     BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_type  TEXT NOT NULL,
    expires_at  INTEGER NOT NULL,
    invalidated INTEGER NOT NULL,
    client_id   TEXT,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE TABLE audit_events (
    id      BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    user_id BLOB,
    client  BLOB,
    address TEXT,
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX audit_events_at ON audit_events (at, id);
