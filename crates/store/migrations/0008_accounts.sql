-- Access keys that were ended. A server that finds one of them in its credentials file must not bring it back.
CREATE TABLE ended_access_keys (
    id       TEXT   NOT NULL PRIMARY KEY,     -- AKIA…
    account  TEXT   NOT NULL REFERENCES accounts (id),
    ended_at BIGINT NOT NULL
);
