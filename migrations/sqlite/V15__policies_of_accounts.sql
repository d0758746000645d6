-- Which ways to sign in an account has, where that was decided for it alone: it stands with the account, so that whoever reads the
-- account has read it. JSON as text.
ALTER TABLE users ADD COLUMN sign_in_policy TEXT;
UPDATE users SET sign_in_policy = p.policy FROM migration_policies p
 WHERE p.scope = 'account:' || lower(substr(hex(users.id), 1, 8) || '-' || substr(hex(users.id), 9, 4) || '-' ||
       substr(hex(users.id), 13, 4) || '-' || substr(hex(users.id), 17, 4) || '-' || substr(hex(users.id), 21));
