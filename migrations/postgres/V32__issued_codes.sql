-- Codes of this program, apart from those of the older one: its table has six indexes and two foreign keys, of which a code that
-- lives for a minute needs none but the key and the time. A code is found through its grant only, so there is no key to that
-- either; what a removed grant leaves behind goes when it has expired.
CREATE TABLE issued_codes (
    hash BYTEA PRIMARY KEY,
    grant_id UUID NOT NULL,
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT,
    nonce TEXT,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
) WITH (fillfactor = 70);
CREATE INDEX idx_issued_codes_expires_at ON issued_codes (expires_at);

WITH moved AS (
    DELETE FROM authorization_codes WHERE grant_id IS NOT NULL
    RETURNING code, grant_id, redirect_uri, code_challenge, nonce, expires_at, used_at
)
INSERT INTO issued_codes (hash, grant_id, redirect_uri, code_challenge, nonce, expires_at, used_at)
SELECT decode(translate(code, '-_', '+/') || '=', 'base64'), grant_id, redirect_uri, code_challenge, nonce, expires_at, used_at
  FROM moved;
