CREATE TABLE ecs_services (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,
    name TEXT NOT NULL,
    -- ACTIVE, DRAINING or INACTIVE.
    status TEXT NOT NULL,
    -- REPLICA or DAEMON.
    scheduling_strategy TEXT NOT NULL,
    launch_type TEXT NOT NULL,
    client_token TEXT,
    -- JSON: what CreateService and the updates since were given.
    details TEXT NOT NULL,
    -- JSON: what its scheduler remembers, deployments and events among it.
    state TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it became INACTIVE.
    ended_at BIGINT,
    -- Counts changes.
    version BIGINT NOT NULL,
    PRIMARY KEY (account, region, cluster, name)
);

-- Whether the scheduler of the task's service has taken note of its end.
ALTER TABLE ecs_tasks ADD COLUMN noted BIGINT NOT NULL DEFAULT 0;

CREATE INDEX ecs_tasks_by_group ON ecs_tasks (account, region, cluster, task_group, last_status);
