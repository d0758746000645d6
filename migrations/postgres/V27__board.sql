-- authly: no-transaction
-- When an account went from a password alone to both ways, and to OAuth alone: what the progress page counts over time. Empty where
-- the first was so from the beginning, and for accounts that never went to OAuth alone.
ALTER TABLE users ADD COLUMN IF NOT EXISTS dual_at TIMESTAMPTZ, ADD COLUMN IF NOT EXISTS oauth_at TIMESTAMPTZ;
-- Lines of the ledger are looked for by the row's id.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_migration_items_source_id ON migration_items (source_id);
