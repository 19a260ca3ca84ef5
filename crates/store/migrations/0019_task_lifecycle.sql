-- ATTACHED while the task's network interface is there: its agent has made the network and not taken it away again.
ALTER TABLE ecs_tasks ADD COLUMN attachment TEXT;

-- When its agent was heard of it first.
ALTER TABLE ecs_tasks ADD COLUMN connectivity_at BIGINT;

UPDATE ecs_tasks SET connectivity_at = started_at;

-- It was not kept before that a task is stopping.
UPDATE ecs_tasks SET last_status = 'STOPPING'
    WHERE wanted = 0 AND acknowledged = 1 AND last_status IN ('PENDING', 'RUNNING');
