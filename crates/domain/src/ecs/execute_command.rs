//! Who may run a command in a container: `ecs:ExecuteCommand` decides, as for ECS's operation of that name, which itself
//! wants a session manager and is not there.

use api::ecs::Error;
use ecs::states::Status;

use super::{agents::Instance, cluster, here, task};
use crate::{Access, Cx};

/// AWS: said of tasks that were not started for it, and of those whose agent is not there.
pub const NOT_ENABLED: &str = "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.";

/// The container that a command is to run in, as its caller names it.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub cluster: Option<String>,
    pub task: String,
    /// May be left out where the task has only one.
    pub container: Option<String>,
}

/// A running container, and the instance whose agent has it.
#[derive(Debug, Clone)]
pub struct Target {
    pub instance: Instance,
    pub task_arn: String,
    pub container: String,
}

/// Finds the container, if the caller may run commands in it and the task was started for that.
pub async fn admit(cx: &mut Cx, wanted: &Wanted) -> Result<Target, Error> {
    let found = cluster::find(cx, wanted.cluster.as_deref()).await?;
    let (home, place) = here(cx);
    let id = place.task_id(&found.name, &wanted.task).ok();
    let task_arn = match &id {
        Some(id) => place.task(&found.name, id).to_string(),
        None => wanted.task.clone(),
    };
    let row = match &id {
        Some(id) => cx.db.task(&home, &found.name, id).await?,
        None => None,
    };
    let progress = row.as_ref().map(task::progress).transpose()?;
    let containers = progress.as_ref().map_or(&[][..], |p| &p.containers);
    let only = match containers {
        [only] => Some(only.name.clone()),
        _ => None,
    };
    let container = wanted.container.clone().filter(|name| !name.is_empty());
    let container = container.or(only);
    let mut access = Access::new("ecs:ExecuteCommand", &task_arn).with("ecs:cluster", &found.arn);
    if let Some(name) = &container {
        access = access.with("ecs:container-name", name);
    }
    cx.authorize(access)?;

    let cluster = found.active()?;
    let invalid = |text: &str| Error::InvalidParameter(text.to_owned());
    let row = row.ok_or_else(|| invalid("The referenced task was not found."))?;
    if !task::details(&row)?.execute_command {
        return Err(invalid(NOT_ENABLED));
    }
    let container = container
        .ok_or_else(|| invalid("The container must be named, since the task has more than one."))?;
    let state = containers.iter().find(|c| c.name == container);
    let Some(state) = state else {
        return Err(Error::InvalidParameter(format!(
            "The container {container} was not found in the task."
        )));
    };
    let runs = state.last_status == Status::Running;
    let instance = row.state.container_instance.filter(|_| runs);
    let instance = instance.ok_or_else(|| invalid(NOT_ENABLED))?;
    Ok(Target {
        instance: Instance {
            home,
            cluster: cluster.name,
            id: instance,
        },
        task_arn,
        container,
    })
}
