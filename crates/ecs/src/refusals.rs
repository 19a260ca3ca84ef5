//! What `RunTask` refuses by name because sealift does not do it yet.
//!
//! Registering keeps the whole shape of a definition. Running it must not quietly leave a part out, so every setting
//! that would have no effect is refused here; whatever is not named here works.

use api::ecs::{
    ContainerDefinition, NetworkMode, OsFamily, PlacementConstraintType, Volume, run_task,
};

use crate::task_definition::{Definition, name_of};

/// Prefixes of labels that the agent finds its containers by.
const RESERVED_LABELS: [&str; 2] = ["com.amazonaws.ecs.", "sealift."];

/// Something sealift does not do yet: the text of a `ClientException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not supported yet by sealift.")]
pub struct NotSupported(String);

impl NotSupported {
    pub(crate) fn new(what: String) -> Self {
        Self(what)
    }
}

/// Refuses a call of `RunTask` whose own parameters ask for what does not exist here.
pub fn check_call(input: &run_task::Input) -> Result<(), NotSupported> {
    refuse(any(input.volume_configurations.as_ref()), || {
        "volumeConfigurations".to_owned()
    })?;
    let mut constraints = input.placement_constraints.iter().flatten();
    refuse(
        constraints.any(|c| c.type_ != Some(PlacementConstraintType::DistinctInstance)),
        || "The placement constraint memberOf".to_owned(),
    )?;
    let overrides = input.overrides.as_ref();
    let containers = overrides.and_then(|o| o.container_overrides.as_ref());
    let gpus = containers
        .into_iter()
        .flatten()
        .any(|c| any(c.resource_requirements.as_ref()));
    refuse(gpus, || "resourceRequirements".to_owned())?;
    refuse(
        overrides.is_some_and(|o| any(o.inference_accelerator_overrides.as_ref())),
        || "inferenceAcceleratorOverrides".to_owned(),
    )
}

/// Refuses a definition (with the overrides merged in) that asks for what does not exist here.
pub fn check_definition(definition: &Definition) -> Result<(), NotSupported> {
    let named = |wanted: bool, name: &str| refuse(wanted, || name.to_owned());
    named(
        definition.proxy_configuration.is_some(),
        "proxyConfiguration",
    )?;
    named(
        any(definition.inference_accelerators.as_ref()),
        "inferenceAccelerators",
    )?;
    named(
        any(definition.placement_constraints.as_ref()),
        "placementConstraints of a task definition",
    )?;
    named(
        definition.enable_fault_injection == Some(true),
        "enableFaultInjection",
    )?;
    named(
        matches!(definition.pid_mode, Some(api::ecs::PidMode::Task)),
        "pidMode task",
    )?;
    named(
        matches!(definition.ipc_mode, Some(api::ecs::IpcMode::Task)),
        "ipcMode task",
    )?;
    let platform = definition.runtime_platform.as_ref();
    let family = platform.and_then(|p| p.operating_system_family);
    named(
        family.is_some_and(|f| f != OsFamily::Linux),
        "An operating system family other than LINUX",
    )?;
    definition.volumes.iter().flatten().try_for_each(volume)?;
    definition
        .container_definitions
        .iter()
        .try_for_each(|container| self::container(container, definition))
}

fn volume(volume: &Volume) -> Result<(), NotSupported> {
    let name = volume.name.as_deref().unwrap_or_default();
    let named = |wanted: bool, what: &str| refuse(wanted, || format!("{what} of volume '{name}'"));
    named(
        volume.efs_volume_configuration.is_some(),
        "efsVolumeConfiguration",
    )?;
    named(
        volume.s3files_volume_configuration.is_some(),
        "s3filesVolumeConfiguration",
    )?;
    named(
        volume
            .fsx_windows_file_server_volume_configuration
            .is_some(),
        "fsxWindowsFileServerVolumeConfiguration",
    )?;
    named(
        volume.configured_at_launch == Some(true),
        "configuredAtLaunch",
    )?;
    let docker = volume.docker_volume_configuration.as_ref();
    let driver = docker.and_then(|d| d.driver.as_deref()).unwrap_or("local");
    named(driver != "local", "A volume driver other than local")
}

fn container(container: &ContainerDefinition, definition: &Definition) -> Result<(), NotSupported> {
    let name = name_of(container);
    let named =
        |wanted: bool, what: &str| refuse(wanted, || format!("{what} of container '{name}'"));
    let router = container.firelens_configuration.as_ref();
    let file = router.and_then(|router| router.options.as_ref()?.get("config-file-type"));
    named(
        file.is_some_and(|kind| kind == "s3"),
        "The config-file-type s3 of firelensConfiguration",
    )?;
    named(
        any(container.resource_requirements.as_ref()),
        "resourceRequirements",
    )?;
    named(any(container.credential_specs.as_ref()), "credentialSpecs")?;
    // Where nothing is published, a range of ports is open as every port is.
    let publishes = !matches!(
        definition.network_mode,
        Some(NetworkMode::Awsvpc | NetworkMode::Host)
    );
    let mut ports = container.port_mappings.iter().flatten();
    named(
        publishes && ports.any(|p| p.container_port_range.is_some()),
        "containerPortRange",
    )?;
    let labels = container.docker_labels.iter().flatten();
    for (label, _) in labels {
        let reserved = RESERVED_LABELS.iter().any(|r| label.starts_with(r));
        named(
            reserved,
            &format!("The label {label}, which the agent sets itself,"),
        )?;
    }
    Ok(())
}

fn refuse(wanted: bool, what: impl FnOnce() -> String) -> Result<(), NotSupported> {
    if wanted {
        Err(NotSupported(what()))
    } else {
        Ok(())
    }
}

fn any<T>(list: Option<&Vec<T>>) -> bool {
    list.is_some_and(|l| !l.is_empty())
}

#[cfg(test)]
mod tests {
    use api::ecs::{FirelensConfiguration, FirelensConfigurationType};

    use super::*;
    use crate::task_definition::tests::{container as plain, definition};

    fn refusal_of(container: ContainerDefinition) -> String {
        check_definition(&definition(vec![container]))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_plain_task_is_not_refused() {
        assert_eq!(check_definition(&definition(vec![plain("app")])), Ok(()));
        assert_eq!(check_call(&run_task::Input::default()), Ok(()));
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut app = plain("app");
        app.firelens_configuration = Some(FirelensConfiguration {
            type_: FirelensConfigurationType::Fluentbit,
            options: Some([("config-file-type".to_owned(), "s3".to_owned())].into()),
        });
        assert_eq!(
            refusal_of(app),
            "The config-file-type s3 of firelensConfiguration of container 'app' is not supported yet by sealift."
        );
    }

    #[test]
    fn nobody_labels_a_container_as_if_it_were_the_agents() {
        let mut app = plain("app");
        app.docker_labels =
            Some([("com.amazonaws.ecs.task-arn".to_owned(), "x".to_owned())].into());
        assert!(refusal_of(app).starts_with("The label com.amazonaws.ecs.task-arn"));
    }
}
