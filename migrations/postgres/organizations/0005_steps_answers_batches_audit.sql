-- Why: a golden record can be taken apart again (split), many merges can be asked for at once and approved by a second
-- person (batch), and whatever people do is written into a log that shows when it is tampered with (audit).

-- Merges and splits are steps in one order; `link` holds what replaying them comes to.
ALTER TABLE merge ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;
UPDATE merge SET seq = (SELECT COUNT(*) FROM merge AS other WHERE (other.merged_at, other.id) <= (merge.merged_at, merge.id));
ALTER TABLE merge ADD COLUMN split_id UUID; -- the split that made it, of what it left together: no step of its own
ALTER TABLE merge ADD COLUMN ended_by UUID; -- the split whose effect `undone_*` is; null when a person took the merge back
ALTER TABLE merge ADD COLUMN batch_id UUID; -- the batch that asked for it
CREATE INDEX merge_by_seq ON merge (seq, id);
CREATE INDEX merge_by_split ON merge (split_id) WHERE split_id IS NOT NULL;
CREATE INDEX merge_by_batch ON merge (batch_id) WHERE batch_id IS NOT NULL;

-- A golden record taken apart: whoever is named in different groups is together no more.
CREATE TABLE split (
    id UUID NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    organization_id UUID NOT NULL,
    record_groups TEXT NOT NULL, -- JSON array of arrays
    split_by TEXT NOT NULL,
    split_at TIMESTAMPTZ NOT NULL,
    reason TEXT,
    undone_by TEXT,
    undone_at TIMESTAMPTZ,
    undo_reason TEXT
);
CREATE INDEX split_by_seq ON split (seq);

-- Which ids a merge or split names: from an id to all steps that ever concerned it.
CREATE TABLE step_member (
    record_id UUID NOT NULL,
    step_id UUID NOT NULL,
    PRIMARY KEY (record_id, step_id)
);
CREATE INDEX step_member_by_step ON step_member (step_id);
INSERT INTO step_member (record_id, step_id) SELECT absorbed_id, merge_id FROM link UNION SELECT survivor_id, id FROM merge;

-- The answer as it was given; of keys of before, that of the merge as it stands.
ALTER TABLE idempotency_key ADD COLUMN answer TEXT;
CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at);

-- Merges that wait for a second person, and how far each has got.
CREATE TABLE merge_batch (
    id UUID NOT NULL PRIMARY KEY,
    state TEXT NOT NULL, -- awaiting_approval, running, done, cancelled, undone
    created_by TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    reason TEXT,
    approved_by TEXT,
    approved_at TIMESTAMPTZ,
    closed_by TEXT, -- who cancelled or undid it
    closed_at TIMESTAMPTZ,
    close_reason TEXT
);
CREATE INDEX merge_batch_by_age ON merge_batch (created_at, id);
CREATE INDEX merge_batch_running ON merge_batch (created_at) WHERE state = 'running';
CREATE TABLE merge_batch_item (
    batch_id UUID NOT NULL REFERENCES merge_batch (id),
    position BIGINT NOT NULL,
    request TEXT NOT NULL, -- JSON: what to merge, and what it was decided on
    state TEXT NOT NULL, -- pending, applied, refused, skipped
    merge_id UUID,
    problem TEXT, -- JSON: why it was refused
    PRIMARY KEY (batch_id, position)
);

-- Each write of people: its hash is that of the previous hash and of the entry, so nothing can be changed unseen.
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subjects TEXT NOT NULL, -- JSON array of ids
    detail TEXT NOT NULL, -- JSON
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_time ON audit (at, seq);
-- For finding only: what counts is the entry.
CREATE TABLE audit_subject (
    subject TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (subject, seq)
);
