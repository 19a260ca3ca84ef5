//! The image of a container: what its registry says of it, and how it gets here.

use std::{collections::HashMap, sync::PoisonError, time::Duration};

use aws_credential_types::provider::SharedCredentialsProvider;
use ecs::images::names_registry;
use futures::FutureExt as _;
use tokio::sync::Mutex;

use super::{
    ContainerError,
    steps::{Retries, Subject, within},
};
use crate::{
    ImagePullBehavior, Wording,
    backoff::Backoff,
    pulls::{PullEvent, PullStep, Wanted},
    resolve::{EcrLogin, RegistryLogin, ResolveError, TaskRole, sdk_credentials, wanted_token},
    runtime::{LocalImage, Pull, PullProgress},
};

const MANIFEST_ATTEMPTS: u32 = 9;
const PULL_ATTEMPTS: u32 = 5;

/// The tokens that a task got from ECR, by registry and region. They go with the task.
#[derive(Default)]
pub(super) struct EcrTokens(Mutex<HashMap<(String, String), EcrLogin>>);

/// What a task may use to get at an image.
#[derive(Clone)]
pub(super) struct ImageAccess {
    /// Out of the secret that the container names.
    pub login: Option<RegistryLogin>,
    pub role: Option<TaskRole>,
    pub tokens: std::sync::Arc<EcrTokens>,
}

/// Where an image is pulled from.
struct Source {
    name: String,
    login: Option<RegistryLogin>,
}

impl Subject {
    /// The digest of the image: the registry's, or that of the image here where this one will be used. `None` for an
    /// image that no registry gave.
    pub async fn look_up_manifest(
        &self,
        access: ImageAccess,
    ) -> Result<Option<String>, ContainerError> {
        const NAME: &str = "CannotPullImageManifestError";
        let runtime = &self.shared.runtime;
        if let Some(local) = self.sufficient_image(NAME, &access).await? {
            return Ok(local.digest);
        }
        let source = self.source(access).await?;
        // AWS: a digest in the image's name needs no looking up.
        if let Some((_, digest)) = self.image().split_once('@') {
            return Ok(Some(digest.to_owned()));
        }
        let retries = Retries {
            attempts: MANIFEST_ATTEMPTS,
            backoff: Backoff::new(Duration::from_millis(10), 3.0, Duration::from_secs(5), 0.2),
        };
        let lookup = retries.run(&self.shared, self.image(), || {
            runtime.manifest_digest(&source.name, source.login.as_ref())
        });
        let limit = self.shared.config.ecs.manifest_pull_timeout;
        within(limit, "MANIFEST_PULLED", NAME, lookup)
            .await
            .map(Some)
    }

    /// Brings the image here where the pull behaviour asks for it. Gives its name here, where that is another one.
    pub async fn pull(
        &self,
        digest: Option<String>,
        access: ImageAccess,
    ) -> Result<Option<String>, ContainerError> {
        const NAME: &str = "CannotPullContainerError";
        let runtime = &self.shared.runtime;
        if self.sufficient_image(NAME, &access).await?.is_some() {
            return Ok(None);
        }
        let is_here = runtime
            .local_image(self.image())
            .await
            .map_err(|error| ContainerError::of(NAME, &error))?
            .is_some();
        let pulled = match self.source(access).await {
            Ok(source) => self.pull_from(source, digest).await,
            Err(error) => Err(error),
        };
        match pulled {
            Ok(name) => {
                let pulled = self.shared.pulled.lock();
                let mut pulled = pulled.unwrap_or_else(PoisonError::into_inner);
                pulled.insert(self.image().to_owned());
                Ok(name)
            }
            // AWS: the default is satisfied with the image that is here.
            Err(error) if is_here && self.pull_behavior() == ImagePullBehavior::Default => {
                let (task, image) = (&self.task.arn, self.image());
                tracing::warn!(task.arn = task, image, %error, "the pull failed, using the image that is here");
                Ok(None)
            }
            // AWS: older agents give no hints.
            Err(error) if self.shared.config.wording == Wording::V1_83 => Err(error),
            Err(error) => Err(ContainerError::new(error.name, pull_hint(&error.text))),
        }
    }

    /// The image here, where it is to be used without asking its registry.
    async fn sufficient_image(
        &self,
        name: &'static str,
        access: &ImageAccess,
    ) -> Result<Option<LocalImage>, ContainerError> {
        let local = self.shared.runtime.local_image(self.image()).await;
        let local = local.map_err(|error| ContainerError::of(name, &error))?;
        Ok(local.filter(|local| {
            let has_no_registry =
                local.digest.is_none() && !names_registry(self.image()) && access.login.is_none();
            match self.pull_behavior() {
                ImagePullBehavior::Always => false,
                ImagePullBehavior::Default => has_no_registry,
                ImagePullBehavior::PreferCached => true,
                ImagePullBehavior::Once => has_no_registry || self.was_pulled_before(),
            }
        }))
    }

