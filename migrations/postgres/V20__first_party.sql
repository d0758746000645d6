-- Whether a first-party client may sign people in with a form of its own.
ALTER TABLE clients ADD COLUMN IF NOT EXISTS first_party_challenge BOOLEAN NOT NULL DEFAULT FALSE;
