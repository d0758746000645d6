-- Running servers keep the catalog in memory and ask for its revision. Triggers raise it, so that a change of the older program
-- or one made by hand is noticed too. They work with the rights of the tables' owner, because whoever may change a client need
-- not know of revisions.
CREATE TABLE revisions (
    name TEXT PRIMARY KEY,
    revision BIGINT NOT NULL
);
INSERT INTO revisions (name, revision) VALUES ('accounts', 0), ('catalog', 0);

CREATE FUNCTION authly_catalog_changed() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE revisions SET revision = revision + 1 WHERE name = 'catalog';
    RETURN NULL;
END
$$;

CREATE TRIGGER authly_catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON clients
    FOR EACH STATEMENT EXECUTE FUNCTION authly_catalog_changed();
CREATE TRIGGER authly_catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON client_scopes
    FOR EACH STATEMENT EXECUTE FUNCTION authly_catalog_changed();
CREATE TRIGGER authly_catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON client_secrets
    FOR EACH STATEMENT EXECUTE FUNCTION authly_catalog_changed();
CREATE TRIGGER authly_catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON scopes
    FOR EACH STATEMENT EXECUTE FUNCTION authly_catalog_changed();
CREATE TRIGGER authly_catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON signing_keys
    FOR EACH STATEMENT EXECUTE FUNCTION authly_catalog_changed();
CREATE TRIGGER authly_catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenants
    FOR EACH STATEMENT EXECUTE FUNCTION authly_catalog_changed();
CREATE TRIGGER authly_catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON settings
    FOR EACH STATEMENT EXECUTE FUNCTION authly_catalog_changed();
