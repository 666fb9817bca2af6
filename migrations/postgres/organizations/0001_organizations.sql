-- The organizations data product: rows as their sources tell them (HSDS), what people add to them (links,
-- steward facts), and a log of which keys changed, written by triggers in the same transaction.
-- The poller takes the difference of two snapshots of this log, so commits in any order are seen once each.

-- An organization as its source tells it. `revision` grows with every write to the row or to its children.
CREATE TABLE organization (
    id UUID NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    name TEXT,
    description TEXT,
    email TEXT,
    website TEXT,
    tax_status TEXT,
    tax_id TEXT,
    year_incorporated BIGINT,
    legal_status TEXT,
    uri TEXT,
    parent_organization_id UUID,
    extra TEXT,
    UNIQUE (source, source_id)
);

-- A place of an organization.
CREATE TABLE location (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    position BIGINT NOT NULL DEFAULT 0,
    name TEXT,
    alternate_name TEXT,
    description TEXT,
    location_type TEXT,
    url TEXT,
    transportation TEXT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    extra TEXT,
    UNIQUE (source, source_id)
);
CREATE INDEX location_by_organization ON location (organization_id);

-- What an organization offers.
CREATE TABLE service (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    position BIGINT NOT NULL DEFAULT 0,
    name TEXT,
    alternate_name TEXT,
    description TEXT,
    url TEXT,
    email TEXT,
    status TEXT,
    extra TEXT,
    UNIQUE (source, source_id)
);
CREATE INDEX service_by_organization ON service (organization_id);

-- Identifiers in registries.
CREATE TABLE organization_identifier (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position BIGINT NOT NULL DEFAULT 0,
    scheme TEXT,
    identifier_type TEXT,
    identifier TEXT NOT NULL,
    extra TEXT,
    UNIQUE (source, source_id)
);
CREATE INDEX organization_identifier_by_organization ON organization_identifier (organization_id);

-- Other names of an organization, in the order of the source.
CREATE TABLE alternate_name (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position BIGINT NOT NULL DEFAULT 0,
    name TEXT NOT NULL,
    UNIQUE (source, source_id)
);
CREATE INDEX alternate_name_by_organization ON alternate_name (organization_id);

