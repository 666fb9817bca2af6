-- A SQL copy of the clean topics: golden records, their places and services, and which ids were absorbed; beside
-- them, per key, the version that was applied last, and per partition, how far the copy has got.
-- There are no foreign keys: topics are read side by side, so a location may come before its organization.
-- Ids are UUIDs as text, times are RFC 3339 in UTC, `members`, `origins` and `extra` are JSON.

-- Golden records. An id that was absorbed is in `organization_redirect` instead.
CREATE TABLE organization (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    name TEXT,
    description TEXT,
    email TEXT,
    website TEXT,
    tax_status TEXT,
    tax_id TEXT,
    year_incorporated INTEGER,
    legal_status TEXT,
    uri TEXT,
    parent_organization_id TEXT,
    created_at TEXT,
    -- Ids of the records that the golden record is made of.
    members TEXT,
    -- Per field, the record and the source that it came from.
    origins TEXT,
    -- What the source gave beyond these columns.
    extra TEXT
) STRICT;

-- Ids that were absorbed by a merge, and the golden record that stands for them; chains are flattened.
CREATE TABLE organization_redirect (
    absorbed_id TEXT NOT NULL PRIMARY KEY,
    survivor_id TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX organization_redirect_by_survivor ON organization_redirect (survivor_id);

CREATE TABLE organization_alternate_name (
    organization_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (organization_id, position)
) STRICT, WITHOUT ROWID;

-- `id` is the source's row: for a moment it may be under two golden records, while a merge is on its way.
CREATE TABLE organization_identifier (
    organization_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    scheme TEXT,
    identifier_type TEXT,
    identifier TEXT NOT NULL,
    extra TEXT,
    PRIMARY KEY (organization_id, position)
) STRICT, WITHOUT ROWID;

-- `organization_id` is the golden record now, `source_organization_id` the record that owns the row.
CREATE TABLE location (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    organization_id TEXT,
    source_organization_id TEXT,
    source TEXT,
    source_id TEXT NOT NULL,
    name TEXT,
    alternate_name TEXT,
    description TEXT,
    location_type TEXT,
    url TEXT,
    transportation TEXT,
    latitude REAL,
    longitude REAL,
    extra TEXT
) STRICT;
CREATE INDEX location_by_organization ON location (organization_id);

CREATE TABLE address (
    location_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    source_id TEXT NOT NULL,
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
    PRIMARY KEY (location_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE service (
    id TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    organization_id TEXT,
    source_organization_id TEXT,
    source TEXT,
    source_id TEXT NOT NULL,
    name TEXT,
    alternate_name TEXT,
    description TEXT,
    url TEXT,
    email TEXT,
    status TEXT,
    extra TEXT
) STRICT;
CREATE INDEX service_by_organization ON service (organization_id);

-- Where a service is offered.
CREATE TABLE service_at_location (
    service_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    PRIMARY KEY (service_id, location_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX service_at_location_by_location ON service_at_location (location_id);

-- Telephones of an organization itself, of a location (`location_id`) or of a service (`service_id`);
-- `organization_id` is the golden record in each case.
CREATE TABLE phone (
    organization_id TEXT,
    location_id TEXT,
    service_id TEXT,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    number TEXT NOT NULL,
    extension TEXT,
    phone_type TEXT,
    description TEXT,
    extra TEXT
) STRICT;
CREATE INDEX phone_by_organization ON phone (organization_id);
CREATE UNIQUE INDEX phone_of_organization ON phone (organization_id, position)
    WHERE location_id IS NULL AND service_id IS NULL;
CREATE UNIQUE INDEX phone_of_location ON phone (location_id, position) WHERE location_id IS NOT NULL;
CREATE UNIQUE INDEX phone_of_service ON phone (service_id, position) WHERE service_id IS NOT NULL;

-- The newest version that was applied, per key, also of keys that are gone: an older event never brings one back.
CREATE TABLE sink_version (
    -- `organization`, `location` or `service`.
    table_name TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    -- `upsert`, `redirect` or `delete`.
    op TEXT NOT NULL,
    PRIMARY KEY (table_name, id)
) STRICT, WITHOUT ROWID;

-- The next offset to read, per partition; it moves in the same transaction as the rows.
CREATE TABLE sink_position (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;
