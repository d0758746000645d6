-- Whether a first-party client may sign people in with a form of its own.
ALTER TABLE clients ADD COLUMN first_party_challenge INTEGER NOT NULL DEFAULT 0;
