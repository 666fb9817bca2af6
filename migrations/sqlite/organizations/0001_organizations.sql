-- The organizations data product: rows as their sources tell them (HSDS), what people add to them (links,
-- steward facts), and a log of which keys changed, written by triggers in the same transaction.
-- One writer at a time makes the order of the log the order of commits.

-- An organization as its source tells it. `revision` grows with every write to the row or to its children.
CREATE TABLE organization (
    id BLOB NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    name TEXT,
    description TEXT,
    email TEXT,
    website TEXT,
    tax_status TEXT,
    tax_id TEXT,
    year_incorporated INTEGER,
    legal_status TEXT,
    uri TEXT,
    parent_organization_id BLOB,
    extra TEXT,
    UNIQUE (source, source_id)
);

-- A place of an organization.
CREATE TABLE location (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    position INTEGER NOT NULL DEFAULT 0,
    name TEXT,
    alternate_name TEXT,
    description TEXT,
    location_type TEXT,
    url TEXT,
    transportation TEXT,
    latitude REAL,
    longitude REAL,
    extra TEXT,
    UNIQUE (source, source_id)
);
CREATE INDEX location_by_organization ON location (organization_id);

-- What an organization offers.
CREATE TABLE service (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,
    position INTEGER NOT NULL DEFAULT 0,
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
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    scheme TEXT,
    identifier_type TEXT,
    identifier TEXT NOT NULL,
    extra TEXT,
    UNIQUE (source, source_id)
);
CREATE INDEX organization_identifier_by_organization ON organization_identifier (organization_id);

-- Other names of an organization, in the order of the source.
CREATE TABLE alternate_name (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL,
    UNIQUE (source, source_id)
);
CREATE INDEX alternate_name_by_organization ON alternate_name (organization_id);

