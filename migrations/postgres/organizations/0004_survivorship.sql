-- Which value wins: policies in versions, the one in force, what people chose, and when a source last changed a record.

-- When its source last changed a record, children included; null while it is as it arrived. What people state raises the
-- revision, too, but makes no source more recent: it counts in `stated`, and a step of that is no change of the source.
ALTER TABLE organization ADD COLUMN changed_at TIMESTAMPTZ, ADD COLUMN stated BIGINT NOT NULL DEFAULT 0;
CREATE FUNCTION bump_organization() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    IF NEW.stated = OLD.stated THEN
        NEW.changed_at := transaction_timestamp();
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER organization_bump ON organization;
CREATE TRIGGER organization_bump BEFORE UPDATE ON organization FOR EACH ROW EXECUTE FUNCTION bump_organization();

CREATE OR REPLACE FUNCTION steward_fact_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fact steward_fact := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    VALUES ('steward_' || fact.table_name, left(TG_OP, 1), fact.row_id, fact.organization_id, fact.organization_id);
    UPDATE organization SET stated = stated + 1 WHERE id = fact.organization_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION steward_fact_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT DISTINCT 'steward_' || table_name, 'D', row_id, organization_id, organization_id FROM steward_fact;
    UPDATE organization SET stated = stated + 1 WHERE id IN (SELECT organization_id FROM steward_fact);
    RETURN NULL;
END $$;

-- A person's choice of the member whose value wins a field. Ended by the undo of a merge that it rests on, never deleted.
CREATE TABLE field_choice (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL,
    field TEXT NOT NULL,
    record_id UUID, -- null: what the policy says
    merge_id UUID REFERENCES merge (id), -- the merge that it was made in; null: by itself
    chosen_by TEXT NOT NULL,
    chosen_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);
CREATE INDEX field_choice_by_organization ON field_choice (organization_id) WHERE ended_at IS NULL;
-- The merges without which the chosen record would not have been a member.
CREATE TABLE field_choice_merge (
    choice_id UUID NOT NULL REFERENCES field_choice (id) ON DELETE CASCADE,
    merge_id UUID NOT NULL REFERENCES merge (id),
    PRIMARY KEY (choice_id, merge_id)
);
CREATE INDEX field_choice_merge_by_merge ON field_choice_merge (merge_id);
CREATE FUNCTION field_choice_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    choice field_choice := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    VALUES ('field_choice', left(TG_OP, 1), choice.organization_id,
        CASE WHEN TG_OP = 'UPDATE' THEN OLD.organization_id ELSE choice.organization_id END, choice.organization_id);
    RETURN NULL;
END $$;
CREATE TRIGGER field_choice_changed AFTER INSERT OR UPDATE OR DELETE ON field_choice
    FOR EACH ROW EXECUTE FUNCTION field_choice_changed();
CREATE FUNCTION field_choice_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT DISTINCT 'field_choice', 'D', organization_id, organization_id, organization_id FROM field_choice;
    RETURN NULL;
END $$;
CREATE TRIGGER field_choice_truncated BEFORE TRUNCATE ON field_choice FOR EACH STATEMENT EXECUTE FUNCTION field_choice_truncated();

-- Policies. A version never changes: another document is another version.
CREATE TABLE survivorship_policy (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL, -- JSON
    stated_by TEXT NOT NULL,
    stated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (name, version)
);
-- The one in force.
CREATE TABLE survivorship_in_force (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    activated_by TEXT NOT NULL,
    activated_at TIMESTAMPTZ NOT NULL,
    FOREIGN KEY (name, version) REFERENCES survivorship_policy (name, version)
);
-- It decides wherever several records speak: these golden records go out again. Where one speaks alone, no policy decides.
CREATE FUNCTION survivorship_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
    SELECT 'survivorship', 'R', absorbed_id, absorbed_id, survivor_id FROM link WHERE ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER survivorship_changed AFTER INSERT OR UPDATE ON survivorship_in_force
    FOR EACH STATEMENT EXECUTE FUNCTION survivorship_changed();

-- With the rights and in the sessions of all that captures; a function that was replaced has lost its rights.
DO $$
DECLARE
    capturing text;
BEGIN
    FOREACH capturing IN ARRAY ARRAY['steward_fact_changed', 'steward_fact_truncated', 'field_choice_changed', 'field_choice_truncated', 'survivorship_changed'] LOOP
        EXECUTE format('ALTER FUNCTION %I() SECURITY DEFINER SET search_path = %I, pg_temp', capturing, current_schema());
    END LOOP;
END $$;
ALTER TABLE organization ENABLE ALWAYS TRIGGER organization_bump;
ALTER TABLE field_choice ENABLE ALWAYS TRIGGER field_choice_changed;
ALTER TABLE field_choice ENABLE ALWAYS TRIGGER field_choice_truncated;
ALTER TABLE survivorship_in_force ENABLE ALWAYS TRIGGER survivorship_changed;

INSERT INTO survivorship_policy (name, version, document, stated_by, stated_at)
VALUES ('default', 1, '{"default":["survivor"],"fields":{},"fold":["phones","locations","services"]}', 'orgloop', now());
INSERT INTO survivorship_in_force (id, name, version, activated_by, activated_at) VALUES (1, 'default', 1, 'orgloop', now());
