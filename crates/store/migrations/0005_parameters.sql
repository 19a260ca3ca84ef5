-- Parameter Store. `path` is the name with its leading slash: `a` and `/a` are one parameter.
CREATE TABLE parameters (
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    path       {{SORTED_TEXT}} NOT NULL,
    parent     TEXT   NOT NULL,  -- the path up to its last slash, empty at the top
    name       TEXT   NOT NULL,  -- as given when it was created
    version    BIGINT NOT NULL,  -- the latest
    tags       TEXT,             -- JSON; NULL until the first tag
    expires_at BIGINT,           -- from its Expiration policy
    PRIMARY KEY (account, region, path)
);
CREATE INDEX parameters_to_expire ON parameters (expires_at);
CREATE INDEX parameters_by_parent ON parameters (account, region, parent, path);

-- Values are sealed, whatever their type: a SecureString as its KMS key says, anything else under a key derived from
-- the root key.
CREATE TABLE parameter_versions (
    account         TEXT   NOT NULL,
    region          TEXT   NOT NULL,
    path            {{SORTED_TEXT}} NOT NULL,
    version         BIGINT NOT NULL,
    type            TEXT   NOT NULL,
    tier            TEXT   NOT NULL,
    data_type       TEXT   NOT NULL,
    description     TEXT,
    allowed_pattern TEXT,
    policies        TEXT,
    key_id          TEXT,        -- as the caller gave it, for a SecureString
    sealed          {{BYTES}} NOT NULL,
    modified_at     BIGINT NOT NULL,
    modified_by     TEXT   NOT NULL,
    PRIMARY KEY (account, region, path, version),
    FOREIGN KEY (account, region, path) REFERENCES parameters (account, region, path) ON DELETE CASCADE
);

-- A label is on at most one version of a parameter.
CREATE TABLE parameter_labels (
    account TEXT   NOT NULL,
    region  TEXT   NOT NULL,
    path    {{SORTED_TEXT}} NOT NULL,
    label   TEXT   NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (account, region, path, label),
    FOREIGN KEY (account, region, path, version)
        REFERENCES parameter_versions (account, region, path, version) ON DELETE CASCADE
);
