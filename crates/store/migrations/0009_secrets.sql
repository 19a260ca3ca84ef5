-- Replicas of secrets. A replica is a secret of its own, in another region, under the same name and suffix.
ALTER TABLE secrets ADD COLUMN primary_region TEXT; -- of a replicated secret and of its replicas

-- What a primary wants to have where, and how that went.
CREATE TABLE secret_replicas (
    primary_arn TEXT NOT NULL REFERENCES secrets (arn) ON DELETE CASCADE,
    region      TEXT NOT NULL,
    kms_key_id  TEXT,            -- as the caller gave it; NULL for the default key
    status      TEXT NOT NULL,   -- InSync | Failed
    message     TEXT NOT NULL,
    PRIMARY KEY (primary_arn, region)
);

-- A page of a listing reads its own rows, in every order.
CREATE INDEX secrets_by_change ON secrets (account, region, changed_at, arn);
CREATE INDEX secrets_by_access ON secrets (account, region, (COALESCE(accessed_at, 0)), arn);
