-- S3, as far as environment files need it: buckets and their objects.
CREATE TABLE s3_buckets (
    name       {{SORTED_TEXT}} NOT NULL PRIMARY KEY,  -- of all accounts together, as on AWS
    id         TEXT   NOT NULL UNIQUE,
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    sealed_key {{BYTES}} NOT NULL,  -- of the bucket's objects, sealed by the root key
    created_at BIGINT NOT NULL
);
CREATE INDEX s3_buckets_by_account ON s3_buckets (account, name);

CREATE TABLE s3_objects (
    bucket      {{SORTED_TEXT}} NOT NULL REFERENCES s3_buckets (name),
    object_key  {{SORTED_TEXT}} NOT NULL,
    size        BIGINT NOT NULL,
    etag        TEXT   NOT NULL,
    headers     TEXT   NOT NULL,  -- JSON: what is answered with it
    modified_at BIGINT NOT NULL,
    sealed      {{BYTES}} NOT NULL,
    PRIMARY KEY (bucket, object_key)
);
