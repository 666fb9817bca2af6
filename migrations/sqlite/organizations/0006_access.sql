-- Who may come in: tokens, sessions of browsers, and logins under way. Secrets are random and kept as SHA-256 only, so a
-- copy of this database lets nobody in. They stand here because the organizations' port is what they guard.
CREATE TABLE api_token (
    id BLOB NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    roles TEXT NOT NULL, -- names, with commas between
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_by TEXT,
    revoked_at TEXT,
    last_used_day TEXT -- a day is enough to see what is in use, and is one write a day
);

CREATE TABLE access_session (
    secret_hash BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    token_id BLOB REFERENCES api_token (id), -- absent where an OpenID provider vouched
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE INDEX access_session_expires ON access_session (expires_at);

CREATE TABLE access_login (
    state_hash BLOB NOT NULL PRIMARY KEY,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    return_to TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
