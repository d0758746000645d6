-- Which ways to sign in an account has, where that was decided for it alone: it stands with the account, so that whoever reads the
-- account has read it. The older program and the release before write on as if it were not there.
ALTER TABLE users ADD COLUMN IF NOT EXISTS sign_in_policy JSONB;
UPDATE users u SET sign_in_policy = p.policy FROM migration_policies p WHERE p.scope = 'account:' || u.id::text;
