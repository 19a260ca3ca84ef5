CREATE TABLE log_groups (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name {{SORTED_TEXT}} NOT NULL,
    -- NULL where lines are kept for as long as there is room.
    retention_days BIGINT,
    -- The key of the group's lines, sealed by the root key.
    sealed_key {{BYTES}} NOT NULL,
    -- JSON.
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account, region, name)
);

CREATE TABLE log_streams (
    group_id TEXT NOT NULL REFERENCES log_groups (id) ON DELETE CASCADE,
    name {{SORTED_TEXT}} NOT NULL,
    created_at BIGINT NOT NULL,
    -- Of the lines themselves, and NULL before the first.
    first_at BIGINT,
    last_at BIGINT,
    ingested_at BIGINT,
    PRIMARY KEY (group_id, name)
);

-- The lines of one PutLogEvents.
CREATE TABLE log_chunks (
    group_id TEXT NOT NULL,
    stream {{SORTED_TEXT}} NOT NULL,
    id BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    ingested_at BIGINT NOT NULL,
    -- What the lines count for at AWS.
    bytes BIGINT NOT NULL,
    sealed {{BYTES}} NOT NULL,
    PRIMARY KEY (group_id, stream, id),
    FOREIGN KEY (group_id, stream) REFERENCES log_streams (group_id, name) ON DELETE CASCADE
);

CREATE INDEX log_chunks_by_first ON log_chunks (group_id, first_at, id);
CREATE INDEX log_chunks_by_last ON log_chunks (group_id, last_at, id);
CREATE INDEX log_chunks_by_age ON log_chunks (last_at);
