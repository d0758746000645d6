-- Addresses may stand for one account in each tenant. What must be unique stays in `email_folded`: the folded address, and behind it,
-- where each tenant has its own addresses, U+001F and the tenant. What is looked for is the address alone.
ALTER TABLE users ADD COLUMN email_search TEXT GENERATED ALWAYS AS (
    CASE WHEN instr(email_folded, char(31)) > 0
         THEN substr(email_folded, 1, instr(email_folded, char(31)) - 1) ELSE email_folded END
) VIRTUAL;
CREATE INDEX users_email_search ON users (email_search);
