-- Codes hang on a grant and are used once; `code` holds a hash. Rows without a grant are the older program's own. A code of a
-- client that is exempted from PKCE has no challenge.
ALTER TABLE authorization_codes ALTER COLUMN code_challenge DROP NOT NULL;
ALTER TABLE authorization_codes
    ADD COLUMN IF NOT EXISTS code_challenge_method VARCHAR(10) DEFAULT 'S256',
    ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT now(),
    ADD COLUMN IF NOT EXISTS grant_id UUID,
    ADD COLUMN IF NOT EXISTS nonce TEXT,
    ADD COLUMN IF NOT EXISTS used_at TIMESTAMPTZ;
ALTER TABLE authorization_codes SET (fillfactor = 80);