-- Telephones of the organization itself, of one location, or of one service.
CREATE TABLE phone (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    location_id BLOB REFERENCES location (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    service_id BLOB REFERENCES service (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
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
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    location_id BLOB NOT NULL REFERENCES location (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
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
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    service_id BLOB NOT NULL REFERENCES service (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    location_id BLOB NOT NULL REFERENCES location (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (source, source_id)
);
CREATE INDEX service_at_location_by_organization ON service_at_location (organization_id);
CREATE INDEX service_at_location_by_service ON service_at_location (service_id);
CREATE INDEX service_at_location_by_location ON service_at_location (location_id);

-- One deliberate merge. A fact: it is ended by an undo, never deleted.
CREATE TABLE merge (
    id BLOB NOT NULL PRIMARY KEY,
    survivor_id BLOB NOT NULL,
    absorbed_ids TEXT NOT NULL, -- JSON array
    merged_by TEXT NOT NULL,
    merged_at TEXT NOT NULL,
    reason TEXT,
    undone_by TEXT,
    undone_at TEXT,
    undo_reason TEXT
);

-- absorbed -> survivor while `ended_at` is null. Ids, not foreign keys: a golden id outlives its own record.
CREATE TABLE link (
    merge_id BLOB NOT NULL REFERENCES merge (id),
    absorbed_id BLOB NOT NULL,
    survivor_id BLOB NOT NULL,
    ended_at TEXT,
    PRIMARY KEY (merge_id, absorbed_id)
);
-- Invariant: an id is absorbed at most once at a time, so links form a forest.
CREATE UNIQUE INDEX link_active ON link (absorbed_id) WHERE ended_at IS NULL;
CREATE INDEX link_by_survivor ON link (survivor_id) WHERE ended_at IS NULL;

-- People's edits of rows that belong to a source: above all sources; the newest of a field holds.
CREATE TABLE steward_fact (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL,
    table_name TEXT NOT NULL,
    row_id BLOB NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL, -- JSON
    stated_by TEXT NOT NULL,
    stated_at TEXT NOT NULL
);
CREATE INDEX steward_fact_by_organization ON steward_fact (organization_id);

-- Answers already given, by the caller's Idempotency-Key.
CREATE TABLE idempotency_key (
    idempotency_key TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    merge_id BLOB NOT NULL,
    created_at TEXT NOT NULL
);

-- The poller's own state: who holds it, what was reserved, how far it got.
CREATE TABLE capture (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    store_id BLOB NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    number_reserved INTEGER NOT NULL DEFAULT 0,
    position TEXT
);
CREATE TABLE lease (
    role TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    fence INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
);

-- Key and owners only: the poller reads the rows themselves. AUTOINCREMENT: numbers are never used again.
CREATE TABLE change_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    op TEXT NOT NULL,
    row_id BLOB,
    owner_before BLOB,
    owner_after BLOB
);

-- Every write to a record's tree ends in its organization row's revision, and that is what is logged.
CREATE TRIGGER organization_inserted AFTER INSERT ON organization BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('organization', 'I', NEW.id, NULL, NEW.id);
END;
CREATE TRIGGER organization_updated AFTER UPDATE OF name, description, email, website, tax_status, tax_id, year_incorporated, legal_status, uri, parent_organization_id, extra, id, source, source_id, created_at ON organization BEGIN
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.id;
END;
CREATE TRIGGER organization_rekeyed AFTER UPDATE OF id ON organization WHEN OLD.id <> NEW.id BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('organization', 'D', OLD.id, OLD.id, NULL);
END;
CREATE TRIGGER organization_revised AFTER UPDATE OF revision ON organization BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('organization', 'U', NEW.id, NEW.id, NEW.id);
END;
CREATE TRIGGER organization_deleted AFTER DELETE ON organization BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('organization', 'D', OLD.id, OLD.id, NULL);
END;

CREATE TRIGGER location_inserted AFTER INSERT ON location BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('location', 'I', NEW.id, NULL, NEW.organization_id);
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER location_updated AFTER UPDATE OF id, organization_id, source, source_id, position, name, alternate_name, description, location_type, url, transportation, latitude, longitude, extra ON location BEGIN
    UPDATE location SET revision = revision + 1 WHERE id = NEW.id;
END;
CREATE TRIGGER location_moved AFTER UPDATE OF id, organization_id ON location WHEN OLD.id <> NEW.id OR OLD.organization_id <> NEW.organization_id BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('location', 'D', OLD.id, OLD.organization_id, NULL);
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id;
    -- Its children have the same owner.
    UPDATE phone SET organization_id = NEW.organization_id WHERE location_id = NEW.id AND organization_id <> NEW.organization_id;
    UPDATE address SET organization_id = NEW.organization_id WHERE location_id = NEW.id AND organization_id <> NEW.organization_id;
END;
CREATE TRIGGER location_revised AFTER UPDATE OF revision ON location BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('location', 'U', NEW.id, NEW.organization_id, NEW.organization_id);
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER location_deleted AFTER DELETE ON location BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('location', 'D', OLD.id, OLD.organization_id, NULL);
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id;
END;

CREATE TRIGGER service_inserted AFTER INSERT ON service BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('service', 'I', NEW.id, NULL, NEW.organization_id);
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER service_updated AFTER UPDATE OF id, organization_id, source, source_id, position, name, alternate_name, description, url, email, status, extra ON service BEGIN
    UPDATE service SET revision = revision + 1 WHERE id = NEW.id;
END;
CREATE TRIGGER service_moved AFTER UPDATE OF id, organization_id ON service WHEN OLD.id <> NEW.id OR OLD.organization_id <> NEW.organization_id BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('service', 'D', OLD.id, OLD.organization_id, NULL);
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id;
    UPDATE phone SET organization_id = NEW.organization_id WHERE service_id = NEW.id AND organization_id <> NEW.organization_id;
    UPDATE service_at_location SET organization_id = NEW.organization_id WHERE service_id = NEW.id AND organization_id <> NEW.organization_id;
END;
CREATE TRIGGER service_revised AFTER UPDATE OF revision ON service BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('service', 'U', NEW.id, NEW.organization_id, NEW.organization_id);
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER service_deleted AFTER DELETE ON service BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('service', 'D', OLD.id, OLD.organization_id, NULL);
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id;
END;

CREATE TRIGGER phone_inserted AFTER INSERT ON phone BEGIN
    UPDATE location SET revision = revision + 1 WHERE id = NEW.location_id;
    UPDATE service SET revision = revision + 1 WHERE id = NEW.service_id;
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id AND NEW.location_id IS NULL AND NEW.service_id IS NULL;
END;
CREATE TRIGGER phone_updated AFTER UPDATE ON phone BEGIN
    UPDATE location SET revision = revision + 1 WHERE id = OLD.location_id;
    UPDATE service SET revision = revision + 1 WHERE id = OLD.service_id;
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id AND OLD.location_id IS NULL AND OLD.service_id IS NULL;
    UPDATE location SET revision = revision + 1 WHERE id = NEW.location_id;
    UPDATE service SET revision = revision + 1 WHERE id = NEW.service_id;
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id AND NEW.location_id IS NULL AND NEW.service_id IS NULL;
END;
CREATE TRIGGER phone_deleted AFTER DELETE ON phone BEGIN
    UPDATE location SET revision = revision + 1 WHERE id = OLD.location_id;
    UPDATE service SET revision = revision + 1 WHERE id = OLD.service_id;
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id AND OLD.location_id IS NULL AND OLD.service_id IS NULL;
END;

CREATE TRIGGER address_inserted AFTER INSERT ON address BEGIN
    UPDATE location SET revision = revision + 1 WHERE id = NEW.location_id;
END;
CREATE TRIGGER address_updated AFTER UPDATE ON address BEGIN
    UPDATE location SET revision = revision + 1 WHERE id = OLD.location_id;
    UPDATE location SET revision = revision + 1 WHERE id = NEW.location_id;
END;
CREATE TRIGGER address_deleted AFTER DELETE ON address BEGIN
    UPDATE location SET revision = revision + 1 WHERE id = OLD.location_id;
END;

CREATE TRIGGER service_at_location_inserted AFTER INSERT ON service_at_location BEGIN
    UPDATE service SET revision = revision + 1 WHERE id = NEW.service_id;
END;
CREATE TRIGGER service_at_location_updated AFTER UPDATE ON service_at_location BEGIN
    UPDATE service SET revision = revision + 1 WHERE id = OLD.service_id;
    UPDATE service SET revision = revision + 1 WHERE id = NEW.service_id;
END;
CREATE TRIGGER service_at_location_deleted AFTER DELETE ON service_at_location BEGIN
    UPDATE service SET revision = revision + 1 WHERE id = OLD.service_id;
END;

CREATE TRIGGER organization_identifier_inserted AFTER INSERT ON organization_identifier BEGIN
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER organization_identifier_updated AFTER UPDATE ON organization_identifier BEGIN
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id;
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER organization_identifier_deleted AFTER DELETE ON organization_identifier BEGIN
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id;
END;

CREATE TRIGGER alternate_name_inserted AFTER INSERT ON alternate_name BEGIN
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER alternate_name_updated AFTER UPDATE ON alternate_name BEGIN
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id;
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER alternate_name_deleted AFTER DELETE ON alternate_name BEGIN
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id;
END;

-- A link moves the redirect of the absorbed id and all below it: the poller walks the forest from both ends.
CREATE TRIGGER link_inserted AFTER INSERT ON link BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('link', 'I', NEW.absorbed_id, NEW.absorbed_id, NEW.survivor_id);
END;
CREATE TRIGGER link_updated AFTER UPDATE ON link BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('link', 'U', OLD.absorbed_id, OLD.absorbed_id, OLD.survivor_id);
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('link', 'U', NEW.absorbed_id, NEW.absorbed_id, NEW.survivor_id);
END;
CREATE TRIGGER link_deleted AFTER DELETE ON link BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('link', 'D', OLD.absorbed_id, OLD.absorbed_id, OLD.survivor_id);
END;
CREATE TRIGGER merge_inserted AFTER INSERT ON merge BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('merge', 'I', NEW.id, NULL, NEW.survivor_id);
END;
CREATE TRIGGER merge_updated AFTER UPDATE OF undone_at ON merge BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('merge', 'U', NEW.id, NEW.survivor_id, NEW.survivor_id);
END;
CREATE TRIGGER steward_fact_inserted AFTER INSERT ON steward_fact BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('steward_' || NEW.table_name, 'I', NEW.row_id, NEW.organization_id, NEW.organization_id);
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER steward_fact_updated AFTER UPDATE ON steward_fact BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('steward_' || NEW.table_name, 'U', NEW.row_id, NEW.organization_id, NEW.organization_id);
    UPDATE organization SET revision = revision + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER steward_fact_deleted AFTER DELETE ON steward_fact BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('steward_' || OLD.table_name, 'D', OLD.row_id, OLD.organization_id, OLD.organization_id);
    UPDATE organization SET revision = revision + 1 WHERE id = OLD.organization_id;
END;

INSERT INTO capture (id, store_id) VALUES (1, randomblob(16));
