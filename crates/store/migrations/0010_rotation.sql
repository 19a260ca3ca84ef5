-- How a secret is rotated, and the rotation that is under way: what is wanted, how far it is, and which server is at it.
CREATE TABLE secret_rotations (
    secret_arn   TEXT   NOT NULL PRIMARY KEY REFERENCES secrets (arn) ON DELETE CASCADE,
    enabled      BIGINT NOT NULL,
    function_arn TEXT   NOT NULL,
    after_days   BIGINT,           -- as the caller gave them, like the two that follow
    schedule     TEXT,
    duration     TEXT,
    rotated_at   BIGINT,
    opens_at     BIGINT,           -- the next window of the schedule
    closes_at    BIGINT,
    run_kind     TEXT,             -- rotate | test; NULL where nothing is under way
    run_version  TEXT,
    run_step     TEXT,             -- the step that comes next
    run_failures BIGINT,
    run_due      BIGINT,           -- not before
    run_until    BIGINT,           -- no new attempt after
    lease_owner  TEXT,             -- the server that is at it
    lease_until  BIGINT
);
CREATE INDEX secret_rotations_by_window ON secret_rotations (opens_at);
CREATE INDEX secret_rotations_by_run ON secret_rotations (run_due);
