-- Attempts to deploy services that are over and no longer the last ones of their services: those stand with the services.
CREATE TABLE ecs_service_deployments (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,
    service TEXT NOT NULL,
    id TEXT NOT NULL,
    -- The revision that was deployed, by the id of its deployment.
    revision TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- JSON: the attempt as the scheduler recorded it.
    record TEXT NOT NULL,
    PRIMARY KEY (account, region, cluster, service, id)
);

CREATE INDEX ecs_service_deployments_by_revision
    ON ecs_service_deployments (account, region, cluster, service, revision);
