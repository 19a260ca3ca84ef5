//! The rules of Fargate: what a definition must say, and what it must not, to run where AWS looks after the host.

use api::ecs::{ContainerDefinition, LogDriver, NetworkMode, PidMode};

use super::{
    Definition, Invalid, name_of,
    sizes::{task_cpu, task_memory},
};
use crate::images::EcrImage;

/// The longest `stopTimeout` and `startTimeout`, in seconds.
const LONGEST_TIMEOUT: i32 = 120;

/// GiB that a task may ask for.
const EPHEMERAL_STORAGE: std::ops::RangeInclusive<i32> = 21..=200;

const GIB: i64 = 1024;

/// Refuses what Fargate does not run.
pub(super) fn validate(definition: &Definition) -> Result<(), Invalid> {
    if definition.network_mode != Some(NetworkMode::Awsvpc) {
        return Err(Invalid::new("Fargate only supports network mode ‘awsvpc’."));
    }
    sizes(definition)?;
    task(definition)?;
    for container in &definition.container_definitions {
        unsupported(container)?;
        logs(container, definition)?;
        timeouts(container)?;
    }
    images(definition)
}

/// Refuses sizes that Fargate has no tasks of.
pub(super) fn sizes(definition: &Definition) -> Result<(), Invalid> {
    processor_and_memory(definition)?;
    match &definition.ephemeral_storage {
        Some(storage) if !EPHEMERAL_STORAGE.contains(&storage.size_in_gi_b) => Err(Invalid::new(
            "'ephemeralStorage.sizeInGiB' must be between 21 and 200.",
        )),
        _ => Ok(()),
    }
}

fn processor_and_memory(definition: &Definition) -> Result<(), Invalid> {
    let missing = |what: &str| {
        Invalid(format!(
            "Fargate requires that '{what}' be defined at the task level."
        ))
    };
    let cpu = definition.cpu.as_deref().ok_or_else(|| missing("cpu"))?;
    let memory = definition.memory.as_deref();
    let memory = memory.ok_or_else(|| missing("memory"))?;
    // That both can be read was looked at before.
    let (cpu, memory) = (
        task_cpu(cpu).unwrap_or_default(),
        task_memory(memory).unwrap_or_default(),
    );
    if is_offered(cpu, memory) {
        return Ok(());
    }
    Err(Invalid(format!(
        "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
    )))
}

/// Whether Fargate has tasks of so many CPU units and MiB.
fn is_offered(cpu: i64, memory: i64) -> bool {
    let between = |least: i64, most: i64, step: i64| {
        (least * GIB..=most * GIB).contains(&memory) && memory % (step * GIB) == 0
    };
    match cpu {
        256 => [512, GIB, 2 * GIB].contains(&memory),
        512 => between(1, 4, 1),
        1024 => between(2, 8, 1),
        2048 => between(4, 16, 1),
        4096 => between(8, 30, 1),
        8192 => between(16, 60, 4),
        16384 => between(32, 120, 8),
        _ => false,
    }
}

fn task(definition: &Definition) -> Result<(), Invalid> {
    if definition.ipc_mode.is_some() {
        return Err(Invalid::new(
            "Tasks using the Fargate launch type do not support ipcMode.",
        ));
    }
    if matches!(&definition.pid_mode, Some(mode) if *mode != PidMode::Task) {
        return Err(Invalid::new(
            "Fargate compatible task definitions only support the 'task' pidMode.",
        ));
    }
    let placement = definition.placement_constraints.iter().flatten();
    refuse(placement.count() > 0, "constraints")?;
    let accelerators = definition.inference_accelerators.iter().flatten();
    refuse(accelerators.count() > 0, "inferenceAccelerators")?;
    for volume in definition.volumes.iter().flatten() {
        let host = volume.host.as_ref().and_then(|h| h.source_path.as_deref());
        refuse(host.is_some_and(|path| !path.is_empty()), "sourcePath")?;
        let docker = volume.docker_volume_configuration.is_some();
        refuse(docker, "dockerVolumeConfiguration")?;
    }
    Ok(())
}

