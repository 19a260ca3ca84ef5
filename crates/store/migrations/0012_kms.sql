-- KMS: when key material is replaced, and grants.
ALTER TABLE kms_keys ADD COLUMN rotation_period BIGINT;  -- days; NULL while automatic rotation is off
ALTER TABLE kms_keys ADD COLUMN next_rotation BIGINT;    -- NULL likewise
CREATE INDEX kms_keys_to_rotate ON kms_keys (next_rotation);
CREATE INDEX kms_keys_to_delete ON kms_keys (deletion_date);

-- What made a key take new material: AUTOMATIC | ON_DEMAND; NULL for the first one.
ALTER TABLE kms_materials ADD COLUMN rotation_type TEXT;

-- AWS's own keys rotate every year.
UPDATE kms_keys SET rotation_period = 365, next_rotation = created + 31536000000 WHERE key_manager = 'AWS';

CREATE TABLE kms_grants (
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    key_id     {{SORTED_TEXT}} NOT NULL,
    grant_id   {{SORTED_TEXT}} NOT NULL,
    name       TEXT,
    grantee    TEXT   NOT NULL,  -- the unique id of a user or role, else an ARN
    retiring   TEXT,             -- likewise
    issuer     TEXT   NOT NULL,  -- the account that made it
    operations TEXT   NOT NULL,  -- JSON list
    context_equals TEXT,         -- JSON object
    context_subset TEXT,         -- JSON object
    created    BIGINT NOT NULL,
    PRIMARY KEY (account, region, key_id, grant_id),
    FOREIGN KEY (account, region, key_id) REFERENCES kms_keys (account, region, key_id) ON DELETE CASCADE
);
CREATE INDEX kms_grants_by_grantee ON kms_grants (account, region, key_id, grantee);
CREATE INDEX kms_grants_by_retiring ON kms_grants (retiring, region, grant_id);
