-- The embedded schema registry: what each subject has registered, so that any byte on a topic can be read for
-- as long as the topic keeps it. A schema's text is stored once, whatever subjects use it, and its row is never
-- removed: the id is on the wire, so it must mean the same for ever and must never be used again.

CREATE TABLE registry_schema (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- As the producer wrote it, documentation included.
    schema TEXT NOT NULL,
    -- The same with keys sorted and white space removed: equal identity is the same schema.
    identity TEXT NOT NULL UNIQUE
);

-- A version is deleted softly first: its number is not given again, and the schema can still be read by id.
CREATE TABLE registry_version (
    subject TEXT NOT NULL,
    version INTEGER NOT NULL,
    schema_id INTEGER NOT NULL REFERENCES registry_schema (id),
    deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
    PRIMARY KEY (subject, version)
) WITHOUT ROWID;

CREATE INDEX registry_version_by_schema ON registry_version (schema_id);

-- One row per subject with a level of its own; the empty subject is the level of all others.
CREATE TABLE registry_compatibility (
    subject TEXT NOT NULL PRIMARY KEY,
    level TEXT NOT NULL
) WITHOUT ROWID;
