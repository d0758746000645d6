-- authly: no-transaction
-- Indexes of tables that may be big and busy, built beside the traffic. A build that was broken off leaves an invalid index,
-- which is dropped and built again.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_email_lower ON users (lower(email));
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_username_lower ON users (lower(username));
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_tenant_id ON users (tenant_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_clients_client_id ON clients (client_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_clients_active ON clients (is_active);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_scopes_name ON scopes (scope_name);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_scopes_active ON scopes (is_active);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_scopes_default ON scopes (is_default);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_client_scopes_client_id ON client_scopes (client_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_client_scopes_scope_id ON client_scopes (scope_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_authorization_codes_code ON authorization_codes (code);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_authorization_codes_expires_at ON authorization_codes (expires_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_authorization_codes_client_id ON authorization_codes (client_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_authorization_codes_user_id ON authorization_codes (user_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_tokens_client_id ON tokens (client_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_tokens_user_id ON tokens (user_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_tokens_expires_at ON tokens (expires_at);
