CREATE TABLE ecs_clusters (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    -- ACTIVE or INACTIVE.
    status TEXT NOT NULL,
    -- JSON: what CreateCluster was given beside the name.
    details TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, region, name)
);

CREATE TABLE ecs_container_instances (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,
    id TEXT NOT NULL,
    -- The unique id of the principal that registered it: the only one that may open its session and report its tasks.
    principal TEXT NOT NULL,
    -- ACTIVE, DRAINING or INACTIVE.
    status TEXT NOT NULL,
    agent_connected BIGINT NOT NULL,
    -- The number of the last payload or manifest. It only grows, for as long as the instance exists.
    sequence BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- JSON: resources, attributes, version information and tags of the registration.
    details TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    PRIMARY KEY (account, region, cluster, id)
);

CREATE TABLE ecs_task_definitions (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    family TEXT NOT NULL,
    revision BIGINT NOT NULL,
    -- ACTIVE or INACTIVE.
    status TEXT NOT NULL,
    -- JSON: the whole task definition as it was registered, with the defaults ECS adds.
    definition TEXT NOT NULL,
    -- JSON.
    tags TEXT NOT NULL,
    registered_by TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    deregistered_at BIGINT,
    PRIMARY KEY (account, region, family, revision)
);

CREATE TABLE ecs_tasks (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,
    id TEXT NOT NULL,
    family TEXT NOT NULL,
    revision BIGINT NOT NULL,
    -- NULL until the task has its place.
    container_instance TEXT,
    last_status TEXT NOT NULL,
    -- Whether it should run; what should not is to be stopped.
    wanted BIGINT NOT NULL,
    -- The agent may have heard of the task: from here on only its report ends it.
    launched BIGINT NOT NULL,
    -- The agent acknowledged what is wanted now.
    acknowledged BIGINT NOT NULL,
    stop_code TEXT,
    stopped_reason TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    stopping_at BIGINT,
    stopped_at BIGINT,
    pull_started_at BIGINT,
    pull_stopped_at BIGINT,
    execution_stopped_at BIGINT,
    launch_type TEXT NOT NULL,
    task_group TEXT NOT NULL,
    started_by TEXT,
    client_token TEXT,
    -- JSON: what is known of each container.
    containers TEXT NOT NULL,
    -- JSON: the rest of what RunTask was given.
    details TEXT NOT NULL,
    -- Counts changes of state.
    version BIGINT NOT NULL,
    PRIMARY KEY (account, region, cluster, id)
);

CREATE INDEX ecs_tasks_by_container_instance
    ON ecs_tasks (account, region, cluster, container_instance, last_status);
CREATE INDEX ecs_tasks_by_status ON ecs_tasks (last_status, stopped_at);
CREATE INDEX ecs_tasks_by_client_token ON ecs_tasks (account, region, cluster, client_token);
