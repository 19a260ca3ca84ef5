-- IAM, the rest of it: groups, instance profiles, aliases of accounts, and when keys and roles were last used.
CREATE TABLE user_groups (
    id         TEXT   NOT NULL PRIMARY KEY,     -- AGPA…
    account    TEXT   NOT NULL REFERENCES accounts (id),
    name       TEXT   NOT NULL,
    name_key   {{SORTED_TEXT}} NOT NULL,
    path       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX user_groups_by_name ON user_groups (account, name_key);

CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES user_groups (id),
    user_id  TEXT NOT NULL REFERENCES users (id),
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_by_user ON group_members (user_id);

CREATE TABLE instance_profiles (
    id         TEXT   NOT NULL PRIMARY KEY,     -- AIPA…
    account    TEXT   NOT NULL REFERENCES accounts (id),
    name       TEXT   NOT NULL,
    name_key   {{SORTED_TEXT}} NOT NULL,
    path       TEXT   NOT NULL,
    tags       TEXT   NOT NULL,
    role_id    TEXT   REFERENCES roles (id),    -- the one role it can hold
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX instance_profiles_by_name ON instance_profiles (account, name_key);
CREATE INDEX instance_profiles_by_role ON instance_profiles (role_id);

CREATE TABLE account_aliases (
    account TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    alias   TEXT NOT NULL UNIQUE
);

-- The highest version that a policy ever had: numbers are not given twice.
ALTER TABLE managed_policies ADD COLUMN last_version BIGINT NOT NULL DEFAULT 1;

-- When access keys and roles were last used. Apart from them, since what decides about requests is read from memory for
-- as long as its table does not change.
CREATE TABLE last_uses (
    id      TEXT   NOT NULL PRIMARY KEY,        -- of an access key or a role
    used_at BIGINT NOT NULL,
    service TEXT   NOT NULL,
    region  TEXT   NOT NULL
);
