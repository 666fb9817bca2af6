-- HSDS lets a service be offered at a place of another organization, which may arrive later, or stay when its owner
-- goes: a pointer is what the service's source tells, not a foreign key.
ALTER TABLE service_at_location DROP CONSTRAINT service_at_location_location_id_fkey;

-- As before: a record's services are not offered at a place that the record no longer has, and pointers follow a key.
CREATE FUNCTION location_left_services() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM service_at_location USING old_rows o
    WHERE location_id = o.id AND service_at_location.organization_id = o.organization_id;
    RETURN NULL;
END $$;
CREATE FUNCTION location_rekeyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE service_at_location SET location_id = NEW.id WHERE location_id = OLD.id;
    RETURN NULL;
END $$;
CREATE FUNCTION location_truncated_from_services() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM service_at_location USING location
    WHERE location_id = location.id AND service_at_location.organization_id = location.organization_id;
    RETURN NULL;
END $$;
CREATE TRIGGER location_left_services AFTER DELETE ON location REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION location_left_services();
CREATE TRIGGER location_rekeyed AFTER UPDATE OF id ON location FOR EACH ROW WHEN (OLD.id IS DISTINCT FROM NEW.id) EXECUTE FUNCTION location_rekeyed();
CREATE TRIGGER location_truncated_from_services BEFORE TRUNCATE ON location FOR EACH STATEMENT EXECUTE FUNCTION location_truncated_from_services();

-- With the rights and in the sessions of all that captures.
DO $$
DECLARE
    following text;
BEGIN
    FOREACH following IN ARRAY ARRAY['location_left_services', 'location_rekeyed', 'location_truncated_from_services'] LOOP
        EXECUTE format('ALTER FUNCTION %I() SECURITY DEFINER SET search_path = %I, pg_temp', following, current_schema());
        EXECUTE format('ALTER TABLE location ENABLE ALWAYS TRIGGER %I', following);
    END LOOP;
END $$;
