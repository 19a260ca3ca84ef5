//! What a container gets: its variables in ECS's precedence, and the secret options of its log driver. Pure.

use std::{collections::BTreeMap, sync::Arc};

use ecs::acs::Container;
use types::SecretValue;

use crate::resolve::{Provider, Values};

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
    /// Where its log driver finds its credentials, below that address.
    pub log_path: Option<String>,
}

/// Highest first: secrets, the task role's credentials, `environment` (with overrides), the region and the AWS API, the
/// image's own.
pub(crate) fn compose(
    container: &Container,
    values: &ResolvedValues,
    region: &str,
    offers: &Offers,
    image_variables: &[String],
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
    if let Some(path) = &offers.log_path {
        let option = "awslogs-credentials-endpoint".to_owned();
        injected
            .log_options
            .push((option, SecretValue::from(path.as_str())));
    }
    for secret in &container.secrets {
        let value = Provider::parse(&secret.provider)
            .and_then(|provider| values.get(&provider))
            .and_then(|values| values.get(&secret.value_from, &secret.region));
        let Some(value) = value.cloned() else {
            continue;
        };
        // AWS: the type decides first; whatever is neither a variable nor for the log driver is used nowhere.
        if secret.kind == "ENVIRONMENT_VARIABLE" {
            injected.environment.insert(secret.name.clone(), value);
        } else if secret.target == "LOG_DRIVER" {
            injected.log_options.push((secret.name.clone(), value));
        }
    }
    let environment = &mut injected.environment;
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