fn unsupported(container: &ContainerDefinition) -> Result<(), Invalid> {
    let security = container.docker_security_options.iter().flatten();
    refuse(container.privileged == Some(true), "privileged")?;
    refuse(security.count() > 0, "dockerSecurityOptions")?;
    let gpus = container.resource_requirements.iter().flatten();
    refuse(gpus.count() > 0, "resourceRequirements")?;
    let Some(linux) = &container.linux_parameters else {
        return Ok(());
    };
    refuse(linux.devices.iter().flatten().count() > 0, "devices")?;
    refuse(linux.shared_memory_size.is_some(), "sharedMemorySize")?;
    refuse(linux.tmpfs.iter().flatten().count() > 0, "tmpfs")?;
    refuse(linux.max_swap.is_some(), "maxSwap")?;
    refuse(linux.swappiness.is_some(), "swappiness")?;
    let added = linux.capabilities.iter().filter_map(|c| c.add.as_ref());
    match added.flatten().find(|name| *name != "SYS_PTRACE") {
        Some(name) => Err(Invalid(format!(
            "Fargate compatible task definitions do not support adding the capability {name}. Only SYS_PTRACE can be added."
        ))),
        None => Ok(()),
    }
}

fn logs(container: &ContainerDefinition, definition: &Definition) -> Result<(), Invalid> {
    let Some(log) = &container.log_configuration else {
        return Ok(());
    };
    match log.log_driver {
        LogDriver::Splunk | LogDriver::Awsfirelens => Ok(()),
        LogDriver::Awslogs if definition.execution_role_arn.is_none() => Err(Invalid::new(
            "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
        )),
        LogDriver::Awslogs => {
            let mut options = log.options.iter().flatten();
            if options.any(|(name, _)| name == "awslogs-stream-prefix") {
                return Ok(());
            }
            Err(Invalid::new(
                "Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.",
            ))
        }
        other => Err(Invalid(format!(
            "Fargate compatible task definitions do not support log driver {}.",
            other.as_str()
        ))),
    }
}

fn timeouts(container: &ContainerDefinition) -> Result<(), Invalid> {
    for (member, value) in [
        ("startTimeout", container.start_timeout),
        ("stopTimeout", container.stop_timeout),
    ] {
        if value.is_some_and(|seconds| seconds > LONGEST_TIMEOUT) {
            return Err(Invalid(format!(
                "Invalid setting for container '{}'. The '{member}' of a Fargate task must not be greater than {LONGEST_TIMEOUT} seconds.",
                name_of(container)
            )));
        }
    }
    Ok(())
}

fn images(definition: &Definition) -> Result<(), Invalid> {
    let mut images = definition.container_definitions.iter();
    let is_of_ecr = |c: &ContainerDefinition| {
        let image = c.image.as_deref().unwrap_or_default();
        EcrImage::parse(image).is_some()
    };
    if definition.execution_role_arn.is_none() && images.any(is_of_ecr) {
        return Err(Invalid::new(
            "Fargate requires task definition to have execution role ARN to support ECR images.",
        ));
    }
    Ok(())
}

