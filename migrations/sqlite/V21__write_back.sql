-- Rows of an application's own table that were written, or are promised to be: what stood in each column before the first
-- write, and the newest promise for each.
CREATE TABLE migration_write_back (
    source    TEXT NOT NULL,
    source_id TEXT NOT NULL,
    before    TEXT NOT NULL,
    promised  TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (source, source_id)
) STRICT, WITHOUT ROWID;
