-- Rows of an application's own table that were written, or are promised to be: what stood in each column before the first
-- write, and the newest promise for each.
CREATE TABLE migration_write_back (
    source TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    before JSONB NOT NULL,
    promised JSONB NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (source, source_id)
);
