//! How secrets are rotated, and the rotations that are under way.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;
use types::{Fault, Timestamp};

use crate::{Arg, Row, Session, args, row::placeholders};

/// The rotation of one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub secret_arn: String,
    pub enabled: bool,
    pub function_arn: String,
    pub rules: RotationRules,
    /// When it was last completed.
    pub rotated: Option<Timestamp>,
    /// The next window of the schedule.
    pub window: Option<RotationWindow>,
    /// What is under way.
    pub run: Option<RotationRun>,
}

/// The rules as the caller gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RotationRules {
    pub after_days: Option<i64>,
    pub schedule: Option<String>,
    pub duration: Option<String>,
}

/// When a schedule wants a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationWindow {
    pub opens: Timestamp,
    pub closes: Timestamp,
}

/// A rotation, or a test of one, that is not done yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationRun {
    /// `rotate` or `test`.
    pub kind: String,
    pub version: String,
    /// The step that comes next.
    pub step: String,
    /// How many attempts have failed.
    pub failures: i64,
    pub due: Timestamp,
    /// No attempt begins after this.
    pub until: Timestamp,
    pub lease: Option<Lease>,
}

/// The server that is at it, for as long as it says so again in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub owner: String,
    pub until: Timestamp,
}

impl Rotation {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        let window = row
            .opt_timestamp("opens_at")?
            .zip(row.opt_timestamp("closes_at")?);
        Ok(Self {
            secret_arn: row.text("secret_arn")?,
            enabled: row.bool("enabled")?,
            function_arn: row.text("function_arn")?,
            rules: RotationRules {
                after_days: row.opt_int("after_days")?,
                schedule: row.opt_text("schedule")?,
                duration: row.opt_text("duration")?,
            },
            rotated: row.opt_timestamp("rotated_at")?,
            window: window.map(|(opens, closes)| RotationWindow { opens, closes }),
            run: RotationRun::from_row(row)?,
        })
    }
}

impl RotationRun {
    fn from_row(row: &Row) -> Result<Option<Self>, Fault> {
        let Some(kind) = row.opt_text("run_kind")? else {
            return Ok(None);
        };
        let lease = row
            .opt_text("lease_owner")?
            .zip(row.opt_timestamp("lease_until")?);
        Ok(Some(Self {
            kind,
            version: row.text("run_version")?,
            step: row.text("run_step")?,
            failures: row.int("run_failures")?,
            due: row.timestamp("run_due")?,
            until: row.timestamp("run_until")?,
            lease: lease.map(|(owner, until)| Lease { owner, until }),
        }))
    }
}

impl Session {
    /// How a secret is rotated, if it ever was to be. A write session keeps it from changing.
    pub async fn rotation(&mut self, secret_arn: &str) -> Result<Option<Rotation>, Fault> {
        self.fetch_optional_locked(
            "SELECT * FROM secret_rotations WHERE secret_arn = $1",
            args![secret_arn],
        )
        .await?
        .map(|row| Rotation::from_row(&row))
        .transpose()
    }

    /// The rotations of these secrets, by ARN.
    pub async fn rotations_of_secrets(
        &mut self,
        arns: Vec<String>,
    ) -> Result<BTreeMap<String, Rotation>, Fault> {
        if arns.is_empty() {
            return Ok(BTreeMap::new());
        }
        let sql = format!(
            "SELECT * FROM secret_rotations WHERE secret_arn IN ({})",
            placeholders(arns.len()),
        );
        let bound = arns.into_iter().map(Arg::from).collect();
        let rows = self.fetch_all(AssertSqlSafe(sql), bound).await?;
        let read = rows.iter().map(|row| {
            let rotation = Rotation::from_row(row)?;
            Ok((rotation.secret_arn.clone(), rotation))
        });
        read.collect()
    }

    /// The ARNs of secrets for which a rotation is to begin or to go on, and that no server is at: first what has waited
    /// longest.
    pub async fn due_rotations(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<String>, Fault> {
        self.fetch_all(
            "SELECT r.secret_arn FROM secret_rotations r JOIN secrets s ON s.arn = r.secret_arn
             WHERE s.deleted_at IS NULL AND r.enabled = 1
             AND ((r.run_kind IS NOT NULL AND r.run_due <= $1 AND COALESCE(r.lease_until, 0) <= $1)
                  OR (r.run_kind IS NULL AND r.opens_at <= $1))
             ORDER BY COALESCE(r.run_due, r.opens_at), r.secret_arn LIMIT $2",
            args![now, limit],
        )
        .await?
        .iter()
        .map(|row| row.text("secret_arn"))
        .collect()
    }

    /// Saves how a secret is rotated and what is under way.
    pub async fn save_rotation(&mut self, rotation: &Rotation) -> Result<(), Fault> {
        let (window, run) = (rotation.window, rotation.run.as_ref());
        let lease = run.and_then(|run| run.lease.as_ref());
        self.execute(
            "INSERT INTO secret_rotations (secret_arn, enabled, function_arn, after_days, schedule, duration, rotated_at,
                 opens_at, closes_at, run_kind, run_version, run_step, run_failures, run_due, run_until, lease_owner, lease_until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             ON CONFLICT (secret_arn) DO UPDATE
             SET enabled = excluded.enabled, function_arn = excluded.function_arn, after_days = excluded.after_days,
                 schedule = excluded.schedule, duration = excluded.duration, rotated_at = excluded.rotated_at,
                 opens_at = excluded.opens_at, closes_at = excluded.closes_at, run_kind = excluded.run_kind,
                 run_version = excluded.run_version, run_step = excluded.run_step, run_failures = excluded.run_failures,
                 run_due = excluded.run_due, run_until = excluded.run_until, lease_owner = excluded.lease_owner,
                 lease_until = excluded.lease_until",
            args![
                &rotation.secret_arn,
                rotation.enabled,
                &rotation.function_arn,
                rotation.rules.after_days,
                rotation.rules.schedule.as_deref(),
                rotation.rules.duration.as_deref(),
                rotation.rotated,
                window.map(|window| window.opens),
                window.map(|window| window.closes),
                run.map(|run| run.kind.as_str()),
                run.map(|run| run.version.as_str()),
                run.map(|run| run.step.as_str()),
                run.map(|run| run.failures),
                run.map(|run| run.due),
                run.map(|run| run.until),
                lease.map(|lease| lease.owner.as_str()),
                lease.map(|lease| lease.until),
            ],
        )
        .await?;
        Ok(())
    }

    /// Gives up whatever this server was at before it ended.
    pub async fn release_rotations(&mut self, owner: &str) -> Result<u64, Fault> {
        self.execute(
            "UPDATE secret_rotations SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = $1",
            args![owner],
        )
        .await
    }

    /// Adds a version that waits for its value.
    pub async fn insert_empty_version(
        &mut self,
        arn: &str,
        version: &str,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO secret_versions (secret_arn, version_id, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (secret_arn, version_id) DO NOTHING",
            args![arn, version, now],
        )
        .await?;
        Ok(())
    }
}
