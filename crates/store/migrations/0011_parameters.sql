-- Notifications that the policies of a parameter ask for and that were not given yet. `policy` is one policy as JSON.
CREATE TABLE parameter_notifications (
    account TEXT   NOT NULL,
    region  TEXT   NOT NULL,
    path    {{SORTED_TEXT}} NOT NULL,
    policy  TEXT   NOT NULL,
    kind    TEXT   NOT NULL,  -- ExpirationNotification or NoChangeNotification
    due_at  BIGINT NOT NULL,
    PRIMARY KEY (account, region, path, policy),
    FOREIGN KEY (account, region, path) REFERENCES parameters (account, region, path) ON DELETE CASCADE
);
CREATE INDEX parameter_notifications_due ON parameter_notifications (due_at);

-- What an account has set for Parameter Store in a region; what is not here has its default.
CREATE TABLE ssm_settings (
    account     TEXT   NOT NULL,
    region      TEXT   NOT NULL,
    setting_id  TEXT   NOT NULL,
    value       TEXT   NOT NULL,
    modified_at BIGINT NOT NULL,
    modified_by TEXT   NOT NULL,
    PRIMARY KEY (account, region, setting_id)
);
