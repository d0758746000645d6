-- A foreign key looks its row up and locks it for every grant, and a row that several transactions lock at once costs a list of
-- them besides. Every grant is written together with its code, whose own keys to the account and to the client do that already:
-- the grant of an account or client that is being removed fails with its code. What is removed later takes its grants along here.
ALTER TABLE grants DROP CONSTRAINT IF EXISTS grants_user_id_fkey, DROP CONSTRAINT IF EXISTS grants_client_id_fkey;

CREATE FUNCTION authly_users_removed() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM grants g USING removed WHERE g.user_id = removed.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER authly_users_removed AFTER DELETE ON users REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION authly_users_removed();

CREATE FUNCTION authly_clients_removed() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM grants g USING removed WHERE g.client_id = removed.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER authly_clients_removed AFTER DELETE ON clients REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION authly_clients_removed();