-- Telephones of the organization itself, of one location, or of one service.
CREATE TABLE phone (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position BIGINT NOT NULL DEFAULT 0,
    location_id UUID REFERENCES location (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    service_id UUID REFERENCES service (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    number TEXT NOT NULL,
    extension TEXT,
    phone_type TEXT,
    description TEXT,
    extra TEXT,
    UNIQUE (source, source_id)
);
CREATE INDEX phone_by_organization ON phone (organization_id);
CREATE INDEX phone_by_location ON phone (location_id) WHERE location_id IS NOT NULL;
CREATE INDEX phone_by_service ON phone (service_id) WHERE service_id IS NOT NULL;

-- Addresses of a location.
CREATE TABLE address (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position BIGINT NOT NULL DEFAULT 0,
    location_id UUID NOT NULL REFERENCES location (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    attention TEXT,
    address_1 TEXT,
    address_2 TEXT,
    city TEXT,
    region TEXT,
    state_province TEXT,
    postal_code TEXT,
    country TEXT,
    address_type TEXT,
    extra TEXT,
    UNIQUE (source, source_id)
);
CREATE INDEX address_by_organization ON address (organization_id);
CREATE INDEX address_by_location ON address (location_id);

-- Where a service is offered.
CREATE TABLE service_at_location (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position BIGINT NOT NULL DEFAULT 0,
    service_id UUID NOT NULL REFERENCES service (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    location_id UUID NOT NULL REFERENCES location (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE,
    UNIQUE (source, source_id)
);
CREATE INDEX service_at_location_by_organization ON service_at_location (organization_id);
CREATE INDEX service_at_location_by_service ON service_at_location (service_id);
CREATE INDEX service_at_location_by_location ON service_at_location (location_id);

-- One deliberate merge. A fact: it is ended by an undo, never deleted.
CREATE TABLE merge (
    id UUID NOT NULL PRIMARY KEY,
    survivor_id UUID NOT NULL,
    absorbed_ids TEXT NOT NULL, -- JSON array
    merged_by TEXT NOT NULL,
    merged_at TIMESTAMPTZ NOT NULL,
    reason TEXT,
    undone_by TEXT,
    undone_at TIMESTAMPTZ,
    undo_reason TEXT
);

-- absorbed -> survivor while `ended_at` is null. Ids, not foreign keys: a golden id outlives its own record.
CREATE TABLE link (
    merge_id UUID NOT NULL REFERENCES merge (id),
    absorbed_id UUID NOT NULL,
    survivor_id UUID NOT NULL,
    ended_at TIMESTAMPTZ,
    PRIMARY KEY (merge_id, absorbed_id)
);
-- Invariant: an id is absorbed at most once at a time, so links form a forest.
CREATE UNIQUE INDEX link_active ON link (absorbed_id) WHERE ended_at IS NULL;
CREATE INDEX link_by_survivor ON link (survivor_id) WHERE ended_at IS NULL;

-- People's edits of rows that belong to a source: above all sources; the newest of a field holds.
CREATE TABLE steward_fact (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    table_name TEXT NOT NULL,
    row_id UUID NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL, -- JSON
    stated_by TEXT NOT NULL,
    stated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX steward_fact_by_organization ON steward_fact (organization_id);

-- Answers already given, by the caller's Idempotency-Key.
CREATE TABLE idempotency_key (
    idempotency_key TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    merge_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- The poller's own state: who holds it, what was reserved, how far it got.
CREATE TABLE capture (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    store_id UUID NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0,
    number_reserved BIGINT NOT NULL DEFAULT 0,
    position TEXT
);
CREATE TABLE lease (
    role TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    until_ms BIGINT NOT NULL
);

-- Key and owners only: the poller reads the rows themselves. The sequence must keep CACHE 1: a cached block of
-- numbers would hand a later change of a row a smaller number (measured: 207 inversions in 30 s).
CREATE TABLE change_log (
    seq BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    xid XID8 NOT NULL DEFAULT pg_current_xact_id(),
    table_name TEXT NOT NULL,
    op TEXT NOT NULL,
    row_id UUID,
    owner_before UUID,
    owner_after UUID
);
CREATE INDEX change_log_by_xid ON change_log (xid, seq);

-- Every write to a record's tree ends in its organization row's revision, and that is what is logged.
CREATE FUNCTION bump_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER organization_bump BEFORE UPDATE ON organization FOR EACH ROW EXECUTE FUNCTION bump_revision();
CREATE TRIGGER location_bump BEFORE UPDATE ON location FOR EACH ROW EXECUTE FUNCTION bump_revision();
CREATE TRIGGER service_bump BEFORE UPDATE ON service FOR EACH ROW EXECUTE FUNCTION bump_revision();

CREATE FUNCTION organization_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_after) SELECT 'organization', 'I', id, id FROM new_rows;
    RETURN NULL;
END $$;
CREATE FUNCTION organization_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A changed primary key comes out as one row for the old key and one for the new.
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT 'organization', 'U', COALESCE(n.id, o.id), o.id, n.id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id;
    RETURN NULL;
END $$;
CREATE FUNCTION organization_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before) SELECT 'organization', 'D', id, id FROM old_rows;
    RETURN NULL;
END $$;
-- Before the rows are gone: TRUNCATE is as many deletes.
CREATE FUNCTION organization_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before) SELECT 'organization', 'D', id, id FROM organization;
    RETURN NULL;
END $$;
CREATE TRIGGER organization_inserted AFTER INSERT ON organization REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION organization_inserted();
CREATE TRIGGER organization_updated AFTER UPDATE ON organization REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION organization_updated();
CREATE TRIGGER organization_deleted AFTER DELETE ON organization REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION organization_deleted();
CREATE TRIGGER organization_truncated BEFORE TRUNCATE ON organization FOR EACH STATEMENT EXECUTE FUNCTION organization_truncated();

CREATE FUNCTION location_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_after) SELECT 'location', 'I', id, organization_id FROM new_rows;
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION location_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A changed primary key comes out as one row for the old key and one for the new.
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT 'location', 'U', COALESCE(n.id, o.id), o.organization_id, n.organization_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id;
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM (SELECT organization_id FROM new_rows UNION SELECT organization_id FROM old_rows) touched);
    -- The children of a row that moved have the same owner.
    IF EXISTS (SELECT 1 FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE o.organization_id <> n.organization_id) THEN
        UPDATE address SET organization_id = n.organization_id FROM new_rows n WHERE address.location_id = n.id AND address.organization_id <> n.organization_id;
        UPDATE phone SET organization_id = n.organization_id FROM new_rows n WHERE phone.location_id = n.id AND phone.organization_id <> n.organization_id;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION location_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before) SELECT 'location', 'D', id, organization_id FROM old_rows;
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM old_rows);
    RETURN NULL;
END $$;
-- Before the rows are gone: TRUNCATE is as many deletes.
CREATE FUNCTION location_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before) SELECT 'location', 'D', id, organization_id FROM location;
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM location);
    RETURN NULL;
