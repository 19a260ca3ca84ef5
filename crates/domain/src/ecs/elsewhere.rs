//! What a task has beyond the instance it runs on: a network of its own, and on Fargate a platform.

use std::net::IpAddr;

use api::ecs::{
    AssignPublicIp, Attachment, AttachmentStateChange, EphemeralStorage, Failure, KeyValuePair,
    NetworkInterface, Task, TaskEphemeralStorage,
};
use ecs::{
    launch::{EPHEMERAL_STORAGE, Launch, PLATFORM_FAMILY, PLATFORM_VERSION},
    states::{self, Progress, Status},
    task_definition::Definition,
};
use serde::{Deserialize, Serialize};
use types::Entropy;

/// Kept with the task from its start.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Elsewhere {
    interface: Option<Interface>,
    capacity_provider: Option<String>,
    /// GiB; `None` for tasks that are not Fargate's.
    ephemeral_storage: Option<i32>,
    /// Where the shown size of the task differs from what it takes of its instance.
    cpu: Option<i64>,
}

/// The network interface of a task, as it was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Interface {
    attachment: String,
    id: String,
    subnets: Vec<String>,
    security_groups: Vec<String>,
    assign_public_ip: bool,
}

impl Elsewhere {
    /// For a task that is to run under this capacity provider, if any.
    pub(super) fn new(
        definition: &Definition,
        launch: &Launch,
        capacity_provider: Option<&str>,
        entropy: &dyn Entropy,
    ) -> Self {
        let interface = launch.network.as_ref().map(|network| Interface {
            attachment: entropy.uuid(),
            id: format!("eni-0{}", entropy.hex::<8>()),
            subnets: network.subnets.clone(),
            security_groups: network.security_groups.clone().unwrap_or_default(),
            assign_public_ip: network.assign_public_ip == Some(AssignPublicIp::Enabled),
        });
        let storage = definition.ephemeral_storage.as_ref();
        let storage = storage.map_or(EPHEMERAL_STORAGE, |s| s.size_in_gi_b);
        let cpu = definition.cpu.as_deref();
        Self {
            interface,
            capacity_provider: capacity_provider.map(str::to_owned),
            ephemeral_storage: launch.is_fargate().then_some(storage),
            cpu: cpu.and_then(ecs::task_definition::task_cpu),
        }
    }

    /// Whether the task has a network interface of its own.
    pub(super) fn has_interface(&self) -> bool {
        self.interface.is_some()
    }

    /// The id of that interface's attachment to the task.
    pub(super) fn attachment(&self) -> Option<&str> {
        let interface = self.interface.as_ref()?;
        Some(&interface.attachment)
    }

    /// Whether the interface is there, from what an agent says of attachments. Those of others are not the task's.
    pub(super) fn attached(&self, changes: &[AttachmentStateChange]) -> Option<bool> {
        let own = self.attachment()?;
        let is_own = |arn: &str| arn.rsplit('/').next() == Some(own);
        let mut changes = changes.iter();
        let change = changes.rfind(|change| is_own(&change.attachment_arn))?;
        Some(change.status == "ATTACHED")
    }

    /// The capacity provider of the task, where it has one.
    pub(super) fn capacity_provider(&self) -> Option<&str> {
        self.capacity_provider.as_deref()
    }

    /// Adds to a described task what its instance does not know of. `told`: its agent may have heard of it.
    pub(super) fn describe(&self, progress: &Progress, told: bool, region: &str, task: &mut Task) {
        task.capacity_provider_name
            .clone_from(&self.capacity_provider);
        if let Some(cpu) = self.cpu {
            task.cpu = Some(cpu.to_string());
        }
        if let Some(size) = self.ephemeral_storage {
            // AWS: nobody is told which instance a task of Fargate's is on.
            task.container_instance_arn = None;
            task.platform_version = Some(PLATFORM_VERSION.to_owned());
            task.platform_family = Some(PLATFORM_FAMILY.to_owned());
            task.ephemeral_storage = Some(EphemeralStorage { size_in_gi_b: size });
            task.fargate_ephemeral_storage = Some(TaskEphemeralStorage {
                size_in_gi_b: Some(size),
                kms_key_id: None,
            });
        }
        let Some(interface) = &self.interface else {
            return;
        };
        task.availability_zone = Some(format!("{region}a"));
        let address = address(progress);
        let status = attachment_status(progress, told);
        task.attachments = Some(vec![interface.attachment(status, address)]);
        for container in task.containers.iter_mut().flatten() {
            container.network_bindings = Some(Vec::new());
            container.network_interfaces = Some(vec![NetworkInterface {
                attachment_id: Some(interface.attachment.clone()),
                private_ipv4_address: address.map(|address| address.to_string()),
                ipv6_address: None,
            }]);
        }
    }
}

/// The address of the task's own network, as its agent reported it: a binding without ports.
fn address(progress: &Progress) -> Option<IpAddr> {
    let mut bindings = progress.containers.iter().flat_map(|c| &c.network_bindings);
    let own = bindings.find(|binding| binding.container_port.is_none())?;
    own.bind_ip.as_deref()?.parse().ok()
}

/// AWS: an interface is created and attached in steps. Here it is made in the task's network at once, so CREATED and
/// DETACHED, which stand between two of these, are never seen.
fn attachment_status(progress: &Progress, told: bool) -> &'static str {
    let attached = progress.interface == states::Interface::Attached || address(progress).is_some();
    match progress.last_status {
        Status::Stopped => "DELETED",
        Status::Deprovisioning => "DETACHING",
        _ if attached => "ATTACHED",
        _ if told => "ATTACHING",
        _ => "PRECREATED",
    }
}

impl Interface {
    fn attachment(&self, status: &str, address: Option<IpAddr>) -> Attachment {
        let detail = |name: &str, value: String| KeyValuePair {
            name: Some(name.to_owned()),
            value: Some(value),
        };
        let mut details = Vec::new();
        let subnet = self.subnets.first().cloned();
        details.extend(subnet.map(|subnet| detail("subnetId", subnet)));
        details.push(detail("networkInterfaceId", self.id.clone()));
        details.extend(address.map(|a| detail("privateIPv4Address", a.to_string())));
        Attachment {
            id: Some(self.attachment.clone()),
            type_: Some("ElasticNetworkInterface".to_owned()),
            status: Some(status.to_owned()),
            details: Some(details),
        }
    }
}

/// AWS: Fargate has no instances that could be named.
pub(super) fn no_capacity() -> Failure {
    let reason = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
    Failure {
        reason: Some(reason.to_owned()),
        ..Failure::default()
    }
}
