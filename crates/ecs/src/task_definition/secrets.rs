//! The rules about secrets, log secrets and registry logins: names, references, and the role that reads them.

use std::collections::BTreeSet;

use api::ecs::{ContainerDefinition, Secret};
use types::{AccountId, Region};

use super::{Definition, Invalid};
use crate::{images::EcrImage, value_from};

pub(super) fn validate(
    container: &ContainerDefinition,
    definition: &Definition,
    account: &AccountId,
    region: &Region,
) -> Result<(), Invalid> {
    let variables = container.secrets.as_deref();
    let options = container
        .log_configuration
        .as_ref()
        .and_then(|log| log.secret_options.as_deref());
    if definition.execution_role_arn.is_none() {
        without_role(container, variables.is_some(), options)?;
    }
    if let Some(secrets) = variables {
        unique_names(secrets)?;
        apart_from_environment(secrets, container)?;
    }
    for secret in variables.into_iter().chain(options).flatten() {
        reference(secret, account, region)?;
    }
    if let Some(login) = &container.repository_credentials {
        registry_login(&login.credentials_parameter, container, region)?;
    }
    Ok(())
}

/// AWS: an empty `secrets` list asks for the role too (<https://github.com/aws/aws-sdk-go/issues/2370>).
fn without_role(
    container: &ContainerDefinition,
    variables: bool,
    options: Option<&[Secret]>,
) -> Result<(), Invalid> {
    if variables || options.is_some_and(|o| !o.is_empty()) {
        return Err(Invalid::new(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ));
    }
    if container.repository_credentials.is_some() {
        return Err(Invalid::new(
            "Private repository authentication requires that the task definition specify a value for executionRoleArn.",
        ));
    }
    Ok(())
}

fn unique_names(secrets: &[Secret]) -> Result<(), Invalid> {
    let mut names = BTreeSet::new();
    match secrets.iter().find(|s| !names.insert(s.name.as_str())) {
        Some(twice) => Err(Invalid(format!(
            "Duplicate secret names found: {}. Each secret name must be unique.",
            twice.name
        ))),
        None => Ok(()),
    }
}

fn apart_from_environment(
    secrets: &[Secret],
    container: &ContainerDefinition,
) -> Result<(), Invalid> {
    let names: BTreeSet<&str> = secrets.iter().map(|s| s.name.as_str()).collect();
    let taken = container
        .environment
        .iter()
        .flatten()
        .filter_map(|variable| variable.name.as_deref())
        .find(|name| names.contains(name));
    match taken {
        Some(name) => Err(shared_with_environment(name)),
        None => Ok(()),
    }
}

/// The refusal of a variable that a secret already is.
pub(crate) fn shared_with_environment(name: &str) -> Invalid {
    Invalid(format!(
        "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '{name}'."
    ))
}

fn reference(secret: &Secret, account: &AccountId, region: &Region) -> Result<(), Invalid> {
    if secret.name.is_empty() {
        return Err(Invalid::new("Secret name should not be null or empty."));
    }
    value_from::parse(&secret.value_from, account, region)
        .map(drop)
        .map_err(|error| Invalid(error.message(&secret.name)))
}

fn registry_login(
    parameter: &str,
    container: &ContainerDefinition,
    region: &Region,
) -> Result<(), Invalid> {
    if EcrImage::parse(container.image.as_deref().unwrap_or_default()).is_some() {
        return Err(Invalid::new(
            "Private repository credentials are not a supported authentication method for ECR repositories.",
        ));
    }
    value_from::parse_credentials_parameter(parameter, region)
        .map(drop)
        .map_err(|error| Invalid(error.message("credentialsParameter")))
}
