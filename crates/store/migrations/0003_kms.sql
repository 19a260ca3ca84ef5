-- KMS keys. `tags` is a JSON list in the order they were given; nothing searches by tag.
CREATE TABLE kms_keys (
    account          TEXT   NOT NULL,
    region           TEXT   NOT NULL,
    key_id           {{SORTED_TEXT}} NOT NULL,
    description      TEXT   NOT NULL,
    key_usage        TEXT   NOT NULL,
    key_spec         TEXT   NOT NULL,
    key_state        TEXT   NOT NULL,
    key_manager      TEXT   NOT NULL,
    origin           TEXT   NOT NULL,
    multi_region     BIGINT NOT NULL,
    policy           TEXT   NOT NULL,
    tags             TEXT   NOT NULL,
    current_material TEXT   NOT NULL,
    created          BIGINT NOT NULL,
    deletion_date    BIGINT,
    PRIMARY KEY (account, region, key_id)
);

-- The secret halves of keys, sealed by the root key. A key keeps all it ever had, so that old ciphertexts stay readable.
CREATE TABLE kms_materials (
    material_id TEXT      NOT NULL PRIMARY KEY,
    account     TEXT      NOT NULL,
    region      TEXT      NOT NULL,
    key_id      {{SORTED_TEXT}} NOT NULL,
    sealed      {{BYTES}} NOT NULL,
    created     BIGINT    NOT NULL,
    FOREIGN KEY (account, region, key_id) REFERENCES kms_keys (account, region, key_id) ON DELETE CASCADE
);
CREATE INDEX kms_materials_by_key ON kms_materials (account, region, key_id);

-- Names for keys. No foreign key: the alias of an AWS-managed key is claimed before the key is made, so that of two
-- servers that meet its first use only one makes it.
CREATE TABLE kms_aliases (
    account TEXT   NOT NULL,
    region  TEXT   NOT NULL,
    name    {{SORTED_TEXT}} NOT NULL,
    key_id  {{SORTED_TEXT}} NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (account, region, name)
);
CREATE INDEX kms_aliases_by_key ON kms_aliases (account, region, key_id);
