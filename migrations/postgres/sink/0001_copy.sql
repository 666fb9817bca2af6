-- A SQL copy of the clean topics: golden records, their places and services, and which ids were absorbed; beside
-- them, per key, the version that was applied last, and per partition, how far the copy has got.
-- There are no foreign keys: topics are read side by side, so a location may come before its organization.
-- It lives in a schema of its own, which the connection has as its search path.

-- Golden records. An id that was absorbed is in `organization_redirect` instead.
CREATE TABLE organization (
    id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT,
    description TEXT,
    email TEXT,
    website TEXT,
    tax_status TEXT,
    tax_id TEXT,
    year_incorporated INTEGER,
    legal_status TEXT,
    uri TEXT,
    parent_organization_id UUID,
    created_at TIMESTAMPTZ,
    -- Ids of the records that the golden record is made of.
    members JSONB,
    -- Per field, the record and the source that it came from.
    origins JSONB,
    -- What the source gave beyond these columns.
    extra JSONB
);

-- Ids that were absorbed by a merge, and the golden record that stands for them; chains are flattened.
CREATE TABLE organization_redirect (
    absorbed_id UUID NOT NULL PRIMARY KEY,
    survivor_id UUID NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX organization_redirect_by_survivor ON organization_redirect (survivor_id);

CREATE TABLE organization_alternate_name (
    organization_id UUID NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (organization_id, position)
);

-- `id` is the source's row: for a moment it may be under two golden records, while a merge is on its way.
CREATE TABLE organization_identifier (
    organization_id UUID NOT NULL,
    position INTEGER NOT NULL,
    id UUID NOT NULL,
    source_id TEXT NOT NULL,
    scheme TEXT,
    identifier_type TEXT,
    identifier TEXT NOT NULL,
    extra JSONB,
    PRIMARY KEY (organization_id, position)
);

-- `organization_id` is the golden record now, `source_organization_id` the record that owns the row.
CREATE TABLE location (
    id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    organization_id UUID,
    source_organization_id UUID,
    source TEXT,
    source_id TEXT NOT NULL,
    name TEXT,
    alternate_name TEXT,
    description TEXT,
    location_type TEXT,
    url TEXT,
    transportation TEXT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    extra JSONB
);
CREATE INDEX location_by_organization ON location (organization_id);

CREATE TABLE address (
    location_id UUID NOT NULL,
    position INTEGER NOT NULL,
    id UUID NOT NULL,
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
    extra JSONB,
    PRIMARY KEY (location_id, position)
);

CREATE TABLE service (
    id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    organization_id UUID,
    source_organization_id UUID,
    source TEXT,
    source_id TEXT NOT NULL,
    name TEXT,
    alternate_name TEXT,
    description TEXT,
    url TEXT,
    email TEXT,
    status TEXT,
    extra JSONB
);
CREATE INDEX service_by_organization ON service (organization_id);

-- Where a service is offered.
CREATE TABLE service_at_location (
    service_id UUID NOT NULL,
    location_id UUID NOT NULL,
    PRIMARY KEY (service_id, location_id)
);
CREATE INDEX service_at_location_by_location ON service_at_location (location_id);

-- Telephones of an organization itself, of a location (`location_id`) or of a service (`service_id`);
-- `organization_id` is the golden record in each case.
CREATE TABLE phone (
    organization_id UUID,
    location_id UUID,
    service_id UUID,
    position INTEGER NOT NULL,
    id UUID NOT NULL,
    source_id TEXT NOT NULL,
    number TEXT NOT NULL,
    extension TEXT,
    phone_type TEXT,
    description TEXT,
    extra JSONB
);
CREATE INDEX phone_by_organization ON phone (organization_id);
CREATE UNIQUE INDEX phone_of_organization ON phone (organization_id, position)
    WHERE location_id IS NULL AND service_id IS NULL;
CREATE UNIQUE INDEX phone_of_location ON phone (location_id, position) WHERE location_id IS NOT NULL;
CREATE UNIQUE INDEX phone_of_service ON phone (service_id, position) WHERE service_id IS NOT NULL;

-- The newest version that was applied, per key, also of keys that are gone: an older event never brings one back.
CREATE TABLE sink_version (
    -- `organization`, `location` or `service`.
    table_name TEXT NOT NULL,
    id UUID NOT NULL,
    version BIGINT NOT NULL,
    -- `upsert`, `redirect` or `delete`.
    op TEXT NOT NULL,
    PRIMARY KEY (table_name, id)
);

-- The next offset to read, per partition; it moves in the same transaction as the rows.
CREATE TABLE sink_position (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset BIGINT NOT NULL,
    PRIMARY KEY (topic, partition)
);
