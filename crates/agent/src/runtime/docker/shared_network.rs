//! The network that the containers of an `awsvpc` task share: a container that does nothing has it, the others join.

use std::collections::HashMap;

use bollard::{
    Docker, body_full,
    models::{ContainerCreateBody, HostConfig, HostConfigLogConfig},
    query_parameters::{
        CreateContainerOptionsBuilder, CreateImageOptionsBuilder, StartContainerOptions,
    },
};
use bytes::Bytes;
use futures::StreamExt as _;

use super::{
    body, engine_error,
    holder::{self, PROGRAM},
    image,
};
use crate::runtime::{NetworkHolder, RuntimeError};

/// A name that no registry can answer for, so that nobody's image is taken for ours.
const IMAGE: &str = "sealift.invalid/network-holder:1";

/// The least memory that an engine lets a container have.
const MEMORY: i64 = 6 * 1024 * 1024;

/// Creates the holder on a network. It is not started yet.
pub(super) async fn create(
    docker: &Docker,
    holder: &NetworkHolder<'_>,
    network: &str,
    architecture: &str,
) -> Result<String, RuntimeError> {
    if image::local(docker, IMAGE).await?.is_none() {
        import(docker, architecture).await?;
    }
    let options = CreateContainerOptionsBuilder::new()
        .name(&holder.name)
        .build();
    let created = docker
        .create_container(Some(options), create_body(holder, network)?)
        .await
        .map_err(engine_error)?;
    Ok(created.id)
}

pub(super) async fn start(docker: &Docker, id: &str) -> Result<(), RuntimeError> {
    let options = None::<StartContainerOptions>;
    docker
        .start_container(id, options)
        .await
        .map_err(engine_error)
}

async fn import(docker: &Docker, architecture: &str) -> Result<(), RuntimeError> {
    let options = CreateImageOptionsBuilder::new()
        .from_src("-")
        .repo(IMAGE)
        .build();
    let archive = Bytes::from(holder::archive(&holder::executable(architecture)));
    let mut steps = docker.create_image(Some(options), Some(body_full(archive)), None);
    while let Some(step) = steps.next().await {
        step.map_err(engine_error)?;
    }
    Ok(())
}

/// The holder has no rights and writes nothing. What a container would have of name resolution it must have itself,
/// since whoever joins its network shares these files.
fn create_body(
    holder: &NetworkHolder<'_>,
    network: &str,
) -> Result<ContainerCreateBody, RuntimeError> {
    let mut names = body::NameResolution::default();
    for container in &holder.task.containers {
        names.add(container)?;
    }
    let labels: HashMap<_, _> = holder.labels.clone().into_iter().collect();
    Ok(ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        entrypoint: Some(vec![PROGRAM.to_owned()]),
        user: Some("65534:65534".to_owned()),
        // The first process of a namespace is deaf to every signal that it does not handle.
        stop_signal: Some("SIGKILL".to_owned()),
        labels: Some(labels),
        host_config: Some(HostConfig {
            network_mode: Some(network.to_owned()),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            readonly_rootfs: Some(true),
            memory: Some(MEMORY),
            log_config: Some(HostConfigLogConfig {
                typ: Some("none".to_owned()),
                config: None,
            }),
            dns: names.servers,
            dns_search: names.search_domains,
            extra_hosts: names.hosts,
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    })
}
