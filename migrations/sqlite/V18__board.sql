-- When an account went from a password alone to both ways, and to OAuth alone: what the progress page counts over time. Empty where
-- the first was so from the beginning, and for accounts that never went to OAuth alone.
ALTER TABLE users ADD COLUMN dual_at INTEGER;
ALTER TABLE users ADD COLUMN oauth_at INTEGER;
-- Lines of the ledger are looked for by the row's id.
CREATE INDEX migration_items_source_id ON migration_items (source_id);
