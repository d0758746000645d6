-- Links that are mailed, and the mails themselves. A link opens once; a mail waits sealed, because it may hold a link.
CREATE TABLE email_links (
    token      BLOB NOT NULL PRIMARY KEY CHECK (length(token) = 32),
    kind       TEXT NOT NULL,
    user_id    BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address    TEXT NOT NULL,
    mailed     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX email_links_user ON email_links (user_id);
CREATE INDEX email_links_expiry ON email_links (expires_at);

-- `lease` is the hold of the server that sends it, until `lease_until`. `next_at` is when it is tried next, or was settled.
CREATE TABLE mail_outbox (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind        TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    user_id     BLOB,
    sealed      BLOB NOT NULL,
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    lease       BLOB,
    lease_until INTEGER,
    error       TEXT
) STRICT;
CREATE INDEX mail_outbox_due ON mail_outbox (state, next_at);
CREATE INDEX mail_outbox_age ON mail_outbox (created_at);
