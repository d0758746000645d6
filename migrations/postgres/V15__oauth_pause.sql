-- What switching OAuth off has changed, so that switching it on again restores exactly that.
CREATE TABLE paused_clients (
    client_id UUID PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    was_active BOOLEAN,
    paused_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE paused_tokens (
    token_id UUID PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    was_invalidated BOOLEAN,
    paused_at TIMESTAMPTZ NOT NULL
);
