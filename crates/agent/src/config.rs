//! What an agent is told when it starts.

use std::{sync::Arc, time::Duration};

use aws_credential_types::provider::SharedCredentialsProvider;
use types::{Clock, Entropy, Region};

use crate::{
    Pulls,
    link_local::LinkLocal,
    resolve::{AwsAccount, ServiceEndpoints},
};

/// One agent: one container instance of one cluster.
#[derive(Clone)]
pub struct AgentConfig {
    /// Name of the cluster, as it is sent in every call.
    pub cluster: String,
    pub region: Region,
    /// Address of the ECS API.
    pub endpoint_url: String,
    /// Where the values of `secrets` are read.
    pub secret_endpoints: ServiceEndpoints,
    /// Where the values come from instead, and the tokens of ECR, if the operator says so.
    pub aws: Option<Arc<AwsAccount>>,
    /// The instance's own credentials. They sign the ECS API and the session, and read no secret.
    pub credentials: SharedCredentialsProvider,
    /// The container instance that this agent was before, if it was one.
    pub container_instance_arn: Option<String>,
    /// Tells the containers of this installation from those of another one on the same engine.
    pub installation: String,
    pub ecs: EcsConfig,
    /// Serves credentials to containers and log drivers; without it, tasks that need those do not start.
    pub link_local: Option<Arc<LinkLocal>>,
    /// Shared by all agents on one engine.
    pub pulls: Pulls,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// The settings of ECS's own agent, by the names of its `ECS_*` variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcsConfig {
    pub image_pull_behavior: ImagePullBehavior,
    pub engine_task_cleanup_wait_duration: Duration,
    pub container_create_timeout: Duration,
    pub container_start_timeout: Duration,
    pub container_stop_timeout: Duration,
    pub manifest_pull_timeout: Duration,
    pub image_pull_timeout: Duration,
    pub image_pull_inactivity_timeout: Duration,
    /// The log drivers to announce; all that the engine has where this is not set.
    pub available_logging_drivers: Option<Vec<String>>,
    /// Whether to announce that `awslogs` can write under a task's execution role.
    pub enable_awslogs_executionrole_override: bool,
    /// Whether to announce that tasks can have a role.
    pub enable_task_iam_role: bool,
}

/// When an image is pulled. An image that was built or imported here and whose name names no registry is used as it is,
/// except by `always`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImagePullBehavior {
    /// Always; where that fails, the image that is here is good enough.
    #[default]
    Default,
    /// Always; a failure stops the task.
    Always,
    /// Unless this agent pulled it before.
    Once,
    /// Only where it is not here.
    PreferCached,
}

impl Default for EcsConfig {
    fn default() -> Self {
        Self {
            image_pull_behavior: ImagePullBehavior::Default,
            engine_task_cleanup_wait_duration: Duration::from_hours(3),
            container_create_timeout: Duration::from_mins(4),
            container_start_timeout: Duration::from_mins(3),
            container_stop_timeout: Duration::from_secs(30),
            manifest_pull_timeout: Duration::from_mins(1),
            image_pull_timeout: Duration::from_hours(2),
            image_pull_inactivity_timeout: Duration::from_mins(1),
            available_logging_drivers: None,
            enable_awslogs_executionrole_override: false,
            enable_task_iam_role: false,
        }
    }
}

/// A setting that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}=`{value}` {expected}")]
pub struct InvalidSetting {
    variable: &'static str,
    value: String,
    expected: &'static str,
}

