-- Who was invited to sign in the new way, in which wave, by which letter. `sent_at` is the last word of a mail server that it has
-- a letter; `opened_at` the first time that its link was followed.
CREATE TABLE invitations (
    user_id   BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    wave      INTEGER,
    mail      BLOB,
    queued_at INTEGER,
    sent_at   INTEGER,
    letters   INTEGER NOT NULL DEFAULT 0,
    opened_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_mail ON invitations (mail) WHERE mail IS NOT NULL;

-- Who delivers a mail; servers, where it says nothing.
ALTER TABLE mail_outbox ADD COLUMN lane TEXT;
