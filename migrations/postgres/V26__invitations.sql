-- Who was invited to sign in the new way, in which wave, by which letter. `sent_at` is the last word of a mail server that it has
-- a letter; `opened_at` the first time that its link was followed.
CREATE TABLE invitations (
    user_id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    wave INTEGER,
    mail UUID,
    queued_at TIMESTAMPTZ,
    sent_at TIMESTAMPTZ,
    letters INTEGER NOT NULL DEFAULT 0,
    opened_at TIMESTAMPTZ
);
CREATE INDEX idx_invitations_mail ON invitations (mail) WHERE mail IS NOT NULL;

-- Who delivers a mail; servers, where it says nothing.
ALTER TABLE mail_outbox ADD COLUMN IF NOT EXISTS lane TEXT;