fn refuse(given: bool, what: &str) -> Result<(), Invalid> {
    if given {
        return Err(Invalid(format!(
            "Fargate compatible task definitions do not support {what}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use api::ecs::{
        Compatibility, Device, EphemeralStorage, HostVolumeProperties, IpcMode, LinuxParameters,
        LogConfiguration, Volume,
    };

    use super::*;
    use crate::task_definition::tests::{container, definition, refusal};

    fn on_fargate() -> Definition {
        Definition {
            network_mode: Some(NetworkMode::Awsvpc),
            requires_compatibilities: Some(vec![Compatibility::Fargate]),
            cpu: Some("256".into()),
            memory: Some("0.5 GB".into()),
            ..definition(vec![container("app")])
        }
    }

    fn changed(change: impl FnOnce(&mut Definition)) -> String {
        let mut definition = on_fargate();
        change(&mut definition);
        refusal(&definition)
    }

    fn with_log(driver: LogDriver, role: bool, options: &[(&str, &str)]) -> String {
        changed(|definition| {
            let role = role.then(|| "arn:aws:iam::111122223333:role/r".to_owned());
            definition.execution_role_arn = role;
            let options = options.iter().map(|(n, v)| ((*n).into(), (*v).into()));
            definition.container_definitions[0].log_configuration = Some(LogConfiguration {
                log_driver: driver,
                options: Some(options.collect()),
                secret_options: None,
            });
        })
    }

    #[test]
    fn the_sizes_are_those_on_offer() {
        assert_eq!(refusal(&on_fargate()), "accepted");
        for (cpu, memory, offered) in [
            (256, 512, true),
            (256, 1536, false),
            (512, 512, false),
            (512, 3072, true),
            (1024, 2048, true),
            (1024, 1024, false),
            (4096, 30_720, true),
            (8192, 20_480, true),
            (8192, 17_408, false),
            (16_384, 122_880, true),
            (300, 1024, false),
        ] {
            assert_eq!(is_offered(cpu, memory), offered, "{cpu} {memory}");
        }
        assert_eq!(
            changed(|d| d.cpu = Some("1 vCPU".into())),
            "No Fargate configuration exists for given values: 1024 CPU, 512 memory. See the Amazon ECS documentation for the valid values."
        );
        assert_eq!(
            changed(|d| d.memory = None),
            "Fargate requires that 'memory' be defined at the task level."
        );
    }

    #[test]
    fn three_log_drivers_are_there() {
        let group = [("awslogs-group", "g"), ("awslogs-region", "us-west-2")];
        let prefixed = [group[0], group[1], ("awslogs-stream-prefix", "p")];
        assert_eq!(with_log(LogDriver::Awslogs, true, &prefixed), "accepted");
        assert_eq!(
            with_log(LogDriver::Awslogs, false, &prefixed),
            "Fargate requires task definition to have execution role ARN to support log driver awslogs."
        );
        assert_eq!(
            with_log(LogDriver::Awslogs, true, &group),
            "Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs."
        );
        assert_eq!(
            with_log(LogDriver::Syslog, true, &[]),
            "Fargate compatible task definitions do not support log driver syslog."
        );
    }

    #[test]
    fn nothing_of_the_host_is_to_be_had() {
        assert_eq!(
            changed(|d| d.ipc_mode = Some(IpcMode::None)),
            "Tasks using the Fargate launch type do not support ipcMode."
        );
        assert_eq!(
            changed(|d| d.pid_mode = Some(PidMode::Host)),
            "Fargate compatible task definitions only support the 'task' pidMode."
        );
        assert_eq!(
            changed(|d| d.container_definitions[0].privileged = Some(true)),
            "Fargate compatible task definitions do not support privileged"
        );
        assert_eq!(
            changed(|d| {
                d.container_definitions[0].linux_parameters = Some(LinuxParameters {
                    devices: Some(vec![Device::default()]),
                    ..LinuxParameters::default()
                });
            }),
            "Fargate compatible task definitions do not support devices"
        );
        assert_eq!(
            changed(|d| {
                d.volumes = Some(vec![Volume {
                    name: Some("v".into()),
                    host: Some(HostVolumeProperties {
                        source_path: Some("/etc".into()),
                    }),
                    ..Volume::default()
                }]);
            }),
            "Fargate compatible task definitions do not support sourcePath"
        );
    }

    #[test]
    fn limits_hold() {
        assert!(
            changed(|d| d.container_definitions[0].stop_timeout = Some(121))
                .contains("must not be greater than 120 seconds")
        );
        assert_eq!(
            changed(|d| d.ephemeral_storage = Some(EphemeralStorage { size_in_gi_b: 20 })),
            "'ephemeralStorage.sizeInGiB' must be between 21 and 200."
        );
        assert_eq!(
            changed(|d| {
                let image = "111122223333.dkr.ecr.us-west-2.amazonaws.com/app";
                d.container_definitions[0].image = Some(image.into());
            }),
            "Fargate requires task definition to have execution role ARN to support ECR images."
        );
    }
}
