//! Volumes that the engine keeps: those of one task, and those that tasks of an account share.

use std::collections::HashMap;

use bollard::{
    Docker,
    models::VolumeCreateRequest,
    query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder},
};
use ecs::acs::Volume;

use super::{NewContainer, RuntimeError, engine_error};
use crate::labels::TASK_ARN;

/// Where a volume of the task is.
pub(super) enum Source<'a> {
    HostPath(&'a str),
    /// Made for this task, and gone with it.
    OfTheTask(String),
    /// Shared by the tasks of the account.
    OfTheAccount(String),
}

impl Source<'_> {
    /// What stands before the colon of a bind.
    pub fn name(&self) -> &str {
        match self {
            Self::HostPath(path) => path,
            Self::OfTheTask(name) | Self::OfTheAccount(name) => name,
        }
    }
}

/// Where this volume of the container's task is.
pub(super) fn source<'a>(container: &NewContainer<'a>, volume: &'a Volume) -> Source<'a> {
    let path = volume
        .host
        .as_ref()
        .and_then(|host| host.source_path.as_deref());
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        return Source::HostPath(path);
    }
    let configuration = volume.docker_volume_configuration.as_ref();
    let shared = configuration.and_then(|c| c.scope.as_deref()) == Some("shared");
    let NewContainer { task, account, .. } = container;
    if shared {
        return Source::OfTheAccount(format!("sealift-{account}-{}", volume.name));
    }
    let task_id = task.arn.rsplit('/').next().unwrap_or_default();
    Source::OfTheTask(format!("sealift-{account}-{task_id}-{}", volume.name))
}

/// The volumes that the container mounts and that must be there first.
pub(super) fn wanted(container: &NewContainer<'_>) -> Vec<VolumeCreateRequest> {
    let mounted = |volume: &&Volume| {
        let mut points = container.container.mount_points.iter();
        points.any(|point| point.source_volume == volume.name)
    };
    let volumes = container.task.volumes.iter().filter(mounted);
    volumes
        .filter_map(|volume| {
            let (name, task_arn) = match source(container, volume) {
                Source::HostPath(_) => return None,
                Source::OfTheTask(name) => (name, Some(&container.task.arn)),
                Source::OfTheAccount(name) => (name, None),
            };
            let configuration = volume.docker_volume_configuration.clone();
            let configuration = configuration.unwrap_or_default();
            let mut labels: HashMap<_, _> = configuration.labels.into_iter().collect();
            labels.insert("sealift.account".to_owned(), container.account.clone());
            if let Some(arn) = task_arn {
                labels.insert(TASK_ARN.to_owned(), arn.clone());
            }
            Some(VolumeCreateRequest {
                name: Some(name),
                driver: configuration.driver,
                driver_opts: Some(configuration.driver_opts.into_iter().collect()),
                labels: Some(labels),
                ..VolumeCreateRequest::default()
            })
        })
        .collect()
}

/// Makes a volume. One of this name that is there already is taken as it is.
pub(super) async fn create(
    docker: &Docker,
    wanted: VolumeCreateRequest,
) -> Result<(), RuntimeError> {
    match docker.create_volume(wanted).await {
        Ok(_) => Ok(()),
        Err(error) => Err(RuntimeError::Volume(engine_error(error).to_string())),
    }
}

pub(super) async fn remove_of_task(docker: &Docker, task_arn: &str) -> Result<(), RuntimeError> {
    let options = ListVolumesOptionsBuilder::new()
        .filters(&HashMap::from([(
            "label",
            vec![format!("{TASK_ARN}={task_arn}")],
        )]))
        .build();
    let found = docker
        .list_volumes(Some(options))
        .await
        .map_err(engine_error)?;
    for volume in found.volumes.unwrap_or_default() {
        let options = RemoveVolumeOptionsBuilder::new().build();
        docker
            .remove_volume(&volume.name, Some(options))
            .await
            .map_err(engine_error)?;
    }
    Ok(())
}
