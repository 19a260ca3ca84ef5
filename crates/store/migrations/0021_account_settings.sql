-- Settings of ECS that a user, a role, or the root user for the whole account, has set.
CREATE TABLE ecs_account_settings (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    -- The ARN of whom the setting is of.
    principal TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, region, principal, name)
);
