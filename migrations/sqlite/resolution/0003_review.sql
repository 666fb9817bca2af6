-- Why: people share one queue. They take clusters by what deciding is worth, hold what they look at, say why and
-- on what evidence, and measure themselves on samples drawn blindly. All of this is ground state but the columns
-- of `cluster`, which the resolver writes anew.

-- For the order of the queue: golden records that would go, times the probability; since when it waits.
ALTER TABLE cluster ADD COLUMN review_value REAL NOT NULL DEFAULT 0;
ALTER TABLE cluster ADD COLUMN opened_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cluster ADD COLUMN revision TEXT NOT NULL DEFAULT ''; -- a digest of what a decision rests on
UPDATE cluster SET opened_at_ms = CAST(unixepoch('subsec') * 1000 AS INTEGER), review_value = probability *
    ((SELECT COUNT(DISTINCT json_extract(member.value, '$.organization_id'))
      FROM json_each(cluster.body, '$.members') AS member) - 1);
CREATE INDEX cluster_by_value ON cluster (generation, open, review_value, id);
CREATE INDEX cluster_by_age ON cluster (generation, open, opened_at_ms, id);

-- Why a pair was judged, and on what evidence: a no holds while that evidence stands.
ALTER TABLE judgement ADD COLUMN codes TEXT; -- of the list of reasons, with commas between
ALTER TABLE judgement ADD COLUMN relation TEXT; -- for related: branch, parent, renamed, shared_address
ALTER TABLE judgement ADD COLUMN teach BOOLEAN NOT NULL DEFAULT TRUE; -- whether models may learn from it
ALTER TABLE judgement ADD COLUMN evidence TEXT; -- JSON: model, code, weight and levels; null: holds whatever comes

-- Decisions of one person today, on one cluster, of one batch.
ALTER TABLE decision ADD COLUMN revision TEXT NOT NULL DEFAULT ''; -- of the cluster, as decided on
ALTER TABLE decision ADD COLUMN folded INTEGER NOT NULL DEFAULT 0; -- golden records that it folds away
ALTER TABLE decision ADD COLUMN batch_id BLOB;
CREATE INDEX decision_by_person ON decision (decided_by, decided_at);
CREATE INDEX decision_by_cluster ON decision (cluster_id);
CREATE INDEX decision_by_batch ON decision (batch_id);
-- A decision may become several merges.
CREATE TABLE decision_merge (
    merge_id BLOB NOT NULL PRIMARY KEY,
    decision_id BLOB NOT NULL
) WITHOUT ROWID;
INSERT INTO decision_merge (merge_id, decision_id) SELECT merge_id, id FROM decision WHERE merge_id IS NOT NULL;

-- Who looks at what, until when.
CREATE TABLE claim (
    cluster_id BLOB NOT NULL PRIMARY KEY,
    claim_id BLOB NOT NULL,
    holder TEXT NOT NULL,
    until_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX claim_by_id ON claim (claim_id);

CREATE TABLE cluster_comment (
    id BLOB NOT NULL PRIMARY KEY,
    cluster_id BLOB NOT NULL,
    comment TEXT NOT NULL,
    written_by TEXT NOT NULL,
    written_at TEXT NOT NULL
);
CREATE INDEX cluster_comment_by_cluster ON cluster_comment (cluster_id);

-- Samples drawn uniformly from a stated population, to be answered without seeing what the model says.
CREATE TABLE blind_sample (
    id BLOB NOT NULL PRIMARY KEY,
    body TEXT NOT NULL, -- JSON: population, seed, by whom and when
    drawn_at TEXT NOT NULL
);
CREATE TABLE blind_item (
    sample_id BLOB NOT NULL,
    position INTEGER NOT NULL,
    cluster_id BLOB NOT NULL,
    revision TEXT NOT NULL,
    outcome TEXT, -- right, wrong or void; null while it waits
    decision_id BLOB,
    answered_by TEXT,
    answered_at TEXT,
    PRIMARY KEY (sample_id, position)
) WITHOUT ROWID;
CREATE INDEX blind_item_by_cluster ON blind_item (cluster_id);
CREATE INDEX blind_item_by_decision ON blind_item (decision_id);

-- What a sample proved of a band, until it expires or later answers break it.
CREATE TABLE certificate (
    id BLOB NOT NULL PRIMARY KEY,
    body TEXT NOT NULL, -- JSON: band, bound, sample
    issued_at TEXT NOT NULL,
    withdrawn_at TEXT,
    withdrawn_reason TEXT
);
-- Clusters of a certified band that one person proposes to accept and another approves.
CREATE TABLE review_batch (
    id BLOB NOT NULL PRIMARY KEY,
    body TEXT NOT NULL, -- JSON: certificate, clusters, who started and who approved
    state TEXT NOT NULL, -- proposed, approved, rejected or undone
    started_at TEXT NOT NULL
);
