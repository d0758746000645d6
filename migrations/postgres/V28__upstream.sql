-- Upstream providers: who is who there, sign-ins under way, and the sessions that came from one. A person has one account, an account
-- one person at each issuer.
CREATE TABLE upstream_links (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (issuer, subject),
    CONSTRAINT upstream_links_account UNIQUE (user_id, issuer)
);

-- Sealed under `state`, of which only the hash is known here.
CREATE TABLE upstream_sign_ins (
    state BYTEA PRIMARY KEY,
    browser BYTEA NOT NULL,
    provider TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_upstream_sign_ins_expires_at ON upstream_sign_ins (expires_at);

CREATE TABLE upstream_sessions (
    session_id UUID PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    sid TEXT
);
CREATE INDEX idx_upstream_sessions_subject ON upstream_sessions (issuer, subject);
CREATE INDEX idx_upstream_sessions_sid ON upstream_sessions (issuer, sid) WHERE sid IS NOT NULL;
