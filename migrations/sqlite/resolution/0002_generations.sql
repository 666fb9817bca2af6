-- Why: the model of a generation stands beside what it came to, so that any process can go on with it, whichever
-- model it was built with.
ALTER TABLE generation ADD COLUMN model TEXT NOT NULL DEFAULT ''; -- model.json
ALTER TABLE generation ADD COLUMN staged_at TEXT NOT NULL DEFAULT '1970-01-01T00:00:00+00:00';
ALTER TABLE generation ADD COLUMN activated_at TEXT; -- when it was last made the live one
