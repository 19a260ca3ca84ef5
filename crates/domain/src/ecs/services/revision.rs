//! What the tasks of a deployment are started with, checked as `RunTask` checks it.

use api::ecs::{Error, create_service::Input, run_task};
use store::ecs::TaskDefinitionRow;

use crate::{
    Cx,
    ecs::{definition, roles, run_task as running},
};

/// The task definition of a service, if its tasks could be run and the caller may pass their roles.
pub(in crate::ecs) async fn revision(
    cx: &mut Cx,
    input: &Input,
) -> Result<TaskDefinitionRow, Error> {
    let named = input.task_definition.as_deref().unwrap_or_default();
    if named.is_empty() {
        return Err(Error::Client("TaskDefinition can not be blank.".to_owned()));
    }
    let row = running::usable(definition::find(cx, named).await?)?;
    let definition = definition::read(&row)?;
    roles::authorize_passing_execution_role(cx, definition.execution_role_arn.as_deref()).await?;
    roles::authorize_passing(cx, definition.task_role_arn.as_deref()).await?;
    running::check_supported(&definition, &as_call(input), &cx.world.settings.host)?;
    Ok(row)
}

/// One task of a service, as a call of `RunTask` would ask for it.
pub(in crate::ecs) fn as_call(input: &Input) -> run_task::Input {
    run_task::Input {
        cluster: input.cluster.clone(),
        task_definition: input.task_definition.clone().unwrap_or_default(),
        launch_type: input.launch_type,
        capacity_provider_strategy: input.capacity_provider_strategy.clone(),
        network_configuration: input.network_configuration.clone(),
        platform_version: input.platform_version.clone(),
        enable_execute_command: input.enable_execute_command,
        enable_ecs_managed_tags: input.enable_ecs_managed_tags,
        propagate_tags: input.propagate_tags,
        placement_constraints: input.placement_constraints.clone(),
        placement_strategy: input.placement_strategy.clone(),
        ..run_task::Input::default()
    }
}
