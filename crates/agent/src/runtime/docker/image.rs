//! Images: which are here, what the registry says of them, and how they get here.

use bollard::{
    Docker,
    auth::DockerCredentials,
    query_parameters::{CreateImageOptionsBuilder, TagImageOptionsBuilder},
};
use futures::StreamExt as _;

use super::{LocalImage, RegistryLogin, RuntimeError, engine_error, missing_as_none};

/// The parts of an image's name: `repository[:tag][@digest]`.
#[derive(Debug, PartialEq, Eq)]
struct ImageName<'a> {
    repository: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> ImageName<'a> {
    fn parse(image: &'a str) -> Self {
        let (name, digest) = match image.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (image, None),
        };
        // A colon before the last slash belongs to the registry's port.
        match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => Self {
                repository,
                tag: Some(tag),
                digest,
            },
            _ => Self {
                repository: name,
                tag: None,
                digest,
            },
        }
    }
}

pub(super) async fn local(
    docker: &Docker,
    image: &str,
) -> Result<Option<LocalImage>, RuntimeError> {
    let found = missing_as_none(docker.inspect_image(image).await)?;
    Ok(found.map(|image| {
        let digests = image.repo_digests.unwrap_or_default();
        let environment = image.config.and_then(|config| config.env);
        LocalImage {
            digest: digests
                .first()
                .and_then(|digest| digest.split_once('@'))
                .map(|(_, digest)| digest.to_owned()),
            environment: environment
                .unwrap_or_default()
                .iter()
                .filter_map(|variable| variable.split_once('='))
                .map(|(name, _)| name.to_owned())
                .collect(),
        }
    }))
}

pub(super) async fn manifest_digest(
    docker: &Docker,
    image: &str,
    login: Option<&RegistryLogin>,
) -> Result<String, RuntimeError> {
    let answer = docker
        .inspect_registry_image(image, login.map(credentials))
        .await
        .map_err(engine_error)?;
    answer
        .descriptor
        .digest
        .ok_or_else(|| RuntimeError::Engine(format!("the registry gave no digest for {image}")))
}

pub(super) async fn pull(
    docker: &Docker,
    image: &str,
    digest: Option<&str>,
    login: Option<&RegistryLogin>,
) -> Result<(), RuntimeError> {
    let name = ImageName::parse(image);
    let tag = name.tag.unwrap_or("latest");
    let repository = name.repository;
    let source = match name.digest.or(digest) {
        Some(digest) => format!("{repository}@{digest}"),
        None => format!("{repository}:{tag}"),
    };
    let options = CreateImageOptionsBuilder::new().from_image(&source).build();
    let mut progress = docker.create_image(Some(options), None, login.map(credentials));
    while let Some(step) = progress.next().await {
        let failure = step.map_err(engine_error)?.error_detail;
        if let Some(message) = failure.and_then(|failure| failure.message) {
            return Err(RuntimeError::Engine(message));
        }
    }
    if name.digest.is_none() && digest.is_some() {
        let options = TagImageOptionsBuilder::new()
            .repo(repository)
            .tag(tag)
            .build();
        docker
            .tag_image(&source, Some(options))
            .await
            .map_err(engine_error)?;
    }
    Ok(())
}

fn credentials(login: &RegistryLogin) -> DockerCredentials {
    let text = |value: &types::SecretValue| value.expose_secret_str().map(str::to_owned);
    DockerCredentials {
        username: text(&login.username),
        password: text(&login.password),
        ..DockerCredentials::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_the_registry_is_no_tag() {
        let parts = |image| {
            let name = ImageName::parse(image);
            (name.repository, name.tag, name.digest)
        };
        assert_eq!(parts("app"), ("app", None, None));
        assert_eq!(
            parts("host:5000/team/app"),
            ("host:5000/team/app", None, None)
        );
        assert_eq!(parts("host:5000/app:1"), ("host:5000/app", Some("1"), None));
        assert_eq!(
            parts("app:1@sha256:ab"),
            ("app", Some("1"), Some("sha256:ab"))
        );
    }
}
