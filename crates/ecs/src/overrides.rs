//! The overrides of `RunTask`, merged into the definition: the agent is told the outcome and never sees them.

use api::ecs::{ContainerDefinition, ContainerOverride, KeyValuePair, TaskOverride};

use crate::task_definition::{Definition, Invalid, name_of, validate_environment_files};

/// The longest overrides, as JSON, in characters.
pub const LONGEST_OVERRIDES: usize = 8192;

/// Why overrides are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// No container of that name: an `InvalidParameterException`.
    #[error("Override for container named {0} is not a container in the TaskDefinition.")]
    UnknownContainer(String),
    /// A variable that a secret already is: a `ClientException`.
    #[error(
        "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '{0}'."
    )]
    NamesSecret(String),
    /// Files of variables that no definition could have: a `ClientException`.
    #[error("{}", .0.0)]
    EnvironmentFiles(Invalid),
    /// Too long: an `InvalidParameterException`.
    #[error("Container Overrides length must be at most {LONGEST_OVERRIDES}")]
    TooLong,
}

/// The definition that the task really runs with.
pub fn apply(
    mut definition: Definition,
    overrides: &TaskOverride,
) -> Result<Definition, OverrideError> {
    for change in overrides.container_overrides.iter().flatten() {
        let name = change.name.as_deref().unwrap_or_default();
        let container = definition
            .container_definitions
            .iter_mut()
            .find(|c| name_of(c) == name)
            .ok_or_else(|| OverrideError::UnknownContainer(name.to_owned()))?;
        apply_to_container(container, change)?;
    }
    replace(&mut definition.cpu, overrides.cpu.as_ref());
    replace(&mut definition.memory, overrides.memory.as_ref());
    replace(
        &mut definition.execution_role_arn,
        overrides.execution_role_arn.as_ref(),
    );
    replace(
        &mut definition.task_role_arn,
        overrides.task_role_arn.as_ref(),
    );
    replace(
        &mut definition.ephemeral_storage,
        overrides.ephemeral_storage.as_ref(),
    );
    let mut containers = definition.container_definitions.iter();
    let files = containers.try_for_each(|one| validate_environment_files(one, &definition));
    files.map_err(OverrideError::EnvironmentFiles)?;
    Ok(definition)
}

fn apply_to_container(
    container: &mut ContainerDefinition,
    change: &ContainerOverride,
) -> Result<(), OverrideError> {
    // AWS: an empty command overrides nothing.
    let command = change.command.as_ref().filter(|c| !c.is_empty());
    replace(&mut container.command, command);
    replace(&mut container.cpu, change.cpu.as_ref());
    replace(&mut container.memory, change.memory.as_ref());
    replace(
        &mut container.memory_reservation,
        change.memory_reservation.as_ref(),
    );
    // The list as a whole is replaced, as ECS does it.
    replace(
        &mut container.environment_files,
        change.environment_files.as_ref(),
    );
    for variable in change.environment.iter().flatten() {
        set_variable(container, variable)?;
    }
    Ok(())
}

fn set_variable(
    container: &mut ContainerDefinition,
    variable: &KeyValuePair,
) -> Result<(), OverrideError> {
    let name = variable.name.as_deref().unwrap_or_default();
    if container.secrets.iter().flatten().any(|s| s.name == name) {
        return Err(OverrideError::NamesSecret(name.to_owned()));
    }
    let environment = container.environment.get_or_insert_default();
    environment.retain(|known| known.name.as_deref() != Some(name));
    environment.push(variable.clone());
    Ok(())
}

fn replace<T: Clone>(value: &mut Option<T>, with: Option<&T>) {
    if with.is_some() {
        *value = with.cloned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task_definition::tests::{container, definition, variable};

    fn overrides(change: ContainerOverride) -> TaskOverride {
        TaskOverride {
            container_overrides: Some(vec![change]),
            ..TaskOverride::default()
        }
    }

    fn change() -> ContainerOverride {
        ContainerOverride {
            name: Some("app".into()),
            ..ContainerOverride::default()
        }
    }

    #[test]
    fn variables_are_added_or_replaced_and_the_rest_stays() {
        let mut app = container("app");
        app.environment = Some(vec![variable("A", "1"), variable("B", "2")]);
        let change = ContainerOverride {
            environment: Some(vec![variable("B", "two"), variable("C", "3")]),
            command: Some(vec!["true".into()]),
            memory: Some(128),
            ..change()
        };
        let merged = apply(definition(vec![app]), &overrides(change)).unwrap();
        let app = &merged.container_definitions[0];
        assert_eq!(
            app.environment,
            Some(vec![
                variable("A", "1"),
                variable("B", "two"),
                variable("C", "3")
            ])
        );
        assert_eq!(app.command, Some(vec!["true".into()]));
        assert_eq!(app.memory, Some(128));
    }

    #[test]
    fn a_secret_cannot_be_overridden() {
        let mut app = container("app");
        app.secrets = Some(vec![api::ecs::Secret {
            name: "TOKEN".into(),
            value_from: "token".into(),
        }]);
        let change = ContainerOverride {
            environment: Some(vec![variable("TOKEN", "mine")]),
            ..change()
        };
        assert_eq!(
            apply(definition(vec![app]), &overrides(change)),
            Err(OverrideError::NamesSecret("TOKEN".into()))
        );
    }

    #[test]
    fn a_container_that_does_not_exist_cannot_be_overridden() {
        let change = ContainerOverride {
            name: Some("other".into()),
            ..ContainerOverride::default()
        };
        assert_eq!(
            apply(definition(vec![container("app")]), &overrides(change)),
            Err(OverrideError::UnknownContainer("other".into()))
        );
    }

    #[test]
    fn roles_and_sizes_of_the_task_are_replaced() {
        let overrides = TaskOverride {
            execution_role_arn: Some("arn:aws:iam::111122223333:role/other".into()),
            memory: Some("512".into()),
            ..TaskOverride::default()
        };
        let merged = apply(definition(vec![container("app")]), &overrides).unwrap();
        assert_eq!(merged.execution_role_arn, overrides.execution_role_arn);
        assert_eq!(merged.memory, overrides.memory);
    }
}
