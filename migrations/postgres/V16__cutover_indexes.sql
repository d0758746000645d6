-- authly: no-transaction
-- Built beside the traffic, as all indexes of tables that may be big.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_external_subject ON users (external_subject) WHERE external_subject IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_completed_at ON users (completed_at) WHERE completed_at IS NOT NULL;
