-- Which value wins: policies in versions, the one in force, what people chose, and when a source last changed a record.

-- When its source last changed a record, children included; null while it is as it arrived. What people state raises the
-- revision, too, but makes no source more recent: it counts in `stated`, and a step of that is no change of the source.
ALTER TABLE organization ADD COLUMN changed_at TEXT;
ALTER TABLE organization ADD COLUMN stated INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER organization_changed AFTER UPDATE OF revision ON organization WHEN NEW.stated = OLD.stated BEGIN
    UPDATE organization SET changed_at = strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now') WHERE id = NEW.id;
END;
DROP TRIGGER steward_fact_inserted;
DROP TRIGGER steward_fact_updated;
DROP TRIGGER steward_fact_deleted;
CREATE TRIGGER steward_fact_inserted AFTER INSERT ON steward_fact BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('steward_' || NEW.table_name, 'I', NEW.row_id, NEW.organization_id, NEW.organization_id);
    UPDATE organization SET revision = revision + 1, stated = stated + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER steward_fact_updated AFTER UPDATE ON steward_fact BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('steward_' || NEW.table_name, 'U', NEW.row_id, NEW.organization_id, NEW.organization_id);
    UPDATE organization SET revision = revision + 1, stated = stated + 1 WHERE id = NEW.organization_id;
END;
CREATE TRIGGER steward_fact_deleted AFTER DELETE ON steward_fact BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('steward_' || OLD.table_name, 'D', OLD.row_id, OLD.organization_id, OLD.organization_id);
    UPDATE organization SET revision = revision + 1, stated = stated + 1 WHERE id = OLD.organization_id;
END;

-- A person's choice of the member whose value wins a field. Ended by the undo of a merge that it rests on, never deleted.
CREATE TABLE field_choice (
    id BLOB NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL,
    field TEXT NOT NULL,
    record_id BLOB, -- null: what the policy says
    merge_id BLOB REFERENCES merge (id), -- the merge that it was made in; null: by itself
    chosen_by TEXT NOT NULL,
    chosen_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX field_choice_by_organization ON field_choice (organization_id) WHERE ended_at IS NULL;
-- The merges without which the chosen record would not have been a member.
CREATE TABLE field_choice_merge (
    choice_id BLOB NOT NULL REFERENCES field_choice (id) ON DELETE CASCADE,
    merge_id BLOB NOT NULL REFERENCES merge (id),
    PRIMARY KEY (choice_id, merge_id)
);
CREATE INDEX field_choice_merge_by_merge ON field_choice_merge (merge_id);
CREATE TRIGGER field_choice_inserted AFTER INSERT ON field_choice BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('field_choice', 'I', NEW.organization_id, NEW.organization_id, NEW.organization_id);
END;
CREATE TRIGGER field_choice_updated AFTER UPDATE ON field_choice BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('field_choice', 'U', NEW.organization_id, OLD.organization_id, NEW.organization_id);
END;
CREATE TRIGGER field_choice_deleted AFTER DELETE ON field_choice BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after) VALUES ('field_choice', 'D', OLD.organization_id, OLD.organization_id, OLD.organization_id);
END;

-- Policies. A version never changes: another document is another version.
CREATE TABLE survivorship_policy (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL, -- JSON
    stated_by TEXT NOT NULL,
    stated_at TEXT NOT NULL,
    PRIMARY KEY (name, version)
);
-- The one in force.
CREATE TABLE survivorship_in_force (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    activated_by TEXT NOT NULL,
    activated_at TEXT NOT NULL,
    FOREIGN KEY (name, version) REFERENCES survivorship_policy (name, version)
);
-- It decides wherever several records speak: these golden records go out again. Where one speaks alone, no policy decides.
CREATE TRIGGER survivorship_came_in_force AFTER INSERT ON survivorship_in_force BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT 'survivorship', 'R', absorbed_id, absorbed_id, survivor_id FROM link WHERE ended_at IS NULL;
END;
CREATE TRIGGER survivorship_changed AFTER UPDATE ON survivorship_in_force BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT 'survivorship', 'R', absorbed_id, absorbed_id, survivor_id FROM link WHERE ended_at IS NULL;
END;

INSERT INTO survivorship_policy (name, version, document, stated_by, stated_at)
VALUES ('default', 1, '{"default":["survivor"],"fields":{},"fold":["phones","locations","services"]}', 'orgloop', strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'));
INSERT INTO survivorship_in_force (id, name, version, activated_by, activated_at)
VALUES (1, 'default', 1, 'orgloop', strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'));
