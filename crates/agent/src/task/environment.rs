//! What a container gets: its variables in ECS's precedence, and the secret options of its log driver. Pure.

use std::{collections::BTreeMap, sync::Arc};

use ecs::acs::{Container, Secret, Task};
use types::SecretValue;

use crate::{
    firelens, link_local,
    resolve::{Provider, Values},
};

/// The values that were read, by the service they came from.
pub(crate) type ResolvedValues = BTreeMap<Provider, Arc<Values>>;

/// Variables and log options of one container. Values stay wrapped until the engine's create call.
#[derive(Default)]
pub(crate) struct Injected {
    pub environment: BTreeMap<String, SecretValue>,
    pub log_options: Vec<(String, SecretValue)>,
}

/// What a container is told of 169.254.170.2.
#[derive(Default)]
pub(crate) struct Offers {
    /// Where the credentials of its task role are, below that address.
    pub role_path: Option<String>,
    /// Where the AWS API is.
    pub api: Option<String>,
    /// The address of the router that it logs to.
    pub router: Option<String>,
    /// Where its log driver finds its credentials, below that address.
    pub log_path: Option<String>,
    /// The id under which it is told of its task.
    pub metadata_id: Option<String>,
}

/// What the router of a task gets of those that log to it, by the name that it has there.
fn options_for<'a>(
    task: &'a Task,
    container: &Container,
) -> impl Iterator<Item = (String, &'a Secret)> {
    let router = container.firelens_configuration.iter();
    router.flat_map(|_| firelens::option_secrets(task))
}

/// All secrets that reach the container.
fn secrets<'a>(
    task: &'a Task,
    container: &'a Container,
) -> impl Iterator<Item = (String, &'a Secret)> {
    let own = container.secrets.iter();
    own.map(|secret| (secret.name.clone(), secret))
        .chain(options_for(task, container))
}

/// The providers of all values that the container needs before it can be made.
pub(crate) fn providers<'a>(
    task: &'a Task,
    container: &'a Container,
) -> impl Iterator<Item = Provider> + 'a {
    secrets(task, container).filter_map(|(_, secret)| Provider::parse(&secret.provider))
}

/// The names of variables and log options that hold the value of a secret.
pub(crate) fn secret_names(task: &Task, container: &Container) -> Vec<String> {
    secrets(task, container).map(|(name, _)| name).collect()
}

/// Highest first: secrets, the variables of the agent, `environment` (with overrides), environment files, the region and the AWS API, the
/// image's own.
pub(crate) fn compose(
    task: &Task,
    container: &Container,
    values: &ResolvedValues,
    region: &str,
    offers: &Offers,
    (files, image_variables): (&BTreeMap<String, SecretValue>, &[String]),
) -> Injected {
    let mut injected = Injected::default();
    for (name, value) in &container.environment {
        injected
            .environment
            .insert(name.clone(), SecretValue::from(value.as_str()));
    }
    if let Some(path) = &offers.role_path {
        let variable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI".to_owned();
        injected
            .environment
            .insert(variable, SecretValue::from(path.as_str()));
    }
    if let Some(id) = &offers.metadata_id {
        for (name, address) in link_local::metadata_variables(id) {
            injected
                .environment
                .insert(name.to_owned(), SecretValue::from(address));
        }
    }
    let fluent = offers.router.iter().flat_map(|host| {
        [
            ("FLUENT_HOST", host.as_str()),
            ("FLUENT_PORT", firelens::PORT),
        ]
    });
    // AWS: as root, the router may use the socket that the engine's user made.
    let router = container.firelens_configuration.iter();
    let user = router
        .filter(|router| router.kind == "fluentd")
        .map(|_| ("FLUENT_UID", "0"));
    for (name, value) in fluent.chain(user) {
        injected
            .environment
            .insert(name.to_owned(), SecretValue::from(value));
    }
    if let Some(path) = &offers.log_path {
        let option = "awslogs-credentials-endpoint".to_owned();
        injected
            .log_options
            .push((option, SecretValue::from(path.as_str())));
    }
    let value_of = |secret: &Secret| {
        let values = values.get(&Provider::parse(&secret.provider)?)?;
        values.get(&secret.value_from, &secret.region).cloned()
    };
    let to_router = firelens::logs_to_router(container);
    for secret in &container.secrets {
        let Some(value) = value_of(secret) else {
            continue;
        };
        let name = secret.name.clone();
        // AWS: the type decides first; whatever is neither a variable nor for the log driver is used nowhere.
        if secret.kind == "ENVIRONMENT_VARIABLE" {
            injected.environment.insert(name, value);
        } else if secret.target == "LOG_DRIVER" && !to_router {
            injected.log_options.push((name, value));
        }
    }
    let environment = &mut injected.environment;
    for (name, secret) in options_for(task, container) {
        if let Some(value) = value_of(secret) {
            environment.insert(name, value);
        }
    }
    for (name, value) in files {
        environment
            .entry(name.clone())
            .or_insert_with(|| value.clone());
    }
    add_unless_set(
        environment,
        &["AWS_REGION", "AWS_DEFAULT_REGION"],
        region,
        image_variables,
    );
    if let Some(api) = &offers.api {
        add_unless_set(environment, &["AWS_ENDPOINT_URL"], api, image_variables);
    }
    injected
}

/// AWS: both names of the region, and only where neither is set by anything else.
fn add_unless_set(
    environment: &mut BTreeMap<String, SecretValue>,
    names: &[&str],
    value: &str,
    image_variables: &[String],
) {
    let is_set = |name: &str| {
        environment.contains_key(name) || image_variables.iter().any(|variable| variable == name)
    };
    if names.iter().any(|name| is_set(name)) {
        return;
    }
    for name in names {
        environment.insert((*name).to_owned(), SecretValue::from(value));
    }
}