END $$;
CREATE TRIGGER location_inserted AFTER INSERT ON location REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION location_inserted();
CREATE TRIGGER location_updated AFTER UPDATE ON location REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION location_updated();
CREATE TRIGGER location_deleted AFTER DELETE ON location REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION location_deleted();
CREATE TRIGGER location_truncated BEFORE TRUNCATE ON location FOR EACH STATEMENT EXECUTE FUNCTION location_truncated();

CREATE FUNCTION service_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_after) SELECT 'service', 'I', id, organization_id FROM new_rows;
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION service_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A changed primary key comes out as one row for the old key and one for the new.
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT 'service', 'U', COALESCE(n.id, o.id), o.organization_id, n.organization_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id;
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM (SELECT organization_id FROM new_rows UNION SELECT organization_id FROM old_rows) touched);
    -- The children of a row that moved have the same owner.
    IF EXISTS (SELECT 1 FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE o.organization_id <> n.organization_id) THEN
        UPDATE phone SET organization_id = n.organization_id FROM new_rows n WHERE phone.service_id = n.id AND phone.organization_id <> n.organization_id;
        UPDATE service_at_location SET organization_id = n.organization_id FROM new_rows n WHERE service_at_location.service_id = n.id AND service_at_location.organization_id <> n.organization_id;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION service_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before) SELECT 'service', 'D', id, organization_id FROM old_rows;
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM old_rows);
    RETURN NULL;
END $$;
-- Before the rows are gone: TRUNCATE is as many deletes.
CREATE FUNCTION service_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before) SELECT 'service', 'D', id, organization_id FROM service;
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM service);
    RETURN NULL;
END $$;
CREATE TRIGGER service_inserted AFTER INSERT ON service REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION service_inserted();
CREATE TRIGGER service_updated AFTER UPDATE ON service REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION service_updated();
CREATE TRIGGER service_deleted AFTER DELETE ON service REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION service_deleted();
CREATE TRIGGER service_truncated BEFORE TRUNCATE ON service FOR EACH STATEMENT EXECUTE FUNCTION service_truncated();

CREATE FUNCTION phone_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM new_rows);
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM new_rows);
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM new_rows WHERE location_id IS NULL AND service_id IS NULL);
    RETURN NULL;
END $$;
CREATE FUNCTION phone_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM old_rows);
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM old_rows);
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM old_rows WHERE location_id IS NULL AND service_id IS NULL);
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM new_rows);
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM new_rows);
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM new_rows WHERE location_id IS NULL AND service_id IS NULL);
    RETURN NULL;
END $$;
CREATE FUNCTION phone_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM old_rows);
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM old_rows);
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM old_rows WHERE location_id IS NULL AND service_id IS NULL);
    RETURN NULL;
END $$;
CREATE FUNCTION phone_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM phone);
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM phone);
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM phone WHERE location_id IS NULL AND service_id IS NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER phone_inserted AFTER INSERT ON phone REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION phone_inserted();
CREATE TRIGGER phone_updated AFTER UPDATE ON phone REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION phone_updated();
CREATE TRIGGER phone_deleted AFTER DELETE ON phone REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION phone_deleted();
CREATE TRIGGER phone_truncated BEFORE TRUNCATE ON phone FOR EACH STATEMENT EXECUTE FUNCTION phone_truncated();

CREATE FUNCTION address_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION address_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM old_rows);
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION address_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM old_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION address_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE location SET revision = revision WHERE id IN (SELECT location_id FROM address);
    RETURN NULL;
END $$;
CREATE TRIGGER address_inserted AFTER INSERT ON address REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION address_inserted();
CREATE TRIGGER address_updated AFTER UPDATE ON address REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION address_updated();
CREATE TRIGGER address_deleted AFTER DELETE ON address REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION address_deleted();
CREATE TRIGGER address_truncated BEFORE TRUNCATE ON address FOR EACH STATEMENT EXECUTE FUNCTION address_truncated();

CREATE FUNCTION service_at_location_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION service_at_location_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM old_rows);
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION service_at_location_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM old_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION service_at_location_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE service SET revision = revision WHERE id IN (SELECT service_id FROM service_at_location);
    RETURN NULL;
END $$;
CREATE TRIGGER service_at_location_inserted AFTER INSERT ON service_at_location REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION service_at_location_inserted();
CREATE TRIGGER service_at_location_updated AFTER UPDATE ON service_at_location REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION service_at_location_updated();
CREATE TRIGGER service_at_location_deleted AFTER DELETE ON service_at_location REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION service_at_location_deleted();
CREATE TRIGGER service_at_location_truncated BEFORE TRUNCATE ON service_at_location FOR EACH STATEMENT EXECUTE FUNCTION service_at_location_truncated();

