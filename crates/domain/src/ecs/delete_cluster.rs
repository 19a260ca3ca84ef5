//! `ecs:DeleteCluster`

use api::{
    Modeled,
    ecs::{
        Error,
        delete_cluster::{DeleteCluster, Input, Output},
    },
};

use super::{cluster, container_instance};
use crate::{Access, Cx, Operation};

impl Operation for DeleteCluster {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = cluster::find(cx, Some(&input.cluster)).await?;
        cx.authorize(Access::new(Self::ACTION, &found.arn).with("ecs:cluster", &found.arn))?;
        let mut row = found.active()?;

        if cx.db.count_active_services(&row.home, &row.name).await? > 0 {
            return Err(Error::ClusterContainsServices(
                "The Cluster cannot be deleted while Services are active.".to_owned(),
            ));
        }
        if !cx.db.living_tasks(&row.home, &row.name).await?.is_empty() {
            return Err(Error::ClusterContainsTasks(
                "The Cluster cannot be deleted while Tasks are active.".to_owned(),
            ));
        }
        // The local agent serves every cluster and leaves with it; nobody could deregister it before.
        let mut instances = cx.db.container_instances(&row.home, &row.name).await?;
        if !instances.iter().all(container_instance::is_local) {
            return Err(Error::ClusterContainsContainerInstances(
                "The Cluster cannot be deleted while Container Instances are active or draining."
                    .to_owned(),
            ));
        }
        for instance in &mut instances {
            cluster::INACTIVE.clone_into(&mut instance.status);
            cx.db.save_container_instance(instance).await?;
        }
        cluster::INACTIVE.clone_into(&mut row.status);
        cluster::save(cx, &row).await?;
        Ok(Output {
            cluster: Some(cluster::describe(&mut cx.db, &row).await?),
        })
    }
}
