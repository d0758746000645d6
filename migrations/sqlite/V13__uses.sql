-- Who came by which way on which day (days since 1970-01-01, UTC). Nobody is 16 zero bytes.
CREATE TABLE client_uses (
    day       INTEGER NOT NULL,
    way       TEXT NOT NULL,
    client    BLOB NOT NULL CHECK (length(client) = 16),
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    uses      INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (day, way, client, tenant_id)
) STRICT, WITHOUT ROWID;
