//! `Stale` and `Trace`: which running tasks hold which versions, and who may read a secret. Never a value.

use domain::{
    ecs::holders::{self, Holder},
    secretsmanager::readers::{self, Reader},
    ssm,
};
use serde::{Deserialize, Serialize};

use super::{Command, Operator, Refusal};

/// Tells which running tasks hold an outdated version.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stale {}

/// A running task that holds a secret.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldBy {
    pub task_arn: String,
    pub cluster_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    pub container: String,
    /// The name that it was injected under.
    pub name: String,
    pub arn: String,
    pub version: String,
    /// What a task that started now would get, where that is another version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_version: Option<String>,
    /// ISO 8601: since when the held version is outdated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outdated_since: Option<String>,
}

impl From<Holder> for HeldBy {
    fn from(holder: Holder) -> Self {
        let newer = holder.outdated_by;
        Self {
            task_arn: holder.task_arn,
            cluster_arn: holder.cluster_arn,
            service: holder.service,
            container: holder.container,
            name: holder.name,
            arn: holder.arn,
            version: holder.version,
            outdated_since: newer.as_ref().map(|newer| newer.since.to_iso8601()),
            current_version: newer.map(|newer| newer.version),
        }
    }
}

impl Command for Stale {
    const NAME: &'static str = "Stale";
    type Answer = Vec<HeldBy>;

    fn subject(&self) -> String {
        "*".to_owned()
    }

    async fn run(self, operator: &Operator) -> Result<Vec<HeldBy>, Refusal> {
        let stale = holders::stale(&operator.world).await?;
        Ok(stale.into_iter().map(HeldBy::from).collect())
    }
}

/// Tells who holds a secret or parameter, and who may read it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Trace {
    /// A secret or parameter: a name of the first account, where a secret comes before a parameter, or an ARN.
    pub secret: String,
}

/// Who holds it and who may read it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Traced {
    pub arn: String,
    pub held_by: Vec<HeldBy>,
    pub readable_by: Vec<ReadableBy>,
}

/// A user or role that may read it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadableBy {
    pub arn: String,
    /// The policy and statement that allow it.
    pub because: String,
}

impl Command for Trace {
    const NAME: &'static str = "Trace";
    type Answer = Traced;

    fn subject(&self) -> String {
        self.secret.clone()
    }

    async fn run(self, operator: &Operator) -> Result<Traced, Refusal> {
        let world = &operator.world;
        let (arn, readers) = if let Some(secret) = readers::find(world, &self.secret).await? {
            let readers = readers::readers(world, &secret).await?;
            (secret.arn, readers)
        } else if let Some(parameter) = ssm::readers::find(world, &self.secret).await? {
            let readers = ssm::readers::readers(world, &parameter).await?;
            (parameter.arn, readers)
        } else {
            return Err(Refusal::told(format!(
                "there is no secret and no parameter `{}`; give its name in the first account, or its ARN",
                self.secret
            )));
        };
        let held_by = holders::holders_of(world, &arn).await?;
        Ok(Traced {
            arn,
            held_by: held_by.into_iter().map(HeldBy::from).collect(),
            readable_by: readers.into_iter().map(ReadableBy::from).collect(),
        })
    }
}

impl From<Reader> for ReadableBy {
    fn from(reader: Reader) -> Self {
        Self {
            arn: reader.arn,
            because: reader.because,
        }
    }
}
