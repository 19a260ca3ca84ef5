-- Secrets Manager. What a version holds was sealed before it came here, with a data key that lies beside it, sealed too.
CREATE TABLE secrets (
    arn         TEXT   NOT NULL PRIMARY KEY,
    account     TEXT   NOT NULL,
    region      TEXT   NOT NULL,
    name        {{SORTED_TEXT}} NOT NULL,
    description TEXT,
    kms_key_id  TEXT,            -- as the caller gave it; NULL for the default key
    tags        TEXT,            -- JSON; NULL until the first tag
    policy      TEXT,
    created_at  BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL,
    accessed_at BIGINT,          -- the start of a day
    deleted_at  BIGINT,          -- marked for deletion
    purge_at    BIGINT           -- end of the recovery window
);
CREATE UNIQUE INDEX secrets_by_name ON secrets (account, region, name);
CREATE INDEX secrets_by_creation ON secrets (account, region, created_at, arn);
CREATE INDEX secrets_to_purge ON secrets (purge_at);

CREATE TABLE secret_versions (
    secret_arn  TEXT   NOT NULL REFERENCES secrets (arn) ON DELETE CASCADE,
    version_id  TEXT   NOT NULL,
    kind        TEXT,            -- string | binary; NULL while it has no value
    sealed      {{BYTES}},
    data_key    {{BYTES}},
    key_arn     TEXT,            -- the KMS key that the data key is under
    created_at  BIGINT NOT NULL,
    accessed_at BIGINT,
    PRIMARY KEY (secret_arn, version_id)
);

-- A label is on at most one version of a secret.
CREATE TABLE secret_labels (
    secret_arn TEXT NOT NULL,
    label      TEXT NOT NULL,
    version_id TEXT NOT NULL,
    PRIMARY KEY (secret_arn, label),
    FOREIGN KEY (secret_arn, version_id) REFERENCES secret_versions (secret_arn, version_id) ON DELETE CASCADE
);
CREATE INDEX secret_labels_by_version ON secret_labels (secret_arn, version_id);
