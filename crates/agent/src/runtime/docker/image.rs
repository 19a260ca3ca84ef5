//! Images: which are here, what the registry says of them, and how they get here.

use std::{collections::BTreeMap, time::Duration};

use bollard::{
    Docker,
    auth::DockerCredentials,
    errors::Error,
    models::CreateImageInfo,
    query_parameters::{CreateImageOptionsBuilder, TagImageOptionsBuilder},
};
use futures::StreamExt as _;
use tokio::time::timeout;

use super::{LocalImage, Pull, RegistryLogin, RuntimeError, engine_error, missing_as_none, redact};
use crate::runtime::PullProgress;

const LATEST: &str = "latest";
/// How long a registry may take until it says anything.
const FIRST_OUTPUT: Duration = Duration::from_mins(5);
const TAG_ATTEMPTS: u32 = 5;
const TAG_PAUSE: Duration = Duration::from_millis(100);

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
    let repository = ImageName::parse(image).repository;
    Ok(found.map(|image| {
        let digests = image.repo_digests.unwrap_or_default();
        let environment = image.config.and_then(|config| config.env);
        LocalImage {
            digest: digest_of(&digests, repository),
            environment: environment
                .unwrap_or_default()
                .iter()
                .filter_map(|variable| variable.split_once('='))
                .map(|(name, _)| name.to_owned())
                .collect(),
        }
    }))
}

/// The digest in this repository. What the same image is called elsewhere says nothing of where this name came from.
fn digest_of(digests: &[String], repository: &str) -> Option<String> {
    let mut pairs = digests.iter().filter_map(|digest| digest.split_once('@'));
    let (_, digest) = pairs.find(|(name, _)| familiar(name) == familiar(repository))?;
    Some(digest.to_owned())
}

/// A repository of Docker Hub without what Docker adds to its name.
fn familiar(repository: &str) -> &str {
    let name = repository.strip_prefix("docker.io/").unwrap_or(repository);
    name.strip_prefix("library/").unwrap_or(name)
}

pub(super) async fn manifest_digest(
    docker: &Docker,
    image: &str,
    login: Option<&RegistryLogin>,
) -> Result<String, RuntimeError> {
    let answer = docker
        .inspect_registry_image(image, login.map(credentials))
        .await
        .map_err(|error| without_login(error, login))?;
    answer
        .descriptor
        .digest
        .ok_or_else(|| RuntimeError::Engine(format!("the registry gave no digest for {image}")))
}

pub(super) async fn pull(docker: &Docker, pull: &Pull<'_>) -> Result<(), RuntimeError> {
    let source = ImageName::parse(pull.source);
    let reference = match source.digest.or(pull.digest) {
        Some(digest) => format!("{}@{digest}", source.repository),
        None => format!("{}:{}", source.repository, source.tag.unwrap_or(LATEST)),
    };
    fetch(docker, &reference, pull).await?;
    let by_digest = source.digest.is_none() && pull.digest.is_some();
    let name = pull.tag_as.or(by_digest.then_some(pull.source));
    match name {
        Some(name) => tag(docker, &reference, &ImageName::parse(name)).await,
        None => Ok(()),
    }
}

async fn fetch(docker: &Docker, reference: &str, pull: &Pull<'_>) -> Result<(), RuntimeError> {
    let options = CreateImageOptionsBuilder::new()
        .from_image(reference)
        .build();
    let mut steps = docker.create_image(Some(options), None, pull.login.map(credentials));
    let mut layers = Layers::default();
    let mut patience = FIRST_OUTPUT.max(pull.inactivity);
    loop {
        let Ok(step) = timeout(patience, steps.next()).await else {
            let text = "inactivity time exceeded timeout while pulling image";
            return Err(RuntimeError::Engine(text.to_owned()));
        };
        let Some(step) = step else { return Ok(()) };
        patience = pull.inactivity;
        let step = step.map_err(|error| without_login(error, pull.login))?;
        if let Some(message) = step.error_detail.as_ref().and_then(|e| e.message.clone()) {
            return Err(cleared(RuntimeError::Engine(message), pull.login));
        }
        if let Some(progress) = layers.update(step) {
            (pull.progress)(progress);
        }
    }
}

/// The engine may hold the image's lock for a moment after a pull.
async fn tag(docker: &Docker, reference: &str, name: &ImageName<'_>) -> Result<(), RuntimeError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let options = TagImageOptionsBuilder::new()
            .repo(name.repository)
            .tag(name.tag.unwrap_or(LATEST))
            .build();
        match docker.tag_image(reference, Some(options)).await {
            Ok(()) => return Ok(()),
            Err(error) if attempts == TAG_ATTEMPTS => return Err(engine_error(error)),
            Err(_) => tokio::time::sleep(TAG_PAUSE).await,
        }
    }
}

