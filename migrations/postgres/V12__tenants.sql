-- What tenants and groups have beyond their first columns: who confirmed a tenant, tombstones (a short name is never given again),
-- clients that belong to a tenant, and which groups stand for a tenant at the identity provider. Only additions: the release before
-- reads and writes on as if they were not there.
ALTER TABLE tenants
    ADD COLUMN IF NOT EXISTS confirmed_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS confirmed_by TEXT,
    ADD COLUMN IF NOT EXISTS deleted_at TIMESTAMPTZ;

ALTER TABLE groups
    ADD COLUMN IF NOT EXISTS description TEXT NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ;

-- The older index takes two groups without a tenant for different ones, whatever their names.
CREATE UNIQUE INDEX idx_groups_name_without_tenant ON groups (name) WHERE tenant_id IS NULL;

ALTER TABLE clients ADD COLUMN IF NOT EXISTS tenant_id UUID REFERENCES tenants (id);

-- `group_id` is the provider's own word for the group; for groups of this installation it is their id.
CREATE TABLE tenant_groups (
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    group_id TEXT NOT NULL,
    group_name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, provider, group_id)
);
