//! What the tests of the agent share: services that answer from a script, and a control plane to talk to.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod collector;
pub mod control_plane;
pub mod engine;
pub mod memory_runtime;
pub mod recorded;
pub mod registry;
pub mod services;

use std::{sync::Arc, time::Duration};

use agent::{AgentConfig, EcsConfig, Pulls, Wording, resolve::ServiceEndpoints};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use ecs::acs;
use types::{OsEntropy, SecretValue, SystemClock};

pub const CLUSTER_ARN: &str = "arn:aws:ecs:us-west-2:111122223333:cluster/oracle";
pub const INSTANCE_ARN: &str =
    "arn:aws:ecs:us-west-2:111122223333:container-instance/oracle/0123456789abcdef0123456789abcdef";

/// The settings of an agent of an installation of its own, whose every service is at one address.
pub fn config(url: &str) -> AgentConfig {
    let entropy: &dyn types::Entropy = &OsEntropy;
    AgentConfig {
        cluster: "oracle".into(),
        region: "us-west-2".parse().unwrap(),
        endpoint_url: url.into(),
        secret_endpoints: ServiceEndpoints {
            secrets_manager: Some(url.into()),
            ssm: Some(url.into()),
            logs: Some(url.into()),
            ecr: Some(url.into()),
            s3: Some(url.into()),
        },
        aws: None,
        credentials: SharedCredentialsProvider::new(Credentials::new(
            "AKIAINSTANCEORACLE00",
            "instance-secret",
            Some("instance-token".into()),
            None,
            "test",
        )),
        container_instance_arn: None,
        installation: format!("test-{}", entropy.hex::<8>()),
        data_dir: std::env::temp_dir().join("sealift-agent-tests"),
        ecs: EcsConfig {
            container_stop_timeout: Duration::from_secs(2),
            ..EcsConfig::default()
        },
        host_logins: Arc::default(),
        wording: Wording::Current,
        role_patience: AgentConfig::ROLE_PATIENCE,
        link_local: None,
        pulls: Pulls::default(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    }
}

/// Credentials of an execution role.
pub fn role() -> acs::Credentials {
    acs::Credentials {
        credentials_id: "35805c44-ed1b-53b9-e9bb-6698d05f8139".into(),
        role_arn: "arn:aws:iam::111122223333:role/exec".into(),
        access_key_id: "ASIAEXECUTIONROLE000".into(),
        secret_access_key: SecretValue::from("role-secret"),
        session_token: SecretValue::from("role-token"),
        expiration: "2026-11-22T15:00:16Z".into(),
        credential_scope: None,
    }
}

/// A reference as a control plane hands it over: `DB_PASSWORD`, `asm`, `arn:…`.
pub fn secret(name: &str, provider: &str, value_from: &str) -> acs::Secret {
    acs::Secret {
        name: name.into(),
        value_from: value_from.into(),
        region: "us-west-2".into(),
        provider: provider.into(),
        kind: "ENVIRONMENT_VARIABLE".into(),
        target: "CONTAINER".into(),
        container_path: None,
    }
}

/// A registry login in a secret, as the control plane hands it over.
pub fn registry_login(parameter: &str, region: &str) -> acs::RegistryAuthentication {
    acs::RegistryAuthentication {
        kind: "asm".into(),
        asm_auth_data: Some(acs::AsmAuthData {
            credentials_parameter: parameter.into(),
            region: region.into(),
        }),
        ecr_auth_data: None,
    }
}

/// An essential container that runs a command.
pub fn container(name: &str, image: &str, command: &[&str]) -> acs::Container {
    acs::Container {
        name: name.into(),
        image: image.into(),
        essential: true,
        command: Some(command.iter().map(|word| (*word).into()).collect()),
        memory: 64,
        overrides: Some("{}".into()),
        ..acs::Container::default()
    }
}

/// A task under a new ARN.
pub fn task(containers: Vec<acs::Container>) -> acs::Task {
    let entropy: &dyn types::Entropy = &OsEntropy;
    acs::Task {
        arn: format!(
            "arn:aws:ecs:us-west-2:111122223333:task/oracle/{}",
            entropy.hex::<16>()
        ),
        family: "agent-test".into(),
        version: "1".into(),
        desired_status: "RUNNING".into(),
        network_mode: Some("bridge".into()),
        execution_role_credentials: Some(role()),
        containers,
        ..acs::Task::default()
    }
}

/// Waits for something to become true, and gives up after half a minute.
pub async fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually_within(Duration::from_secs(30), what, look).await
}

/// Waits so long for something to become true.
pub async fn eventually_within<T>(
    limit: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let wait = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(limit, wait).await;
    waited.unwrap_or_else(|_| panic!("{what} did not happen within {limit:?}"))
}