/// What the engine said of each layer so far.
#[derive(Default)]
struct Layers(BTreeMap<String, PullProgress>);

impl Layers {
    /// The whole, where this step changed it.
    fn update(&mut self, step: CreateImageInfo) -> Option<PullProgress> {
        let (id, status) = (step.id?, step.status?);
        let bytes = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok());
        match status.as_str() {
            "Downloading" => {
                let detail = step.progress_detail.unwrap_or_default();
                let done = bytes(detail.current).unwrap_or_default();
                let total = bytes(detail.total).unwrap_or_default().max(done);
                self.0.insert(id, PullProgress { done, total });
            }
            "Download complete" | "Pull complete" => {
                let layer = self.0.get_mut(&id)?;
                layer.done = layer.total;
            }
            _ => return None,
        }
        let sum = |of: fn(&PullProgress) -> u64| self.0.values().map(of).sum();
        Some(PullProgress {
            done: sum(|layer| layer.done),
            total: sum(|layer| layer.total),
        })
    }
}

fn credentials(login: &RegistryLogin) -> DockerCredentials {
    let text = |value: &types::SecretValue| value.expose_secret_str().map(str::to_owned);
    DockerCredentials {
        username: text(&login.username),
        password: text(&login.password),
        ..DockerCredentials::default()
    }
}

fn without_login(error: Error, login: Option<&RegistryLogin>) -> RuntimeError {
    cleared(engine_error(error), login)
}

/// A registry can answer with whatever it was sent, and the engine repeats what a registry answers.
fn cleared(error: RuntimeError, login: Option<&RegistryLogin>) -> RuntimeError {
    let Some(login) = login else { return error };
    let forms = login.forms();
    error.map_text(|text| redact(&text, forms.iter().map(|form| ("the registry login", form))))
}

#[cfg(test)]
mod tests {
    use bollard::models::ProgressDetail;
    use types::SecretValue;

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

    #[test]
    fn of_several_digests_the_one_of_the_images_own_repository_counts() {
        let digests = ["a.test/app@sha256:1", "b.test/app@sha256:2"].map(str::to_owned);
        let of = |repository| digest_of(&digests, repository);
        assert_eq!(of("b.test/app").as_deref(), Some("sha256:2"));
        assert_eq!(
            of("c.test/app"),
            None,
            "pushed elsewhere, and never pulled under this name"
        );
        let hub = ["busybox@sha256:3".to_owned()];
        for name in ["busybox", "docker.io/library/busybox"] {
            assert_eq!(digest_of(&hub, name).as_deref(), Some("sha256:3"));
        }
    }

    #[test]
    fn progress_is_the_sum_of_the_layers() {
        let step = |id: &str, status: &str, current, total| CreateImageInfo {
            id: Some(id.into()),
            status: Some(status.into()),
            progress_detail: Some(ProgressDetail {
                current: Some(current),
                total: Some(total),
            }),
            ..CreateImageInfo::default()
        };
        let mut layers = Layers::default();
        let sum = |done, total| Some(PullProgress { done, total });
        assert_eq!(layers.update(step("a", "Waiting", 0, 0)), None);
        assert_eq!(
            layers.update(step("a", "Downloading", 10, 100)),
            sum(10, 100)
        );
        assert_eq!(layers.update(step("b", "Downloading", 5, 50)), sum(15, 150));
        assert_eq!(
            layers.update(step("a", "Download complete", 0, 0)),
            sum(105, 150)
        );
        assert_eq!(layers.update(CreateImageInfo::default()), None);
    }

    #[test]
    fn what_a_registry_sends_back_of_a_login_is_blanked_out() {
        let login = RegistryLogin {
            username: SecretValue::from("puller"),
            password: SecretValue::from("hunter2hunter2"),
        };
        let text =
            |text: &str| cleared(RuntimeError::Engine(text.to_owned()), Some(&login)).to_string();
        assert_eq!(
            text("denied: puller may not use hunter2hunter2"),
            "denied: puller may not use <value of the registry login>"
        );
        // `puller:hunter2hunter2`
        assert_eq!(
            text("got Basic cHVsbGVyOmh1bnRlcjJodW50ZXIy"),
            "got Basic <value of the registry login>"
        );
    }
}
