-- Tokens of clients came to the older program late: a token without client is one of its password grant.
ALTER TABLE tokens
    ADD COLUMN IF NOT EXISTS client_id UUID REFERENCES clients (id) ON DELETE CASCADE,
    ADD COLUMN IF NOT EXISTS scopes TEXT[],
    ADD COLUMN IF NOT EXISTS invalidated BOOLEAN DEFAULT FALSE,
    ADD COLUMN IF NOT EXISTS created_at TIMESTAMPTZ DEFAULT now();
