-- Why: a new model or new code fills an index of its own beside the live one, and the switch is one row. Each
-- generation has tables of its own (generation/*.sql, with its id in their names), so that dropping one is a DROP
-- TABLE and not a million deletes, and word statistics of two models never mix.
CREATE TABLE generation (
    -- AUTOINCREMENT: the id of a dropped generation never comes back with another's tables.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    live INTEGER NOT NULL CHECK (live IN (0, 1)),
    -- How many of the files in generation/ it has been through.
    layout INTEGER NOT NULL,
    -- How many documents are searchable; kept here because counting reads the whole table.
    documents INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX generation_live ON generation (live) WHERE live = 1;
