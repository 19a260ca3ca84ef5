//! ECS: clusters, container instances, task definitions, tasks and services.
//!
//! What is searched for is a column; the rest is JSON that only `domain` reads.

mod account_settings;
mod clusters;
mod container_instances;
mod held_secrets;
mod service_deployments;
mod services;
mod task_definitions;
mod tasks;

pub use clusters::ClusterRow;
pub use container_instances::ContainerInstanceRow;
pub use held_secrets::{HeldSecretRow, Holding};
pub use service_deployments::{ServiceDeploymentFilter, ServiceDeploymentRow};
pub use services::{ServiceFilter, ServiceKey, ServicePulse, ServiceRow};
pub use task_definitions::{FamilyFilter, TaskDefinitionRow};
pub use tasks::{NewTask, TaskFilter, TaskRow, TaskState};

use types::{AccountId, Region};

/// The account and region a row belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Home {
    pub account: AccountId,
    pub region: Region,
}

#[cfg(test)]
mod tests;
