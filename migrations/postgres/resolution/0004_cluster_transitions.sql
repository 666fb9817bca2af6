-- Why: people ask where a cluster went, and consumers follow it: each change of the live clusters is written down in the
-- transaction that makes it, and kept for a while. What queued a record says why.
CREATE TABLE cluster_transition (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    body TEXT NOT NULL, -- JSON: kind, cause, the clusters before and after
    sent BOOLEAN NOT NULL DEFAULT FALSE -- whether the topic has it
);
CREATE INDEX cluster_transition_by_time ON cluster_transition (at);
CREATE INDEX cluster_transition_to_send ON cluster_transition (seq) WHERE NOT sent;
ALTER TABLE resolve_queue ADD COLUMN cause TEXT NOT NULL DEFAULT 'scores'; -- scores, judgement or merge
