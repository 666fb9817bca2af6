-- Why: the tables of one generation; {g} stands for its id. Append-only like migrations: a change of them is the
-- next file here, and every generation goes through the files that it has not seen when the index is opened.
CREATE TABLE document_{g} (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    -- A deleted document stays with its version, so that an older write that comes late finds it newer.
    deleted INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- A JSON array, as written: what the postings of this document are.
    keys TEXT NOT NULL,
    features BLOB NOT NULL
) STRICT;

CREATE TABLE posting_{g} (
    key TEXT NOT NULL,
    document INTEGER NOT NULL,
    PRIMARY KEY (key, document)
) STRICT, WITHOUT ROWID;

-- Words come folded; the content stays out, because only words, not texts, are asked of it.
CREATE VIRTUAL TABLE search_{g} USING fts5 (
    names, places, phones,
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0'
);
-- A word of the name says three times as much as a word of the address.
INSERT INTO search_{g} (search_{g}, rank) VALUES ('rank', 'bm25(3.0, 1.0, 1.0)');

-- Which words there are, and in how many documents.
CREATE VIRTUAL TABLE term_{g} USING fts5vocab ('search_{g}', 'row');

-- Every word with a letter in it that ever came. Near words are found by reading all words, and term_{g} would
-- read all documents for that.
CREATE TABLE word_{g} (word TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
