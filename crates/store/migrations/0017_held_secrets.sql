-- What the containers of tasks hold, as their agents say: versions, never values.
CREATE TABLE ecs_held_secrets (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,
    task TEXT NOT NULL,
    container TEXT NOT NULL,
    -- The name that it was injected under.
    name TEXT NOT NULL,
    -- asm or ssm.
    provider TEXT NOT NULL,
    -- What the task definition says.
    value_from TEXT NOT NULL,
    arn TEXT NOT NULL,
    -- The version id of a secret, the number of a parameter's version.
    version TEXT NOT NULL,
    PRIMARY KEY (account, region, cluster, task, container, name),
    FOREIGN KEY (account, region, cluster, task)
        REFERENCES ecs_tasks (account, region, cluster, id) ON DELETE CASCADE
);

CREATE INDEX ecs_held_secrets_by_arn ON ecs_held_secrets (arn);
