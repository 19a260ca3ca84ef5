//! `ecs:PutClusterCapacityProviders`

use api::{
    Modeled,
    ecs::{
        Error,
        put_cluster_capacity_providers::{Input, Output, PutClusterCapacityProviders},
    },
};
use store::ecs::ClusterRow;
use types::Fault;

use super::{capacity_providers::Providers, cluster, task};
use crate::{Access, Cx, Operation};

impl Operation for PutClusterCapacityProviders {
    async fn run(cx: &mut Cx, input: Input) -> Result<Output, Error> {
        let found = cluster::find(cx, Some(&input.cluster)).await?;
        cx.authorize(Access::new(Self::ACTION, &found.arn).with("ecs:cluster", &found.arn))?;
        let mut row = found.kept(cx).await?;
        let strategy = &input.default_capacity_provider_strategy;
        let providers = Providers::checked(cx, &input.capacity_providers, strategy)?;
        let mut details = cluster::details(&row)?;
        let before = details.providers.names.iter();
        let removed: Vec<&String> = before
            .filter(|name| !providers.names.contains(name))
            .collect();
        if any_in_use(cx, &row, &removed).await? {
            return Err(Error::ResourceInUse(
                "The specified capacity provider is in use and cannot be removed.".to_owned(),
            ));
        }
        details.providers = providers;
        row.details = serde_json::to_string(&details).map_err(Fault::new)?;
        cluster::save(cx, &row).await?;
        Ok(Output {
            cluster: Some(cluster::describe(&mut cx.db, &row).await?),
        })
    }
}

/// Whether a living task of the cluster runs under one of these.
async fn any_in_use(cx: &mut Cx, row: &ClusterRow, names: &[&String]) -> Result<bool, Fault> {
    if names.is_empty() {
        return Ok(false);
    }
    for task in cx.db.living_tasks(&row.home, &row.name).await? {
        let details = task::details(&task)?;
        let own = details.elsewhere.capacity_provider();
        if names.iter().any(|name| own == Some(name.as_str())) {
            return Ok(true);
        }
    }
    Ok(false)
}
