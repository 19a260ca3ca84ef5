-- ECR: repositories and what was pushed to them. Layers themselves are in the registry behind this server.
CREATE TABLE ecr_repositories (
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    name       {{SORTED_TEXT}} NOT NULL,
    settings   TEXT   NOT NULL,  -- JSON: mutability of tags, scanning
    policy     TEXT,             -- as it was given
    tags       TEXT   NOT NULL,  -- JSON
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, region, name)
);

CREATE TABLE ecr_images (
    account       TEXT   NOT NULL,
    region        TEXT   NOT NULL,
    repository    {{SORTED_TEXT}} NOT NULL,
    digest        {{SORTED_TEXT}} NOT NULL,
    media_type    TEXT   NOT NULL,
    artifact_type TEXT,
    manifest      TEXT   NOT NULL,
    size          BIGINT NOT NULL,  -- of configuration and layers, in bytes
    pushed_at     BIGINT NOT NULL,
    PRIMARY KEY (account, region, repository, digest),
    FOREIGN KEY (account, region, repository) REFERENCES ecr_repositories (account, region, name) ON DELETE CASCADE
);

-- A tag is on at most one image of a repository.
CREATE TABLE ecr_tags (
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    repository {{SORTED_TEXT}} NOT NULL,
    tag        {{SORTED_TEXT}} NOT NULL,
    digest     {{SORTED_TEXT}} NOT NULL,
    PRIMARY KEY (account, region, repository, tag),
    FOREIGN KEY (account, region, repository, digest)
        REFERENCES ecr_images (account, region, repository, digest) ON DELETE CASCADE
);
CREATE INDEX ecr_tags_by_image ON ecr_tags (account, region, repository, digest);

-- The layers and configurations that the images of a repository name.
CREATE TABLE ecr_layers (
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    repository {{SORTED_TEXT}} NOT NULL,
    digest     {{SORTED_TEXT}} NOT NULL,
    image      {{SORTED_TEXT}} NOT NULL,
    size       BIGINT NOT NULL,
    media_type TEXT   NOT NULL,
    PRIMARY KEY (account, region, repository, digest, image),
    FOREIGN KEY (account, region, repository, image)
        REFERENCES ecr_images (account, region, repository, digest) ON DELETE CASCADE
);
