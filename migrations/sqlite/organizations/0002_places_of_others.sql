-- HSDS lets a service be offered at a place of another organization, which may arrive later, or stay when its owner
-- goes: a pointer is what the service's source tells, not a foreign key. SQLite drops no foreign key, so the table is
-- made anew.
CREATE TABLE service_at_location_kept AS
    SELECT id, organization_id, source, source_id, position, service_id, location_id FROM service_at_location;
DROP TABLE service_at_location;
CREATE TABLE service_at_location (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    service_id BLOB NOT NULL REFERENCES service (id) ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    location_id BLOB NOT NULL,
    UNIQUE (source, source_id)
);
INSERT INTO service_at_location (id, organization_id, source, source_id, position, service_id, location_id)
    SELECT id, organization_id, source, source_id, position, service_id, location_id FROM service_at_location_kept;
DROP TABLE service_at_location_kept;
CREATE INDEX service_at_location_by_organization ON service_at_location (organization_id);
CREATE INDEX service_at_location_by_service ON service_at_location (service_id);
CREATE INDEX service_at_location_by_location ON service_at_location (location_id);

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

-- As before: a record's services are not offered at a place that the record no longer has, and pointers follow a key.
CREATE TRIGGER location_left_services AFTER DELETE ON location BEGIN
    DELETE FROM service_at_location WHERE location_id = OLD.id AND organization_id = OLD.organization_id;
END;
CREATE TRIGGER location_rekeyed AFTER UPDATE OF id ON location WHEN OLD.id <> NEW.id BEGIN
    UPDATE service_at_location SET location_id = NEW.id WHERE location_id = OLD.id;
END;
