-- What hangs on a session that began at a provider may end with time, `offline_access` included.
ALTER TABLE sessions ADD COLUMN grants_end_at INTEGER;
-- The provider's ID token, sealed under the session's cookie: the hint with which somebody signs out there.
ALTER TABLE upstream_sessions ADD COLUMN id_token BLOB;
