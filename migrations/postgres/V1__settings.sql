-- The very first step notes whether the database was in use before: then an older program still reads and writes it, old hashes
-- are kept for it, and the authorization server stays switched off until somebody switches it on. A fresh database has no such
-- rows, which means the opposite.
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

INSERT INTO settings (name, value)
SELECT found.name, found.value
  FROM (VALUES ('shared_with_older_program', 'true'), ('oauth_enabled', 'false')) AS found (name, value)
 WHERE to_regclass('users') IS NOT NULL;
