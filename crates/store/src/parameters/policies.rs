//! What the policies of parameters ask for in time: notifications that are still to be given, and expirations.

use types::{AccountId, Fault, Region, Timestamp};

use super::ParameterKey;
use crate::{Row, Session, args};

/// A notification that a policy of a parameter asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The policy as JSON.
    pub policy: String,
    /// `ExpirationNotification` or `NoChangeNotification`.
    pub kind: String,
    pub due: Timestamp,
}

/// A notification whose time has come, and of which parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueNotification {
    pub account: AccountId,
    pub region: Region,
    pub path: String,
    pub name: String,
    pub notification: Notification,
}

/// A parameter whose time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiredParameter {
    pub account: AccountId,
    pub region: Region,
    pub path: String,
    pub name: String,
    /// All its policies as JSON.
    pub policies: Option<String>,
}

impl DueNotification {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            account: row.parse("account")?,
            region: row.parse("region")?,
            path: row.text("path")?,
            name: row.text("name")?,
            notification: Notification {
                policy: row.text("policy")?,
                kind: row.text("kind")?,
                due: row.timestamp("due_at")?,
            },
        })
    }
}

impl ExpiredParameter {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            account: row.parse("account")?,
            region: row.parse("region")?,
            path: row.text("path")?,
            name: row.text("name")?,
            policies: row.opt_text("policies")?,
        })
    }
}

impl Session {
    /// The moment of the first expiration or notification there is.
    pub async fn next_policy_moment(&mut self) -> Result<Option<Timestamp>, Fault> {
        self.fetch_one(
            "SELECT MIN(moment) AS moment FROM (SELECT MIN(expires_at) AS moment FROM parameters
             UNION ALL SELECT MIN(due_at) AS moment FROM parameter_notifications) AS moments",
            Vec::new(),
        )
        .await?
        .opt_timestamp("moment")
    }

    /// Has these notifications be given for a parameter, in place of all it waited for, or of those of one kind.
    pub async fn replace_notifications(
        &mut self,
        key: ParameterKey<'_>,
        only: Option<&str>,
        notifications: &[Notification],
    ) -> Result<(), Fault> {
        self.execute(
            "DELETE FROM parameter_notifications
             WHERE account = $1 AND region = $2 AND path = $3 AND kind = COALESCE($4, kind)",
            args![key.account, key.region, key.path, only],
        )
        .await?;
        for one in notifications {
            self.execute(
                "INSERT INTO parameter_notifications (account, region, path, policy, kind, due_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                args![
                    key.account,
                    key.region,
                    key.path,
                    &one.policy,
                    &one.kind,
                    one.due
                ],
            )
            .await?;
        }
        Ok(())
    }

    /// Notifications whose time has come, earliest first.
    pub async fn due_notifications(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<DueNotification>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT n.account, n.region, n.path, p.name, n.policy, n.kind, n.due_at
                 FROM parameter_notifications n
                 JOIN parameters p ON p.account = n.account AND p.region = n.region AND p.path = n.path
                 WHERE n.due_at <= $1 ORDER BY n.due_at LIMIT $2",
                args![now, limit],
            )
            .await?;
        rows.iter().map(DueNotification::from_row).collect()
    }

    /// Forgets a notification; false where it is forgotten already.
    pub async fn delete_notification(&mut self, given: &DueNotification) -> Result<bool, Fault> {
        let deleted = self
            .execute(
                "DELETE FROM parameter_notifications
             WHERE account = $1 AND region = $2 AND path = $3 AND policy = $4",
                args![
                    &given.account,
                    &given.region,
                    &given.path,
                    &given.notification.policy
                ],
            )
            .await?;
        Ok(deleted > 0)
    }

    /// Removes a parameter whose time is over; false where it is gone or its time was changed.
    pub async fn delete_expired_parameter(
        &mut self,
        key: ParameterKey<'_>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let deleted = self
            .execute(
                "DELETE FROM parameters WHERE account = $1 AND region = $2 AND path = $3 AND expires_at <= $4",
                args![key.account, key.region, key.path, now],
            )
            .await?;
        Ok(deleted > 0)
    }

    /// Parameters whose time is over.
    pub async fn expired_parameters(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<ExpiredParameter>, Fault> {
        let rows = self
            .fetch_all(
                "SELECT p.account, p.region, p.path, p.name, v.policies FROM parameters p
                 JOIN parameter_versions v ON v.account = p.account AND v.region = p.region AND v.path = p.path
                 AND v.version = p.version
                 WHERE p.expires_at <= $1 ORDER BY p.expires_at LIMIT $2",
                args![now, limit],
            )
            .await?;
        rows.iter().map(ExpiredParameter::from_row).collect()
    }
}
