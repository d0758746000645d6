-- Who came by which way on which day (days since 1970-01-01, UTC). Nobody is the UUID of zeros.
CREATE TABLE client_uses (
    day INTEGER NOT NULL,
    way TEXT NOT NULL,
    client_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    uses BIGINT NOT NULL,
    last_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (day, way, client_id, tenant_id)
);
