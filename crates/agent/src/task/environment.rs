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

/// Highest first: secrets, `environment` (with overrides), the region, the image's own.
pub(crate) fn compose(
    container: &Container,
    values: &ResolvedValues,
    region: &str,
    image_variables: &[String],
) -> Injected {
    let mut injected = Injected::default();
    for (name, value) in &container.environment {
        injected
            .environment
            .insert(name.clone(), SecretValue::from(value.as_str()));
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
    add_region(&mut injected.environment, region, image_variables);
    injected
}

/// AWS: both names, and only where neither is set by anything else.
fn add_region(
    environment: &mut BTreeMap<String, SecretValue>,
    region: &str,
    image_variables: &[String],
) {
    const NAMES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let is_set = |name: &str| {
        environment.contains_key(name) || image_variables.iter().any(|variable| variable == name)
    };
    if NAMES.into_iter().any(is_set) {
        return;
    }
    for name in NAMES {
        environment.insert(name.to_owned(), SecretValue::from(region));
    }
}
