-- Clients, their scopes and what was issued for them by an older installation.
INSERT INTO clients (id, client_id, client_name, client_secret_hash, client_type, redirect_uris) VALUES
    ('7c2f7a3e-0000-4000-8000-000000000001', 'web', 'Web', '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW',
     'confidential', '{https://example.com/callback,http://localhost:3000/callback}'),
    ('7c2f7a3e-0000-4000-8000-000000000002', 'app', 'App', NULL, 'public', '{https://app.example/cb}');
INSERT INTO scopes (id, scope_name, description, is_default) VALUES
    ('8d2f7a3e-0000-4000-8000-000000000001', 'read', 'Read', TRUE), ('8d2f7a3e-0000-4000-8000-000000000002', 'write', NULL, FALSE);
INSERT INTO client_scopes (client_id, scope_id) VALUES
    ('7c2f7a3e-0000-4000-8000-000000000001', '8d2f7a3e-0000-4000-8000-000000000001');
INSERT INTO tokens (jti, user_id, client_id, token_type, scopes, expires_at) VALUES
    ('client-access', '6b1f7a3e-0000-4000-8000-000000000001', '7c2f7a3e-0000-4000-8000-000000000001', 'access', '{read}',
     '2100-01-01 00:00:00+00');
INSERT INTO authorization_codes (code, client_id, user_id, scopes, code_challenge, redirect_uri, expires_at) VALUES
    ('older-code', '7c2f7a3e-0000-4000-8000-000000000001', '6b1f7a3e-0000-4000-8000-000000000001', '{read}', 'challenge',
     'https://example.com/callback', '2100-01-01 00:00:00+00');
