-- The resolution store. Ground state: judgements and decisions of people. Derived, and rebuilt by replay:
-- scored records, pairs, clusters, and the queues between the scorer and the resolver. Everything derived carries
-- its generation (model and code), so that a new one is built beside the live one.

-- What people judged of pairs; the newest row of a pair that was not withdrawn holds.
CREATE TABLE judgement (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    left_id BLOB NOT NULL,
    right_id BLOB NOT NULL,
    verdict TEXT NOT NULL,
    judged_by TEXT NOT NULL,
    judged_at TEXT NOT NULL,
    reason TEXT,
    decision_id BLOB,
    withdrawn_at TEXT,
    CHECK (left_id < right_id)
);
CREATE INDEX judgement_by_pair ON judgement (left_id, right_id);
CREATE INDEX judgement_by_right ON judgement (right_id);
CREATE INDEX judgement_by_decision ON judgement (decision_id);

-- A reviewer's decision on a cluster, and how far it has got at the organizations' side:
-- decided, applying, applied, refused or undone.
CREATE TABLE decision (
    id BLOB NOT NULL PRIMARY KEY,
    cluster_id BLOB NOT NULL,
    verdict TEXT NOT NULL,
    body TEXT NOT NULL, -- JSON: what is merged into what
    state TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    reason TEXT,
    merge_id BLOB,
    refusal TEXT
);
CREATE INDEX decision_by_state ON decision (state);
CREATE INDEX decision_by_merge ON decision (merge_id);

-- Merges as the organizations tell them (flattened): must-links. Null once the id lives again.
CREATE TABLE redirect (
    absorbed_id BLOB NOT NULL PRIMARY KEY,
    survivor_id BLOB,
    version INTEGER NOT NULL
);
CREATE INDEX redirect_by_survivor ON redirect (survivor_id);

-- `live` is what people see; one at a time. `event_epoch` is the epoch of published cluster versions.
CREATE TABLE generation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model_version TEXT NOT NULL,
    code_version TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    record_count INTEGER NOT NULL DEFAULT 0,
    event_epoch INTEGER NOT NULL DEFAULT 0,
    UNIQUE (model_version, code_version)
);

-- Records as last scored. Invariant: no stored pair is older than the versions that stand here.
CREATE TABLE scored_record (
    generation INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT,
    keys TEXT NOT NULL, -- JSON array of blocking keys; empty for a deleted record
    deleted BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (generation, record_id)
) WITHOUT ROWID;
CREATE TABLE pair (
    generation INTEGER NOT NULL,
    left_id BLOB NOT NULL,
    right_id BLOB NOT NULL,
    match_weight REAL NOT NULL, -- natural log-odds without the prior
    levels BLOB NOT NULL,
    left_version INTEGER NOT NULL,
    right_version INTEGER NOT NULL,
    PRIMARY KEY (generation, left_id, right_id)
) WITHOUT ROWID;
CREATE INDEX pair_by_right ON pair (generation, right_id);

-- Blocks over the model's size: their key makes no candidates.
CREATE TABLE closed_block (
    generation INTEGER NOT NULL,
    blocking_key TEXT NOT NULL,
    PRIMARY KEY (generation, blocking_key)
) WITHOUT ROWID;
-- Records to score again, because a block of theirs opened or closed.
CREATE TABLE rescore_queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL,
    record_id BLOB NOT NULL
);
-- Records whose cluster may have changed.
CREATE TABLE resolve_queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL,
    record_id BLOB NOT NULL
);

-- Clusters of two or more, as last resolved.
CREATE TABLE cluster (
    generation INTEGER NOT NULL,
    id BLOB NOT NULL,
    body TEXT NOT NULL, -- JSON
    probability REAL NOT NULL,
    size INTEGER NOT NULL,
    open BOOLEAN NOT NULL,
    PRIMARY KEY (generation, id)
) WITHOUT ROWID;
CREATE INDEX cluster_queue ON cluster (generation, open, probability, id);
CREATE TABLE cluster_member (
    generation INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    cluster_id BLOB NOT NULL,
    PRIMARY KEY (generation, record_id)
) WITHOUT ROWID;
CREATE INDEX cluster_member_by_cluster ON cluster_member (generation, cluster_id);

-- Cluster events that the topic has not acknowledged yet; `seq` is their number within the epoch.
CREATE TABLE cluster_outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL,
    cluster_id BLOB NOT NULL,
    body TEXT -- JSON; null withdraws the cluster
);

CREATE TABLE lease (
    role TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    fence INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
);
