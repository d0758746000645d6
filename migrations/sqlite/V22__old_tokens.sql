-- What rotation keeps together among refresh tokens of the older program.
CREATE TABLE legacy_families (
    jti    TEXT NOT NULL PRIMARY KEY REFERENCES tokens (jti) ON DELETE CASCADE,
    family TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX legacy_families_family ON legacy_families (family);

-- API keys of the older program, by their SHA-256.
CREATE TABLE api_keys (
    id           BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    source       TEXT NOT NULL,
    source_id    TEXT NOT NULL,
    user_id      BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client       TEXT,
    scope        TEXT NOT NULL,
    label        TEXT NOT NULL,
    hash         BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    uses         INTEGER NOT NULL DEFAULT 0,
    last_used_at INTEGER,
    UNIQUE (source, source_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_user ON api_keys (user_id);
