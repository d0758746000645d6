-- The tables that only this program knows.
CREATE TABLE tenants (
    id UUID PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT TRUE,
    legacy_login BOOLEAN NOT NULL DEFAULT TRUE,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE groups (
    id UUID PRIMARY KEY,
    tenant_id UUID REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX idx_groups_name ON groups (tenant_id, name);

CREATE TABLE group_members (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id UUID NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX idx_group_members_group_id ON group_members (group_id);

-- Failed sign-ins of an account, known devices apart; an all-zero device stands for every other door.
CREATE TABLE login_failures (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device BYTEA NOT NULL,
    failures INTEGER NOT NULL,
    last_failed_at TIMESTAMPTZ NOT NULL,
    locked_until TIMESTAMPTZ,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, device)
);
CREATE INDEX idx_login_failures_expires_at ON login_failures (expires_at);

CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    token BYTEA NOT NULL UNIQUE,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    authenticated_at TIMESTAMPTZ NOT NULL,
    methods TEXT[] NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL,
    idle_expires_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    remembered BOOLEAN NOT NULL,
    ended_at TIMESTAMPTZ,
    user_agent TEXT,
    address TEXT
) WITH (fillfactor = 80);
CREATE INDEX idx_sessions_user_id ON sessions (user_id);
CREATE INDEX idx_sessions_expires_at ON sessions (expires_at);

-- Two live secrets may overlap. A secret that was upgraded from an imported hash counts only while that hash stands.
CREATE TABLE client_secrets (
    client_id UUID NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    imported_from TEXT,
    position INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (client_id, hash)
);

-- Codes and refresh tokens hang on a grant. `check_at` is when cleaning looks at it next.
CREATE TABLE grants (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id UUID NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    tenant_id UUID,
    session_id UUID,
    scopes TEXT[] NOT NULL,
    resources TEXT[] NOT NULL,
    authenticated_at TIMESTAMPTZ NOT NULL,
    methods TEXT[] NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    revoked_reason TEXT,
    check_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 90);
CREATE INDEX idx_grants_user_id ON grants (user_id);
CREATE INDEX idx_grants_client_id ON grants (client_id);
CREATE INDEX idx_grants_session_id ON grants (session_id);
CREATE INDEX idx_grants_check_at ON grants (check_at);

-- No foreign key to the grant: it would lock the grant's row at every rotation. A trigger removes the tokens of removed grants.
CREATE TABLE refresh_tokens (
    hash BYTEA PRIMARY KEY,
    grant_id UUID NOT NULL,
    parent BYTEA,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    successor BYTEA
) WITH (fillfactor = 80);
CREATE INDEX idx_refresh_tokens_grant_id ON refresh_tokens (grant_id);

CREATE FUNCTION authly_grants_removed() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM refresh_tokens r USING removed WHERE r.grant_id = removed.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER authly_grants_removed AFTER DELETE ON grants REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION authly_grants_removed();

-- Sealed successors of spent refresh tokens, apart, so that wiping them touches a small table only.
CREATE TABLE refresh_successors (
    spent BYTEA PRIMARY KEY,
    sealed BYTEA NOT NULL,
    used_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE consents (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id UUID NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes TEXT[] NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE INDEX idx_consents_client_id ON consents (client_id);

CREATE TABLE revoked_access_tokens (
    jti UUID PRIMARY KEY,
    revoked_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idx_revoked_access_tokens_expires_at ON revoked_access_tokens (expires_at);

-- The spent `jti` of client assertions.
CREATE TABLE replay (
    client_id UUID NOT NULL,
    jti BYTEA NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (client_id, jti)
);
CREATE INDEX idx_replay_expires_at ON replay (expires_at);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private_jwk BYTEA NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    activated_at TIMESTAMPTZ,
    retired_at TIMESTAMPTZ,
    remove_at TIMESTAMPTZ
);

CREATE TABLE audit_events (
    id UUID PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL,
    user_id UUID,
    client_id UUID,
    address TEXT,
    detail JSONB NOT NULL
);
CREATE INDEX idx_audit_events_at ON audit_events (at);
