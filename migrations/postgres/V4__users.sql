-- What accounts have beyond the older program's columns. Its inserts and updates keep working: every new column is empty or
-- has a default, and defaults that are constants rewrite nothing. `upgraded_hash` counts only while `upgraded_from` is still
-- what stands in `password_hash`: when the older program changes a password, the upgraded hash of the former one is void.
ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;
ALTER TABLE users
    ADD COLUMN IF NOT EXISTS is_verified BOOLEAN DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS is_admin BOOLEAN DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ DEFAULT now(),
    ADD COLUMN IF NOT EXISTS upgraded_hash TEXT,
    ADD COLUMN IF NOT EXISTS upgraded_from TEXT,
    ADD COLUMN IF NOT EXISTS hash_upgraded_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS status TEXT NOT NULL DEFAULT 'active',
    ADD COLUMN IF NOT EXISTS is_locked BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS reset_required BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS legacy_login BOOLEAN NOT NULL DEFAULT TRUE,
    ADD COLUMN IF NOT EXISTS tenant_id UUID REFERENCES tenants (id),
    ADD COLUMN IF NOT EXISTS roles TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS profile JSONB,
    ADD COLUMN IF NOT EXISTS last_login_at TIMESTAMPTZ;
