//! What all agents of a process have in common, and what makes each the agent of one container instance.

use std::{path::PathBuf, sync::Arc};

use agent::{AgentConfig, EcsConfig, LinkLocal, Pulls, resolve::ServiceEndpoints};
use aws_credential_types::provider::SharedCredentialsProvider;
use types::{OsEntropy, Region, SystemClock};

use crate::ecs_config::Around;

/// The host that agents run on, and the server that they know.
pub struct AgentHost {
    pub endpoint: String,
    pub installation: String,
    pub data_dir: PathBuf,
    pub ecs: EcsConfig,
    pub around: Around,
    pub pulls: Pulls,
}

/// Which container instance an agent is.
pub struct Membership {
    pub cluster: String,
    pub region: Region,
    pub credentials: SharedCredentialsProvider,
    /// What it registered as before.
    pub container_instance_arn: Option<String>,
}

impl AgentHost {
    /// The configuration of an agent all of whose services are that server's.
    pub fn config(&self, member: Membership, link_local: &Arc<LinkLocal>) -> AgentConfig {
        AgentConfig {
            cluster: member.cluster,
            region: member.region,
            endpoint_url: self.endpoint.clone(),
            secret_endpoints: ServiceEndpoints {
                secrets_manager: Some(self.endpoint.clone()),
                ssm: Some(self.endpoint.clone()),
                logs: Some(self.endpoint.clone()),
                ecr: Some(self.endpoint.clone()),
                s3: Some(self.endpoint.clone()),
            },
            aws: None,
            credentials: member.credentials,
            container_instance_arn: member.container_instance_arn,
            installation: self.installation.clone(),
            data_dir: self.data_dir.clone(),
            ecs: self.ecs.clone(),
            host_logins: Arc::clone(&self.around.logins),
            wording: self.around.wording,
            role_patience: AgentConfig::ROLE_PATIENCE,
            link_local: Some(Arc::clone(link_local)),
            pulls: self.pulls.clone(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        }
    }
}