    fn was_pulled_before(&self) -> bool {
        let pulled = self.shared.pulled.lock();
        let pulled = pulled.unwrap_or_else(PoisonError::into_inner);
        pulled.contains(self.image())
    }

    fn pull_behavior(&self) -> ImagePullBehavior {
        self.shared.config.ecs.image_pull_behavior
    }

    /// The name to pull by and the login for it: with a token of ECR, the one in the container's secret, or none.
    async fn source(&self, access: ImageAccess) -> Result<Source, ContainerError> {
        let Some(registry) = wanted_token(self.container()) else {
            let of_host = || {
                let logins = &self.shared.config.host_logins;
                logins.of_image(self.image()).cloned()
            };
            return Ok(Source {
                name: self.image().to_owned(),
                login: access.login.or_else(of_host),
            });
        };
        let failed = |error: &ResolveError| ContainerError::no_token(error);
        let credentials = match (&access.role, registry.use_execution_role) {
            (Some(role), true) => {
                let role = role.credentials().await.map_err(|error| failed(&error))?;
                SharedCredentialsProvider::new(sdk_credentials(&role))
            }
            (None, true) => return Err(failed(&ResolveError::token_without_role())),
            (_, false) => self.shared.config.credentials.clone(),
        };
        let key = (registry.registry_id.clone(), registry.region.clone());
        let mut tokens = access.tokens.0.lock().await;
        let token = if let Some(token) = tokens.get(&key) {
            token.clone()
        } else {
            let logins = self.shared.resolver_for(&self.task).ecr_logins();
            let fetched = logins.fetch(registry, self.image(), credentials).await;
            let token = fetched.map_err(|error| failed(&error))?;
            tokens.insert(key, token.clone());
            token
        };
        Ok(Source {
            name: token.source_of(self.image()),
            login: Some(token.login),
        })
    }

    /// Pulls, together with every other task that wants exactly this now.
    async fn pull_from(
        &self,
        source: Source,
        digest: Option<String>,
    ) -> Result<Option<String>, ContainerError> {
        const NAME: &str = "CannotPullContainerError";
        let is_elsewhere = source.name != self.image();
        // No tag can give an image a name with a digest.
        let is_named_by_digest = self.image().contains('@');
        let tag_as = (is_elsewhere && !is_named_by_digest).then(|| self.image().to_owned());
        let name_here = (is_elsewhere && is_named_by_digest).then(|| source.name.clone());
        let (shared, image) = (self.shared.clone(), self.image().to_owned());
        let wanted = Wanted {
            source: source.name.clone(),
            tag_as: tag_as.clone(),
            digest: digest.clone(),
            login: source.login.clone(),
        };
        let flight = self.shared.config.pulls.join(wanted, move |progress| {
            async move {
                let report = |now| {
                    progress.send_replace(now);
                };
                let pull = Pull {
                    source: &source.name,
                    tag_as: tag_as.as_deref(),
                    digest: digest.as_deref(),
                    login: source.login.as_ref(),
                    inactivity: shared.config.ecs.image_pull_inactivity_timeout,
                    progress: &report,
                };
                let retries = Retries {
                    attempts: PULL_ATTEMPTS,
                    backoff: Backoff::new(
                        Duration::from_millis(1100),
                        2.0,
                        Duration::from_secs(5),
                        0.2,
                    ),
                };
                let pulled = retries.run(&shared, &image, || shared.runtime.pull(&pull));
                let limit = shared.config.ecs.image_pull_timeout;
                within(limit, "pulled", NAME, pulled).await
            }
            .boxed()
        });
        self.tell(PullStep::Began);
        let mut progress = flight.progress;
        let last = progress.clone();
        let outcome = flight.outcome;
        let watched = async {
            while progress.changed().await.is_ok() {
                let now: PullProgress = *progress.borrow_and_update();
                self.tell(PullStep::At(now));
            }
            std::future::pending::<()>().await;
        };
        let pulled = tokio::select! {
            pulled = outcome => pulled,
            () = watched => Ok(()),
        };
        self.shared.config.pulls.forget_ended();
        self.tell(match &pulled {
            Ok(()) => PullStep::Done(*last.borrow()),
            Err(error) => PullStep::Failed(error.to_string()),
        });
        pulled.map(|()| name_here)
    }

    fn tell(&self, step: PullStep) {
        self.shared.config.pulls.tell(PullEvent {
            task_arn: self.task.arn.clone(),
            container: self.container().name.clone(),
            image: self.image().to_owned(),
            step,
        });
    }
}

/// What a user can do about a failed pull, in front of the engine's text.
fn pull_hint(text: &str) -> String {
    let hint = if text.contains("denied: User: ")
        && text.contains("is not authorized to perform: ecr:BatchGetImage on resource")
    {
        "The task can’t pull the image. Check that the role has the permissions to pull images from the registry. "
    } else if text.contains("denied: requested access to the resource is denied") {
        "The task can’t pull the image. Check whether the image exists. "
    } else if text.contains("request canceled while waiting for connection") {
        "The task can’t pull the image. Check your network configuration. "
    } else {
        ""
    };
    format!("{hint}{text}")
}
