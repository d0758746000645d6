-- People and live tokens of an older installation.
INSERT INTO users (id, email, username, password_hash, is_verified, is_admin, created_at, updated_at) VALUES
    ('6b1f7a3e-0000-4000-8000-000000000001', 'Ada@Example.org', 'ada',
     '$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/LewdBPj3bp.PBqaq2', TRUE, TRUE, '2024-01-02 03:04:05.678901+00', NULL),
    ('6b1f7a3e-0000-4000-8000-000000000002', 'grace@example.org', 'Grace',
     '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW', FALSE, FALSE, NULL, NULL);
INSERT INTO tokens (jti, user_id, token_type, expires_at, invalidated) VALUES
    ('live-access', '6b1f7a3e-0000-4000-8000-000000000001', 'access', '2100-01-01 00:00:00+00', FALSE),
    ('live-refresh', '6b1f7a3e-0000-4000-8000-000000000001', 'refresh', '2100-01-01 00:00:00+00', NULL),
    ('spent-refresh', '6b1f7a3e-0000-4000-8000-000000000002', 'refresh', '2100-01-01 00:00:00+00', TRUE);
