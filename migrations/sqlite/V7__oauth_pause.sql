-- What switching OAuth off has changed, so that switching it on again restores exactly that.
CREATE TABLE paused_clients (
    client    BLOB NOT NULL PRIMARY KEY REFERENCES clients (key) ON DELETE CASCADE,
    paused_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE paused_tokens (
    jti       TEXT NOT NULL PRIMARY KEY REFERENCES tokens (jti) ON DELETE CASCADE,
    paused_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
