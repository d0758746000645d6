-- What a migration keeps: how far each account is, which row of which source it was, the runs, the ledger, the rows that wait.
-- Every new column is empty or has a constant default: the older program and the release before write on as if they were not there.
ALTER TABLE users
    ADD COLUMN IF NOT EXISTS auth_method TEXT NOT NULL DEFAULT 'password',
    ADD COLUMN IF NOT EXISTS credential_state TEXT NOT NULL DEFAULT 'ok',
    ADD COLUMN IF NOT EXISTS external_subject TEXT,
    ADD COLUMN IF NOT EXISTS imported_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS invited_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS completed_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS password_set_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS last_password_login_at TIMESTAMPTZ;

-- A link outlives its account: a row whose account was removed is not imported again. Keys are compared by bytes.
CREATE TABLE source_links (
    source TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    user_id UUID NOT NULL,
    base JSONB NOT NULL,
    run UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (source, source_id)
);
CREATE INDEX idx_source_links_user_id ON source_links (user_id);

CREATE TABLE migration_runs (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    profile TEXT NOT NULL,
    profile_digest BYTEA NOT NULL,
    options JSONB NOT NULL,
    source_rows BIGINT,
    state TEXT NOT NULL,
    fence BIGINT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    heartbeat_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    checkpoint TEXT,
    last_seq BIGINT NOT NULL,
    counters JSONB NOT NULL,
    watermark TIMESTAMPTZ,
    note TEXT
);
CREATE INDEX idx_migration_runs_source ON migration_runs (source, id);
CREATE UNIQUE INDEX idx_migration_runs_active ON migration_runs (source) WHERE state = 'running';

-- The ledger; lines are added and never changed.
CREATE TABLE migration_items (
    run UUID NOT NULL REFERENCES migration_runs (id),
    seq BIGINT NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    user_id UUID,
    tenant_id UUID,
    action TEXT NOT NULL,
    before JSONB NOT NULL,
    after JSONB NOT NULL,
    outcome TEXT,
    reason JSONB,
    undoes_run UUID,
    undoes_seq BIGINT,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (run, seq)
);
CREATE INDEX idx_migration_items_user_id ON migration_items (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX idx_migration_items_undoes ON migration_items (undoes_run, undoes_seq) WHERE undoes_run IS NOT NULL;

-- Rows in conflict or quarantine, with what was decided about them.
CREATE TABLE migration_pen (
    source TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    reason JSONB NOT NULL,
    label TEXT NOT NULL,
    tenant_id UUID,
    run UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    resolution JSONB,
    resolved_at TIMESTAMPTZ,
    PRIMARY KEY (source, source_id)
);

-- `scope` is 'installation', 'tenant:' or 'account:' with an id.
CREATE TABLE migration_policies (
    scope TEXT PRIMARY KEY,
    policy JSONB NOT NULL
);

-- Facts that the finalize gate wants and that no other table shows.
CREATE TABLE migration_facts (
    name TEXT PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    detail TEXT NOT NULL
);
-- From now on uses of the legacy doors are counted.
INSERT INTO migration_facts (name, at, detail) VALUES ('counting_since', now(), '');
