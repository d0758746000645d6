-- What a migration keeps: how far each account is, which row of which source it was, the runs, the ledger, the rows that wait.
-- JSON stands as text; source keys are compared by bytes.
ALTER TABLE users ADD COLUMN auth_method TEXT NOT NULL DEFAULT 'password';
ALTER TABLE users ADD COLUMN credential_state TEXT NOT NULL DEFAULT 'ok';
ALTER TABLE users ADD COLUMN external_subject TEXT;
ALTER TABLE users ADD COLUMN imported_at INTEGER;
ALTER TABLE users ADD COLUMN invited_at INTEGER;
ALTER TABLE users ADD COLUMN completed_at INTEGER;
ALTER TABLE users ADD COLUMN hash_upgraded_at INTEGER;
ALTER TABLE users ADD COLUMN last_password_login_at INTEGER;
CREATE INDEX users_external_subject ON users (external_subject) WHERE external_subject IS NOT NULL;
CREATE INDEX users_completed ON users (completed_at) WHERE completed_at IS NOT NULL;

-- A link outlives its account: a row whose account was removed is not imported again.
CREATE TABLE source_links (
    source    TEXT NOT NULL,
    source_id TEXT NOT NULL,
    user_id   BLOB NOT NULL CHECK (length(user_id) = 16),
    base      TEXT NOT NULL,
    run       BLOB NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (source, source_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_links_user ON source_links (user_id);

CREATE TABLE migration_runs (
    id             BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind           TEXT NOT NULL,
    source         TEXT NOT NULL,
    profile        TEXT NOT NULL,
    profile_digest BLOB NOT NULL CHECK (length(profile_digest) = 32),
    options        TEXT NOT NULL,
    source_rows    INTEGER,
    state          TEXT NOT NULL,
    fence          INTEGER NOT NULL,
    started_at     INTEGER NOT NULL,
    heartbeat_at   INTEGER NOT NULL,
    finished_at    INTEGER,
    checkpoint     TEXT,
    last_seq       INTEGER NOT NULL,
    counters       TEXT NOT NULL,
    watermark      INTEGER,
    note           TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX migration_runs_source ON migration_runs (source, id);
CREATE UNIQUE INDEX migration_runs_active ON migration_runs (source) WHERE state = 'running';

-- The ledger; lines are added and never changed.
CREATE TABLE migration_items (
    run        BLOB NOT NULL REFERENCES migration_runs (id),
    seq        INTEGER NOT NULL,
    source     TEXT NOT NULL,
    source_id  TEXT NOT NULL,
    user_id    BLOB,
    tenant_id  BLOB,
    action     TEXT NOT NULL,
    "before"   TEXT NOT NULL,
    "after"    TEXT NOT NULL,
    outcome    TEXT,
    reason     TEXT,
    undoes_run BLOB,
    undoes_seq INTEGER,
    at         INTEGER NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX migration_items_user ON migration_items (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX migration_items_undoes ON migration_items (undoes_run, undoes_seq) WHERE undoes_run IS NOT NULL;

-- Rows in conflict or quarantine, with what was decided about them.
CREATE TABLE migration_pen (
    source      TEXT NOT NULL,
    source_id   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    label       TEXT NOT NULL,
    tenant_id   BLOB,
    run         BLOB NOT NULL,
    at          INTEGER NOT NULL,
    resolution  TEXT,
    resolved_at INTEGER,
    PRIMARY KEY (source, source_id)
) STRICT, WITHOUT ROWID;

-- `scope` is 'installation', 'tenant:' or 'account:' with an id.
CREATE TABLE migration_policies (
    scope  TEXT NOT NULL PRIMARY KEY,
    policy TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Facts that the finalize gate wants and that no other table shows.
CREATE TABLE migration_facts (
    name   TEXT NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL,
    detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- From now on uses of the legacy doors are counted.
INSERT INTO migration_facts (name, at, detail) VALUES ('counting_since', CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000, '');
