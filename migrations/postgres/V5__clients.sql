-- What clients and scopes have beyond the older program's columns, and those of its own that early versions lack.
-- `other_scopes` are names that a client may ask for although no scope of that name exists.
ALTER TABLE clients
    ADD COLUMN IF NOT EXISTS client_uri VARCHAR(255),
    ADD COLUMN IF NOT EXISTS logo_uri VARCHAR(255),
    ADD COLUMN IF NOT EXISTS auth_method VARCHAR(50) DEFAULT 'client_secret_basic',
    ADD COLUMN IF NOT EXISTS require_pkce BOOLEAN DEFAULT TRUE,
    ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
    ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ DEFAULT now(),
    ADD COLUMN IF NOT EXISTS application_type TEXT NOT NULL DEFAULT 'web',
    ADD COLUMN IF NOT EXISTS jwks TEXT,
    ADD COLUMN IF NOT EXISTS jwks_uri TEXT,
    ADD COLUMN IF NOT EXISTS post_logout_redirect_uris TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS grant_types TEXT[] NOT NULL DEFAULT '{authorization_code,refresh_token}',
    ADD COLUMN IF NOT EXISTS audiences TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS other_scopes TEXT[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS skip_consent BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS introspection TEXT NOT NULL DEFAULT 'own',
    ADD COLUMN IF NOT EXISTS assertion_audience TEXT NOT NULL DEFAULT 'issuer',
    ADD COLUMN IF NOT EXISTS id_token_alg TEXT NOT NULL DEFAULT 'RS256',
    ADD COLUMN IF NOT EXISTS policy_uri TEXT,
    ADD COLUMN IF NOT EXISTS tos_uri TEXT;

ALTER TABLE scopes
    ADD COLUMN IF NOT EXISTS description TEXT,
    ADD COLUMN IF NOT EXISTS is_default BOOLEAN DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS is_active BOOLEAN DEFAULT TRUE,
    ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ DEFAULT now();

-- The order in which a client's scopes were registered.
ALTER TABLE client_scopes ADD COLUMN IF NOT EXISTS position INTEGER NOT NULL DEFAULT 0;
