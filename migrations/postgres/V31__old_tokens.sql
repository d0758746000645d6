-- What rotation keeps together among refresh tokens of the older program.
CREATE TABLE legacy_families (
    jti VARCHAR(64) PRIMARY KEY REFERENCES tokens (jti) ON DELETE CASCADE,
    family TEXT NOT NULL
);
CREATE INDEX idx_legacy_families_family ON legacy_families (family);

-- API keys of the older program, by their SHA-256.
CREATE TABLE api_keys (
    id UUID PRIMARY KEY,
    source TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client TEXT,
    scope TEXT NOT NULL,
    label TEXT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    uses BIGINT NOT NULL DEFAULT 0,
    last_used_at TIMESTAMPTZ,
    UNIQUE (source, source_id)
);
CREATE INDEX idx_api_keys_user_id ON api_keys (user_id);
