//! `ecs:ListTasks`

use api::{
    Modeled,
    ecs::{
        DesiredStatus, Error,
        list_tasks::{Input, ListTasks, Output},
    },
};
use store::ecs::{ServiceKey, TaskFilter};

use super::{cluster, here, page};
use crate::{Access, Cx, Operation};

impl Operation for ListTasks {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = cluster::find(cx, input.cluster.as_deref()).await?;
        let (home, place) = here(cx);
        let instance = match input.container_instance.as_deref() {
            Some(text) => Some(
                place
                    .container_instance_id(&found.name, text)
                    .map_err(|_| Error::InvalidParameter(format!("Invalid identifier: {text}")))?,
            ),
            None => None,
        };
        let resource = place.container_instance(&found.name, instance.as_deref().unwrap_or("*"));
        cx.authorize(
            Access::new(Self::ACTION, resource.to_string()).with("ecs:cluster", &found.arn),
        )?;
        let cluster = found.active()?;
        let group = match input.service_name.as_deref() {
            Some(text) => Some(group_of_service(cx, &cluster.name, text).await?),
            None => None,
        };
        // AWS: PENDING is accepted and lists nothing, since no task is ever to be pending.
        let wanted = match input.desired_status {
            Some(DesiredStatus::Pending) => return Ok(none()),
            Some(DesiredStatus::Stopped) => false,
            Some(DesiredStatus::Running) | None => true,
        };
        let filter = TaskFilter {
            container_instance: instance.as_deref(),
            family: input.family.as_deref(),
            started_by: input.started_by.as_deref(),
            group: group.as_deref(),
            launch_type: input.launch_type.map(api::ecs::LaunchType::as_str),
            wanted: Some(wanted),
        };
        let size = page::size(input.max_results)?;
        let after = page::after(input.next_token.as_deref())?;
        let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
        let mut rows = cx
            .db
            .list_tasks(&home, &cluster.name, filter, &after, limit)
            .await?;
        let more = rows.len() > size;
        rows.truncate(size);
        let next_token = rows
            .last()
            .filter(|_| more)
            .map(|row| page::token(&row.task.id));
        let arns = rows
            .iter()
            .map(|row| place.task(&cluster.name, &row.task.id).to_string());
        Ok(Output {
            task_arns: Some(arns.collect()),
            next_token,
        })
    }
}

fn none() -> Output {
    Output {
        task_arns: Some(Vec::new()),
        next_token: None,
    }
}

/// The group of the tasks of a service that is there.
async fn group_of_service(cx: &mut Cx, cluster: &str, text: &str) -> Result<String, Error> {
    let missing = || Error::ServiceNotFound("Service not found.".to_owned());
    let (home, place) = here(cx);
    let name = place.service_name(cluster, text).map_err(|_| missing())?;
    let key = ServiceKey {
        home,
        cluster: cluster.to_owned(),
        name,
    };
    let row = cx.db.service(&key).await?;
    row.filter(|row| row.status != cluster::INACTIVE)
        .ok_or_else(missing)?;
    Ok(key.group())
}
