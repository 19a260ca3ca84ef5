//! From references to values: reads what a task's containers need from the services that hold it, as the task's
//! execution role and as nobody else.
//!
//! A source is known by its AWS API alone, so our own server and AWS itself are the same to it. What goes wrong is said
//! in the words of ECS's agent, because they become the stopped reason that a user reads.

mod aws_account;
mod clients;
mod ecr;
mod environment_files;
mod go_json;
mod parameter_store;
mod reference;
mod registry;
mod sdk_error;
mod secrets_manager;
mod task_role;

use std::{collections::HashMap, fmt};

use async_trait::async_trait;
pub use aws_account::{AwsAccount, NoIdentity, Reading};
pub(crate) use clients::sdk_credentials;
pub(crate) use clients::shared_http_client;
pub use clients::{AwsClients, ServiceEndpoints};
pub(crate) use ecr::wanted_token;
pub use ecr::{EcrLogin, EcrLogins};
use ecs::acs::{Container, Credentials};
pub use environment_files::{EnvironmentFiles, FileVariables};
pub(crate) use go_json::Json;
pub use parameter_store::ParameterStore;
pub(crate) use registry::wanted_login;
pub use registry::{RegistryLogin, RegistryLogins};
pub use secrets_manager::SecretsManager;
pub(crate) use task_role::TaskRole;
use types::SecretValue;

/// A place that holds secrets. What each does with every kind of reference and answer is in `tests/recorded.rs`.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// All values of `wanted`, read as `role`; or why the task cannot start.
    async fn fetch(&self, wanted: &[Reference], role: &Credentials)
    -> Result<Values, ResolveError>;
}

/// What one secret of a container refers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    pub value_from: String,
    pub region: String,
}

/// The value behind each reference. They are zeroed when this is dropped, which is once the containers are created.
#[derive(Clone, Default)]
pub struct Values {
    values: HashMap<Reference, SecretValue>,
    versions: HashMap<Reference, Version>,
}

/// Which version of what a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Of the secret or parameter.
    pub arn: String,
    /// The version id of a secret, the number of a parameter's version.
    pub version: String,
}

impl Values {
    pub fn get(&self, value_from: &str, region: &str) -> Option<&SecretValue> {
        self.values.get(&Reference {
            value_from: value_from.to_owned(),
            region: region.to_owned(),
        })
    }

    /// Which version of what stands behind a reference, where its source said so.
    pub fn version(&self, value_from: &str, region: &str) -> Option<&Version> {
        self.versions.get(&Reference {
            value_from: value_from.to_owned(),
            region: region.to_owned(),
        })
    }

    /// Notes which version of what a value is.
    pub(crate) fn note_version(&mut self, reference: Reference, version: Version) {
        self.versions.insert(reference, version);
    }

    /// Takes the values of another source in.
    pub fn extend(&mut self, other: Self) {
        self.values.extend(other.values);
        self.versions.extend(other.versions);
    }

    /// Refuses what no variable can hold. Docker would refuse it too, but with the value in its text.
    fn checked(self) -> Result<Self, ResolveError> {
        let bad = self
            .values
            .iter()
            .find(|(_, value)| value.expose_secret().contains(&0));
        match bad {
            Some((Reference { value_from, .. }, _)) => Err(ResolveError(format!(
                "secret {value_from}: the value contains a zero byte, which no environment variable or log option can hold"
            ))),
            None => Ok(self),
        }
    }
}

impl FromIterator<(Reference, SecretValue)> for Values {
    fn from_iter<T: IntoIterator<Item = (Reference, SecretValue)>>(values: T) -> Self {
        Self {
            values: values.into_iter().collect(),
            versions: HashMap::new(),
        }
    }
}

/// Why a task cannot have its values. The text names references, never a value.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ResolveError(pub(crate) String);

impl ResolveError {
    // AWS: the reference agent skips such a secret and sets an empty variable. Here the task does not start.
    pub(crate) fn unknown_provider(value_from: &str, provider: &str) -> Self {
        Self(format!(
            "secret {value_from}: the provider {provider} is neither asm nor ssm"
        ))
    }

    pub(crate) fn token_without_role() -> Self {
        let text = "container uses execution credentials, but the credentials are empty";
        Self(text.to_owned())
    }

    pub(crate) fn files_without_role() -> Self {
        Self("environment file resource: unable to find execution role credentials".to_owned())
    }

    pub(crate) fn login_without_role() -> Self {
        Self("asm resource: unable to find execution role credentials".to_owned())
    }
}

impl fmt::Debug for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which service holds a secret, as the control plane decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    SecretsManager,
    ParameterStore,
}

impl Provider {
    pub const ALL: [Self; 2] = [Self::SecretsManager, Self::ParameterStore];

    /// `asm` or `ssm`; lower case matters.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "asm" => Some(Self::SecretsManager),
            "ssm" => Some(Self::ParameterStore),
            _ => None,
        }
    }

    /// What the agent says where a task has secrets and no execution role.
    pub fn without_role(self) -> ResolveError {
        ResolveError(match self {
            Self::SecretsManager => {
                "ASM secret resource: unable to find execution role credentials".to_owned()
            }
            Self::ParameterStore => {
                "ssm secret resource: unable to find execution role credentials".to_owned()
            }
        })
    }
}

/// The references of these containers to one provider, in the order of the containers and of their secrets. Each
/// occurrence counts: what is read once only is for the source to decide.
pub fn references<'a>(
    containers: impl IntoIterator<Item = &'a Container>,
    provider: Provider,
) -> Vec<Reference> {
    containers
        .into_iter()
        .flat_map(|container| &container.secrets)
        .filter(|secret| Provider::parse(&secret.provider) == Some(provider))
        .map(|secret| Reference {
            value_from: secret.value_from.clone(),
            region: secret.region.clone(),
        })
        .collect()
}

/// The two services, reached through one set of clients.
pub struct Resolver {
    secrets_manager: SecretsManager,
    parameter_store: ParameterStore,
    registry_logins: RegistryLogins,
    ecr_logins: EcrLogins,
    environment_files: EnvironmentFiles,
}

impl Resolver {
    pub fn new(clients: AwsClients) -> Self {
        Self {
            secrets_manager: SecretsManager::new(clients.clone()),
            parameter_store: ParameterStore::new(clients.clone()),
            registry_logins: RegistryLogins::new(clients.clone()),
            environment_files: EnvironmentFiles::new(clients.clone()),
            ecr_logins: EcrLogins::new(clients),
        }
    }

    /// The source behind a provider.
    pub fn source(&self, provider: Provider) -> &dyn SecretSource {
        match provider {
            Provider::SecretsManager => &self.secrets_manager,
            Provider::ParameterStore => &self.parameter_store,
        }
    }

    pub fn registry_logins(&self) -> &RegistryLogins {
        &self.registry_logins
    }

    pub fn environment_files(&self) -> &EnvironmentFiles {
        &self.environment_files
    }

    pub fn ecr_logins(&self) -> &EcrLogins {
        &self.ecr_logins
    }
}