CREATE FUNCTION organization_identifier_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION organization_identifier_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM old_rows);
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION organization_identifier_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM old_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION organization_identifier_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM organization_identifier);
    RETURN NULL;
END $$;
CREATE TRIGGER organization_identifier_inserted AFTER INSERT ON organization_identifier REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION organization_identifier_inserted();
CREATE TRIGGER organization_identifier_updated AFTER UPDATE ON organization_identifier REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION organization_identifier_updated();
CREATE TRIGGER organization_identifier_deleted AFTER DELETE ON organization_identifier REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION organization_identifier_deleted();
CREATE TRIGGER organization_identifier_truncated BEFORE TRUNCATE ON organization_identifier FOR EACH STATEMENT EXECUTE FUNCTION organization_identifier_truncated();

CREATE FUNCTION alternate_name_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION alternate_name_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM old_rows);
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM new_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION alternate_name_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM old_rows);
    RETURN NULL;
END $$;
CREATE FUNCTION alternate_name_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM alternate_name);
    RETURN NULL;
END $$;
CREATE TRIGGER alternate_name_inserted AFTER INSERT ON alternate_name REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION alternate_name_inserted();
CREATE TRIGGER alternate_name_updated AFTER UPDATE ON alternate_name REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION alternate_name_updated();
CREATE TRIGGER alternate_name_deleted AFTER DELETE ON alternate_name REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION alternate_name_deleted();
CREATE TRIGGER alternate_name_truncated BEFORE TRUNCATE ON alternate_name FOR EACH STATEMENT EXECUTE FUNCTION alternate_name_truncated();

-- A link moves the redirect of the absorbed id and all below it: the poller walks the forest from both ends.
CREATE FUNCTION link_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
        VALUES ('link', left(TG_OP, 1), OLD.absorbed_id, OLD.absorbed_id, OLD.survivor_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
        VALUES ('link', left(TG_OP, 1), NEW.absorbed_id, NEW.absorbed_id, NEW.survivor_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER link_changed AFTER INSERT OR UPDATE OR DELETE ON link FOR EACH ROW EXECUTE FUNCTION link_changed();
CREATE FUNCTION link_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT 'link', 'D', absorbed_id, absorbed_id, survivor_id FROM link;
    RETURN NULL;
END $$;
CREATE TRIGGER link_truncated BEFORE TRUNCATE ON link FOR EACH STATEMENT EXECUTE FUNCTION link_truncated();

CREATE FUNCTION merge_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_after)
    VALUES ('merge', left(TG_OP, 1), NEW.id, NEW.survivor_id);
    RETURN NULL;
END $$;
CREATE TRIGGER merge_inserted AFTER INSERT ON merge FOR EACH ROW EXECUTE FUNCTION merge_changed();
CREATE TRIGGER merge_updated AFTER UPDATE OF undone_at ON merge FOR EACH ROW EXECUTE FUNCTION merge_changed();

CREATE FUNCTION steward_fact_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fact steward_fact := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    VALUES ('steward_' || fact.table_name, left(TG_OP, 1), fact.row_id, fact.organization_id, fact.organization_id);
    UPDATE organization SET revision = revision WHERE id = fact.organization_id;
    RETURN NULL;
END $$;
CREATE TRIGGER steward_fact_changed AFTER INSERT OR UPDATE OR DELETE ON steward_fact
    FOR EACH ROW EXECUTE FUNCTION steward_fact_changed();
CREATE FUNCTION steward_fact_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT DISTINCT 'steward_' || table_name, 'D', row_id, organization_id, organization_id FROM steward_fact;
    UPDATE organization SET revision = revision WHERE id IN (SELECT organization_id FROM steward_fact);
    RETURN NULL;
END $$;
CREATE TRIGGER steward_fact_truncated BEFORE TRUNCATE ON steward_fact FOR EACH STATEMENT EXECUTE FUNCTION steward_fact_truncated();

-- Whoever may write the rows is captured: with no rights of their own on the log, whatever their search path, and
-- also in sessions that replicate.
DO $$
DECLARE
    capturing record;
BEGIN
    FOR capturing IN
        SELECT tgname, tgrelid::regclass AS captured, tgfoid::regprocedure AS capture
        FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace
    LOOP
        -- It runs for each row and touches no table.
        IF capturing.capture <> 'bump_revision()'::regprocedure THEN
            EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = %I, pg_temp', capturing.capture, current_schema());
        END IF;
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', capturing.captured, capturing.tgname);
    END LOOP;
END $$;

INSERT INTO capture (id, store_id) VALUES (1, gen_random_uuid());
