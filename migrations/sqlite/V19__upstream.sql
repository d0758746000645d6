-- Upstream providers: who is who there, sign-ins under way, and the sessions that came from one. A person has one account, an account
-- one person at each issuer.
CREATE TABLE upstream_links (
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    user_id      BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_at    INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (user_id, issuer)
) STRICT, WITHOUT ROWID;

-- Sealed under `state`, of which only the hash is known here.
CREATE TABLE upstream_sign_ins (
    state      BLOB NOT NULL PRIMARY KEY CHECK (length(state) = 32),
    browser    BLOB NOT NULL CHECK (length(browser) = 32),
    provider   TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_sign_ins_expiry ON upstream_sign_ins (expires_at);

CREATE TABLE upstream_sessions (
    session_id BLOB NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    sid        TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_sessions_subject ON upstream_sessions (issuer, subject);
CREATE INDEX upstream_sessions_sid ON upstream_sessions (issuer, sid) WHERE sid IS NOT NULL;