impl EcsConfig {
    /// The settings from ECS's variables, with the agent's own defaults for what is not set.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let duration = |variable, default: Duration, minimum: u64| match lookup(variable) {
            None => Ok(default),
            Some(text) => parse_go_duration(&text)
                .map(|given| given.max(Duration::from_secs(minimum)))
                .ok_or(InvalidSetting {
                    variable,
                    value: text,
                    expected: "must be a duration such as `3h`, `90s` or `1m30s`",
                }),
        };
        // AWS: whatever does not read as yes is no.
        let yes = |variable| {
            matches!(
                lookup(variable).as_deref(),
                Some("true" | "TRUE" | "True" | "t" | "T" | "1")
            )
        };
        let default = Self::default();
        Ok(Self {
            image_pull_behavior: pull_behavior(lookup("ECS_IMAGE_PULL_BEHAVIOR").as_deref())?,
            engine_task_cleanup_wait_duration: duration(
                "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION",
                default.engine_task_cleanup_wait_duration,
                1,
            )?,
            container_create_timeout: duration(
                "ECS_CONTAINER_CREATE_TIMEOUT",
                default.container_create_timeout,
                60,
            )?,
            container_start_timeout: duration(
                "ECS_CONTAINER_START_TIMEOUT",
                default.container_start_timeout,
                45,
            )?,
            container_stop_timeout: duration(
                "ECS_CONTAINER_STOP_TIMEOUT",
                default.container_stop_timeout,
                1,
            )?,
            manifest_pull_timeout: duration(
                "ECS_MANIFEST_PULL_TIMEOUT",
                default.manifest_pull_timeout,
                30,
            )?,
            image_pull_timeout: duration("ECS_IMAGE_PULL_TIMEOUT", default.image_pull_timeout, 1)?,
            image_pull_inactivity_timeout: duration(
                "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT",
                default.image_pull_inactivity_timeout,
                1,
            )?,
            available_logging_drivers: logging_drivers(lookup("ECS_AVAILABLE_LOGGING_DRIVERS"))?,
            enable_awslogs_executionrole_override: yes("ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE"),
            enable_task_iam_role: yes("ECS_ENABLE_TASK_IAM_ROLE"),
        })
    }
}

fn pull_behavior(text: Option<&str>) -> Result<ImagePullBehavior, InvalidSetting> {
    match text {
        None | Some("" | "default") => Ok(ImagePullBehavior::Default),
        Some("always") => Ok(ImagePullBehavior::Always),
        Some("once") => Ok(ImagePullBehavior::Once),
        Some("prefer-cached") => Ok(ImagePullBehavior::PreferCached),
        Some(other) => Err(InvalidSetting {
            variable: "ECS_IMAGE_PULL_BEHAVIOR",
            value: other.to_owned(),
            expected: "must be `default`, `always`, `once` or `prefer-cached`",
        }),
    }
}

fn logging_drivers(text: Option<String>) -> Result<Option<Vec<String>>, InvalidSetting> {
    text.map(|text| {
        serde_json::from_str(&text).map_err(|_| InvalidSetting {
            variable: "ECS_AVAILABLE_LOGGING_DRIVERS",
            value: text,
            expected: "must be a JSON list of names",
        })
    })
    .transpose()
}

/// A duration as Go writes it: numbers with units, the larger ones first.
fn parse_go_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = next;
    }
    (!text.trim().is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_from_ecs_variables() {
        let config = EcsConfig::from_variables(|name| match name {
            "ECS_IMAGE_PULL_BEHAVIOR" => Some("prefer-cached".into()),
            "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION" => Some("1h30m".into()),
            "ECS_CONTAINER_START_TIMEOUT" => Some("1s".into()),
            "ECS_AVAILABLE_LOGGING_DRIVERS" => Some(r#"["json-file"]"#.into()),
            _ => None,
        })
        .unwrap();
        assert_eq!(config.image_pull_behavior, ImagePullBehavior::PreferCached);
        assert_eq!(
            config.engine_task_cleanup_wait_duration,
            Duration::from_mins(90)
        );
        assert_eq!(config.container_start_timeout, Duration::from_secs(45));
        assert_eq!(
            config.available_logging_drivers,
            Some(vec!["json-file".into()])
        );
        assert_eq!(config.container_stop_timeout, Duration::from_secs(30));
    }

    #[test]
    fn a_setting_that_is_wrong_is_named() {
        let error = EcsConfig::from_variables(|name| {
            (name == "ECS_CONTAINER_STOP_TIMEOUT").then(|| "soon".into())
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "ECS_CONTAINER_STOP_TIMEOUT=`soon` must be a duration such as `3h`, `90s` or `1m30s`"
        );
        assert_eq!(parse_go_duration("-1s"), None);
        assert_eq!(parse_go_duration("1.5h"), Some(Duration::from_mins(90)));
    }
}
