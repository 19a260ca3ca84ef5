-- IAM: accounts, who acts in them, and what they may do. Access keys are sealed before they come here.
CREATE TABLE accounts (
    id         TEXT   NOT NULL PRIMARY KEY,
    -- Replaced by another random number with every IAM write in the account, so that compiled policies are known to be
    -- current wherever they are kept.
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id         TEXT   NOT NULL PRIMARY KEY,     -- AIDA…
    account    TEXT   NOT NULL REFERENCES accounts (id),
    name       TEXT   NOT NULL,
    name_key   {{SORTED_TEXT}} NOT NULL,        -- the name in lower case: names that differ in case only are the same
    path       TEXT   NOT NULL,
    tags       TEXT   NOT NULL,                 -- JSON
    boundary   TEXT,                            -- the ARN of a managed policy
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_by_name ON users (account, name_key);

CREATE TABLE roles (
    id                   TEXT   NOT NULL PRIMARY KEY, -- AROA…
    account              TEXT   NOT NULL REFERENCES accounts (id),
    name                 TEXT   NOT NULL,
    name_key             {{SORTED_TEXT}} NOT NULL,
    path                 TEXT   NOT NULL,
    trust_policy         TEXT   NOT NULL,
    description          TEXT,
    max_session_duration BIGINT NOT NULL,             -- seconds
    tags                 TEXT   NOT NULL,
    boundary             TEXT,
    created_at           BIGINT NOT NULL
);
CREATE UNIQUE INDEX roles_by_name ON roles (account, name_key);

CREATE TABLE access_keys (
    id         TEXT   NOT NULL PRIMARY KEY,     -- AKIA…
    account    TEXT   NOT NULL REFERENCES accounts (id),
    user_id    TEXT   REFERENCES users (id),    -- NULL for the account's root user
    secret     {{BYTES}} NOT NULL,              -- sealed under the root key
    active     BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX access_keys_by_user ON access_keys (user_id);

-- Policies that are part of one user or role.
CREATE TABLE inline_policies (
    owner_id TEXT NOT NULL,                     -- of a user or role
    name     {{SORTED_TEXT}} NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (owner_id, name)
);

-- The customer's managed policies. Those of AWS are part of the program.
CREATE TABLE managed_policies (
    id              TEXT   NOT NULL PRIMARY KEY, -- ANPA…
    arn             TEXT   NOT NULL UNIQUE,
    account         TEXT   NOT NULL REFERENCES accounts (id),
    name            TEXT   NOT NULL,
    name_key        {{SORTED_TEXT}} NOT NULL,
    path            TEXT   NOT NULL,
    description     TEXT,
    tags            TEXT   NOT NULL,
    default_version BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX managed_policies_by_name ON managed_policies (account, name_key);

CREATE TABLE managed_policy_versions (
    policy_id  TEXT   NOT NULL REFERENCES managed_policies (id) ON DELETE CASCADE,
    version    BIGINT NOT NULL,
    document   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (policy_id, version)
);

CREATE TABLE attached_policies (
    owner_id   TEXT NOT NULL,                   -- of a user or role
    policy_arn {{SORTED_TEXT}} NOT NULL,        -- of the customer or of AWS
    account    TEXT NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (owner_id, policy_arn)
);
CREATE INDEX attached_policies_by_policy ON attached_policies (account, policy_arn);
