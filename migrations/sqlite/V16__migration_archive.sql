-- What the end of a migration removed, row by row and sealed, until its grace period is over.
CREATE TABLE migration_archive (
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL,
    sealed BLOB NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
