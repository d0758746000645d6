-- What tenants and groups have beyond their first columns: who confirmed a tenant, tombstones (a short name is never given again),
-- clients that belong to a tenant, and which groups stand for a tenant at the identity provider.
ALTER TABLE tenants ADD COLUMN confirmed_at INTEGER;
ALTER TABLE tenants ADD COLUMN confirmed_by TEXT;
ALTER TABLE tenants ADD COLUMN deleted_at INTEGER;

ALTER TABLE clients ADD COLUMN tenant_id BLOB REFERENCES tenants (id);

-- `group_id` is the provider's own word for the group; for groups of this installation it is their id.
CREATE TABLE tenant_groups (
    tenant_id  BLOB NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    provider   TEXT NOT NULL,
    group_id   TEXT NOT NULL,
    group_name TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, provider, group_id)
) STRICT, WITHOUT ROWID;
