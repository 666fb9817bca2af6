-- Why: the model of a generation stands beside what it came to, so that any process can go on with it, whichever
-- model it was built with.
ALTER TABLE generation ADD COLUMN model text NOT NULL DEFAULT ''; -- model.json
ALTER TABLE generation ADD COLUMN staged_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE generation ADD COLUMN activated_at timestamptz; -- when it was last made the live one
