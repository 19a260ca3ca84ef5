//! `ecs:RegisterContainerInstance`

use api::{
    Modeled,
    ecs::{
        Error,
        register_container_instance::{Input, Output, RegisterContainerInstance},
    },
};
use store::ecs::{ClusterRow, ContainerInstanceRow};

use super::{cluster, container_instance, here};
use crate::{Access, Cx, Operation};

impl Operation for RegisterContainerInstance {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = cluster::find(cx, input.cluster.as_deref()).await?;
        cx.authorize(Access::new(Self::ACTION, &found.arn).with("ecs:cluster", &found.arn))?;
        let cluster = found.kept(cx).await?;

        let row = match &input.container_instance_arn {
            Some(arn) if !arn.is_empty() => returning(cx, &cluster, arn, &input).await?,
            _ => new(cx, &cluster, &input)?,
        };
        cx.db.save_container_instance(&row).await?;
        cx.after_commit(crate::World::tasks_have_changed);
        Ok(Output {
            container_instance: Some(container_instance::describe(&mut cx.db, &row, true).await?),
        })
    }
}

fn new(cx: &Cx, cluster: &ClusterRow, input: &Input) -> Result<ContainerInstanceRow, Error> {
    Ok(ContainerInstanceRow {
        home: here(cx).0,
        cluster: cluster.name.clone(),
        id: cx.entropy().hex::<16>(),
        principal: cx.caller.principal.user_id(),
        status: cluster::ACTIVE.to_owned(),
        agent_connected: false,
        sequence: 0,
        version: 1,
        details: container_instance::details(cx, input)?,
        registered_at: cx.now(),
    })
}

/// An instance that was here before, and comes back as itself.
async fn returning(
    cx: &mut Cx,
    cluster: &ClusterRow,
    arn: &str,
    input: &Input,
) -> Result<ContainerInstanceRow, Error> {
    let (home, place) = here(cx);
    let unknown = || Error::Client("The referenced container instance was not found.".to_owned());
    let id = place
        .container_instance_id(&cluster.name, arn)
        .map_err(|_| unknown())?;
    let row = cx.db.container_instance(&home, &cluster.name, &id).await?;
    let mut row = row.ok_or_else(unknown)?;
    if row.status == cluster::INACTIVE {
        return Err(Error::Client(
            "The referenced container instance was deregistered.".to_owned(),
        ));
    }
    if row.principal != cx.caller.principal.user_id() {
        return Err(Error::AccessDenied(
            "The container instance was registered by another principal.".to_owned(),
        ));
    }
    row.details = container_instance::details(cx, input)?;
    Ok(row)
}
