//! A task definition as ECS gives it back.

use api::ecs::{Attribute, Compatibility, NetworkMode, TaskDefinition, TaskDefinitionStatus};
use types::Timestamp;

use super::{Definition, fargate, requires_attributes};
use crate::names::Place;

/// What registering adds to a definition.
#[derive(Debug, Clone)]
pub struct Registration {
    pub revision: i64,
    pub active: bool,
    pub registered_at: Timestamp,
    /// The ARN of whoever registered it.
    pub registered_by: String,
    pub deregistered_at: Option<Timestamp>,
}

/// The whole shape, as `DescribeTaskDefinition` answers it.
pub fn describe(
    definition: Definition,
    registration: &Registration,
    place: &Place,
) -> TaskDefinition {
    let attributes = requires_attributes(&definition, &place.account, &place.region)
        .into_iter()
        .map(|name| Attribute {
            name,
            ..Attribute::default()
        })
        .collect();
    TaskDefinition {
        task_definition_arn: Some(
            place
                .task_definition(&definition.family, registration.revision)
                .to_string(),
        ),
        revision: i32::try_from(registration.revision).ok(),
        status: Some(if registration.active {
            TaskDefinitionStatus::Active
        } else {
            TaskDefinitionStatus::Inactive
        }),
        requires_attributes: Some(attributes),
        compatibilities: Some(compatibilities(&definition)),
        registered_at: Some(registration.registered_at),
        registered_by: Some(registration.registered_by.clone()),
        deregistered_at: registration.deregistered_at,
        family: Some(definition.family),
        container_definitions: Some(definition.container_definitions),
        task_role_arn: definition.task_role_arn,
        execution_role_arn: definition.execution_role_arn,
        network_mode: definition.network_mode,
        volumes: definition.volumes,
        placement_constraints: definition.placement_constraints,
        runtime_platform: definition.runtime_platform,
        requires_compatibilities: definition.requires_compatibilities,
        cpu: definition.cpu,
        memory: definition.memory,
        inference_accelerators: definition.inference_accelerators,
        pid_mode: definition.pid_mode,
        ipc_mode: definition.ipc_mode,
        proxy_configuration: definition.proxy_configuration,
        ephemeral_storage: definition.ephemeral_storage,
        enable_fault_injection: definition.enable_fault_injection,
        ..TaskDefinition::default()
    }
}

/// Where the definition could run, by AWS's account of it.
pub fn compatibilities(definition: &Definition) -> Vec<Compatibility> {
    if definition.network_mode != Some(NetworkMode::Awsvpc) {
        return vec![Compatibility::External, Compatibility::Ec2];
    }
    if fargate::validate(definition).is_ok() {
        vec![Compatibility::Ec2, Compatibility::Fargate]
    } else {
        vec![Compatibility::Ec2]
    }
}
