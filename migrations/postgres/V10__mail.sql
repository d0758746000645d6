-- Links that are mailed, and the mails themselves. A link opens once; a mail waits sealed, because it may hold a link.
CREATE TABLE email_links (
    token BYTEA PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    mailed BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE INDEX idx_email_links_user_id ON email_links (user_id);
CREATE INDEX idx_email_links_expires_at ON email_links (expires_at);

-- `lease` is the hold of the server that sends it, until `lease_until`. `next_at` is when it is tried next, or was settled.
CREATE TABLE mail_outbox (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    user_id UUID,
    sealed BYTEA NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    next_at TIMESTAMPTZ NOT NULL,
    lease UUID,
    lease_until TIMESTAMPTZ,
    error TEXT
);
CREATE INDEX idx_mail_outbox_due ON mail_outbox (state, next_at);
CREATE INDEX idx_mail_outbox_created_at ON mail_outbox (created_at);
