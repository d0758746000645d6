-- What the end of a migration removed, row by row and sealed, until its grace period is over.
CREATE TABLE migration_archive (
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (kind, key)
);
