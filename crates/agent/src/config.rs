//! What an agent is told when it starts.

mod variables;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use aws_credential_types::provider::SharedCredentialsProvider;
use types::{Clock, Entropy, Region};

pub use self::variables::{InvalidSetting, ReadConfig};
use crate::{
    HostLogins, Pulls, Wording,
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
    /// Where the agent keeps what it makes for containers to mount.
    pub data_dir: PathBuf,
    pub ecs: EcsConfig,
    /// What registries are logged in to whatever task pulls.
    pub host_logins: Arc<HostLogins>,
    /// Whose words reasons have.
    pub wording: Wording,
    /// How long a task waits for the credentials of its execution role.
    pub role_patience: Duration,
    /// Serves credentials to containers and log drivers; without it, tasks that need those do not start.
    pub link_local: Option<Arc<LinkLocal>>,
    /// Shared by all agents on one engine.
    pub pulls: Pulls,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl AgentConfig {
    /// AWS: the agent waits in rounds of a minute.
    pub const ROLE_PATIENCE: Duration = Duration::from_mins(1);
}

/// The settings of ECS's own agent, by the names of its `ECS_*` variables. How they are written is
/// [`ReadConfig::from_variables`]'s business.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one variable, set or not"
)]
pub struct EcsConfig {
    /// The only cluster whose instance this host is; without it, the control plane says.
    pub cluster: Option<String>,
    /// What the instance says of itself beside its capabilities.
    pub instance_attributes: BTreeMap<String, String>,
    /// MiB that are not for tasks.
    pub reserved_memory: u16,
    pub disable_privileged: bool,
    pub log_level: Option<LogLevel>,
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
    /// Whether to announce that tasks in the host's network can have one.
    pub enable_task_iam_role_network_host: bool,
    /// Whether the CPU and memory of a whole task are limits.
    pub enable_task_cpu_mem_limit: bool,
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

/// How much the agent logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

impl Default for EcsConfig {
    fn default() -> Self {
        Self {
            cluster: None,
            instance_attributes: BTreeMap::new(),
            reserved_memory: 0,
            disable_privileged: false,
            log_level: None,
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
            enable_task_iam_role_network_host: false,
            enable_task_cpu_mem_limit: true,
        }
    }
}
